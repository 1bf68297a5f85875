/**
 * How plays go on where Ansible has its own ways: what is expected here is what ansible-core 2.14 did with the same plays.
 */
import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import { compiled, type TryOptions, tryPlay } from "./kit/play.ts";

interface Way {
  readonly what: string;
  readonly play: string;
  readonly options?: TryOptions;
  /** The lines in their order; those of a task by host. */
  readonly lines: readonly string[];
}

const say = (name: string): string => `{\n    "msg": "${name}"\n}`;

const ways: readonly Way[] = [
  {
    what:
      "a handler is called by its name or heard of by its topic, and of two with one name the first is meant",
    play: `
- hosts: web-1
  tasks:
    - debug: { msg: a }
      changed_when: true
      notify: [twice, topic]
  handlers:
    - { name: twice, debug: { msg: first } }
    - { listen: topic, debug: { msg: nameless } }
    - { name: twice, debug: { msg: second } }
`,
    lines: [
      "TASK [debug]",
      `changed: [web-1] => ${say("a")}`,
      "RUNNING HANDLER [twice]",
      `ok: [web-1] => ${say("first")}`,
      "RUNNING HANDLER [debug]",
      `ok: [web-1] => ${say("nameless")}`,
    ],
  },
  {
    what: "a handler that another one calls, and that stands before it, runs the next time",
    play: `
- hosts: web-1
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: later }
    - meta: flush_handlers
    - debug: { msg: b }
  handlers:
    - { name: earlier, debug: { msg: e } }
    - { name: later, debug: { msg: l }, changed_when: true, notify: earlier }
`,
    lines: [
      "TASK [debug]",
      `changed: [web-1] => ${say("a")}`,
      "TASK [meta]",
      "RUNNING HANDLER [later]",
      `changed: [web-1] => ${say("l")}`,
      "TASK [debug]",
      `ok: [web-1] => ${say("b")}`,
      "RUNNING HANDLER [earlier]",
      `ok: [web-1] => ${say("e")}`,
    ],
  },
  {
    what: "with force_handlers a host that failed runs what it called before",
    play: `
- hosts: web-1
  force_handlers: true
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: h }
    - fail: { msg: not so }
  handlers:
    - { name: h, debug: { msg: h } }
`,
    lines: [
      "TASK [debug]",
      `changed: [web-1] => ${say("a")}`,
      "TASK [fail]",
      "fatal: [web-1]: FAILED! => not so",
      "RUNNING HANDLER [h]",
      `ok: [web-1] => ${say("h")}`,
    ],
  },
  {
    what: "every batch has its headline, and knows who is in it",
    play: `
- name: P
  hosts: web
  serial: [1, 2]
  tasks:
    - debug: { msg: "{{ play_hosts }} {{ ansible_play_hosts | length }}" }
      run_once: true
`,
    lines: [
      "PLAY [P]",
      "TASK [debug]",
      `ok: [web-1] => ${say("['web-1'] 3")}`,
      "PLAY [P]",
      "TASK [debug]",
      `ok: [web-2] => ${say("['web-2', 'web-3'] 3")}`,
    ],
  },
  {
    what: "what was to be done once, and failed, ends the play for all, and counts for one",
    play: `
- hosts: web
  tasks:
    - fail: { msg: not so }
      run_once: true
    - debug: { msg: never }
`,
    lines: ["TASK [fail]", "fatal: [web-1]: FAILED! => not so"],
  },
  {
    what: "an item that fails is told of as such, and an ignored loop has no line of its own",
    play: `
- hosts: web-1
  tasks:
    - fail: { msg: "no {{ item }}" }
      loop: [a, b]
      when: item == "b"
      ignore_errors: true
`,
    lines: [
      "TASK [fail]",
      "skipping: [web-1] => (item=a)",
      "failed: [web-1] (item=b) => no b",
      "...ignoring",
    ],
  },
  {
    what: "facts that an item of a loop sets are there for the next one",
    play: `
- hosts: web-1
  tasks:
    - set_fact: { all: "{{ all | default([]) + [item] }}" }
      loop: [1, 2]
    - debug: { msg: "{{ all }} of {{ all | length }}" }
`,
    lines: [
      "TASK [set_fact]",
      "ok: [web-1] => (item=1)",
      "ok: [web-1] => (item=2)",
      "TASK [debug]",
      `ok: [web-1] => ${say("[1, 2] of 2")}`,
    ],
  },
  {
    what: "facts may be set for the host that is delegated to",
    play: `
- hosts: web-1
  tasks:
    - set_fact: { x: 1 }
      delegate_to: web-2
      delegate_facts: true
    - debug: { msg: "{{ hostvars['web-2'].x }} {{ x | default('none here') }}" }
`,
    lines: [
      "TASK [set_fact]",
      "ok: [web-1 -> web-2]",
      "TASK [debug]",
      `ok: [web-1] => ${say("1 none here")}`,
    ],
  },
  {
    what: "what is meant for those who want to read more is skipped, and parameters may stand in one line",
    play: `
- hosts: web-1
  tasks:
    - debug: { msg: a, verbosity: 1 }
    - debug: msg="b {{ inventory_hostname }}"
    - set_fact: x=1 y='a b'
    - debug: msg={{ y }}{{ x }}
`,
    lines: [
      "TASK [debug]",
      "skipping: [web-1]",
      "TASK [debug]",
      `ok: [web-1] => ${say("b web-1")}`,
      "TASK [set_fact]",
      "ok: [web-1]",
      "TASK [debug]",
      `ok: [web-1] => ${say("a b1")}`,
    ],
  },
  {
    what: "a batch may end before its time",
    play: `
- name: P
  hosts: web
  serial: 2
  tasks:
    - meta: end_batch
      when: inventory_hostname == "web-1"
    - debug: { msg: a }
`,
    lines: ["PLAY [P]", "TASK [meta]", "PLAY [P]", "TASK [debug]", `ok: [web-3] => ${say("a")}`],
  },
  {
    what: "what a failure is, is the author's, and the reason stays that of the module",
    play: `
- hosts: web-1
  tasks:
    - debug: { msg: t }
      register: r
      until: r is failed
      retries: 1
      delay: 0
      ignore_errors: true
    - debug: { msg: "{{ r.attempts }} {{ r.msg }}" }
    - debug: { msg: x }
      failed_when: not c.failed and c.msg == "x"
      register: c
      ignore_errors: true
    - debug: { msg: "{{ c.failed }} {{ c.failed_when_result }}" }
`,
    lines: [
      "TASK [debug]",
      "FAILED - RETRYING: [web-1]: debug (1 retries left).",
      `fatal: [web-1]: FAILED! => ${say("t")}`,
      "...ignoring",
      "TASK [debug]",
      `ok: [web-1] => ${say("2 t")}`,
      "TASK [debug]",
      `fatal: [web-1]: FAILED! => ${say("x")}`,
      "...ignoring",
      "TASK [debug]",
      `ok: [web-1] => ${say("True True")}`,
    ],
  },
];

for (const { what, play, options, lines: expected } of ways) {
  Deno.test(what, async () => {
    const { lines } = await tryPlay(play, options);
    const told = lines.slice(0, lines.findIndex((line) => /^(PLAY RECAP|NO MORE HOSTS LEFT)/.test(line)));
    assert.deepEqual(expected[0]?.startsWith("PLAY") ? told : told.slice(1), expected);
  });
}

const loops: readonly (readonly [given: string, items: readonly string[]])[] = [
  ["with_sequence: start=1 end=3", ["1", "2", "3"]],
  ["with_sequence: start=0 count=2 stride=5 format=web-%02d", ["web-00", "web-05"]],
  ["with_sequence: 2-6/2:n%d", ["n2", "n4", "n6"]],
  ["with_together: [[1, 2], [a]]", ["[1, 'a']", "[2, None]"]],
  ["with_nested: [[1, 2], [a, b]]", ["[1, 'a']", "[1, 'b']", "[2, 'a']", "[2, 'b']"]],
  ["with_indexed_items: [a, b]", ["[0, 'a']", "[1, 'b']"]],
  ["with_items: one", ["one"]],
  ["with_dict: { a: 1 }", ["{'key': 'a', 'value': 1}"]],
  ["loop: \"{{ [1, 2] | product(['a']) }}\"", ["[1, 'a']", "[2, 'a']"]],
];

for (const [given, items] of loops) {
  Deno.test(`${given} is a loop over ${items.join(", ")}`, async () => {
    const { lines, story } = await tryPlay(
      `[{ hosts: web-1, tasks: [{ meta: noop }] }]`.replace(
        "{ meta: noop }",
        `{ set_fact: { x: 1 }, ${given} }`,
      ),
    );
    assert.equal(story.exit, 0, lines.join("\n"));
    const told = lines.flatMap((line) => /\(item=(.*)\)$/.exec(line)?.[1] ?? []);
    assert.deepEqual(told, items);
  });
}

Deno.test("a handler that there is not is a fault of the playbook, with its place", async () => {
  const play = "- hosts: web\n  tasks:\n    - debug: { msg: a }\n      notify: [h, g]\n  handlers:\n" +
    "    - { name: h, debug: }\n";
  await assert.rejects(compiled(play), (error: unknown) => {
    assert.ok(error instanceof VirtError);
    assert.match(error.message, /no handler "g"/);
    assert.deepEqual(error.at, { file: "site.yml", line: 3, column: 7 });
    return true;
  });
});

Deno.test("a handler that an expression names, and that there is not, fails the host", async () => {
  const { counts, story, lines } = await tryPlay(`
- hosts: web-1
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: "{{ 'g' }}" }
    - debug: { msg: never }
  handlers:
    - { name: h, debug: { msg: h } }
`);
  assert.equal(story.exit, 3);
  assert.equal(counts["web-1"]?.["failed"], 1);
  assert.match(lines.join("\n"), /no handler "g"/);
});

Deno.test("the failure of a play says where the task stands that failed", async () => {
  const { story } = await tryPlay(
    "- hosts: web-1\n  tasks:\n    - debug: { msg: a }\n    - fail: { msg: b }\n",
  );
  assert.deepEqual(story.error?.at, { file: "site.yml", line: 4, column: 7 });
});
