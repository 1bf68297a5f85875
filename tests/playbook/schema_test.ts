/**
 * The schema for editors, by a reader of such schemas that is not ours.
 */
import assert from "node:assert/strict";
import { z } from "zod";
import { plainOf, readYaml } from "../../playbook/source.ts";
import { playbookSchema } from "../../playbook/mod.ts";

type Schema = Parameters<typeof z.fromJSONSchema>[0];

// What the schema is of is plain data, which is all that the reader asks for.
const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(playbookSchema())) as Schema);
const page = await Deno.readTextFile(new URL("../../docs/playbooks.md", import.meta.url));
const [example = ""] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

const right: readonly (readonly [what: string, text: string])[] = [
  ["the playbook of the guide", example],
  [
    "all that a play and its tasks may say",
    `
- name: P
  hosts: [web, "!web-3"]
  serial: [1, "50%"]
  force_handlers: true
  max_fail: "30%"
  anti_affinity: rack
  pre_tasks: [{ meta: flush_handlers }]
  tasks:
    - { domain.define: { xml_template: a.j2 }, register: x, tags: [a, b], when: [a, b == 1] }
    - { ensure.domain: { memory: "{{ m }}", xml_file: a.xml }, notify: h, delegate_to: web-1, delegate_facts: true }
    - { debug: { msg: a }, loop: [1], loop_control: { label: a }, until: x is success, retries: 3, delay: 1 }
    - { debug: , with_sequence: count=3, no_log: true, within: 2m, throttle: 1 }
    - block: [{ fail: }]
      rescue: [{ recipe: { file: a.ts, input: { a: 1 } } }]
      always: [{ wait: { for: ip, family: ipv4 } }]
  handlers: [{ name: h, listen: t, volume.delete: { pool: p, volume: v } }]
- import_playbook: other.yml
`,
  ],
];

for (const [what, text] of right) {
  Deno.test(`the schema takes ${what}`, () => {
    const checked = schema.safeParse(plainOf(readYaml(text, "site.yml")));
    assert.ok(checked.success, checked.error === undefined ? "" : z.prettifyError(checked.error));
  });
}

for (
  const text of [
    "- hosts: all\n  tasks: [{ domain.strat: x }]\n",
    "- hosts: all\n  tasks: [{ domain.setVcpus: { vcpus: many } }]\n",
    "- hosts: all\n  task: []\n",
    "- tasks: []\n",
    "- hosts: all\n  serial: some\n",
    "- hosts: all\n  tasks: [{ ensure.domain: { name: x, memroy: 1GiB } }]\n",
    "- hosts: all\n  tasks: [{ meta: nix }]\n",
  ]
) {
  Deno.test(`the schema does not take ${JSON.stringify(text)}`, () => {
    assert.equal(schema.safeParse(plainOf(readYaml(text, "site.yml"))).success, false);
  });
}
