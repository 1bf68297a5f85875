/**
 * Durable steps: an intent before, a result after, each on the disk before anybody hears of it.
 *
 * @module
 */
import { join } from "node:path";
import { testDriver } from "../drivers/test/mod.ts";
import { openHost } from "../runtime/host.ts";
import type { RunRecord, StepRecord } from "../runtime/journal/record.ts";
import { SqliteStore } from "../runtime/journal/sqlite_store.ts";
import { type Benchmark, elapsed } from "./measure.ts";
import { anything } from "./simulated.ts";

const serialSteps = 1_000;
const inFlight = 32;
const concurrentSteps = 6_400;
const writingCallCount = 500;

/** Durable steps, and the disk's own speed beside them. */
export async function journalBenchmarks(directory: string): Promise<readonly Benchmark[]> {
  const store = new SqliteStore(join(directory, "bench.sqlite"));
  store.addRun(run);
  await store.flush();
  let number = 0;
  async function durableStep(): Promise<void> {
    const mine = ++number;
    store.addStep(stepNumber(mine));
    store.changeStep(run.id, mine, { intent: { ...intent, newId: crypto.randomUUID() } });
    await store.flush();
    store.changeStep(run.id, mine, { outcome: "done", settledAt: Date.now() });
    await store.flush();
  }
  return [
    {
      name: "durable steps, one after the other (two commits each)",
      unit: "steps/s",
      ours: async () => serialSteps / await elapsed(() => inTurn(serialSteps, durableStep)) * 1000,
      peer: { name: "write and fdatasync of a file, per step twice", measure: () => rawSteps(directory) },
      target: { what: "2,000 per second", met: ({ value }) => value >= 2_000 },
    },
    {
      name: `durable steps, ${inFlight} in flight`,
      unit: "steps/s",
      ours: async () => {
        const each = concurrentSteps / inFlight;
        const lanes = () => Promise.all(Array.from({ length: inFlight }, () => inTurn(each, durableStep)));
        return concurrentSteps / await elapsed(lanes) * 1000;
      },
      target: { what: "10,000 per second", met: ({ value }) => value >= 10_000 },
    },
    await writingCalls(join(directory, "calls")),
  ];
}

/** Operations as the command line asks for them: each on record as a run of its own. */
async function writingCalls(stateDirectory: string): Promise<Benchmark> {
  const host = await openHost({
    stateDirectory,
    drivers: [testDriver],
    version: "bench",
    launch: () => Promise.reject(new Error("No recipe is run here")),
  });
  if (host === undefined) throw new Error("The state directory is in use");
  const connection = await host.runs.connect("test:///default");
  const domain = [...connection.objects()].find(({ objectClass }) => objectClass === "domain");
  if (domain === undefined) throw new Error("The simulated host has no domain");
  const { id, name } = domain;
  let paused = false;
  async function write(): Promise<void> {
    paused = !paused;
    const { outcome } = await host!.runs.carryOut({
      operation: paused ? "domain.suspend" : "domain.resume",
      connections: new Map([["host", connection]]),
      connection: "host",
      target: { $ref: "domain", connection: "host", id, name, generation: domain!.generation },
      input: {},
      caller: { principal: "bench", since: Date.now() },
      authority: anything,
    });
    if (outcome.kind !== "done") throw new Error(`The call failed: ${outcome.error.message}`);
  }
  return {
    name: "a call that writes: slot, durable intent, driver, durable outcome",
    unit: "µs",
    ours: async () => await elapsed(() => inTurn(writingCallCount, write)) * 1000 / writingCallCount,
  };
}

async function inTurn(count: number, action: () => Promise<void>): Promise<void> {
  for (let index = 0; index < count; index++) await action();
}

async function rawSteps(directory: string): Promise<number> {
  using file = await Deno.open(join(directory, "raw"), { create: true, write: true, append: true });
  const bytes = new Uint8Array(512);
  const ms = await elapsed(() => {
    for (let index = 0; index < serialSteps * 2; index++) {
      file.writeSync(bytes);
      file.syncDataSync();
    }
  });
  return serialSteps / ms * 1000;
}

const run: RunRecord = {
  id: "bench",
  title: "bench",
  kind: "recipe",
  versions: { drover: "bench", channel: 1, operations: "bench" },
  input: {},
  hosts: [],
  needs: [],
  grants: [],
  principal: "bench",
  seed: "bench",
  state: "running",
  epoch: 1,
  createdAt: 0,
  unknownOutcome: false,
  resumes: 0,
};

const intent = {
  object: "host/test/domain/6695eb01-f6a4-8304-79aa-97f2502e193f",
  label: 'domain "web-1"',
  token: { epoch: 1, counter: 1 },
  before: { phase: "inactive" },
  generation: 1,
} as const;

function stepNumber(number: number): StepRecord {
  return {
    run: run.id,
    number,
    kind: "call",
    issuedAt: Date.now(),
    operation: "domain.start",
    effect: "write",
    target: intent.object,
    label: intent.label,
    inputHash: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    input: {},
    connection: "host",
  };
}
