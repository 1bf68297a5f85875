/**
 * The reference says what the registry says, and what it shows can be written so.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { operations } from "../../model/operations/mod.ts";
import { folder, referencePages } from "../../tools/reference_pages.ts";
import { compiled } from "../playbook/kit/play.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function kept(): ReadonlyMap<string, string> {
  const names = [...Deno.readDirSync(`${root}${folder}`)].map(({ name }) => name).toSorted();
  return new Map(names.map((name) => [name, Deno.readTextFileSync(`${root}${folder}/${name}`)]));
}

Deno.test("docs/reference is up to date", async () => {
  const pages = await referencePages(root);
  const found = kept();
  assert.deepEqual([...found.keys()], [...pages.keys()].toSorted(), "other pages than there should be");
  for (const [name, text] of pages) {
    assert(found.get(name) === text, `${name}: make it again with: deno run -A tools/reference_pages.ts`);
  }
});

Deno.test("docs/reference has every operation once, and links to it", () => {
  const whole = [...kept().values()].join("\n");
  for (const name of operations.keys()) {
    assert.equal(whole.split(`\n## ${name}\n`).length, 2, name);
    assert.ok(whole.includes(`.md#${name.toLowerCase().replaceAll(".", "")})`), `${name} is not linked`);
  }
});

Deno.test("what docs/reference shows for playbooks is a task", async () => {
  const shown = [...kept().values()].flatMap((page) => [...page.matchAll(/^- Playbook: `(.+)`$/gm)]);
  assert.equal(shown.length, operations.size);
  // What stands for a value may be any: an expression.
  const tasks = shown.map(([, task = ""]) => `    - ${task.replaceAll("…", '"{{ something }}"')}\n`);
  const { program } = await compiled(`- hosts: all\n  tasks:\n${tasks.join("")}`);
  assert.equal(program.plays[0]?.sections.flat().length, operations.size);
});

Deno.test("what docs/reference shows for recipes is a method, by the types too", async () => {
  const shown = [...kept().values()].flatMap((
    page,
  ) => [...page.matchAll(/^- Recipe: `await (\w+\.\w+)\(/gm)]);
  assert.equal(shown.length, operations.size);
  const folder = await Deno.makeTempDir();
  try {
    const handles =
      "host: Host, vm: Domain, snapshot: Snapshot, network: Network, port: NetworkPort, pool: Pool, " +
      "volume: Volume, nic: HostInterface, device: NodeDevice, secret: Secret, filter: Filter, binding: FilterBinding";
    const names = [...handles.matchAll(/: (\w+)/g)].map(([, name]) => name).join(", ");
    const methods = shown.map(([, method]) => `  () => ${method},\n`).join("");
    const file = `${folder}/methods.ts`;
    await Deno.writeTextFile(
      file,
      `import type { ${names} } from "${root}dsl/handles.ts";
export const methods = (${handles}): readonly (() => (...args: never[]) => unknown)[] => [
${methods}];
`,
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", `${root}deno.json`, file],
      env: { NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
