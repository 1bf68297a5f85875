import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { Transport } from "../../../protocol/transport.ts";
import { openProgram, runProgram } from "../../../protocol/transport/program.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { refused, refusedLater } from "../kit/refusal.ts";
import { isAlive, Scripts } from "../kit/scripts.ts";

const { signal } = new AbortController();
const options = { uri: "qemu+ext:///system", signal, clock: systemClock };

async function text(transport: Transport): Promise<string> {
  const into = new Uint8Array(100);
  const length = await transport.read(into);
  return length === null ? "end" : new TextDecoder().decode(into.subarray(0, length));
}

/** What a program says first, of which it is known that it runs by then. */
async function ready(transport: Transport): Promise<void> {
  assert.equal(await text(transport), "\0ready");
}

Deno.test("bytes go through a program both ways", async () => {
  await using scripts = await Scripts.make();
  const transport = await openProgram(
    { kind: "ext", program: await scripts.add("tunnel", "exec cat") },
    options,
  );
  const sent = new Uint8Array(1_000_000).map((_, at) => at % 251);
  const writing = transport.write(sent);
  const got = new Uint8Array(sent.length);
  for (let at = 0; at < got.length;) {
    at += await transport.read(got.subarray(at, at + 65_537)) ?? assert.fail("it ended");
  }
  await writing;
  assert.deepEqual(got, sent);
  assert.equal(transport.peer, `${scripts.folder}/tunnel`);
  await transport.close();
  await transport.close();
  assert.equal(await text(transport), "end");
});

Deno.test("a program that ends well ends the stream, one that does not says why", async () => {
  await using scripts = await Scripts.make();
  const run = async (script: string): Promise<Transport> =>
    await openProgram({ kind: "ext", program: await scripts.add("tunnel", script) }, options);
  const good = await run("echo some words >&2; exit 0");
  assert.equal(await text(good), "end");
  await good.close();
  const cases: readonly (readonly [script: string, message: RegExp])[] = [
    ["echo no such host >&2; exit 3", /tunnel" ended with 3, saying: no such host$/],
    ["exit 4", /tunnel" ended with 4$/],
    ["kill -9 $$", /tunnel" was ended by SIGKILL$/],
    ["printf 'a\\033[31mb\\a' >&2; exit 1", /saying: a\[31mb$/],
    ["yes | head -c 200000 >&2; exit 1", /saying: (y|\n){0,5000}$/],
  ];
  for (const [script, message] of cases) {
    const transport = await run(script);
    const error = await refusedLater("unreachable", transport.read(new Uint8Array(1)));
    assert.match(error.message, message);
    assert.notEqual(error.hint, undefined);
    await transport.close();
  }
});

Deno.test("a write to a program that has ended says why it has", async () => {
  await using scripts = await Scripts.make();
  const program = await scripts.add("tunnel", "echo gone >&2; exit 1");
  const transport = await openProgram({ kind: "ext", program }, options);
  const write = async (): Promise<void> => {
    while (true) await transport.write(new Uint8Array(100_000));
  };
  assert.match((await refusedLater("unreachable", write())).message, /saying: gone$/);
  await transport.close();
});

Deno.test("somebody else's words are no packets", async () => {
  await using scripts = await Scripts.make();
  const program = await scripts.add("tunnel", "echo Welcome to host; exec cat");
  const transport = await openProgram({ kind: "ext", program }, options);
  const error = await refusedLater("protocol", transport.read(new Uint8Array(100)));
  assert.match(`${error.message}; ${error.hint}`, /"Welcome to host".*\.bashrc/);
  await transport.close();
});

Deno.test("close ends a program and its children, whatever they are at", async () => {
  await using scripts = await Scripts.make();
  const busy: Readonly<Record<string, string>> = {
    "waits for input": "printf '\\0ready'; cat >/dev/null",
    "reads nothing": "printf '\\0ready'; sleep 1000",
    "writes without end": "printf '\\0ready'; exec cat /dev/zero",
    "has closed everything": "printf '\\0ready'; exec >&- <&- 2>&-; sleep 1000",
    "has children": "sleep 1000 & sleep 1000 & printf '\\0ready'; wait",
  };
  for (const [what, script] of Object.entries(busy)) {
    const program = await scripts.add("tunnel", `echo $$ > $HERE/pid; ${script}`);
    const transport = await openProgram({ kind: "ext", program }, options);
    await ready({ ...transport, read: (into) => transport.read(into.subarray(0, 6)) });
    const children = childrenOf(Number((await scripts.lines("pid"))[0]));
    const writing = transport.write(new Uint8Array(1_000_000)).then(() => {}, () => {});
    await transport.close();
    await writing;
    assert.ok(!isAlive(Number((await scripts.lines("pid"))[0])), `a program that ${what} lives on`);
    await gone(children);
  }
});

Deno.test("a program that will not go is killed", async () => {
  await using scripts = await Scripts.make();
  const clock = new VirtualClock();
  const program = await scripts.add(
    "tunnel",
    "trap '' TERM; echo $$ > $HERE/pid; printf '\\0ready'; while :; do sleep 1; done",
  );
  const transport = await openProgram({ kind: "ext", program }, { ...options, clock });
  await ready(transport);
  const closing = transport.close();
  await clock.advance(4_000);
  await closing;
  assert.ok(!isAlive(Number((await scripts.lines("pid"))[0])));
});

Deno.test("a program that stays after its stream has ended is hastened", async () => {
  await using scripts = await Scripts.make();
  const clock = new VirtualClock();
  const program = await scripts.add("tunnel", "echo going >&2; printf '\\0ready'; exec >&-; sleep 1000");
  const transport = await openProgram({ kind: "ext", program }, { ...options, clock });
  await ready(transport);
  const reading = refusedLater("unreachable", transport.read(new Uint8Array(1)));
  while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve));
  await clock.advance(2_000);
  assert.match((await reading).message, /was ended by SIGTERM, saying: going/);
  await transport.close();
});

Deno.test("a child that keeps the streams open keeps nobody waiting", async () => {
  await using scripts = await Scripts.make();
  const program = await scripts.add(
    "tunnel",
    "setsid sleep 1000 & echo $! > $HERE/child; echo over >&2; exec >&-; exit 1",
  );
  const transport = await openProgram({ kind: "ext", program }, options);
  const reading = transport.read(new Uint8Array(1));
  const lingering = async (): Promise<number> => {
    while (true) {
      const child = Number(await Deno.readTextFile(`${scripts.folder}/child`).catch(() => "0"));
      if (child > 0) return child;
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const child = await lingering();
  try {
    // Its own output is still open; that of the program is what counts, once it has ended.
    await transport.close();
    assert.equal(await reading.catch(() => null), null);
  } finally {
    Deno.kill(child, "SIGKILL");
  }
});

Deno.test("a program that cannot be run is named with what to do", async () => {
  await using scripts = await Scripts.make();
  const missing = refused(
    "unreachable",
    () => openProgram({ kind: "ext", program: "/nowhere/tunnel" }, options),
  );
  assert.match(`${missing.message}; ${missing.hint}`, /"\/nowhere\/tunnel" is not there.*\?command=PATH/);
  const path = `${scripts.folder}/text`;
  await Deno.writeTextFile(path, "no program");
  const unfit = refused("unreachable", () => openProgram({ kind: "ext", program: path }, options));
  assert.match(unfit.message, /cannot be run/);
});

Deno.test("a program is not even started for who no longer waits", () => {
  const explain = (): VirtError => new VirtError("unreachable", "ended");
  assert.throws(
    () =>
      runProgram("cat", { ...options, signal: AbortSignal.abort(new Error("enough")), peer: "cat", explain }),
    /enough/,
  );
});

function childrenOf(pid: number): readonly number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((word) => word !== "").map(Number);
}

/** Resolves when none of the processes is there; they have been told to go. */
async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve));
}
