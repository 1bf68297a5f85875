import assert from "node:assert/strict";
import fc from "fast-check";
import { simulate } from "../../testing/mod.ts";
import nightly from "../../recipes/nightly_backup.ts";
import restore from "../../recipes/restore_backup.ts";
import { disksIn, restoredDefinition, scratchDefinition } from "../../recipes/nightly_backup/source.ts";
import { type Kept, kept, leaving, type Policy } from "../../recipes/nightly_backup/retention.ts";

const dayMs = 86_400_000;
const now = Date.UTC(2026, 10, 21, 3);

/** Backups in chains as they come about: each is whole, or made on the one before it. */
const backups: fc.Arbitrary<readonly Kept[]> = fc.array(
  fc.record({ ageHours: fc.integer({ min: 0, max: 3000 }), full: fc.boolean(), good: fc.boolean() }),
  { maxLength: 40 },
).map((all) => {
  const oldestFirst = [...new Set(all.map(({ ageHours }) => ageHours))].sort((a, b) => b - a);
  const made: Kept[] = [];
  for (const [index, ageHours] of oldestFirst.entries()) {
    const { full = true, good = true } = all[index] ?? {};
    const before = made.at(-1);
    made.push({
      id: `b${index}`,
      takenAt: now - ageHours * 3_600_000,
      good,
      ...(full || before?.good !== true ? {} : { parent: before.id }),
    });
  }
  return made;
});

const policy: fc.Arbitrary<Policy> = fc.record({
  last: fc.integer({ min: 1, max: 5 }),
  daily: fc.integer({ min: 0, max: 10 }),
  weekly: fc.integer({ min: 0, max: 6 }),
});

Deno.test("whatever backups there are: the newest ones stay, and all that they are made on", () => {
  fc.assert(fc.property(backups, policy, (all, rules) => {
    const stays = kept(all, rules, now);
    const good = all.filter((each) => each.good).sort((a, b) => b.takenAt - a.takenAt);
    for (const { id } of good.slice(0, rules.last)) assert.ok(stays.has(id), id);
    for (const { id, parent } of all) {
      if (stays.has(id) && parent !== undefined) assert.ok(stays.has(parent), `${id} without ${parent}`);
    }
    const parents = new Set(all.flatMap(({ id, parent }) => stays.has(id) && parent ? [parent] : []));
    const counted = [...stays].filter((id) => !parents.has(id));
    assert.ok(counted.length <= rules.last + rules.daily + rules.weekly);
  }));
});

Deno.test("whatever backups there are: each of the last days and weeks that has a good one keeps its newest", () => {
  fc.assert(fc.property(backups, policy, (all, rules) => {
    const stays = kept(all, rules, now);
    for (let day = 0; day < rules.daily; day++) {
      const from = (Math.floor(now / dayMs) - day) * dayMs;
      const newest = all.filter(({ takenAt, good }) => good && takenAt >= from && takenAt < from + dayMs)
        .sort((a, b) => b.takenAt - a.takenAt)[0];
      if (newest !== undefined) assert.ok(stays.has(newest.id));
    }
  }));
});

Deno.test("whatever goes: what is made on another one goes first, and a second time nothing goes", () => {
  fc.assert(fc.property(backups, policy, (all, rules) => {
    const gone = leaving(all, rules, now);
    for (const [index, { id }] of gone.entries()) {
      assert.ok(
        gone.slice(index + 1).every(({ parent }) => parent !== id),
        `${id} goes before what is made on it`,
      );
    }
    const left = all.filter((each) => !gone.includes(each));
    assert.deepEqual(leaving(left, rules, now), []);
  }));
});

Deno.test("a week of nights keeps the chain that the newest one is made on, and the ends of older ones go with it", () => {
  const nights = Array.from({ length: 21 }, (_, night): Kept => ({
    id: `n${night}`,
    takenAt: now - (20 - night) * dayMs,
    good: true,
    ...(night % 7 === 0 ? {} : { parent: `n${night - 1}` }),
  }));
  const stays = kept(nights, { last: 2, daily: 0, weekly: 0 }, now);
  assert.deepEqual([...stays].sort(), nights.slice(14).map(({ id }) => id).sort());
});

const definition = `<domain type='kvm' id='3'>
  <name>db-1</name>
  <uuid>11111111-2222-4333-8444-555555555555</uuid>
  <memory unit='KiB'>1048576</memory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <nvram>/var/lib/libvirt/qemu/nvram/db-1_VARS.fd</nvram>
    <boot dev='hd'/>
  </os>
  <cpu mode='host-passthrough' check='none'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/db-1.qcow2'/>
      <target dev='sda' bus='scsi'/>
    </disk>
    <disk type='file' device='cdrom'>
      <source file='/srv/install.iso'/>
      <target dev='sdb' bus='sata'/>
      <readonly/>
    </disk>
    <disk type='file' device='disk'>
      <source file='/srv/shared.img'/>
      <target dev='vdb' bus='virtio'/>
      <shareable/>
    </disk>
    <controller type='scsi' index='0' model='virtio-scsi'>
    </controller>
    <interface type='network'>
      <source network='default'/>
    </interface>
    <hostdev mode='subsystem' type='pci' managed='yes'/>
  </devices>
</domain>`;

Deno.test("drives, and disks that others write to as well, are not backed up", () => {
  assert.deepEqual(disksIn(definition), [{ target: "sda", bus: "scsi", format: "qcow2" }]);
});

Deno.test("what is restored has no way outside, and takes nothing of the other one but what its guest sees", () => {
  const disks = disksIn(definition).map((disk) => ({ ...disk, path: "/backups/restored.qcow2" }));
  const xml = scratchDefinition(definition, { name: "db-1-restored", disks });
  for (const none of ["<interface", "<hostdev", "<uuid", "nvram", "/srv/", ">db-1<"]) {
    assert.ok(!xml.includes(none), none);
  }
  for (
    const some of ["/backups/restored.qcow2", "dev='sda' bus='scsi'", "virtio-scsi", "pc-q35-7.2", "1048576"]
  ) {
    assert.ok(xml.includes(some), some);
  }
});

Deno.test("a restored domain is as it was, under its own name and with its own disks", () => {
  const paths = new Map([["sda", "/images/db-2.sda.qcow2"]]);
  const xml = restoredDefinition(definition, { name: "db-2", paths });
  for (const none of ["<uuid", "nvram", "/srv/db-1.qcow2", ">db-1<", "shared.img"]) {
    assert.ok(!xml.includes(none), none);
  }
  for (
    const some of [
      "<name>db-2</name>",
      "/images/db-2.sda.qcow2",
      "/srv/install.iso",
      "<interface",
      "<hostdev",
    ]
  ) {
    assert.ok(xml.includes(some), some);
  }
});

Deno.test("a backup that is not there is not restored, and those that are there are named", async () => {
  await using lab = await simulate({ hypervisor: { pools: [{ name: "backups" }, { name: "default" }] } });
  const run = await lab.run(restore, { input: { domain: "db-1" }, grants: ["all", "host"] });
  assert.equal(run.error?.code, "not-found");
  assert.match(
    run.error.message,
    /Cannot find a good backup of domain "db-1" in pool "backups": it has none/,
  );
});

Deno.test("where the hypervisor cannot back up, the failure of the domain says so", async () => {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "db-1", state: "running" }] } });
  const run = await lab.run(nightly, { input: { pool: "default", verify: false }, grants: ["all", "host"] });
  assert.equal(run.exit, 3);
  assert.match(run.error?.message ?? "", /db-1.*cannot|db-1.*not support/i);
});
