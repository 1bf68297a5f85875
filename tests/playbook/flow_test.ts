import assert from "node:assert/strict";
import { tryPlay } from "./kit/play.ts";

/** The lines between two headlines. */
function under(lines: readonly string[], headline: string): readonly string[] {
  const from = lines.indexOf(headline) + 1;
  const to = lines.findIndex((line, index) => index >= from && /^(PLAY|TASK|RUNNING)/.test(line));
  return lines.slice(from, to);
}

Deno.test("a loop tells of each item, and registers what came of all", async () => {
  const { lines, counts } = await tryPlay(`
- hosts: web-1
  tasks:
    - name: Each
      domain.info:
        domain: "{{ item.name }}"
      loop:
        - { name: web-1 }
        - { name: web-2 }
        - { name: web-3 }
      loop_control: { label: "{{ item.name }}", index_var: i }
      when: i != 1
      register: all
    - debug:
        msg: "{{ all.results | rejectattr('skipped', 'defined') | map(attribute='name') | join('+') }}"
`);
  assert.deepEqual(under(lines, "TASK [Each]"), [
    "ok: [web-1] => (item=web-1)",
    "skipping: [web-1] => (item=web-2)",
    "ok: [web-1] => (item=web-3)",
  ]);
  assert.match(lines.join("\n"), /"msg": "web-1\+web-3"/);
  assert.equal(counts["web-1"]?.["ok"], 2);
});

Deno.test("a loop may be over a map, a flattened list, and what an expression makes", async () => {
  const { lines } = await tryPlay(`
- hosts: web-1
  vars: { sizes: { small: 1, large: 4 } }
  tasks:
    - name: Map
      debug: { msg: "{{ item.key }}={{ item.value }}" }
      with_dict: "{{ sizes }}"
    - name: Flat
      debug: { msg: "{{ item }}" }
      with_items: [[a, b], c]
    - name: Range
      debug: { msg: "{{ item * 2 }}" }
      loop: "{{ range(1, 3) }}"
`);
  assert.equal(under(lines, "TASK [Map]").length, 2);
  assert.match(under(lines, "TASK [Map]").join(), /small=1.*large=4/s);
  assert.equal(under(lines, "TASK [Flat]").length, 3);
  assert.match(under(lines, "TASK [Range]").join(), /"msg": 2.*"msg": 4/s);
});

Deno.test("a handler runs once, at the end, in the handlers' order, where something changed", async () => {
  const { lines } = await tryPlay(`
- hosts: web-1:web-2
  tasks:
    - domain.start:
      when: inventory_hostname == "web-1"
      notify: [second, first]
    - domain.setAutostart: { autostart: true }
      notify: everything
  handlers:
    - name: first
      debug: { msg: 1 }
    - name: second
      debug: { msg: 2 }
      listen: everything
`);
  assert.deepEqual(lines.filter((line) => line.startsWith("RUNNING")), [
    "RUNNING HANDLER [first]",
    "RUNNING HANDLER [second]",
  ]);
  assert.equal(under(lines, "RUNNING HANDLER [first]").length, 1);
  assert.equal(under(lines, "RUNNING HANDLER [second]").length, 2);
});

Deno.test("a failure in a block is rescued, and always is always", async () => {
  const { lines, counts, story } = await tryPlay(`
- hosts: web-1
  tasks:
    - block:
        - name: Break
          fail: { msg: on purpose }
        - name: Never
          debug:
      rescue:
        - name: Mend
          debug: { msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}" }
      always:
        - name: Tidy
          debug: { msg: tidy }
    - name: After
      debug: { msg: after }
`);
  assert.equal(story.exit, 0);
  assert.ok(!lines.includes("TASK [Never]"));
  assert.match(under(lines, "TASK [Mend]").join(), /Break: on purpose/);
  assert.ok(lines.includes("TASK [Tidy]") && lines.includes("TASK [After]"));
  assert.equal(counts["web-1"]?.["rescued"], 1);
  assert.equal(counts["web-1"]?.["failed"], 0);
});

Deno.test("a failure without a rescue stays one after always", async () => {
  const { lines, story, counts } = await tryPlay(`
- hosts: web-1
  tasks:
    - block:
        - fail: { msg: no }
      always:
        - name: Tidy
          debug: { msg: tidy }
    - name: After
      debug:
`);
  assert.equal(story.exit, 3);
  assert.ok(lines.includes("TASK [Tidy]") && !lines.includes("TASK [After]"));
  assert.equal(counts["web-1"]?.["failed"], 1);
});

Deno.test("an ignored failure is counted, and the host goes on", async () => {
  const { lines, counts, story } = await tryPlay(`
- hosts: web-1
  tasks:
    - fail: { msg: never mind }
      ignore_errors: true
      register: it
    - name: After
      debug: { msg: "{{ it is failed }}" }
`);
  assert.equal(story.exit, 0);
  assert.ok(lines.includes("...ignoring"));
  assert.equal(counts["web-1"]?.["ignored"], 1);
  assert.match(lines.join("\n"), /"msg": true/);
});

Deno.test("serial divides a play into batches: numbers, then percentages of all", async () => {
  const { lines } = await tryPlay(`
- hosts: web
  serial: [1, "67%"]
  tasks:
    - name: T
      debug: { msg: "{{ ansible_play_batch | join(' ') }}" }
`);
  const batches = lines.filter((line) => line.startsWith("TASK"));
  assert.equal(batches.length, 2);
  assert.match(lines.join("\n"), /"msg": "web-1"[\s\S]*"msg": "web-2 web-3"/);
});

Deno.test("no more batches are begun once more have failed than may", async () => {
  const text = (most: string): string => `
- hosts: web
  serial: 1
  max_fail: ${most}
  tasks:
    - domain.start:
- hosts: web
  tasks:
    - name: Second play
      debug:
`;
  const faults = [{ operation: "domain.start", object: "web-1", message: "broken" }];
  const none = await tryPlay(text("0"), { faults });
  assert.equal(none.counts["web-2"]?.["ok"], 0);
  assert.ok(none.lines.some((line) => line.startsWith("NO MORE HOSTS LEFT")));
  assert.ok(!none.lines.includes("TASK [Second play]"));
  assert.equal((await tryPlay(text("1"), { faults })).counts["web-3"]?.["ok"], 2);
});

Deno.test("where all of a batch have failed the play ends, as Ansible has it", async () => {
  const { counts } = await tryPlay("[{ hosts: web, serial: 1, tasks: [{ domain.start: null }] }]", {
    faults: [{ operation: "domain.start", object: "web-1", message: "broken" }],
  });
  assert.equal(counts["web-2"]?.["ok"], 0);
});

Deno.test("a percentage of failures is one of the batch", async () => {
  const text = (most: number): string => `
- hosts: web
  max_fail_percentage: ${most}
  tasks:
    - domain.start:
    - name: Next
      debug:
`;
  const faults = [{ operation: "domain.start", object: "web-1", message: "broken" }];
  assert.ok(!(await tryPlay(text(33), { faults })).lines.includes("TASK [Next]"));
  assert.ok((await tryPlay(text(34), { faults })).lines.includes("TASK [Next]"));
});

Deno.test("hosts that may not be together are in batches of their own", async () => {
  const { lines } = await tryPlay(
    `
- hosts: web
  serial: 2
  anti_affinity: rack
  tasks:
    - name: T
      debug: { msg: "{{ ansible_play_batch | join(' ') }}" }
`,
    {
      inventory: `
web:
  vars: { uri: "test:///default" }
  hosts:
    web-1: { domain: web-1, rack: a }
    web-2: { domain: web-2, rack: a }
    web-3: { domain: web-3, rack: b }
`,
    },
  );
  assert.match(lines.join("\n"), /"msg": "web-1 web-3"[\s\S]*"msg": "web-2"/);
});

Deno.test("no more hosts than forks are worked on at a time", async () => {
  const text = (forks: number): string => `
- hosts: web
  forks: ${forks}
  tasks:
    - domain.start:
`;
  const latency = { "domain.start": "10s" } as const;
  const one = await tryPlay(text(1), { latency });
  const many = await tryPlay(text(3), { latency });
  assert.ok(
    one.story.durationMs >= 3 * many.story.durationMs,
    `${one.story.durationMs} ${many.story.durationMs}`,
  );
});

Deno.test("a task is tried again until it is as wanted", async () => {
  const { lines, counts } = await tryPlay(
    `
- hosts: web-1
  tasks:
    - domain.start:
      retries: 2
      delay: 1
      register: it
      until: it is succeeded
    - debug: { msg: "{{ it.attempts }}" }
`,
    { faults: [{ operation: "domain.start", object: "web-1", message: "not yet", times: 1 }] },
  );
  assert.ok(lines.some((line) => line.startsWith("FAILED - RETRYING: [web-1]")));
  assert.match(lines.join("\n"), /"msg": 2/);
  assert.equal(counts["web-1"]?.["failed"], 0);
});

Deno.test("what counts as changed and as failed is the author's to say", async () => {
  const { counts, story } = await tryPlay(`
- hosts: web-1
  tasks:
    - domain.info:
      register: info
      changed_when: info.state == "shutoff"
    - domain.info:
      register: info
      failed_when: [info.vcpus > 0, info.state == "shutoff"]
`);
  assert.equal(counts["web-1"]?.["changed"], 1);
  assert.equal(counts["web-1"]?.["failed"], 1);
  assert.equal(story.exit, 3);
});

Deno.test("a task that is delegated is done elsewhere, and once is once", async () => {
  const { lines, story } = await tryPlay(`
- hosts: web-1:web-2
  tasks:
    - name: There
      domain.info:
      delegate_to: web-3
      register: info
    - name: Once
      debug: { msg: "{{ info.name }}" }
      run_once: true
`);
  assert.deepEqual(under(lines, "TASK [There]"), ["ok: [web-1 -> web-3]", "ok: [web-2 -> web-3]"]);
  assert.equal(under(lines, "TASK [Once]").length, 1);
  assert.match(lines.join("\n"), /"msg": "web-3"/);
  assert.ok(story.calls.every(({ target }) => target !== "web-1"));
});

Deno.test("a host may end, by a condition of its own, and the others go on", async () => {
  const { counts, story } = await tryPlay(`
- hosts: web
  tasks:
    - meta: end_host
      when: inventory_hostname == "web-2"
    - debug:
`);
  assert.equal(story.exit, 0);
  assert.deepEqual([counts["web-1"]?.["ok"], counts["web-2"]?.["ok"], counts["web-3"]?.["ok"]], [1, 0, 1]);
});

Deno.test("with the strategy free no host waits for the others", async () => {
  const text = (strategy: string): string => `
- hosts: web
  strategy: ${strategy}
  tasks:
    - pause: { seconds: "{{ 10 if inventory_hostname == 'web-1' else 0 }}" }
    - pause: { seconds: "{{ 10 if inventory_hostname == 'web-2' else 0 }}" }
`;
  const linear = await tryPlay(text("linear"));
  const free = await tryPlay(text("free"));
  assert.ok(linear.story.durationMs >= 20_000);
  assert.ok(free.story.durationMs < 20_000);
  assert.equal(free.counts["web-3"]?.["ok"], 2);
});
