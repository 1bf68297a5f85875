import assert from "node:assert/strict";
import { compiled, tryPlay } from "./kit/play.ts";

const play = `
- hosts: localhost
  secrets:
    kept: What is kept
  tasks:
    - secret.define: { xml: "<secret><usage type='ceph'><name>client.a</name></usage></secret>" }
    - secret.setValue: { secret: client.a, value: "{{ secrets.kept }}" }
    - debug: { msg: "set to {{ secrets.kept }}, of {{ secrets }}" }
    - domain.setMetadata: { domain: web-1, kind: title, value: "{{ secrets.kept }}" }
      ignore_errors: true
`;

Deno.test("a playbook uses secrets by name, and has them nowhere else", async () => {
  const { program } = await compiled(play, { inventory: "localhost\n", inventoryName: "/pb/hosts" });
  assert.deepEqual(program.secrets, { kept: { description: "What is kept" } });
  const { story, lines } = await tryPlay(play, { inventory: "localhost\n", inventoryName: "/pb/hosts" });
  assert.equal(story.exit, 0, lines.join("\n"));
  const text = lines.join("\n");
  assert.match(text, /set to Secret\(kept\), of \{'kept': Secret\(kept\)\}/);
  assert.match(text, /Cannot use a secret as "value"/);
  assert.doesNotMatch(text, /stand-in/);
});

Deno.test("a playbook cannot say where a secret comes from, nor name it as it likes", async () => {
  for (
    const [secrets, message] of [
      ["{ kept: 'file:/etc/shadow' }", /cannot say where secret "kept" comes from/],
      ["{ kept: { from: env } }", /What secret "kept" is for is a text/],
      ["{ 'a b': x }", /"a b" is no name for a secret/],
      ["[kept]", /secrets are names with what they are for/],
    ] as const
  ) {
    const wrong = `- hosts: localhost\n  secrets: ${secrets}\n  tasks: []\n`;
    await assert.rejects(
      compiled(wrong, { inventory: "localhost\n", inventoryName: "/pb/hosts" }),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(Deno.inspect(error), /line: 2/);
        return true;
      },
    );
  }
});
