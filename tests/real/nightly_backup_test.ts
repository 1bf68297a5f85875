/**
 * Backups of a real guest: whole, of changes, restored and looked at, and interrupted.
 */
import assert from "node:assert/strict";
import nightly from "../../recipes/nightly_backup.ts";
import restore from "../../recipes/restore_backup.ts";
import { guestXml, makeDisk } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestsUp } from "./kit/guests.ts";
import type { RealHost } from "./kit/host.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests({ needs: guestNeeds });

interface Report {
  readonly backup: string;
  readonly kind: string;
  readonly consistency: string;
  readonly verified: string;
  readonly kept: string[];
  readonly deleted: string[];
}

async function backUp(host: RealHost, input: Readonly<Record<string, unknown>> = {}): Promise<Report> {
  await using runs = new RecipeRuns();
  const all = { pool: "backups", daily: 0, weekly: 0, last: 2, maxIncrements: 1, ...input };
  const answer = await runs.result(nightly, {
    hosts: { host: host.uri() },
    input: all,
    grants: ["all", "host"],
  });
  const { backups: [report] } = answer as { backups: Report[] };
  if (report === undefined) throw new Error("Nothing was backed up");
  return report;
}

/** Has a shell in the guest do something. */
async function inGuest(host: RealHost, name: string, command: string): Promise<void> {
  const args = { path: "/bin/sh", arg: ["-c", command] };
  await host.virsh(
    "qemu-agent-command",
    name,
    JSON.stringify({ execute: "guest-exec", arguments: args }),
  );
}

/** What is in the pool, by the names of its files without the domain's. */
function stored(path: string): readonly string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name.slice("db-1.".length)).sort();
}

test("a guest is backed up whole and by its changes; what is restored is booted and compared before it counts", async (host) => {
  const disk = await makeDisk(host, "db-1.qcow2");
  await host.virsh("define", await host.file("db-1.xml", await guestXml("db-1", { disk, memory: 96 })));
  await host.virsh("start", "db-1");
  const path = `${host.directory}/backups`;
  await Deno.mkdir(path);
  await host.virsh("pool-create-as", "backups", "dir", "--target", path);
  await guestsUp(host, ["db-1"]);
  const checkpoints = (): Promise<string> => host.virsh("checkpoint-list", "db-1", "--name");

  await inGuest(host, "db-1", "echo first > /dev/vda; sync");
  const full = await backUp(host, { verify: false, quiesce: "never" });
  assert.deepEqual([full.kind, full.consistency, full.verified], ["full", "crash", "no"]);

  await inGuest(host, "db-1", "echo second | dd of=/dev/vda bs=1M seek=8 conv=notrunc; sync");
  const changes = await backUp(host, { check: ["/bin/md5sum", "/dev/vda"], consoleText: "login:" });
  assert.deepEqual([changes.kind, changes.consistency, changes.kept], [
    "incremental",
    "quiesced",
    [full.backup, changes.backup],
  ]);
  assert.equal(changes.verified, 'booted, printed "login:", "/bin/md5sum /dev/vda" prints the same');
  assert.deepEqual(
    stored(path),
    [full, changes].flatMap(({ backup }) => [`${backup}.json`, `${backup}.vda.qcow2`]),
  );
  assert.equal(
    await checkpoints(),
    `drover-backup-${changes.backup}`,
    "only the next one's beginning is kept",
  );
  assert.equal(await host.virsh("list", "--all", "--name"), "db-1", "what was restored is gone again");

  // What no two boots have in common shows that a comparison can fail.
  const id = ["/bin/cat", "/proc/sys/kernel/random/boot_id"];
  await assert.rejects(
    backUp(host, { check: id, maxIncrements: 9 }),
    /cannot be trusted: failed: "\/bin\/cat/,
  );
  assert.equal(await host.virsh("list", "--all", "--name"), "db-1");
  assert.equal(stored(path).length, 6, "it is there, for whoever wants to look at it");

  const again = await backUp(host, { verify: false, maxIncrements: 9, last: 1 });
  assert.equal(again.kind, "full", "nothing is built on what cannot be trusted");
  assert.deepEqual(stored(path), [`${again.backup}.json`, `${again.backup}.vda.qcow2`]);
  assert.equal(again.deleted.length, 3);

  // A run that dies in the middle: its backup goes on at the host, its checkpoint is there, its volume is half full.
  const half = "20010101T000000Z";
  await host.virsh("vol-create-as", "backups", `db-1.${half}.vda.qcow2`, "16M", "--format", "qcow2");
  await host.virsh("vol-create-as", "backups", `db-1.${half}.json`, "1k");
  const began = `<domainbackup><disks><disk name='vda' type='file'><driver type='qcow2'/>
    <target file='${path}/db-1.${half}.vda.qcow2'/></disk></disks></domainbackup>`;
  const point = `<domaincheckpoint><name>drover-backup-${half}</name></domaincheckpoint>`;
  await inGuest(host, "db-1", "dd if=/dev/urandom of=/dev/vda bs=1M count=12; sync");
  await host.virsh("blkdeviotune", "db-1", "vda", "--total-bytes-sec", "500000");
  const files = [await host.file("half.xml", began), await host.file("point.xml", point)] as const;
  await host.virsh("backup-begin", "db-1", "--reuse-external", ...files);
  const lift = host.virsh("blkdeviotune", "db-1", "vda", "--total-bytes-sec", "0");
  const [after] = await Promise.all([backUp(host, { verify: false, maxIncrements: 9 }), lift]);
  assert.deepEqual([after.kind, after.kept], ["incremental", [again.backup, after.backup]]);
  assert.equal(stored(path).some((name) => name.startsWith(half)), false, "the half one is gone");
  assert.equal(await checkpoints(), `drover-backup-${after.backup}`);

  await host.virsh("destroy", "db-1");
  await host.virsh("undefine", "db-1", "--checkpoints-metadata");
  await host.virsh("pool-destroy", "backups");
});

test("disks of other formats, other disks and broken checkpoints lead to whole backups, and no backup touches another", async (host) => {
  const path = `${host.directory}/others`;
  await Deno.mkdir(path);
  await host.virsh("pool-create-as", "others", "dir", "--target", path);
  const disk = (file: string, target: string, format: string): string =>
    `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${file}'/>
     <target dev='${target}' bus='virtio'/></disk>`;
  const start = async (name: string, disks: string): Promise<void> => {
    const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory>
      <os><type arch='x86_64'>hvm</type></os><devices>${disks}</devices></domain>`;
    await host.virsh("define", await host.file(`${name}.xml`, xml));
    await host.virsh("start", name);
  };
  const [first, second] = [await makeDisk(host, "o1.qcow2"), await makeDisk(host, "o2.qcow2")];
  await start(
    "raw disk",
    disk(first, "vda", "qcow2") + disk(await makeDisk(host, "o.img", { format: "raw" }), "vdb", "raw"),
  );
  await start("other", disk(second, "vda", "qcow2"));
  await host.virsh("checkpoint-create-as", "other", "mine");
  const kinds = async (domains: string): Promise<readonly string[]> => {
    const { kind, verified, kept } = await backUp(host, {
      pool: "others",
      domains,
      maxIncrements: 9,
      last: 9,
    });
    return [kind, verified, String(kept.length)];
  };
  const read = "read as a whole";
  // Two within a second: each has a name of its own.
  assert.deepEqual([await kinds("raw disk"), await kinds("raw disk")], [["full", read, "1"], [
    "full",
    read,
    "2",
  ]]);
  assert.deepEqual([await kinds("other"), await kinds("other")], [["full", read, "1"], [
    "incremental",
    read,
    "2",
  ]]);
  await host.virsh("blockresize", "other", "vda", "32M");
  assert.deepEqual(await kinds("other"), ["full", read, "3"], "a disk of another size");
  const [checkpoint = ""] =
    /drover-backup-\w+/.exec(await host.virsh("checkpoint-list", "other", "--name")) ?? [];
  await host.virsh("checkpoint-delete", "other", checkpoint, "--metadata");
  assert.deepEqual(await kinds("other"), ["full", read, "4"], "a checkpoint that is gone");
  await assert.rejects(
    backUp(host, { pool: "others", domains: "other", quiesce: "always" }),
    /Cannot back domain "other" up quiesced/,
  );
  assert.match(await host.virsh("checkpoint-list", "other", "--name"), /mine/, "others' checkpoints stay");
  const names = [...Deno.readDirSync(path)].map(({ name }) => name);
  assert.equal(names.filter((name) => name.endsWith(".json")).length, 6);
  assert.equal(names.filter((name) => name.endsWith(".qcow2")).length, 4 + 4);

  await using runs = new RecipeRuns();
  const input = { domain: "raw disk", from: "others", to: "others", start: true };
  const restoring = { hosts: { host: host.uri() }, input, grants: ["all", "host"] } as const;
  const { domain, disks } = await runs.result(restore, restoring) as { domain: string; disks: string[] };
  assert.deepEqual([domain, disks.length], ["raw disk-restored", 2]);
  assert.equal(await host.virsh("domstate", domain), "running");
  for (const target of ["vda", "vdb"]) {
    assert.match(
      await host.virsh("domblklist", domain),
      new RegExp(`${target}.*raw disk-restored\\.${target}\\.qcow2`),
    );
  }
  const { view } = await runs.run(restore, restoring);
  assert.match(view.error?.message ?? "", /already in use/, "nothing that is there is written over");
  await host.virsh("destroy", domain);
  await host.virsh("undefine", domain);

  for (const name of ["other", "raw disk"]) {
    await host.virsh("destroy", name);
    await host.virsh("undefine", name, "--checkpoints-metadata");
  }
  await host.virsh("pool-destroy", "others");
});
