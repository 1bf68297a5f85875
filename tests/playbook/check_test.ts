import assert from "node:assert/strict";
import { tryPlay } from "./kit/play.ts";

const start = `
- hosts: web
  tasks:
    - domain.setAutostart: { autostart: true }
    - domain.start:
    - domain.info:
`;

Deno.test("a check changes nothing, and says what would", async () => {
  const { lines, story, counts } = await tryPlay(start, { check: true });
  assert.equal(story.exit, 0);
  assert.ok(story.calls.every(({ operation }) => !/start|setAutostart/.test(operation)));
  assert.ok(lines.includes("would change: [web-1]"));
  assert.equal(counts["web-1"]?.["changed"], 2);
  assert.match(lines.at(-1) ?? "", /would change=2 /);
});

Deno.test("a check needs no permission to change anything", async () => {
  const { story } = await tryPlay(start, {
    check: true,
    grants: ["connect:getattr,read", "domain:getattr,read"],
  });
  assert.equal(story.exit, 0);
});

Deno.test("a play that may not do something leaves with 8", async () => {
  const { story, lines } = await tryPlay(start, {
    grants: ["connect:getattr,read", "domain:getattr,read,write"],
  });
  assert.equal(story.exit, 8);
  assert.ok(
    lines.some((line) => /^fatal: \[web-1\]: FAILED! => .*domain:start/.test(line)),
    lines.join("\n"),
  );
});

Deno.test("what shall be so is so after one play, and the second changes nothing", async () => {
  const { counts, lines } = await tryPlay(
    `
- hosts: web-1
  tasks:
    - name: First
      ensure.domain: { memory: 2GiB, state: running }
      register: first
    - name: Second
      ensure.domain: { memory: 2GiB, state: running }
    - debug: { msg: "{{ first.changes | map(attribute='field') | list }}" }
`,
    { diff: true },
  );
  assert.equal(counts["web-1"]?.["changed"], 1);
  assert.ok(lines.some((line) => line.includes('~ domain "web-1"')), lines.join("\n"));
  assert.ok(lines.some((line) => line.includes("--- before: web-1")));
});

Deno.test("variables stand above each other as Ansible's users expect", async () => {
  const text = `
- hosts: web-1
  vars: { a: play, b: play, c: play, d: play, e: play }
  tasks:
    - set_fact: { c: fact, d: fact }
    - block:
        - debug:
            msg: "{{ inv }} {{ a }} {{ b }} {{ c }} {{ e }} {{ x }}"
          vars: { b: task, x: task }
      vars: { b: block, c: block, x: block, e: block }
`;
  const { lines } = await tryPlay(text, {
    extra: ["e=extra"],
    inventory: "web: { vars: { inv: group, a: group }, hosts: { web-1: { inv: host, domain: web-1 } } }",
  });
  assert.match(lines.join("\n"), /"msg": "host play task fact extra task"/);
});

Deno.test("variables of other hosts are there, and facts of theirs", async () => {
  const { lines } = await tryPlay(`
- hosts: web
  tasks:
    - set_fact: { me: "{{ inventory_hostname | upper }}" }
    - debug:
        msg: "{{ hostvars['web-2'].me }}"
      run_once: true
`);
  assert.match(lines.join("\n"), /"msg": "WEB-2"/);
});

const tagged = `
- hosts: web-1
  tasks:
    - { name: a, debug: , tags: [x] }
    - { name: b, debug: , tags: [y] }
    - { name: c, debug:  }
    - { name: d, debug: , tags: always }
    - { name: e, debug: , tags: [never, z] }
`;

const chosen: readonly (readonly [Parameters<typeof tryPlay>[1], string])[] = [
  [{}, "abcd"],
  [{ tags: ["x"] }, "ad"],
  [{ skipTags: ["x"] }, "bcd"],
  [{ tags: ["z"] }, "de"],
  [{ tags: ["untagged"] }, "cd"],
  [{ tags: ["tagged"], skipTags: ["always"] }, "ab"],
  [{ skipTags: ["tagged"] }, "c"],
  [{ startAt: "c" }, "cd"],
];

for (const [options, names] of chosen) {
  Deno.test(`with ${JSON.stringify(options)} the tasks are ${names}`, async () => {
    const { lines } = await tryPlay(tagged, options ?? {});
    const ran = lines.flatMap((line) => /^TASK \[(.)\]$/.exec(line)?.[1] ?? []).join("");
    assert.equal(ran, names);
  });
}

Deno.test("a guest that does not listen is waited for as long as the task says, then its cord is pulled", async () => {
  const { story, counts } = await tryPlay(
    `
- hosts: web-1
  tasks:
    - domain.start:
    - domain.shutdown: { otherwise: destroy }
      within: 30s
    - wait: shutoff
`,
    { guests: { deaf: "web-1" } },
  );
  assert.equal(story.exit, 0);
  assert.equal(counts["web-1"]?.["changed"], 2);
  assert.ok(story.durationMs >= 30_000 && story.durationMs < 60_000, String(story.durationMs));
});
