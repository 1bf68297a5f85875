/**
 * A host on the disk whose process is killed at each of its writes: the system calls are counted by strace, which kills the
 * process at the one that is asked for.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { dismiss, worldPaths } from "../../../drivers/test/mod.ts";
import { isVirtError } from "../../../model/error.ts";
import { Bench } from "../bench.ts";

const main = fileURLToPath(new URL("../../../drivers/test/world/main.ts", import.meta.url));

/** The system calls by which something gets to a disk. */
const writes = ["pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink"] as const;

/** Every how many of them the process is killed at: some, with `DROVER_DISTURBANCES` a fourth, with `all` all. */
const asked = Deno.env.get("DROVER_DISTURBANCES");
const stride = asked === "all" ? 1 : asked === undefined ? 13 : 4;

function canTrace(): string | undefined {
  if (Deno.build.os !== "linux") return "system calls are traced on Linux only";
  try {
    const { success } = new Deno.Command("strace", { args: ["-o", "/dev/null", "true"], stderr: "null" })
      .outputSync();
    return success ? undefined : "strace may not trace here";
  } catch {
    return "strace is not installed (package strace)";
  }
}

/** Where it is killed: at the n-th of a kind of system calls of its main thread. */
interface Deadly {
  readonly call: typeof writes[number];
  readonly count: number;
}

/** Starts the hypervisor of a folder under strace, and waits until it is ready or dead. */
async function start(
  directory: string,
  { deadly, trace }: { readonly deadly?: Deadly; readonly trace: string },
): Promise<{ readonly isReady: boolean; readonly child: Deno.ChildProcess }> {
  const child = new Deno.Command("strace", {
    args: [
      ...["-f", "-qq", "-o", trace, "-e", `trace=${writes.join(",")}`],
      ...(deadly === undefined ? [] : ["-e", `inject=${deadly.call}:signal=SIGKILL:when=${deadly.count}`]),
      ...[Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt", "--allow-all", main, directory],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return { isReady: value?.startsWith("ready") === true, child };
}

const before =
  "<domain type='test'><name>web-1</name><memory>1048576</memory><os><type>hvm</type></os></domain>";
const after = before.replace("1048576", "2097152");

/** Does something once more where it is known not to have been done: whoever was to do it was killed. */
async function again<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    assert.ok(isVirtError(error, "unreachable"), String(error));
    return await action();
  }
}

/** What is done to the host: a definition is made, replaced, marked, and its guest started. */
async function act(bench: Bench): Promise<void> {
  const web = await again(() => bench.call("domain.define", { xml: before }));
  const redefined = after.replace("<name>", `<uuid>${web.id}</uuid><name>`);
  await again(() => bench.call("domain.define", { xml: redefined }));
  await again(() => bench.call("domain.setAutostart", { autostart: true }, { on: web }));
  await again(() => bench.call("domain.start", {}, { on: web }));
}

/** Whatever the moment: the records are whole, the log is theirs, and what was answered is there. */
function judge(directory: string, at: string): void {
  const { database, log } = worldPaths(directory);
  using kept = new DatabaseSync(database);
  // Its process may still be leaving.
  kept.exec("PRAGMA busy_timeout = 10000");
  assert.deepEqual({ ...kept.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" }, at);
  const lines = Deno.readTextFileSync(log).split("\n");
  assert.equal(lines.pop(), "", at);
  const logged = lines.filter((line) => /^\{"sequence":.*\}$/.test(line)).map((line) => JSON.parse(line));
  const effects = kept.prepare("SELECT sequence, line FROM effects ORDER BY sequence").all();
  assert.deepEqual(
    logged,
    effects.map(({ sequence, line }) => ({ sequence, ...JSON.parse(String(line)) })),
    `${at}: the log says what was done`,
  );
}

/** How often each call was made, by the thread that made most of them: the one that the database is used in. */
function callsIn(trace: string): ReadonlyMap<typeof writes[number], number> {
  const counts = new Map<string, Map<typeof writes[number], number>>();
  for (const line of trace.split("\n")) {
    const [, thread = "", name] = /^(\d+)\s+(\w+)\(/.exec(line) ?? [];
    const call = writes.find((each) => each === name);
    if (call === undefined) continue;
    const own = counts.getOrInsertComputed(thread, () => new Map());
    own.set(call, (own.get(call) ?? 0) + 1);
  }
  const most = [...counts.values()].toSorted((a, b) => (b.get("pwrite64") ?? 0) - (a.get("pwrite64") ?? 0));
  return most[0] ?? new Map();
}

const reason = canTrace();

Deno.test({
  name: `killed at any of its writes, a host on the disk is as it was before or after it${
    reason === undefined ? "" : ` (skipped: ${reason})`
  }`,
  ignore: reason !== undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "drover-writes-" });
    try {
      const run = async (
        name: string,
        deadly?: Deadly,
      ): Promise<{ readonly killed: boolean; readonly trace: string }> => {
        const [directory, trace] = [`${folder}/${name}`, `${folder}/${name}.trace`];
        const { child } = await start(directory, { trace, ...(deadly === undefined ? {} : { deadly }) });
        const at = deadly === undefined ? name : `killed at ${deadly.call} ${deadly.count}`;
        {
          // A host that was killed is started again by whoever needs it.
          await using bench = await Bench.open(`test:///default?state=${directory}`);
          await act(bench);
          const listed = await bench.call("domain.list", {});
          const web = listed.find(({ domain }) => domain.name === "web-1");
          assert.deepEqual([web?.state, web?.autostart], ["running", true], at);
          assert.deepEqual(listed.map(({ domain }) => domain.name), ["test", "web-1"], at);
        }
        await dismiss(directory);
        const { signal } = await child.status;
        judge(directory, at);
        return { killed: signal === "SIGKILL", trace: await Deno.readTextFile(trace) };
      };
      const calls = callsIn((await run("whole")).trace);
      const syncs = (calls.get("fsync") ?? 0) + (calls.get("fdatasync") ?? 0);
      assert.ok((calls.get("pwrite64") ?? 0) > 20 && syncs > 4, "it writes and syncs");
      let kills = 0;
      for (const [call, count] of calls) {
        for (let n = 1 + kills % stride; n <= count; n += stride) {
          if ((await run(`${call}-${n}`, { call, count: n })).killed) kills++;
        }
      }
      assert.ok(kills > 3, `it was killed ${kills} times`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
