import assert from "node:assert/strict";
import { tryPlay } from "./kit/play.ts";

const startAll = `
- name: Start
  hosts: web
  tasks:
    - name: Look
      domain.info:
      register: info
    - name: Start it
      domain.start:
      when: info.state == "shutoff"
      register: started
    - name: Say
      debug:
        msg: "{{ inventory_hostname }} is {{ started.state }}"
`;

Deno.test("a play starts what is off, and says so in Ansible's words", async () => {
  const { lines, story, counts } = await tryPlay(startAll, { limit: "web-1" });
  assert.equal(story.exit, 0);
  assert.deepEqual(lines.slice(0, 5), [
    "PLAY [Start]",
    "TASK [Look]",
    "ok: [web-1]",
    "TASK [Start it]",
    "changed: [web-1]",
  ]);
  assert.match(lines.join("\n"), /"msg": "web-1 is running"/);
  assert.deepEqual(counts["web-1"], {
    ok: 3,
    changed: 1,
    unreachable: 0,
    failed: 0,
    skipped: 0,
    rescued: 0,
    ignored: 0,
    unknown: 0,
  });
  assert.equal(
    lines.at(-1),
    "web-1                      : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0    unknown=0",
  );
});

Deno.test("a host on which a task fails goes no further, and the play leaves with 3", async () => {
  const { story, counts, lines } = await tryPlay(startAll, {
    faults: [{ operation: "domain.start", object: "web-2", message: "out of memory" }],
  });
  assert.equal(story.exit, 3);
  assert.equal(counts["web-2"]?.["failed"], 1);
  assert.equal(counts["web-3"]?.["ok"], 3);
  assert.ok(lines.some((line) => /^fatal: \[web-2\]: FAILED! => .*out of memory/.test(line)));
  assert.match(story.error?.hint ?? "", /--limit web-2/);
});

Deno.test("a task that is done already changes nothing", async () => {
  const { counts } = await tryPlay(`
- hosts: web-1
  tasks:
    - domain.start:
    - domain.start:
    - domain.destroy:
    - domain.destroy:
`);
  assert.equal(counts["web-1"]?.["changed"], 2);
  assert.equal(counts["web-1"]?.["ok"], 4);
});
