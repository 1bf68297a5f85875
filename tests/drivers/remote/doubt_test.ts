/**
 * The link is cut at every call of every operation, before and after it has happened: the outcome tells the truth.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import type { OperationName, Operations } from "../../../model/operations/mod.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import type { CallFate } from "./kit/fake_link.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";

/** An operation on a host that has been made ready for it. */
interface Scenario {
  readonly operation: OperationName;
  readonly input: InputOf<Operations[OperationName]>;
  /** Makes the host ready, and gives the object that the operation is on. */
  ready?(bench: RemoteBench): Promise<ObjectRef>;
  /** How many acting calls it takes; it is not done before the last one. @default 1 */
  readonly deeds?: number;
}

function scenario<N extends OperationName>(
  operation: N,
  input: InputOf<Operations[N]>,
  ready?: (bench: RemoteBench) => Promise<ObjectRef>,
  deeds = 1,
): Scenario {
  return { operation, input, deeds, ...(ready === undefined ? {} : { ready }) };
}

const defined = (bench: RemoteBench): Promise<ObjectRef> =>
  bench.call("domain.define", { xml: xmlOf("web", { uuid }) });

async function running(bench: RemoteBench): Promise<ObjectRef> {
  const on = await defined(bench);
  await bench.call("domain.start", {}, { on });
  return on;
}

async function paused(bench: RemoteBench): Promise<ObjectRef> {
  const on = await running(bench);
  await bench.call("domain.suspend", {}, { on });
  return on;
}

const transient = (bench: RemoteBench): Promise<ObjectRef> =>
  bench.call("domain.create", { xml: xmlOf("web", { uuid }) });

const scenarios: readonly Scenario[] = [
  scenario("domain.define", { xml: xmlOf("web", { uuid }) }),
  scenario("domain.define", { xml: xmlOf("web") }),
  scenario("domain.define", { xml: xmlOf("web", { uuid, vcpus: 3 }) }, defined),
  scenario(
    "domain.define",
    { xml: xmlOf("web", { uuid, vcpus: 3 }), basedOn: xmlOf("web", { uuid }) },
    defined,
  ),
  scenario("domain.create", { xml: xmlOf("web", { uuid }) }),
  scenario("domain.start", {}, defined),
  scenario("domain.start", { paused: true }, defined),
  scenario("domain.suspend", {}, running),
  scenario("domain.resume", {}, paused),
  scenario("domain.destroy", {}, running),
  scenario("domain.destroy", {}, transient),
  scenario("domain.discard", {}, defined),
  scenario("domain.discard", {}, running, 2),
  scenario("domain.discard", {}, transient),
  scenario("domain.undefine", {}, defined),
  scenario("domain.undefine", {}, running),
  scenario("domain.undefine", { managedSave: true }, defined),
  scenario("domain.rename", { newName: "db" }, defined),
  scenario("domain.setAutostart", { autostart: true }, defined),
];

/** Carries a scenario out with a fault at one call. */
async function carryOut(
  { operation, input, ready, deeds = 1 }: Scenario,
  { at, fate, anyway }: { readonly at: number; readonly fate: CallFate; readonly anyway: boolean },
): Promise<{ readonly struck: boolean }> {
  await using bench = await RemoteBench.open();
  const on = await ready?.(bench);
  await bench.calm();
  const before = { calls: bench.net.calls, deeds: bench.libvirtd.deeds.length };
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
  const done = bench.libvirtd.deeds.length - before.deeds;
  assert.notEqual(outcome.kind, "unknown", `${what}: ${JSON.stringify(outcome)}`);
  if (outcome.kind === "done") assert.equal(done, deeds, `${what}: said to be done`);
  else assert.ok(done < deeds, `${what}: said not to be done: ${JSON.stringify(outcome)}`);
  // What is known in the end is what is there.
  for (const { name, id, uuid } of bench.libvirtd.domains.values()) {
    const known = bench.connection.table.byId("domain", uuid);
    assert.deepEqual([known?.name, known?.live?.id ?? -1], [name, id], what);
  }
  assert.equal([...bench.connection.table.all("domain")].length, bench.libvirtd.domains.size, what);
  return { struck };
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

Deno.test("a request to shut down whose answer was lost is in doubt until the guest is off", async () => {
  await using bench = await RemoteBench.open();
  const on = await running(bench);
  bench.net.fate = ({ procedure }) => procedure === "domainShutdown" ? "lose-answer" : "pass";
  const shutdown = bench.begin("domain.shutdown", {}, { on });
  await bench.calm(5000);
  bench.libvirtd.stop(bench.libvirtd.domains.get(uuid)!, "shutdown");
  const { outcome } = await bench.clock.until(shutdown);
  assert.equal(outcome.kind, "done");
});

Deno.test("what leaves no trace stays unknown, and blocks the domain", async () => {
  await using bench = await RemoteBench.open();
  const on = await running(bench);
  bench.net.fate = ({ procedure }) => procedure === "domainInjectNmi" ? "lose-request" : "pass";
  assert.equal((await bench.outcome("domain.injectNmi", {}, { on })).kind, "unknown");
  bench.net.fate = () => "pass";
  await bench.refused("outcome-unknown", "domain.suspend", { on, input: {} });
});

Deno.test("a guest that dies while it is paused is gone, and not paused", async () => {
  await using bench = await RemoteBench.open({ delay: () => 5 });
  const on = await running(bench);
  const suspend = bench.begin("domain.suspend", {}, { on });
  // The kernel's look is over by then, and the call is under way.
  await bench.calm(12);
  bench.libvirtd.stop(bench.libvirtd.domains.get(uuid)!, "shutdown");
  const { outcome } = await bench.clock.until(suspend);
  assert.equal(outcome.kind, "not-done");
  await bench.calm();
  assert.equal(bench.domain("web")?.phase, "inactive");
});

Deno.test("destroy kills although the domain's start is never answered", async () => {
  await using bench = await RemoteBench.open();
  const on = await defined(bench);
  bench.net.fate = ({ procedure }) => procedure === "domainCreate" ? "never" : "pass";
  const start = bench.begin("domain.start", {}, { on });
  await bench.calm();
  assert.equal((await bench.call("domain.destroy", {}, { on })).state, "shutoff");
  assert.equal(bench.libvirtd.domains.get(uuid)?.id, -1);
  assert.equal((await bench.clock.until(start)).outcome.kind, "not-done");
});

Deno.test("guests that hang hold up neither other guests nor a kill", async () => {
  await using bench = await RemoteBench.open();
  const stuck: Promise<unknown>[] = [];
  bench.net.fate = ({ procedure }) => procedure === "domainSuspend" ? "never" : "pass";
  for (let index = 0; index < 12; index++) {
    const on = await bench.call("domain.define", { xml: xmlOf(`stuck-${index}`) });
    await bench.call("domain.start", {}, { on });
    stuck.push(bench.begin("domain.suspend", {}, { on }));
    await bench.calm(1000);
  }
  assert.ok(bench.net.open.size > 1);
  const on = await running(bench);
  assert.equal((await bench.call("domain.list", { name: "web" })).length, 1);
  const deadline = bench.clock.now() + 1000;
  assert.equal((await bench.call("domain.destroy", {}, { on, deadline })).state, "shutoff");
  await bench.clock.until(Promise.all(stuck));
});

Deno.test("a connection that was opened because another one was stuck is closed when it is not needed any more", async () => {
  await using bench = await RemoteBench.open();
  const on = await running(bench);
  for (let index = 0; index < 5; index++) {
    const other = await bench.call("domain.define", { xml: xmlOf(`other-${index}`) });
    bench.net.fate = ({ procedure }) => procedure === "domainCreate" ? "never" : "pass";
    void bench.begin("domain.start", {}, { on: other });
    await bench.calm();
  }
  await bench.call("domain.destroy", {}, { on });
  assert.equal(bench.net.open.size, 2);
  await bench.calm(600_000);
  assert.equal(bench.net.open.size, 1);
});
