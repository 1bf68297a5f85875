/**
 * Deeds that take long: how far they are, and how they are stopped.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createRemoteDriver } from "../../../drivers/remote/mod.ts";
import { VirtError } from "../../../model/error.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { CallOptions, RpcConnection } from "../../../protocol/connection.ts";
import type {
  ArgumentsOf,
  ProcedureName,
  ResultOf,
  TypedParameter,
} from "../../../protocol/procedures/mod.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { Bench } from "../bench.ts";
import { xmlOf } from "./kit/bench.ts";
import { type FakeDomain, remoteFault } from "./kit/fake_libvirtd.ts";
import { FakeNet } from "./kit/fake_link.ts";
import { ScriptedLibvirtd } from "./kit/scripted_libvirtd.ts";

/** A call that the test ends. */
interface Slow {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A host on which saving takes as long as the test wants. */
class Stage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly libvirtd = new ScriptedLibvirtd();
  readonly net = new FakeNet(this.libvirtd, { clock: this.clock, delay: () => 1 });
  readonly slow: Slow[] = [];
  readonly domains: FakeDomain[] = [];
  #bench: Bench | undefined;

  static async open(domains = 1): Promise<Stage> {
    const stage = new Stage();
    const { libvirtd, net, clock } = stage;
    for (let index = 0; index < domains; index++) {
      const domain = libvirtd.define(xmlOf(`web-${index}`));
      libvirtd.start(domain);
      stage.domains.push(domain);
    }
    const driver = createRemoteDriver(async (_uri, { signal }) => stage.slowed(await net.connect(signal)));
    stage.#bench = await clock.until(Bench.open("qemu:///system", { drivers: [driver], clock }));
    await clock.advance(1000);
    return stage;
  }

  get bench(): Bench {
    assert.ok(this.#bench !== undefined);
    return this.#bench;
  }

  ref(index = 0): ObjectRef {
    const { name = "", uuid = "" } = this.domains[index] ?? {};
    return { $ref: "domain", connection: "host", id: uuid, name };
  }

  /** A connection that answers saves when the test says so. */
  slowed(rpc: RpcConnection): RpcConnection {
    const call = <P extends ProcedureName>(
      procedure: P,
      args: ArgumentsOf<P>,
      options?: CallOptions,
    ): Promise<ResultOf<P>> => {
      if (procedure !== "domainSaveFlags") return rpc.call(procedure, args, options);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.slow.push({ resolve, reject });
      return promise as Promise<ResultOf<P>>;
    };
    return {
      call,
      open: (procedure, args, options) => rpc.open(procedure, args, options),
      on: (message, listener) => rpc.on(message, listener),
      closed: rpc.closed,
      close: () => rpc.close(),
      [Symbol.asyncDispose]: () => rpc.close(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clock.until(this.bench[Symbol.asyncDispose]());
  }
}

const aborted = remoteFault(78, "operation aborted: domain save job: canceled by client");

Deno.test("a long deed tells how far it is", async () => {
  await using stage = await Stage.open();
  const params: TypedParameter[] = [
    { field: "data_total", value: { kind: 4, value: 100n } },
    { field: "data_remaining", value: { kind: 4, value: 40n } },
  ];
  stage.libvirtd.on("domainGetJobStats", () => ({ type: 2, params }));
  const fractions: number[] = [];
  const saving = stage.bench.kernel.call({
    operation: "domain.save",
    connections: stage.bench.connections,
    connection: "host",
    target: stage.ref(),
    input: { path: "/image" },
    caller: { principal: "test", since: 0 },
    authority: { check: () => {}, sees: () => true, checkReach: () => {} },
    onState: (state) => {
      if (state.kind === "progress") fractions.push(state.fraction);
    },
  });
  await stage.clock.advance(3_000);
  assert.ok(fractions.length > 1);
  assert.deepEqual([...new Set(fractions)], [0.6]);
  stage.slow[0]?.resolve();
  assert.equal((await stage.clock.until(saving)).outcome.kind, "done");
  const before = fractions.length;
  await stage.clock.advance(3_000);
  assert.equal(fractions.length, before, "and says no more when it is over");
});

for (const refusals of [0, 2]) {
  Deno.test(`a long deed that is cancelled is stopped over there, asked ${refusals + 1} times`, async () => {
    await using stage = await Stage.open();
    let asked = 0;
    stage.libvirtd.on("domainGetJobStats", () => ({ type: asked > refusals ? 0 : 2, params: [] }));
    stage.libvirtd.on("domainAbortJob", () => {
      if (++asked <= refusals) {
        throw remoteFault(55, "Requested operation is not valid: no job is active on the domain");
      }
      stage.slow[0]?.reject(aborted);
      return undefined;
    });
    const controller = new AbortController();
    const call = stage.bench.result("domain.save", { path: "/image" }, {
      on: stage.ref(),
      signal: controller.signal,
    });
    await stage.clock.advance(2_000);
    controller.abort(new VirtError("cancelled", "Never mind"));
    const { outcome } = await stage.clock.until(call);
    assert.equal(asked, refusals + 1);
    assert.equal(outcome.kind, "not-done");
    if (outcome.kind === "not-done") assert.equal(outcome.error.message, "Never mind");
  });
}

Deno.test("a long deed that had ended before it could be stopped has been done", async () => {
  await using stage = await Stage.open();
  stage.libvirtd.on("domainAbortJob", () => {
    const [domain] = stage.domains;
    assert.ok(domain !== undefined);
    stage.libvirtd.stop(domain);
    domain.reason = 5; // saved
    stage.slow[0]?.resolve();
    return undefined;
  });
  const controller = new AbortController();
  const call = stage.bench.result("domain.save", { path: "/image" }, {
    on: stage.ref(),
    signal: controller.signal,
  });
  await stage.clock.advance(2_000);
  controller.abort(new VirtError("cancelled", "Never mind"));
  assert.equal((await stage.clock.until(call)).outcome.kind, "done");
});

Deno.test("a long deed ends with its time, and the domain is as it was", async () => {
  await using stage = await Stage.open();
  stage.libvirtd.on("domainAbortJob", () => {
    stage.slow[0]?.reject(aborted);
    return undefined;
  });
  const { clock } = stage;
  const { outcome } = await clock.until(
    stage.bench.result("domain.save", { path: "/image" }, {
      on: stage.ref(),
      deadline: clock.now() + 10_000,
    }),
  );
  assert.equal(outcome.kind, "not-done");
  if (outcome.kind === "not-done") assert.equal(outcome.error.code, "timed-out");
});

Deno.test("many long deeds at a time leave room for everything else", async () => {
  await using stage = await Stage.open(12);
  const saves = stage.domains.map((_, index) =>
    stage.bench.result("domain.save", { path: `/image-${index}` }, { on: stage.ref(index) })
  );
  await stage.clock.advance(1_000);
  assert.equal(stage.slow.length, 12);
  const found = await stage.clock.until(stage.bench.call("domain.list", {}));
  assert.equal(found.length, 12);
  for (const { resolve } of stage.slow) resolve();
  for (const { outcome } of await stage.clock.until(Promise.all(saves))) assert.equal(outcome.kind, "done");
  await stage.clock.advance(1_000);
  assert.equal(stage.net.open.size, 1, "and give their connections back");
});
