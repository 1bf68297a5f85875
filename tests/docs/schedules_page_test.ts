/**
 * What the page on schedules shows is what happens.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { sign } from "../../automation/schedule/webhook.ts";
import { RunningDaemon } from "../daemon/kit/running_daemon.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = Deno.readTextFileSync(`${root}docs/schedules.md`);

function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text = ""]) =>
    text
  );
}

/** What an example says that it prints; `…` stands for anything. */
function patternOf(text: string): RegExp {
  const parts = text.split("…").map((part) =>
    part.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+")
  );
  return new RegExp(`^\\s*${parts.join("[\\s\\S]*")}\\s*$`);
}

Deno.test("the commands of the page print what it says, with a daemon and the files that it shows", async () => {
  await using daemon = await RunningDaemon.start();
  const folder = await Deno.makeTempDir({ prefix: "drover-page-" });
  try {
    await Deno.symlink(`${root}recipes`, `${folder}/recipes`);
    await Deno.writeTextFile(`${folder}/site.yml`, "- hosts: all\n  tasks: []\n");
    await Deno.writeTextFile(`${folder}/schedules.yml`, blocks("yaml").join(""));
    const expected: RegExp[] = [];
    const script = blocks("sh").join("").split("\n").flatMap((line) => {
      if (!line.startsWith("# ")) return [line];
      expected.push(patternOf(line.slice(2)));
      return ["echo @@@"];
    });
    assert.ok(expected.length >= 8);
    const command = `${Deno.execPath()} run -A --no-check --quiet ${root}cli/main.ts`;
    const { stdout, stderr, success } = await new Deno.Command("bash", {
      args: ["-euc", `drover() { ${command} "$@"; }\n${script.join("\n")}`],
      cwd: folder,
      env: { DROVER_STATE_DIR: `${daemon.directory}/state`, NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert.ok(success, decoder.decode(stderr));
    const said = decoder.decode(stdout).split("@@@\n").slice(0, -1);
    assert.equal(said.length, expected.length);
    for (const [index, pattern] of expected.entries()) assert.match(said[index] ?? "", pattern);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the page's check of signatures takes what is signed, and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/genuine.ts`;
    await Deno.writeTextFile(file, blocks("ts")[0] ?? "");
    const { isGenuine } = await import(`file://${file}`);
    const body = JSON.stringify({ kind: "dead" });
    const secret = new TextEncoder().encode("a secret");
    const signature = await sign(body, { secret, at: Date.now() });
    assert.equal(await isGenuine(body, signature, "a secret"), true);
    assert.equal(await isGenuine(`${body} `, signature, "a secret"), false, "another body");
    assert.equal(await isGenuine(body, signature, "another"), false, "another secret");
    const old = await sign(body, { secret, at: Date.now() - 600_000 });
    assert.equal(await isGenuine(body, old, "a secret"), false, "sent long ago");
    assert.equal(await isGenuine(body, signature.replace("v1=", "v1=0"), "a secret"), false, "no signature");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
