import assert from "node:assert/strict";
import { convertPlaybook, playbookSchema } from "../../playbook/mod.ts";
import { tryPlay } from "./kit/play.ts";

const site = `---
# Keeps the fleet up.
- name: Fleet
  hosts: web-1
  become: true
  gather_facts: false
  vars:
    vm: web-1
  tasks:
    - name: Network  # the default one
      community.libvirt.virt_net:
        name: default
        state: active
        autostart: true
    - name: Define it
      community.libvirt.virt:
        command: define
        xml: "{{ lookup('file', 'web.xml') }}"
    - name: Up
      virt: name={{ vm }} state=running
      register: up
      when: vm is defined
    - name: Packages
      ansible.builtin.apt: { name: htop }
    - block:
        - community.libvirt.virt_pool: { name: images, command: build }
        - community.libvirt.virt_volume: { pool: images, name: a.img, state: absent }
      rescue:
        - ansible.builtin.debug: { msg: sorry }
    - name: Gone
      community.libvirt.virt: { name: old, command: undefine, flags: [snapshots_metadata, keep_tpm] }
    - name: What
      community.libvirt.virt: { name: old, command: virttype }
`;

const converted = `---
# Keeps the fleet up.
- name: Fleet
  hosts: web-1
  vars:
    vm: web-1
  tasks:
    - name: Network # the default one
      network.start:
        network: default
    - name: Network # the default one
      network.setAutostart:
        network: default
        autostart: true
    - name: Define it
      domain.define:
        xml_file: web.xml
    - name: Up
      domain.start:
        domain: "{{ vm }}"
      register: up
      when: vm is defined
    - name: Packages
      ansible.builtin.apt: { name: htop }
    - block:
        - pool.build:
            pool: images
        - volume.delete:
            pool: images
            volume: a.img
      rescue:
        - debug: { msg: sorry }
    - name: Gone
      domain.undefine:
        domain: old
        snapshotsMetadata: true
    - name: What
      community.libvirt.virt: { name: old, command: virttype }
`;

Deno.test("a playbook of community.libvirt becomes one of operations, its comments kept", () => {
  assert.equal(convertPlaybook(site, "site.yml").text, converted);
});

Deno.test("what could not be converted is said with its place", () => {
  const { notes } = convertPlaybook(site, "site.yml");
  const lost = notes.filter((note) => note.lost).map(({ at: [, line, column], text }) =>
    `${line}:${column} ${text}`
  );
  assert.deepEqual(lost, [
    "24:7 ansible.builtin.apt is not converted: it does not act on a hypervisor",
    '33:7 "virttype" of virt has nothing that it corresponds to',
  ]);
  const told = notes.filter((note) => !note.lost).map(({ text }) => text).join("\n");
  assert.match(told, /"become" is left out/);
  assert.match(told, /flag "keep_tpm"/);
});

Deno.test("what is converted runs, and a second time changes nothing", async () => {
  const { text, notes } = convertPlaybook(
    `
- hosts: web-1
  tasks:
    - community.libvirt.virt: { name: web-1, state: running, autostart: yes }
    - community.libvirt.virt: { name: web-1, state: running, autostart: yes }
    - community.libvirt.virt: { name: web-1, command: info }
      register: info
    - debug: { msg: "{{ info.state }}" }
`,
    "site.yml",
  );
  assert.ok(notes.every(({ lost }) => !lost));
  const { counts, lines, story } = await tryPlay(text);
  assert.equal(story.exit, 0);
  assert.equal(counts["web-1"]?.["changed"], 2);
  assert.match(lines.join("\n"), /"msg": "running"/);
});

Deno.test("the schema for editors knows every operation, and what each takes", () => {
  const schema = JSON.stringify(playbookSchema());
  for (const part of ['"domain.start"', '"ensure.domain"', '"xml_file"', '"otherwise"', '"anti_affinity"']) {
    assert.ok(schema.includes(part), part);
  }
  const references = new Set(schema.match(/"\$ref":"[^"]*"/g));
  assert.deepEqual([...references], ['"$ref":"#/$defs/task"']);
});
