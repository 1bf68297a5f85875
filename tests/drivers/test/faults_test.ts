/**
 * Whatever goes wrong at whatever step: an operation has either happened completely or not at all, and the outcome
 * says which.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createTestDriver, type FaultKind, Faults } from "../../../drivers/test/mod.ts";
import { effectsOn } from "../../../drivers/test/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import { type OperationName, type Operations, operations } from "../../../model/operations/mod.ts";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

/** An operation on a host that has been made ready for it. */
interface Scenario<N extends OperationName = OperationName> {
  readonly operation: N;
  readonly input: InputOf<Operations[N]>;
  /** Makes the host ready, and gives the object that the operation is on. */
  ready?(bench: Bench): Promise<ObjectRef | undefined>;
}

function scenario<N extends OperationName>(
  operation: N,
  input: InputOf<Operations[N]>,
  ready?: (bench: Bench) => Promise<ObjectRef | undefined>,
): Scenario {
  return { operation, input, ...(ready === undefined ? {} : { ready }) };
}

const define = (bench: Bench): Promise<ObjectRef> =>
  bench.call("domain.define", { xml: testXml.domain("web") });
const running = async (bench: Bench): Promise<ObjectRef> => {
  const on = await define(bench);
  await bench.call("domain.start", {}, { on });
  return on;
};
const paused = async (bench: Bench): Promise<ObjectRef> => {
  const on = await running(bench);
  await bench.call("domain.suspend", {}, { on });
  return on;
};
const saved = async (bench: Bench): Promise<ObjectRef> => {
  const on = await running(bench);
  await bench.call("domain.managedSave", {}, { on });
  return on;
};
const filed = async (bench: Bench): Promise<undefined> => {
  const on = await running(bench);
  await bench.call("domain.save", { path: "/saved" }, { on });
};
const withDisks = testXml.domain("web").replace(
  "</disk>",
  "</disk><disk type='file' device='disk'><source file='/images/b'/><target dev='vdb'/></disk>",
);
const snapshot = async (bench: Bench): Promise<ObjectRef> => {
  const on = await bench.call("domain.define", { xml: withDisks });
  await bench.call("domain.start", {}, { on });
  const one = await bench.call("snapshot.create", { name: "one" }, { on });
  await bench.call("snapshot.create", { name: "two" }, { on });
  return one;
};
const pool = (bench: Bench): Promise<ObjectRef> => bench.call("pool.define", { xml: testXml.pool("images") });
const startedPool = (bench: Bench): Promise<ObjectRef> =>
  bench.call("pool.create", { xml: testXml.pool("images"), build: true });
const volume = async (bench: Bench): Promise<ObjectRef> =>
  bench.call("volume.create", { xml: testXml.volume("disk", 4096) }, { on: await startedPool(bench) });
const network = (bench: Bench): Promise<ObjectRef> =>
  bench.call("network.define", { xml: testXml.network("lan") });
const startedNetwork = (bench: Bench): Promise<ObjectRef> =>
  bench.call("network.create", { xml: testXml.network("lan") });
const secret = (bench: Bench): Promise<ObjectRef> =>
  bench.call("secret.define", { xml: testXml.secret("/v") });

const scenarios: readonly Scenario[] = [
  scenario("domain.define", { xml: testXml.domain("web") }),
  scenario("domain.create", { xml: testXml.domain("web") }),
  scenario("domain.undefine", {}, define),
  scenario("domain.undefine", {}, running),
  scenario("domain.rename", { newName: "other" }, define),
  scenario("domain.setAutostart", {}, define),
  scenario("domain.start", {}, define),
  scenario("domain.start", { paused: true }, define),
  scenario("domain.start", {}, saved),
  scenario("domain.shutdown", {}, running),
  scenario("domain.destroy", {}, running),
  scenario("domain.suspend", {}, running),
  scenario("domain.resume", {}, paused),
  scenario("domain.managedSave", {}, running),
  scenario("domain.removeManagedSave", {}, saved),
  scenario("domain.save", { path: "/saved" }, running),
  scenario("domain.restore", { path: "/saved" }, filed),
  scenario("domain.dump", { path: "/core" }, running),
  scenario("domain.setMemory", { memoryKib: 32768 }, running),
  scenario("domain.setVcpus", { vcpus: 1 }, define),
  scenario("domain.setMetadata", { kind: "title", value: "t" }, running),
  scenario("domain.attachDevice", {
    xml: "<disk type='file'><source file='/images/c'/><target dev='vdc'/></disk>",
  }, running),
  scenario("domain.addIothread", { iothread: 1 }, define),
  scenario("domain.freeze", {}, running),
  scenario("domain.sleep", {}, running),
  scenario("domain.setParameters", { group: "scheduler", parameters: { weight: 7 } }, running),
  scenario("domain.setParameters", { group: "memory", parameters: { hard_limit: 99999 } }, running),
  scenario("domain.setMemory", { memoryKib: 32768, live: true, config: true }, running),
  scenario("domain.setBlockIoTune", { disk: "vda", parameters: { total_iops_sec: 5 } }, running),
  scenario("domain.detachDevice", { xml: "<disk><target dev='vda'/></disk>" }, running),
  scenario("domain.setLifecycleAction", { on: "crash", action: "preserve" }, define),
  scenario("domain.discard", {}, define),
  scenario("domain.createCheckpoint", { name: "one" }, running),
  scenario("snapshot.create", { name: "one" }, running),
  scenario("snapshot.create", { name: "one", halt: true }, running),
  scenario("snapshot.create", { name: "one" }, define),
  scenario("snapshot.revert", {}, snapshot),
  scenario("snapshot.delete", { metadataOnly: true }, snapshot),
  scenario("network.define", { xml: testXml.network("lan") }),
  scenario("network.create", { xml: testXml.network("lan") }),
  scenario("network.start", {}, network),
  scenario("network.setAutostart", {}, network),
  scenario("network.update", {
    command: "add-last",
    section: "ip-dhcp-host",
    xml: "<host mac='52:54:00:00:00:01' ip='10.7.0.5'/>",
  }, startedNetwork),
  scenario("network.discard", {}, network),
  scenario("network.destroy", {}, startedNetwork),
  scenario("network.undefine", {}, network),
  scenario("pool.define", { xml: testXml.pool("images") }),
  scenario("pool.create", { xml: testXml.pool("images"), build: true }),
  scenario("pool.build", {}, pool),
  scenario("pool.start", {}, pool),
  scenario("pool.destroy", {}, startedPool),
  scenario("pool.undefine", {}, pool),
  scenario("pool.setAutostart", {}, pool),
  scenario("pool.delete", {}, async (bench) => {
    const on = await pool(bench);
    await bench.call("pool.build", {}, { on });
    return on;
  }),
  scenario("volume.create", { xml: testXml.volume("disk", 4096) }, startedPool),
  scenario("volume.resize", { capacityBytes: 8192 }, volume),
  scenario("volume.upload", { bytes: new Uint8Array([1, 2, 3]) }, volume),
  scenario("volume.delete", {}, volume),
  scenario("volume.wipe", {}, volume),
  scenario("interface.define", { xml: testXml.interface("eth7") }),
  scenario(
    "interface.undefine",
    {},
    (bench) => bench.call("interface.define", { xml: testXml.interface("eth7") }),
  ),
  scenario(
    "interface.start",
    {},
    (bench) => bench.call("interface.define", { xml: testXml.interface("eth7") }),
  ),
  scenario("interface.beginChange", {}),
  scenario("nodeDevice.define", { xml: testXml.device() }),
  scenario("nodeDevice.destroy", {}, (bench) => bench.call("nodeDevice.lookup", { name: "scsi_host11" })),
  scenario("nodeDevice.create", { xml: testXml.device() }),
  scenario("secret.define", { xml: testXml.secret("/v") }),
  scenario("secret.setValue", { value: "x" }, secret),
  scenario("secret.undefine", {}, secret),
];

/** What differs from run to run, and what does not matter. */
const volatile: ReadonlySet<string> = new Set([
  "revision",
  "since",
  "startedAt",
  "createdS",
  "nextGuestId",
  "nextDevice",
  "fences",
  "reason",
  "stopped",
]);

/** Everything there is on a host, as one text. */
async function worldOf(bench: Bench): Promise<string> {
  const things: string[] = [];
  for (const object of bench.host.objects()) {
    const { facts } = object;
    const record = typeof facts === "object" && facts !== null && "record" in facts ? facts.record : {};
    const text = JSON.stringify(record, (key, value: unknown) => {
      if (volatile.has(key)) return undefined;
      // A guest's number tells only how many there were.
      return key === "guest" && typeof value === "object" && value !== null ? { ...value, id: 0 } : value;
    });
    things.push(`${object.objectClass} ${object.phase} ${object.persistentConfig} ${text}`);
  }
  const host = await bench.call("connection.info", {});
  return [host.hostname, ...things.sort()].join("\n");
}

/** The lines that only one of two worlds has. */
function different(world: string, wanted: string): readonly string[] {
  const here = new Set(world.split("\n"));
  const there = new Set(wanted.split("\n"));
  return [
    ...[...here].filter((line) => !there.has(line)).map((line) => `+ ${line}`),
    ...[...there].filter((line) => !here.has(line)).map((line) => `- ${line}`),
  ];
}

const newId = "7e57d071-0000-4000-8000-00000000c0de";
let hosts = 0;

/** A host of its own, ready for a scenario. */
async function prepare(
  { ready }: Scenario,
  faults: Faults,
): Promise<{ bench: Bench; on: ObjectRef | undefined; host: string }> {
  const host = `faults-${++hosts}`;
  const bench = await Bench.open(`test:///default?host=${host}`, {
    drivers: [createTestDriver({ faults })],
    settings: { reconcileMs: 2_000, reconcilePauseMs: 1 },
  });
  let ids = 0;
  const on = await ready?.({
    ...bench,
    call: (operation: never, input: never, options: object = {}) =>
      bench.call(operation, input, { newId: `7e57d071-0000-4000-8000-00000000000${++ids}`, ...options }),
  } as unknown as Bench);
  return { bench, on, host };
}

for (const each of scenarios) {
  const what = `${each.operation} ${JSON.stringify(each.input).slice(0, 40)}`;
  Deno.test(`${what} happens completely or not at all, wherever the link breaks or an effect fails`, async () => {
    const faults = new Faults();
    const clean = await prepare(each, faults);
    const before = await worldOf(clean.bench);
    const done = effectsOn(clean.host).length;
    const options = (on: ObjectRef | undefined) => ({ newId, ...(on === undefined ? {} : { on }) });
    const first = await clean.bench.result(each.operation, each.input, options(clean.on));
    assert.equal(first.outcome.kind, "done", JSON.stringify(first.outcome));
    const after = await worldOf(clean.bench);
    const steps = effectsOn(clean.host).slice(done).map(({ effect }) => effect);
    assert.ok(steps.length > 0);
    await clean.bench[Symbol.asyncDispose]();

    const kinds: readonly FaultKind[] = ["fail", "lose-request", "lose-answer"];
    for (const [step, effect] of steps.entries()) {
      for (const kind of kinds) {
        const { bench, on } = await prepare(each, faults);
        const place = `${kind} at ${effect} (step ${step + 1} of ${steps.length})`;
        const skipped = steps.slice(0, step).filter((name) => name === effect).length;
        using _fault = faults.add({ kind, effect, after: skipped });
        const { outcome } = await bench.result(each.operation, each.input, options(on));
        faults.clear();
        const world = await worldOf(bench);
        const found = different(world, outcome.kind === "done" ? after : before);
        if (operations.get(each.operation)?.reconcile === "never") {
          assert.notEqual(outcome.kind, "done", place);
        } else if (outcome.kind === "done") assert.deepEqual(found, [], `${place}: said done`);
        else {
          assert.equal(outcome.kind, "not-done", `${place}: ${JSON.stringify(outcome)}`);
          assert.deepEqual(found, [], `${place}: said not done`);
        }
        await bench[Symbol.asyncDispose]();
      }
    }
  });
}
