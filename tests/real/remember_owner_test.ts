import assert from "node:assert/strict";
import { systemClock } from "../../runtime/clock.ts";
import type { Job } from "../../runtime/driver.ts";
import { HostFiles } from "../../runtime/posix/host_files.ts";
import { claimFiles, releaseFiles } from "../../runtime/remember_owner.ts";
import { cannotRemember, remembersOf } from "../kit/root_files.ts";
import { guestXml, makeDisk } from "./kit/guest.ts";
import { guestImage } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const missing = await cannotRemember();
const { test } = realTests({
  ...(missing === undefined ? {} : { missing }),
  bootedAt: 1_700_000_001,
  qemuConfig: ["dynamic_ownership = 1", "remember_owner = 1"],
});

const guests = "+0:+0"; // as whom the private host runs its guests
const owner = "+4321:+4322";
const never = new AbortController().signal;
const job: Pick<Job, "hop"> = { hop: (_where, fn) => fn(never, undefined) };

/** The host's files, as the daemon there sees them. */
function filesOf(host: RealHost): HostFiles {
  return new HostFiles({ clock: systemClock, logins: `${host.directory}/run/utmp` });
}

/** A disk that belongs to somebody, and a guest on it, and on more disks of the same folder, that is defined. */
async function guestOn(
  host: RealHost,
  name: string,
  { more }: { readonly more?: string } = {},
): Promise<string> {
  const disk = await makeDisk(host, `${name}.raw`, { format: "raw" });
  await Deno.chown(disk, 4321, 4322);
  const paths = [disk, ...(more === undefined ? [] : [`${host.directory}/lib/images/${more}`])];
  const devices = paths.map((path, index) =>
    `<disk type='file' device='disk'><driver name='qemu' type='raw'/>
      <source file='${path}'/><target dev='vd${"ab"[index]}' bus='virtio'/></disk>`
  );
  const xml = await guestXml(name, { devices: devices.join("") });
  await host.virsh("define", await host.file(`${name}.xml`, xml));
  return disk;
}

test("what libvirtd remembers of a running guest's disk is what we read", async (host) => {
  const disk = await guestOn(host, "theirs");
  await host.virsh("start", "theirs");
  const files = filesOf(host);
  assert.deepEqual(await remembersOf(files, disk), {
    owner: guests,
    was: owner,
    users: "1",
    stamp: (await files.bootTimes())[0],
  });
  await host.virsh("destroy", "theirs");
  assert.deepEqual(await remembersOf(files, disk), { owner });
});

test("we count up what libvirtd has counted, and the last of three gives the file back", async (host) => {
  const files = filesOf(host);
  const { kernel: original } = await guestImage();
  const kernel = `${host.directory}/lib/images/kernel`;
  await Deno.copyFile(original, kernel);
  await Deno.chown(kernel, 4321, 4322);
  for (const name of ["first", "other"]) {
    const xml = (await guestXml(name)).replace(`<kernel>${original}<`, `<kernel>${kernel}<`);
    await host.virsh("define", await host.file(`${name}.xml`, xml));
  }
  const use = [{ path: kernel, owner: guests }];
  const stamp = (await files.bootTimes())[0] ?? "";
  const usedBy = (users: number): unknown => ({ owner: guests, was: owner, users: `${users}`, stamp });
  await host.virsh("start", "first");
  await claimFiles(job, use, { files });
  assert.deepEqual(await remembersOf(files, kernel), usedBy(2));
  await host.virsh("start", "other");
  assert.deepEqual(await remembersOf(files, kernel), usedBy(3));
  await host.virsh("destroy", "first");
  assert.deepEqual(await remembersOf(files, kernel), usedBy(2));
  await releaseFiles(job, use, { files });
  assert.deepEqual(await remembersOf(files, kernel), usedBy(1));
  await claimFiles(job, use, { files });
  await host.virsh("destroy", "other");
  assert.deepEqual(await remembersOf(files, kernel), usedBy(1));
  await releaseFiles(job, use, { files });
  assert.deepEqual(await remembersOf(files, kernel), { owner });
});

test("of a disk that its guest writes alone libvirtd forgets everything when it stops, our count too", async (host) => {
  const files = filesOf(host);
  const disk = await guestOn(host, "alone");
  await host.virsh("start", "alone");
  await claimFiles(job, [{ path: disk, owner: guests }], { files });
  await host.virsh("destroy", "alone");
  assert.deepEqual(await remembersOf(files, disk), { owner: guests });
  // Nobody knows any more whose it was, and nothing is guessed.
  await releaseFiles(job, [{ path: disk, owner: guests }], { files });
  assert.deepEqual(await remembersOf(files, disk), { owner: guests });
});

test("libvirtd counts up what we have counted, and whoever is last gives the disk back", async (host) => {
  const disk = await guestOn(host, "second");
  const files = filesOf(host);
  await claimFiles(job, [{ path: disk, owner: guests }], { files });
  await host.virsh("start", "second");
  assert.equal((await remembersOf(files, disk)).users, "2");
  await releaseFiles(job, [{ path: disk, owner: guests }], { files });
  assert.deepEqual((await remembersOf(files, disk)).users, "1");
  await host.virsh("destroy", "second");
  assert.deepEqual(await remembersOf(files, disk), { owner });
});

test("neither takes a disk that the other one uses for somebody else", async (host) => {
  const files = filesOf(host);
  const disk = await guestOn(host, "third");
  await host.virsh("start", "third");
  const theirs = await remembersOf(files, disk);
  await assert.rejects(claimFiles(job, [{ path: disk, owner: "+107:+107" }], { files }), { code: "in-use" });
  assert.deepEqual(await remembersOf(files, disk), theirs);
  await host.virsh("destroy", "third");

  await claimFiles(job, [{ path: disk, owner: "+107:+107" }], { files });
  const ours = await remembersOf(files, disk);
  const { code, error } = await host.tryVirsh("start", "third");
  assert.notEqual(code, 0);
  assert.match(error, /already in use/);
  assert.deepEqual(await remembersOf(files, disk), ours);
  await releaseFiles(job, [{ path: disk, owner: "+107:+107" }], { files });
  assert.deepEqual(await remembersOf(files, disk), { owner });
});

test("what an earlier boot has left counts for nothing to either", async (host) => {
  const files = filesOf(host);
  const disk = await guestOn(host, "stale");
  const leave = async (): Promise<void> => {
    await files.setAttribute(disk, "trusted.libvirt.security.dac", "+1:+1");
    await files.setAttribute(disk, "trusted.libvirt.security.ref_dac", "7");
    await files.setAttribute(disk, "trusted.libvirt.security.timestamp_dac", "1600000000");
  };
  await leave();
  await claimFiles(job, [{ path: disk, owner: guests }], { files });
  await host.virsh("start", "stale");
  assert.equal((await remembersOf(files, disk)).users, "2");
  await releaseFiles(job, [{ path: disk, owner: guests }], { files });
  await host.virsh("destroy", "stale");
  assert.deepEqual(await remembersOf(files, disk), { owner });
});

test("while we have a disk's lock libvirtd waits, and while it has one we do", async (host) => {
  const files = filesOf(host);
  const [first, second] = [
    await makeDisk(host, "a-disk.raw", { format: "raw" }),
    await guestOn(host, "locked", { more: "a-disk.raw" }),
  ];
  // Locks are taken in the order of the paths: it gets the first one, and waits for the second.
  const lock = await files.lock(second, never);
  const starting = host.tryVirsh("start", "locked");
  await until(() => writers(first) > 0 && writers(second) > 1, { what: "libvirtd at the second disk" });
  const short = new HostFiles({ clock: systemClock, lockTimeoutMs: 1 });
  await assert.rejects(short.lock(first, never), { code: "timed-out" });
  assert.deepEqual(
    await remembersOf(filesOf(host), second),
    { owner },
    "it has not touched what we have locked",
  );
  lock?.[Symbol.dispose]();
  assert.equal((await starting).error, "");
  assert.equal((await remembersOf(files, second)).users, "1");
  (await files.lock(first, never))?.[Symbol.dispose]();
  await host.virsh("destroy", "locked");
  assert.deepEqual(await remembersOf(files, second), { owner });
});

/** How often a file is open for reading and writing, anywhere on the machine. */
function writers(path: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      for (const { name: fd } of Deno.readDirSync(`/proc/${name}/fd`)) {
        if (Deno.readLinkSync(`/proc/${name}/fd/${fd}`) !== path) continue;
        const flags = /^flags:\s*(\d+)/m.exec(Deno.readTextFileSync(`/proc/${name}/fdinfo/${fd}`))?.[1];
        if ((Number.parseInt(flags ?? "0", 8) & 3) === 2) count++;
      }
    } catch {
      continue; // It has ended meanwhile.
    }
  }
  return count;
}
