/**
 * The guides for those who come from other tools do what they say, command by command, and twice is as good as once.
 */
import assert from "node:assert/strict";
import { convertPlaybook } from "../../playbook/mod.ts";
import { tryPlay } from "../playbook/kit/play.ts";
import { blocksOf, placeOf } from "./kit/page.ts";
import { walk } from "./kit/walk.ts";

for (const page of ["README.md", "docs/for_ansible_users.md", "docs/for_terraform_users.md"]) {
  Deno.test(`what ${page} shows can be typed in as it stands`, () => walk(page));
}

Deno.test("what docs/for_ansible_users.md shows of Ansible is converted whole, and runs", async () => {
  const blocks = blocksOf("docs/for_ansible_users.md").filter(({ marks }) => marks.includes("ansible"));
  assert.ok(blocks.length >= 2);
  for (const block of blocks) {
    const { text, notes } = convertPlaybook(block.text, placeOf(block));
    assert.deepEqual(notes.filter(({ lost }) => lost), [], placeOf(block));
    // What is registered has other fields: only files that the page brings along are run.
    if (block.file === undefined) continue;
    const { story, lines } = await tryPlay(`${text}\n${text}`, {
      inventory: "localhost\n",
      inventoryName: "/pb/hosts",
      hypervisor: { domains: [] },
    });
    assert.equal(story.exit, 0, `${placeOf(block)}\n${lines.join("\n")}`);
    assert.equal(lines.filter((line) => line.startsWith("changed: ")).length, 2, lines.join("\n"));
  }
});
