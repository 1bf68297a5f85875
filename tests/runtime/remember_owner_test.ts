import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../model/error.ts";
import type { HopFunction, HopOptions, Job } from "../../runtime/driver.ts";
import { claimFiles, type FileUse, releaseFiles } from "../../runtime/remember_owner.ts";
import { settled } from "../../testing/virtual_clock.ts";
import { seen } from "../kit/seen.ts";
import { SimulatedFiles } from "../kit/simulated_files.ts";

const qemu = "+107:+107";
const disk: FileUse = { path: "/images/disk", owner: qemu, label: "svirt:c1" };

/** A job that does nothing but hop, and may break at one of its hops. */
class HoppingJob implements Pick<Job, "hop"> {
  readonly hops: string[] = [];
  readonly #breaks: { readonly at: number; readonly how: "before" | "after" } | undefined;
  readonly controller = new AbortController();

  constructor(breaks?: { readonly at: number; readonly how: "before" | "after" }) {
    this.#breaks = breaks;
  }

  async hop<T>(
    where: string,
    fn: HopFunction<unknown, T>,
    { givesBack = false }: HopOptions = {},
  ): Promise<T> {
    const breaks = !givesBack && this.#breaks?.at === this.hops.length ? this.#breaks.how : undefined;
    this.hops.push(where);
    if (breaks === "before") throw new VirtError("operation-failed", `Broke before "${where}"`);
    const result = await fn(this.controller.signal, undefined);
    if (breaks === "after") throw new VirtError("operation-failed", `Broke after "${where}"`);
    return result;
  }
}

function host(...paths: readonly string[]): SimulatedFiles {
  const files = new SimulatedFiles();
  for (const path of paths.length === 0 ? [disk.path] : paths) files.add(path);
  return files;
}

function claim(
  files: SimulatedFiles,
  uses: readonly FileUse[],
  { rememberOwner = true, job = new HoppingJob() } = {},
): Promise<void> {
  return claimFiles(job, uses, { files: files.asSeenBy("kernel"), rememberOwner });
}

function release(
  files: SimulatedFiles,
  uses: readonly FileUse[],
  { rememberOwner = true, job = new HoppingJob() } = {},
): Promise<void> {
  return releaseFiles(job, uses, { files: files.asSeenBy("kernel"), rememberOwner });
}

const untouched = { owner: "+0:+0", label: "unlabeled", attributes: {} };

Deno.test("a file has its user's owner and label while it is used, and its own again afterwards", async () => {
  const files = host();
  await claim(files, [disk]);
  assert.deepEqual(files.look(disk.path), {
    owner: qemu,
    label: "svirt:c1",
    attributes: {
      "trusted.libvirt.security.dac": "+0:+0",
      "trusted.libvirt.security.ref_dac": "1",
      "trusted.libvirt.security.ref_selinux": "1",
      "trusted.libvirt.security.selinux": "unlabeled",
      "trusted.libvirt.security.timestamp_dac": "boot 1",
      "trusted.libvirt.security.timestamp_selinux": "boot 1",
    },
  });
  await release(files, [disk]);
  assert.deepEqual(files.look(disk.path), untouched);
  assert.equal(files.locks, 0);
});

Deno.test("the last of two users puts back what the file was before the first", async () => {
  const files = host();
  await claim(files, [disk]);
  await claim(files, [disk]);
  await release(files, [disk]);
  assert.equal(files.look(disk.path).owner, qemu);
  await release(files, [disk]);
  assert.deepEqual(files.look(disk.path), untouched);
});

Deno.test("a second user who wants another owner is refused, and nothing is different", async () => {
  const files = host();
  await claim(files, [disk]);
  const before = files.look(disk.path);
  await assert.rejects(claim(files, [{ path: disk.path, owner: "+64055:+108" }]), { code: "in-use" });
  await assert.rejects(claim(files, [{ path: disk.path, owner: qemu, label: "svirt:c2" }]), {
    code: "in-use",
  });
  assert.deepEqual(files.look(disk.path), before);
  await release(files, [disk]);
  assert.deepEqual(files.look(disk.path), untouched);
});

Deno.test("what was remembered before the last boot counts for nothing", async () => {
  const files = host();
  await claim(files, [disk]);
  await claim(files, [disk]);
  files.boot();
  files.change(disk.path, "owner", "+1000:+1000");
  await claim(files, [{ path: disk.path, owner: "+64055:+108" }]);
  await release(files, [{ path: disk.path, owner: "+64055:+108" }]);
  assert.equal(files.look(disk.path).owner, "+1000:+1000");
  await release(files, [disk]);
  assert.deepEqual(files.look(disk.path).attributes, {}, "the label's three are gone too");
  assert.equal(files.look(disk.path).label, "svirt:c1", "nobody knows any more what it was");
});

Deno.test("attributes that nobody of ours writes count for nothing", async () => {
  const files = host();
  const foreign = files.asSeenBy("somebody");
  await foreign.setAttribute(disk.path, "trusted.libvirt.security.ref_dac", "many");
  await foreign.setAttribute(disk.path, "trusted.libvirt.security.timestamp_dac", "boot 1");
  await claim(files, [{ path: disk.path, owner: qemu }]);
  await release(files, [{ path: disk.path, owner: qemu }]);
  assert.deepEqual(files.look(disk.path), untouched);
});

Deno.test("what cannot be locked, and what keeps no attributes, is changed and not remembered", async () => {
  const files = new SimulatedFiles();
  files.add("/nfs/disk", { lockable: false });
  files.add("/vfat/disk", { attributes: false });
  const uses = ["/nfs/disk", "/vfat/disk"].map((path) => ({ path, owner: qemu }));
  await claim(files, uses);
  for (const { path } of uses) assert.deepEqual(files.look(path), { ...untouched, owner: qemu });
  await release(files, uses);
  for (const { path } of uses) assert.deepEqual(files.look(path), { ...untouched, owner: qemu });
});

Deno.test("without the setting files are changed, not locked, and keep what their user needed", async () => {
  const files = host();
  const job = new HoppingJob();
  await claim(files, [disk], { rememberOwner: false, job });
  assert.deepEqual(files.look(disk.path), { owner: qemu, label: "svirt:c1", attributes: {} });
  assert.ok(!job.hops.some((hop) => hop.startsWith("lock")));
  await release(files, [disk], { rememberOwner: false });
  assert.deepEqual(files.look(disk.path), { owner: qemu, label: "svirt:c1", attributes: {} });
});

Deno.test("what is not to be remembered is given to its user and stays with him, and is not locked", async () => {
  const files = host(disk.path, "/images/cdrom");
  const job = new HoppingJob();
  const uses = [{ path: "/images/cdrom", owner: qemu, remember: false }, disk];
  await claim(files, uses, { job });
  assert.deepEqual(files.look("/images/cdrom"), { ...untouched, owner: qemu });
  assert.deepEqual(job.hops.filter((hop) => hop.startsWith("lock")), ["lock /images/disk"]);
  await release(files, uses);
  assert.equal(files.look("/images/cdrom").owner, qemu);
  assert.deepEqual(files.look(disk.path), untouched);
});

Deno.test("locks are taken in the order of the paths, each once", async () => {
  const files = host("/a", "/b", "/c");
  const job = new HoppingJob();
  await claim(files, ["/c", "/a", "/b", "/a"].map((path) => ({ path, owner: qemu })), { job });
  assert.deepEqual(job.hops.filter((hop) => hop.startsWith("lock")), ["lock /a", "lock /b", "lock /c"]);
  assert.equal(files.look("/a").attributes["trusted.libvirt.security.ref_dac"], "1");
});

Deno.test("whoever needs a file that is being changed waits for its lock, and a cancel ends the wait", async () => {
  const files = host();
  const holder = await files.asSeenBy("libvirtd").lock(disk.path, new AbortController().signal);
  const job = new HoppingJob();
  const [waiting, cancelled] = [seen(claim(files, [disk])), seen(claim(files, [disk], { job }))];
  await settled();
  assert.deepEqual([waiting.settled(), cancelled.settled()], [false, false]);
  job.controller.abort(new VirtError("cancelled", "No longer needed"));
  await settled();
  assert.equal(cancelled.error().code, "cancelled");
  holder?.[Symbol.dispose]();
  await settled();
  waiting.value();
  assert.equal(files.locks, 0);
  assert.equal(files.look(disk.path).attributes["trusted.libvirt.security.ref_dac"], "1");
});

Deno.test("a lock that comes when nobody waits for it any more is given back", async () => {
  const files = host();
  const holder = await files.asSeenBy("libvirtd").lock(disk.path, new AbortController().signal);
  const late = new Map<string, Promise<unknown>>();
  const impatient: Pick<Job, "hop"> = {
    hop: (where, fn) => {
      late.set(where, fn(new AbortController().signal, undefined));
      return Promise.reject(new VirtError("timed-out", "No answer in time"));
    },
  };
  await assert.rejects(claimFiles(impatient, [disk], { files: files.asSeenBy("kernel") }), {
    code: "timed-out",
  });
  holder?.[Symbol.dispose]();
  await late.get(`lock ${disk.path}`);
  assert.equal(files.locks, 0);
});

for (const how of ["before", "after"] as const) {
  Deno.test(`whichever hop breaks ${how} it acted, all files are as they were and it can be tried again`, async () => {
    const uses = [disk, { path: "/images/seed", owner: qemu }, { path: "/nfs/cdrom", owner: qemu }];
    const world = async (): Promise<SimulatedFiles> => {
      const files = host(disk.path, "/images/seed");
      files.add("/nfs/cdrom", { lockable: false });
      await claim(files, [{ path: "/images/seed", owner: qemu }]);
      return files;
    };
    const clean = new HoppingJob();
    await claim(await world(), uses, { job: clean });
    for (let at = 0; at < clean.hops.length; at++) {
      const files = await world();
      const before = uses.map(({ path }) => files.look(path));
      await assert.rejects(claim(files, uses, { job: new HoppingJob({ at, how }) }), /Broke/);
      assert.deepEqual(
        uses.map(({ path }) => files.look(path)),
        before,
        `claiming broke at "${clean.hops[at]}"`,
      );
      assert.equal(files.locks, 0);
      await claim(files, uses);
      const claimed = uses.map(({ path }) => files.look(path));
      const broke = await release(files, uses, { job: new HoppingJob({ at, how }) }).then(
        () => false,
        () => true,
      );
      if (broke) {
        assert.deepEqual(uses.map(({ path }) => files.look(path)), claimed, `releasing broke at hop ${at}`);
        await release(files, uses);
      }
      assert.deepEqual(files.look(disk.path), untouched);
      assert.equal(files.look("/images/seed").attributes["trusted.libvirt.security.ref_dac"], "1");
    }
  });
}

type Act = { readonly user: number; readonly does: "claim" | "release" } | { readonly does: "boot" };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      user: fc.nat({ max: 4 }),
      does: fc.constantFrom("claim" as const, "release" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: "boot" as const }) },
);

Deno.test("however users come and go, their files have their owner while they use them and their own in the end", async () => {
  const paths = ["/a", "/b", "/c"];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ files: fc.subarray(paths, { minLength: 1 }) }), { maxLength: 5 }),
      fc.array(
        act,
        { maxLength: 30 },
      ),
      fc.infiniteStream(fc.nat()),
      async (users, acts, chance) => {
        const files = host(...paths);
        const using = new Set<number>();
        const queue: (() => void)[] = [];
        // Hops of everybody are mixed as chance has it.
        const mixed: Pick<Job, "hop"> = {
          hop: async (_where, fn) => {
            await new Promise<void>((resolve) => queue.push(resolve));
            return await fn(new AbortController().signal, undefined);
          },
        };
        const run = async (all: readonly Promise<void>[]): Promise<void> => {
          const end = seen(Promise.all(all));
          for (await settled(); !end.settled(); await settled()) {
            queue.splice(chance.next().value % queue.length, 1)[0]?.();
          }
          end.value();
        };
        let under: Promise<void>[] = [];
        const finish = async (): Promise<void> => {
          await run(under);
          under = [];
          assert.equal(files.locks, 0);
          for (const path of paths) {
            const count = [...using].filter((user) => users[user]?.files.includes(path)).length;
            const { owner, attributes } = files.look(path);
            assert.equal(owner, count === 0 ? "+0:+0" : qemu, path);
            assert.equal(Number(attributes["trusted.libvirt.security.ref_dac"] ?? 0), count, path);
          }
        };
        for (const act of acts) {
          if (act.does === "boot") {
            await finish();
            files.boot();
            using.clear();
            for (const path of paths) files.change(path, "owner", "+0:+0");
            await run(
              paths.map((path) =>
                releaseFiles(mixed, [{ path, owner: qemu }], { files: files.asSeenBy("k") })
              ),
            );
            continue;
          }
          const user = users[act.user];
          if (user === undefined || using.has(act.user) === (act.does === "claim")) continue;
          const uses = user.files.map((path) => ({ path, owner: qemu }));
          const change = act.does === "claim" ? claimFiles : releaseFiles;
          if (act.does === "claim") using.add(act.user);
          else {
            // Nobody releases before its claim has ended.
            await finish();
            using.delete(act.user);
          }
          under.push(change(mixed, uses, { files: files.asSeenBy("k") }));
        }
        await finish();
        for (const user of using) {
          await run([
            releaseFiles(mixed, users[user]!.files.map((path) => ({ path, owner: qemu })), {
              files: files.asSeenBy("k"),
            }),
          ]);
        }
        for (const path of paths) assert.deepEqual(files.look(path), untouched);
      },
    ),
    { numRuns: 300 },
  );
});
