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
    # - name: Packages
    #   ansible.builtin.apt: { name: htop }
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
    # - name: What
    #   community.libvirt.virt: { name: old, command: virttype }
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
    "24:7 ansible.builtin.apt is not converted: it does not act on a hypervisor; keep it in a playbook of Ansible, " +
    "for the machine itself",
    '33:7 "virttype" of virt has nothing that it corresponds to; write what is wanted as an operation: drover play ' +
    "--schema has them all",
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

/** As such playbooks are found in public: lists that are asked, templates, what runs programs, what looks things up. */
const found = `---
- name: Provision a guest
  hosts: hypervisor
  become: yes
  gather_facts: yes
  vars:
    vm_name: web-9
    vm_ram_mb: 64
    secret: "{{ lookup('env', 'SECRET') }}"
  roles:
    - common
  tasks:
    - name: Get VMs list
      community.libvirt.virt:
        command: list_vms
      register: existing_vms
      changed_when: no

    - name: Create VM if not exists
      block:
        - name: Download base image
          get_url: { url: "https://example.org/base.qcow2", dest: "/tmp/base.qcow2" }
        - name: Define vm
          community.libvirt.virt:
            command: define
            xml: '{{ lookup("template", "vm-template.xml.j2") }}'
      when: "vm_name not in existing_vms.list_vms"

    - name: Ensure VM is started
      community.libvirt.virt: { name: "{{ vm_name }}", state: running, autostart: yes, uri: "qemu:///system" }
      register: vm_start_results
      until: "vm_start_results is success"
      retries: 15
      delay: 2

    - name: Wait for VM to get IP
      shell: virsh domifaddr {{ vm_name }} | grep ipv4
      register: vm_ip
      until: vm_ip.stdout != ""

    - name: Status
      action: virt command=status name={{ vm_name }}
      register: dom_status

    - ansible.builtin.assert:
        that:
          - dom_status.status == "running"
        fail_msg: "{{ vm_name }} did not start"
    - debug: msg="up {{ vm_name }}"
    - debug: { msg: "{{ item }}" }
      with_fileglob: "*.xml"
    - debug: { msg: "{{ query('inventory_hostnames', 'all') }}" }
`;

const foundTemplate = `<domain type='test'>
  <name>{{ vm_name }}</name>
  <memory unit='MiB'>{{ vm_ram_mb | default(512) }}</memory>
  <os><type>hvm</type></os>
{% if vm_title is defined %}
  <title>{{ vm_title }}</title>
{% endif %}
</domain>
`;

Deno.test("a playbook as it is found in public is converted as far as it goes, passes the check, and runs", async () => {
  const { text, notes } = convertPlaybook(found, "site.yml");
  const lost = notes.filter((note) => note.lost).map(({ at: [, line, column] }) => `${line}:${column}`);
  assert.deepEqual(lost, ["9:13", "10:3", "22:11", "37:7", "51:7", "52:21"], text);
  assert.match(notes.map((note) => note.text).join("\n"), /lookup.*-e NAME=VALUE/);
  assert.match(text, /# {5}get_url: |#\s+get_url: /);
  const options = {
    inventory: "all: { hosts: { hypervisor: { uri: 'test:///default' } } }",
    files: { "/pb/templates/vm-template.xml.j2": foundTemplate },
  };
  const checked = await tryPlay(text, { ...options, check: true, skipTags: [] });
  assert.equal(checked.counts["hypervisor"]?.["unreachable"], 0);
  const { story, counts, lines } = await tryPlay(text, options);
  assert.equal(story.exit, 0, lines.join("\n"));
  assert.equal(counts["hypervisor"]?.["changed"], 3, lines.join("\n"));
});

Deno.test("what facts say of networks and pools is there for conditions, and force takes away all that belongs to a domain", async () => {
  const { text, notes } = convertPlaybook(
    `
- hosts: web-1
  tasks:
    - community.libvirt.virt_net: { command: facts }
    - community.libvirt.virt_pool: { command: facts }
    - assert:
        that:
          - "'default' in ansible_libvirt_networks"
          - "'nix' not in ansible_libvirt_pools"
    - community.libvirt.virt: { name: old, command: undefine, force: yes }
    - community.libvirt.virt: { name: old, command: undefine, flags: "managed_save, nvram" }
`,
    "site.yml",
  );
  assert.ok(notes.every(({ lost }) => !lost), JSON.stringify(notes));
  const { story, lines } = await tryPlay(text, {
    hypervisor: { domains: [{ name: "web-1" }], networks: [{ name: "default" }] },
  });
  assert.equal(story.exit, 0, lines.join("\n"));
  assert.match(
    text,
    /managedSave: true\n\s+snapshotsMetadata: true\n\s+checkpointsMetadata: true\n\s+nvram: true\n[\s\S]*managedSave: true\n\s+nvram: true\n/,
  );
});

Deno.test("a file of tasks is converted like those of a play", () => {
  const { text, notes } = convertPlaybook(
    "- virt: { name: a, state: destroyed }\n- apt: { name: b }\n",
    "main.yml",
  );
  assert.equal(text, "- domain.destroy:\n    domain: a\n# - apt: { name: b }\n");
  assert.deepEqual(notes.map(({ at: [, line] }) => line), [2]);
});

Deno.test("the schema for editors knows every operation, and what each takes", () => {
  const schema = JSON.stringify(playbookSchema());
  for (const part of ['"domain.start"', '"ensure.domain"', '"xml_file"', '"otherwise"', '"anti_affinity"']) {
    assert.ok(schema.includes(part), part);
  }
  const references = new Set(schema.match(/"\$ref":"[^"]*"/g));
  assert.deepEqual([...references], ['"$ref":"#/$defs/task"']);
});
