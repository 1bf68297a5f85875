/**
 * Every piece of code in the documentation is run, compiled or read by a test; this one sees to it that none is forgotten, and
 * does so with those that nothing else takes up.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { scheduleSpec } from "../../automation/schedule/schedule.ts";
import { convertPlaybook } from "../../playbook/mod.ts";
import { parsePolicy } from "../../runtime/permission/policy.ts";
import { drover } from "../cli/kit/drover.ts";
import { compiled } from "../playbook/kit/play.ts";
import { exceptions } from "./exceptions.ts";
import { type Block, blocksOf, commandsOf, pages, placeOf, root } from "./kit/page.ts";

const blocks = pages().flatMap(blocksOf);
const nameOf = ({ page, text }: Block): string => `${page}: ${text.split("\n")[0]}`;
const checked = blocks.filter((block) => !Object.hasOwn(exceptions, nameOf(block)));
const inLanguage = (...languages: readonly string[]): readonly Block[] =>
  checked.filter(({ language }) => languages.includes(language));

/** Output, formats of others, and settings of programs that are not ours. */
const unchecked: readonly string[] = ["", "text", "hcl", "ini", "toml", "xml"];

Deno.test("every piece of code in the documentation is in a language that a test knows", () => {
  const known = ["ts", "json", "yaml", "sh", ...unchecked];
  for (const block of blocks) {
    assert.ok(known.includes(block.language), `${placeOf(block)}: ${block.language}`);
  }
});

Deno.test("every exception is one, and has a reason", () => {
  const names = new Set(blocks.map(nameOf));
  for (const [name, reason] of Object.entries(exceptions)) {
    assert.ok(names.has(name), `not there any more: ${name}`);
    assert.ok(reason.length > 20, name);
  }
});

Deno.test("the TypeScript of the documentation compiles", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { imports, compilerOptions } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
    const absolute = Object.entries<string>(imports).map(([name, target]) =>
      [name, target.startsWith("./") ? new URL(target, `file://${root}`).href : target] as const
    );
    const config = join(folder, "deno.json");
    await Deno.writeTextFile(
      config,
      JSON.stringify({
        imports: Object.fromEntries(absolute),
        nodeModulesDir: "none",
        compilerOptions: { ...compilerOptions, noUnusedLocals: false, noUnusedParameters: false },
      }),
    );
    const files = await Promise.all(
      inLanguage("ts").map(async (block, index) => {
        const file = join(folder, `${index}_${block.page.replaceAll(/[^\w]/g, "_")}_${block.line}.ts`);
        await Deno.writeTextFile(file, whole(block));
        return file;
      }),
    );
    assert.ok(files.length > 20);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--no-lock", "--config", config, ...files],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert.ok(success, decoder.decode(stdout) + decoder.decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A module: what shows only its middle imports what all of them import. */
function whole({ text }: Block): string {
  const language = new URL("model/documents/language/", `file://${root}`).href;
  const imports = /^import /m.test(text) ? "" : 'import { recipe, z } from "drover";\n';
  return `${imports}${text.replaceAll("./language/", language)}\nexport {};\n`;
}

Deno.test("the JSON of the documentation is JSON", () => {
  for (const block of inLanguage("json")) assert.doesNotThrow(() => JSON.parse(block.text), placeOf(block));
});

Deno.test("every YAML of the documentation is a playbook, an inventory, a policy or schedules, and a right one", async () => {
  for (const block of inLanguage("yaml")) {
    try {
      await readYamlBlock(block);
    } catch (error) {
      assert.fail(`${placeOf(block)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
});

async function readYamlBlock({ page, text, marks }: Block): Promise<void> {
  if (marks.includes("ansible")) {
    assert.deepEqual(convertPlaybook(text, page).notes.filter(({ lost }) => lost), []);
  } else if (/^- /m.test(text.replace(/^#.*\n/, "").slice(0, 2))) {
    const beside = blocksOf(page).filter(({ file }) => file !== undefined);
    const play = text.replace(/recipe: \{ file: [\w.]+/g, `recipe: { file: ${root}recipes/quickstart.ts`);
    const { program } = await compiled(play, {
      files: Object.fromEntries(beside.map(({ file, text }) => [`/pb/${file}`, text])),
      inventory: "web-1\nlocalhost\n[web]\nweb-1\n",
      inventoryName: "/pb/hosts",
    });
    assert.ok(program.plays.length > 0);
  } else if (/^schedules:/m.test(text)) {
    for (const each of parse(text).schedules) scheduleSpec.parse(each);
  } else if (/^(roles|grants|users|principals):/m.test(text)) {
    parsePolicy(text, { file: page });
  } else {
    await compiled("- hosts: all\n  tasks: [{ debug: { msg: hello } }]", { inventory: text });
  }
}

Deno.test("the shell of the documentation is shell", async () => {
  for (const block of inLanguage("sh")) {
    const child = new Deno.Command("bash", { args: ["-n", "-c", block.text], stderr: "piped" });
    const { success, stderr } = await child.output();
    assert.ok(success, `${placeOf(block)}: ${new TextDecoder().decode(stderr)}`);
  }
});

Deno.test("every drover command of the documentation is one, with flags that it has", async () => {
  let seen = 0;
  for (const block of inLanguage("sh")) {
    for (const command of commandsOf(block)) {
      for (const words of droverWords(command)) {
        seen += 1;
        await requireCommand(words, placeOf(block));
      }
    }
  }
  assert.ok(seen > 40, `only ${seen} were found`);
});

/** The words behind each `drover` of a line of shell. */
function droverWords(command: string): readonly (readonly string[])[] {
  const code = command.replace(/(^|\s)#.*$/, "");
  return [...code.matchAll(/(?:^|\$\(|&& |[|;] )(?:deno task )?drover ((?:'[^']*'|"[^"]*"|[^'"|;)&])+)/g)]
    .map(
      ([, rest = ""]) =>
        (rest.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) => word.replaceAll(/['"]/g, "")),
    );
}

async function requireCommand(words: readonly string[], place: string): Promise<void> {
  const end = words.findIndex((word) => word.startsWith("-"));
  const route = end < 0 ? words : words.slice(0, end);
  const { exit, out, err } = await drover([...route, "--help"]);
  assert.equal(exit, 0, `${place}: drover ${words.join(" ")}: ${err}`);
  assert.match(out, /USAGE/, `${place}: drover ${words.join(" ")}`);
  for (const flag of words.filter((word) => /^--?[a-z]/i.test(word))) {
    const [name = ""] = flag.split("=");
    const bare = name.replace(/^--no-/, "--");
    const isKnown = ["--help", "--version"].includes(name) ||
      [name, bare].some((each) => new RegExp(`(^|[\\s\\[/])${each}(?![\\w-])`, "m").test(out));
    assert.ok(isKnown, `${place}: drover ${route.join(" ")} has no ${name}\n${out}`);
  }
}
