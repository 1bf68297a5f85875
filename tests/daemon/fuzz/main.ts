/**
 * Hostile clients against a daemon in a process of its own, for a given time: `deno task fuzz --seconds 600`.
 *
 * Meanwhile a well-behaved client goes on asking, and the daemon's memory is watched. What fails is printed with its seed;
 * `deno task fuzz --seed N --count 1` is that client again.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { parseUri } from "../../../model/uri.ts";
import { connectRpc } from "../../../protocol/connect.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { RunningDaemon } from "../kit/running_daemon.ts";
import { attack, type AttackReport } from "./attack.ts";
import { residentMib } from "./memory.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    count: { type: "string" },
    clients: { type: "string", default: "4" },
    "max-mib": { type: "string", default: "700" },
  },
});

const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = Number(values.seconds);
const maxMib = Number(values["max-mib"]);

await using daemon = await RunningDaemon.start();
await using witness = await connectRpc(parseUri(daemon.uri()), { clock: systemClock });
const sizes: number[] = [residentMib(daemon.pid)];
say(`seed ${seed}, ${seconds} s, daemon ${daemon.pid} with ${sizes[0]} MiB`);

const over = new AbortController();
const timer = setTimeout(() => over.abort(), seconds * 1000);
let overgrown: number | undefined;
const watching = setInterval(() => {
  const size = residentMib(daemon.pid);
  sizes.push(size);
  if (size <= maxMib || overgrown !== undefined) return;
  overgrown = size;
  over.abort();
}, 2000);

let report: AttackReport;
try {
  report = await attack({
    daemon,
    witness,
    seed,
    clients: Number(values.clients),
    signal: over.signal,
    ...(values.count === undefined ? {} : { count: Number(values.count) }),
  });
} finally {
  clearTimeout(timer);
  clearInterval(watching);
}
const { strikes, answers, served, failure } = report;
say(`${strikes} clients, ${answers} answers to them, ${served} calls of the well-behaved one`);
say(`memory in MiB: ${tenths(sizes).join(" ")}`);
if (overgrown !== undefined) say(`failed: the daemon has ${overgrown} MiB, and may have ${maxMib}`);
if (failure !== undefined) {
  say(`failed with ${failure.seeds.map((each) => `--seed ${each}`).join(" or ")} --count 1:`);
  say(failure.error instanceof Error ? failure.error.stack ?? failure.error.message : String(failure.error));
  for (const line of daemon.log.slice(-20)) say(JSON.stringify(line));
}
const code = failure === undefined && overgrown === undefined ? await daemon.stop() : 1;
say(code === 0 ? "ok" : `the daemon left with ${code}`);
Deno.exitCode = code === 0 ? 0 : 1;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** What was there at the beginning, after each tenth, and at the end. */
function tenths(all: readonly number[]): readonly number[] {
  return Array.from({ length: 11 }, (_, index) => all[Math.floor((all.length - 1) * index / 10)] ?? 0);
}
