/**
 * The link is cut at every call of every operation on what is no domain, before and after it has happened: the outcome tells
 * the truth, and what is known in the end is what is there.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { RemoteClass } from "../../../drivers/remote/object.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import type { OperationName, Operations } from "../../../model/operations/mod.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeObjects } from "./kit/fake_objects.ts";
import type { CallFate } from "./kit/fake_link.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";

/** A bench whose daemon has everything. */
interface Stage {
  readonly bench: RemoteBench;
  readonly world: FakeObjects;
}

/** An operation on a host that has been made ready for it. */
interface Scenario {
  readonly operation: OperationName;
  readonly input: InputOf<Operations[OperationName]>;
  readonly ready?: (stage: Stage) => Promise<ObjectRef>;
  /** How many acting calls it takes. */
  readonly deeds: number;
  /** Whether it may stay unknown: nothing shows what became of it. */
  readonly mayBeUnknown: boolean;
}

function scenario<N extends OperationName>(
  operation: N,
  input: InputOf<Operations[N]>,
  { ready, deeds = 1, mayBeUnknown = false }: {
    readonly ready?: (stage: Stage) => Promise<ObjectRef>;
    readonly deeds?: number;
    readonly mayBeUnknown?: boolean;
  } = {},
): Scenario {
  return { operation, input, deeds, mayBeUnknown, ...(ready === undefined ? {} : { ready }) };
}

const networkXml = (more = ""): string =>
  `<network><name>lan</name>${more}<ip address='10.0.0.1'></ip></network>`;
const poolXml = (path = "/p"): string =>
  `<pool type='dir'><name>images</name><target><path>${path}</path></target></pool>`;
const volumeXml = "<volume><name>disk</name><capacity>1000</capacity></volume>";
const secretXml = (more = "", attributes = ""): string =>
  `<secret${attributes}><uuid>${uuid}</uuid>${more}<usage type='volume'><volume>/v</volume></usage></secret>`;
const interfaceXml = (more = ""): string => `<interface type='ethernet' name='eth7'>${more}</interface>`;
const filterXml = (more = ""): string => `<filter name='clean'>${more}</filter>`;
const bindingXml =
  `<filterbinding><owner><name>a</name><uuid>${uuid}</uuid></owner><portdev name='vnet0'/><mac address='52:54:00:00:00:01'/><filterref filter='clean'/></filterbinding>`;
const portXml = "<networkport><owner><name>a</name></owner></networkport>";
const deviceXml =
  "<device><parent>pci_0000_00_02_0</parent><capability type='mdev'><type id='t'/></capability></device>";

async function network({ bench }: Stage): Promise<ObjectRef> {
  return await bench.call("network.define", { xml: networkXml() });
}

const ownNetwork = ({ bench }: Stage): Promise<ObjectRef> =>
  bench.call("network.define", { xml: networkXml(`<uuid>${uuid}</uuid>`) });

async function runningNetwork(stage: Stage): Promise<ObjectRef> {
  const on = await network(stage);
  await stage.bench.call("network.start", {}, { on });
  return on;
}

const transientNetwork = ({ bench }: Stage): Promise<ObjectRef> =>
  bench.call("network.create", { xml: networkXml() });

async function port(stage: Stage): Promise<ObjectRef> {
  const on = await runningNetwork(stage);
  return await stage.bench.call("networkPort.create", { xml: portXml }, { on });
}

async function pool({ bench }: Stage): Promise<ObjectRef> {
  return await bench.call("pool.define", { xml: poolXml() });
}

async function runningPool(stage: Stage): Promise<ObjectRef> {
  const on = await pool(stage);
  await stage.bench.call("pool.start", {}, { on });
  return on;
}

async function volume(stage: Stage): Promise<ObjectRef> {
  const on = await runningPool(stage);
  return await stage.bench.call("volume.create", { xml: volumeXml }, { on });
}

const secret = ({ bench }: Stage): Promise<ObjectRef> => bench.call("secret.define", { xml: secretXml() });
const privateSecret = ({ bench }: Stage): Promise<ObjectRef> =>
  bench.call("secret.define", { xml: secretXml("", " private='yes'") });

const hostInterface = ({ bench }: Stage): Promise<ObjectRef> =>
  bench.call("interface.define", { xml: interfaceXml() });

async function runningInterface(stage: Stage): Promise<ObjectRef> {
  const on = await hostInterface(stage);
  await stage.bench.call("interface.start", {}, { on });
  return on;
}

const device = ({ bench }: Stage): Promise<ObjectRef> => bench.call("nodeDevice.define", { xml: deviceXml });
const runningDevice = ({ bench }: Stage): Promise<ObjectRef> =>
  bench.call("nodeDevice.create", { xml: deviceXml });

const filter = ({ bench }: Stage): Promise<ObjectRef> => bench.call("filter.define", { xml: filterXml() });
const binding = ({ bench }: Stage): Promise<ObjectRef> =>
  bench.call("filterBinding.create", { xml: bindingXml });

async function domain({ bench }: Stage): Promise<ObjectRef> {
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  await bench.call("domain.start", {}, { on });
  return on;
}

async function snapshot(stage: Stage): Promise<ObjectRef> {
  const on = await domain(stage);
  const first = await stage.bench.call("snapshot.create", { name: "one" }, { on });
  await stage.bench.call("snapshot.create", { name: "two" }, { on });
  return first;
}

async function checkpoint(stage: Stage): Promise<ObjectRef> {
  const on = await domain(stage);
  for (const name of ["one", "two"]) await stage.bench.call("domain.createCheckpoint", { name }, { on });
  return on;
}

const update = {
  command: "add-last",
  section: "ip-dhcp-host",
  xml: "<host mac='52:54:00:00:00:01' ip='10.0.0.5'/>",
  config: true,
} as const;

const scenarios: readonly Scenario[] = [
  scenario("network.define", { xml: networkXml() }),
  scenario("network.define", { xml: networkXml(`<uuid>${uuid}</uuid>`) }),
  scenario("network.define", { xml: networkXml(`<uuid>${uuid}</uuid><title>x</title>`) }, {
    ready: ownNetwork,
  }),
  scenario("network.create", { xml: networkXml() }),
  scenario("network.start", {}, { ready: network }),
  scenario("network.destroy", {}, { ready: runningNetwork }),
  scenario("network.destroy", {}, { ready: transientNetwork }),
  scenario("network.undefine", {}, { ready: network }),
  scenario("network.discard", {}, { ready: network }),
  scenario("network.discard", {}, { ready: runningNetwork, deeds: 2 }),
  scenario("network.discard", {}, { ready: transientNetwork }),
  scenario("network.setAutostart", {}, { ready: network }),
  scenario("network.update", update, { ready: network }),
  scenario("networkPort.create", { xml: portXml }, { ready: runningNetwork }),
  scenario("networkPort.setParameters", { parameters: { "inbound.average": 5 } }, { ready: port }),
  scenario("networkPort.delete", {}, { ready: port }),
  scenario("pool.define", { xml: poolXml() }),
  scenario("pool.create", { xml: poolXml(), build: true }),
  scenario("pool.start", {}, { ready: pool }),
  scenario("pool.destroy", {}, { ready: runningPool }),
  scenario("pool.undefine", {}, { ready: pool }),
  scenario("pool.discard", {}, { ready: runningPool, deeds: 2 }),
  scenario("pool.setAutostart", {}, { ready: pool }),
  scenario("pool.build", { overwrite: true }, { ready: pool, mayBeUnknown: true }),
  scenario("pool.delete", {}, { ready: pool, mayBeUnknown: true }),
  scenario("volume.create", { xml: volumeXml }, { ready: runningPool }),
  scenario("volume.resize", { capacityBytes: 5000 }, { ready: volume }),
  scenario("volume.delete", {}, { ready: volume }),
  scenario("secret.define", { xml: secretXml() }),
  scenario("secret.define", { xml: secretXml("<description>x</description>") }, { ready: secret }),
  scenario("secret.setValue", { value: "open" }, { ready: secret }),
  scenario("secret.setValue", { value: "open" }, { ready: privateSecret, mayBeUnknown: true }),
  scenario("secret.undefine", {}, { ready: secret }),
  scenario("interface.define", { xml: interfaceXml() }),
  scenario("interface.define", { xml: interfaceXml("<mtu size='1400'/>") }, { ready: hostInterface }),
  scenario("interface.start", {}, { ready: hostInterface }),
  scenario("interface.destroy", {}, { ready: runningInterface }),
  scenario("interface.undefine", {}, { ready: hostInterface }),
  scenario("interface.beginChange", {}, { mayBeUnknown: true }),
  scenario("nodeDevice.define", { xml: deviceXml }),
  scenario("nodeDevice.create", { xml: deviceXml }),
  scenario("nodeDevice.start", {}, { ready: device }),
  scenario("nodeDevice.destroy", {}, { ready: runningDevice }),
  scenario("nodeDevice.undefine", {}, { ready: device }),
  scenario("nodeDevice.setAutostart", {}, { ready: device }),
  scenario("nodeDevice.detach", {}, { ready: runningDevice }),
  scenario("nodeDevice.reattach", {}, {
    ready: async (stage) => {
      const on = await runningDevice(stage);
      await stage.bench.call("nodeDevice.detach", {}, { on });
      return on;
    },
  }),
  scenario("filter.define", { xml: filterXml() }),
  scenario("filter.define", { xml: filterXml("<rule action='drop' direction='in'/>") }, { ready: filter }),
  scenario("filter.undefine", {}, { ready: filter }),
  scenario("filterBinding.create", { xml: bindingXml }),
  scenario("filterBinding.delete", {}, { ready: binding }),
  scenario("snapshot.create", { name: "one" }, { ready: domain }),
  scenario("snapshot.create", {}, { ready: domain }),
  scenario("snapshot.revert", {}, { ready: snapshot }),
  scenario("snapshot.delete", {}, { ready: snapshot }),
  scenario("snapshot.delete", { children: true }, { ready: snapshot }),
  scenario("snapshot.delete", { childrenOnly: true }, { ready: snapshot }),
  scenario("domain.createCheckpoint", {}, { ready: domain }),
  scenario("domain.deleteCheckpoint", { name: "one" }, { ready: checkpoint }),
  scenario("domain.deleteCheckpoint", { name: "one", childrenOnly: true }, { ready: checkpoint }),
];

/** Carries a scenario out with a fault at one call. */
async function carryOut(
  { operation, input, ready, deeds, mayBeUnknown }: Scenario,
  { at, fate, anyway }: { readonly at: number; readonly fate: CallFate; readonly anyway: boolean },
): Promise<{ readonly struck: boolean }> {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await ready?.({ bench, world });
  await bench.calm();
  // What only has the host look anew, before the graph of images is drawn, is no deed.
  const deedsOf = (): number =>
    world.deeds.filter(({ procedure }) => procedure !== "storagePoolRefresh").length;
  const before = { calls: bench.net.calls, deeds: deedsOf() };
  let struck = false;
  bench.net.arrivesAnyway = () => anyway;
  bench.net.fate = ({ index }) => {
    if (index !== before.calls + at) return "pass";
    struck = true;
    return fate;
  };
  const outcome = await bench.outcome(operation, input as never, on === undefined ? {} : { on });
  await bench.calm(5000);
  const what = `${operation} with ${fate} at call ${at}${anyway ? ", others arriving all the same" : ""}`;
  const done = deedsOf() - before.deeds;
  const told = `${what}: ${JSON.stringify(outcome)}`;
  if (outcome.kind === "unknown") assert.ok(mayBeUnknown, told);
  else if (outcome.kind === "done") assert.equal(done, deeds, `${told}: said to be done`);
  else assert.ok(done < deeds, `${told}: said not to be done`);
  assertKnown(bench, world, what);
  return { struck };
}

/** What is known is what is there; what has a holder is known only where somebody has asked for it. */
function assertKnown({ connection: { table } }: RemoteBench, world: FakeObjects, what: string): void {
  const known = (objectClass: RemoteClass): string[] =>
    [...table.all(objectClass)].map(({ name, live }) => `${name} ${live !== undefined}`).sort();
  const there = (things: Iterable<{ readonly name: string; readonly active?: boolean }>): string[] =>
    [...things].map(({ name, active = false }) => `${name} ${active}`).sort();
  assert.deepEqual(known("network"), there(world.networks.values()), what);
  assert.deepEqual(known("pool"), there(world.pools.values()), what);
  assert.deepEqual(known("interface"), there(world.interfaces.values()), what);
  assert.deepEqual(known("nodeDevice"), there(world.devices.values()), what);
  assert.deepEqual(known("filter"), there(world.filters.values()), what);
  assert.equal(known("secret").length, world.secrets.size, what);
  assert.equal(known("filterBinding").length, world.bindings.size, what);
  for (const { name } of table.all("volume")) {
    assert.ok(world.volumes.has(`images/${name}`), `${what}: ${name}`);
  }
  for (const { id, parent } of table.all("networkPort")) assert.ok(world.ports.has(`${parent}/${id}`), what);
}

for (const each of scenarios) {
  const { operation, input, ready } = each;
  const name = `${operation} ${JSON.stringify(input).slice(0, 60)} ${ready?.name ?? "on an empty host"}`;
  Deno.test(`cut at every call: ${name}`, async () => {
    for (const fate of ["lose-request", "lose-answer"] as const) {
      for (const anyway of [false, true]) {
        for (let at = 0;; at++) {
          const { struck } = await carryOut(each, { at, fate, anyway });
          if (!struck) break;
        }
      }
    }
  });
}
