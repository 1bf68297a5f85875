import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../runtime/clock.ts";
import type { Job } from "../../../runtime/driver.ts";
import { HostFiles } from "../../../runtime/posix/host_files.ts";
import { claimFiles, releaseFiles } from "../../../runtime/remember_owner.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { cannotRemember, fileOf, remembersOf, temporaryFolder } from "../../kit/root_files.ts";

const reason = await cannotRemember();

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn: async () => {
      await using folder = await temporaryFolder();
      await fn(folder.path);
    },
  });
}

const qemu = "+107:+107";
const never = new AbortController().signal;
const job: Pick<Job, "hop"> = { hop: (_where, fn) => fn(never, undefined) };

function files(): HostFiles {
  return new HostFiles({ clock: systemClock });
}

/** The files with a clock that a test turns: nobody waits for a lock in real time. */
function impatient(clock: VirtualClock): HostFiles {
  return new HostFiles({ clock, lockTimeoutMs: 10_000 });
}

test("two users of one file count, and the last gives it back to whom it belonged", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  const [one, two] = [files(), files()];
  await claimFiles(job, [{ path, owner: qemu }], { files: one });
  const first = await remembersOf(one, path);
  assert.deepEqual({ ...first, stamp: "" }, { owner: qemu, was: "+1234:+1235", users: "1", stamp: "" });
  assert.ok((await one.bootTimes()).includes(first.stamp ?? ""));
  await claimFiles(job, [{ path, owner: qemu }], { files: two });
  assert.equal((await remembersOf(one, path)).users, "2");
  await releaseFiles(job, [{ path, owner: qemu }], { files: one });
  assert.deepEqual(await remembersOf(one, path), { ...first, users: "1" });
  await releaseFiles(job, [{ path, owner: qemu }], { files: two });
  assert.deepEqual(await remembersOf(one, path), { owner: "+1234:+1235" });
});

test("who wants a file that is in use for somebody else is refused, and nothing is different", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  await claimFiles(job, [{ path, owner: qemu }], { files: files() });
  const before = await remembersOf(files(), path);
  await assert.rejects(claimFiles(job, [{ path, owner: "+64055:+108" }], { files: files() }), {
    code: "in-use",
  });
  assert.deepEqual(await remembersOf(files(), path), before);
});

test("what was remembered before the last boot counts for nothing", async (folder) => {
  const path = fileOf(`${folder}/disk`, 107, 107);
  const own = files();
  await own.setAttribute(path, "trusted.libvirt.security.dac", "+1:+1");
  await own.setAttribute(path, "trusted.libvirt.security.ref_dac", "3");
  await own.setAttribute(path, "trusted.libvirt.security.timestamp_dac", "12345");
  await claimFiles(job, [{ path, owner: "+64055:+108" }], { files: own });
  assert.equal((await remembersOf(own, path)).was, "+107:+107");
  await releaseFiles(job, [{ path, owner: "+64055:+108" }], { files: own });
  assert.deepEqual(await remembersOf(own, path), { owner: "+107:+107" });
});

test("a boot that the record of logins tells is the one that is written", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  const logins = `${folder}/utmp`;
  const entry = new DataView(new ArrayBuffer(Deno.build.arch === "x86_64" ? 384 : 400));
  entry.setInt16(0, 2, true);
  entry.setInt32(Deno.build.arch === "x86_64" ? 340 : 344, 1_600_000_001, true);
  await Deno.writeFile(logins, new Uint8Array(entry.buffer));
  const told = new HostFiles({ clock: systemClock, logins });
  assert.deepEqual(await told.bootTimes(), ["1600000001"]);
  await claimFiles(job, [{ path, owner: qemu }], { files: told });
  assert.equal((await remembersOf(told, path)).stamp, "1600000001");
});

test("whoever else locks the byte that libvirt locks has to wait, and so has this process", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  const clock = new VirtualClock();
  using _lock = await files().lock(path, never);
  const waiting = impatient(clock).lock(path, never);
  const refused = assert.rejects(waiting, { code: "timed-out" });
  await clock.advance(11_000);
  await refused;
  assert.equal(await lockedElsewhere(path), "refused");
});

test("a wait for a lock ends when it is given up", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  using _lock = await files().lock(path, never);
  const giveUp = new AbortController();
  const refused = assert.rejects(impatient(new VirtualClock()).lock(path, giveUp.signal), /enough/);
  giveUp.abort(new Error("enough"));
  await refused;
});

test("a lock that was given back is anybody's, also after the file was opened and closed in between", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  const lock = await files().lock(path, never);
  // With locks of the process, closing the file anywhere in it would give all of them back.
  await Deno.readTextFile(path);
  assert.equal(await lockedElsewhere(path), "refused");
  lock?.[Symbol.dispose]();
  lock?.[Symbol.dispose]();
  assert.equal(await lockedElsewhere(path), "free");
});

test("what is missing, a folder, and a socket without anybody behind it are not locked", async (folder) => {
  const socket = `${folder}/socket`;
  Deno.listen({ transport: "unix", path: socket }).close();
  for (const path of [`${folder}/none`, folder, socket]) {
    assert.equal(await files().lock(path, never), undefined, path);
  }
});

test("a file with two names is locked once by whoever uses both, and counts twice", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  const [link, hard] = [`${folder}/a-link`, `${folder}/z-hard`];
  await Deno.symlink(path, link);
  await Deno.link(path, hard);
  const uses = [path, link, hard].map((path) => ({ path, owner: qemu }));
  await claimFiles(job, uses, { files: files() });
  assert.equal((await remembersOf(files(), path)).users, "3");
  await releaseFiles(job, uses, { files: files() });
  assert.deepEqual(await remembersOf(files(), path), { owner: "+1234:+1235" });
  assert.equal(await lockedElsewhere(path), "free");
});

test("what is put in a locked file's place is not touched", async (folder) => {
  const [path, victim] = [fileOf(`${folder}/disk`), fileOf(`${folder}/shadow`, 0, 0)];
  const own = files();
  using _lock = await own.lock(path, never);
  await Deno.rename(path, `${folder}/moved`);
  await Deno.symlink(victim, path);
  await own.write(path, "owner", qemu);
  await own.setAttribute(path, "trusted.libvirt.security.ref_dac", "1");
  assert.deepEqual(await remembersOf(files(), victim), { owner: "+0:+0" });
  assert.deepEqual(await remembersOf(files(), `${folder}/moved`), { owner: qemu, users: "1" });
});

test("a label is kept as SELinux keeps it", async (folder) => {
  const path = fileOf(`${folder}/disk`);
  const own = files();
  await assert.rejects(own.read(path, "label"), { code: "unsupported" });
  await own.write(path, "label", "system_u:object_r:svirt_image_t:s0:c1,c2");
  assert.equal(await own.read(path, "label"), "system_u:object_r:svirt_image_t:s0:c1,c2");
  assert.equal(await own.attribute(path, "security.selinux"), "system_u:object_r:svirt_image_t:s0:c1,c2\0");
});

test("a file system without such attributes is told from a missing file and from a wrong owner", async (folder) => {
  const own = files();
  await assert.rejects(own.attribute("/proc/self/status", "trusted.libvirt.security.dac"), {
    code: "unsupported",
  });
  await assert.rejects(own.attribute(`${folder}/none`, "trusted.libvirt.security.dac"), {
    code: "not-found",
  });
  await assert.rejects(own.read(`${folder}/none`, "owner"), { code: "not-found" });
  await assert.rejects(own.write(fileOf(`${folder}/disk`), "owner", "root"), { code: "invalid-argument" });
  await assert.rejects(own.attribute(`${folder}/di\0sk`, "trusted.x"), { code: "invalid-argument" });
});

test("without the right to it the owner is neither changed nor remembered, and the error says what is needed", async (folder) => {
  const path = fileOf(`${folder}/disk`, 65_534, 65_534);
  Deno.chmodSync(folder, 0o755);
  const { code, stderr } = await mortal(["claim", path, qemu, "-1", "never"], { uid: 65_534 });
  assert.notEqual(code, 0);
  assert.match(stderr, /Cannot set trusted.*the system does not allow it/);
  assert.deepEqual(await remembersOf(files(), path), { owner: "+65534:+65534" });
});

const program = fileURLToPath(new URL("mortal_claim.ts", import.meta.url));

/** Claims or releases in a process of its own. */
async function mortal(
  args: readonly string[],
  { uid }: { readonly uid?: number } = {},
): Promise<{ readonly code: number; readonly signal: string | null; readonly stderr: string }> {
  const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", "--cached-only", program, ...args],
    stdout: "null",
    stderr: "piped",
    ...(uid === undefined ? {} : { uid, gid: uid, env: { DENO_NO_UPDATE_CHECK: "1" } }),
  }).output();
  return { code, signal, stderr: new TextDecoder().decode(stderr) };
}

/** Whether another process gets libvirt's lock, taken in libvirt's way: fcntl, for the process, byte 1. */
async function lockedElsewhere(path: string): Promise<"free" | "refused"> {
  const script = `import fcntl, sys
with open(sys.argv[1], "r+b") as f:
    try:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)
    except OSError:
        sys.exit(3)`;
  const { code, stderr } = await new Deno.Command("python3", { args: ["-c", script, path], stderr: "piped" })
    .output();
  assert.ok(code === 0 || code === 3, new TextDecoder().decode(stderr));
  return code === 0 ? "free" : "refused";
}

test("killed at any point of a claim or a release, the file is nobody's prey and what it was is not forgotten", async (folder) => {
  const own = files();
  const original = "+1234:+1235";
  for (const does of ["claim", "release"] as const) {
    for (const when of ["before", "after"] as const) {
      for (let hop = 0;; hop++) {
        const at = `${does}, ${when} hop ${hop}`;
        const path = fileOf(`${folder}/${does}-${when}-${hop}`);
        if (does === "release") await claimFiles(job, [{ path, owner: qemu }], { files: own });
        const { code, signal, stderr } = await mortal([does, path, qemu, `${hop}`, when]);
        if (code === 0) {
          assert.ok(hop > 5, `it has hops: ${hop}`);
          break;
        }
        assert.equal(signal, "SIGKILL", stderr);
        assert.equal(await lockedElsewhere(path), "free", at);
        const found = await remembersOf(own, path);
        assert.ok(found.owner === original || found.was === original, `${at}: ${JSON.stringify(found)}`);
        if (found.users !== undefined) assert.deepEqual([found.users, found.was], ["1", original], at);
        // Nobody else uses it: done once more, whatever was begun is over.
        await releaseFiles(job, [{ path, owner: qemu }], { files: own });
        assert.deepEqual(await remembersOf(own, path), { owner: original }, at);
      }
    }
  }
});

test("another user comes after one who was killed while he gave the file back", async (folder) => {
  const own = files();
  for (let hop = 0;; hop++) {
    const path = fileOf(`${folder}/${hop}`);
    await claimFiles(job, [{ path, owner: qemu }], { files: own });
    const { code } = await mortal(["release", path, qemu, `${hop}`, "after"]);
    if (code === 0) break;
    const users = (await remembersOf(own, path)).users;
    await claimFiles(job, [{ path, owner: qemu }], { files: own });
    await releaseFiles(job, [{ path, owner: qemu }], { files: own });
    // What was not given back before the kill is not given back by another one either.
    if (users !== undefined) await releaseFiles(job, [{ path, owner: qemu }], { files: own });
    assert.deepEqual(await remembersOf(own, path), { owner: "+1234:+1235" }, `hop ${hop}`);
  }
});
