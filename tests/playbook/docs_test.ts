import assert from "node:assert/strict";
import { compiled, tryPlay } from "./kit/play.ts";

const page = await Deno.readTextFile(new URL("../../docs/playbooks.md", import.meta.url));
const [playbook = "", inventory = ""] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) =>
  match[1] ?? ""
);

Deno.test("the playbook of the documentation runs, and changes nothing the second time", async () => {
  const first = await tryPlay(playbook);
  assert.equal(first.story.exit, 0, first.lines.join("\n"));
  assert.ok(first.lines.includes("RUNNING HANDLER [tell]"));
  const twice = await tryPlay(`${playbook}\n${playbook}`);
  assert.equal(twice.counts["web-1"]?.["changed"], 1);
});

Deno.test("the inventory of the documentation is one", async () => {
  const { program } = await compiled("- hosts: web\n  tasks: [{ domain.info: null }]", { inventory });
  assert.deepEqual(program.plays[0]?.targets, ["web-1"]);
  assert.equal(program.targets[0]?.domain, "test");
});
