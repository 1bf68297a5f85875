/**
 * Guests that move between two libvirtds in memory, with the link breaking wherever it can.
 *
 * @module
 */
import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import { createRemoteDriver } from "../../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import type { Operations } from "../../../model/operations/mod.ts";
import type { Outcome } from "../../../model/outcome.ts";
import type { ProcedureName } from "../../../protocol/procedures/mod.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { Bench } from "../bench.ts";
import { type CallFate, FakeNet } from "./kit/fake_link.ts";
import { remoteFault } from "./kit/fake_libvirtd.ts";
import { MigratingLibvirtd } from "./kit/migrating_libvirtd.ts";

type Side = "source" | "target";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";
const xml = `<domain type='qemu'><name>web</name><uuid>${uuid}</uuid><memory>1024</memory></domain>`;
const byPeers = { via: "peer-to-peer", destinationUri: "qemu+tcp://target/system" } as const;

/** Two hosts, and a guest on the source. */
class Hosts implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly daemons: Readonly<Record<Side, MigratingLibvirtd>>;
  readonly nets: Readonly<Record<Side, FakeNet>>;
  #bench: Bench | undefined;

  private constructor() {
    this.daemons = {
      source: new MigratingLibvirtd("11111111-2222-4333-8444-555555555555"),
      target: new MigratingLibvirtd("11111111-2222-4333-8444-666666666666"),
    };
    this.daemons.source.other = this.daemons.target;
    const net = (side: Side): FakeNet =>
      new FakeNet(this.daemons[side], { clock: this.clock, delay: () => 1 });
    this.nets = { source: net("source"), target: net("target") };
  }

  static async open(): Promise<Hosts> {
    const hosts = new Hosts();
    const { source } = hosts.daemons;
    source.start(source.define(xml));
    const driver = createRemoteDriver(({ host }, { signal }) =>
      hosts.nets[host === "source" ? "source" : "target"].connect(signal)
    );
    const uris = { source: "qemu+tcp://source/system", target: "qemu+tcp://target/system" };
    hosts.#bench = await hosts.clock.until(Bench.open(uris, { drivers: [driver], clock: hosts.clock }));
    await hosts.clock.advance(1000);
    return hosts;
  }

  get bench(): Bench {
    assert.ok(this.#bench !== undefined);
    return this.#bench;
  }

  get domain(): ObjectRef {
    return { $ref: "domain", connection: "source", id: uuid, name: "web" };
  }

  async migrate(input: Omit<InputOf<Operations["domain.migrate"]>, "to"> = {}): Promise<Outcome> {
    const call = this.bench.result("domain.migrate", { to: "target", ...input }, { on: this.domain });
    return (await this.clock.until(call)).outcome;
  }

  /** What the guest does on a host. */
  stateOn(side: Side): string {
    const domain = this.daemons[side].domains.get(uuid);
    if (domain === undefined) return "absent";
    if (domain.id < 0) return "off";
    return domain.state === 1 ? "running" : `paused ${domain.reason}`;
  }

  get states(): readonly [string, string] {
    return [this.stateOn("source"), this.stateOn("target")];
  }

  /** The phases that the daemons were led through, in order for each. */
  phases(side: Side): string[] {
    return this.daemons[side].asked.flatMap(({ procedure, args }) => {
      const phase = /^domainMigrate([A-Z][a-z]+)3Params$/.exec(procedure)?.[1]?.toLowerCase();
      const { cancelled } = args as { readonly cancelled?: number };
      return phase === undefined ? [] : [cancelled === 1 ? `${phase} cancelled` : phase];
    });
  }

  /** Has a procedure refused, once. */
  refuse(side: Side, procedure: ProcedureName): void {
    this.daemons[side].faults.set(procedure, [remoteFault(9, "operation failed: it does not want to")]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clock.until(this.bench[Symbol.asyncDispose]());
  }
}

/** Whether it ended well: one runs, and the caller was told which. */
function judge(hosts: Hosts, told: Outcome, when: string): void {
  const [source, target] = hosts.states;
  const seen = `${when}: told ${told.kind} ${
    told.kind === "done" ? "" : told.error.message
  }; ${source}, ${target}`;
  assert.equal([source, target].filter((state) => state === "running").length, 1, seen);
  assert.ok(!`${source} ${target}`.includes("paused"), seen);
  assert.equal(told.kind, target === "running" ? "done" : "not-done", seen);
}

Deno.test("a guest is led through five phases, and is gone where it was", async () => {
  await using hosts = await Hosts.open();
  const told = await hosts.migrate();
  assert.equal(told.kind, "done", JSON.stringify(told));
  assert.deepEqual(hosts.phases("source"), ["begin", "perform", "confirm"]);
  assert.deepEqual(hosts.phases("target"), ["prepare", "finish"]);
  assert.deepEqual(hosts.states, ["absent", "running"]);
  const find = (side: Side): unknown => hosts.bench.connections.get(side)?.find(hosts.domain);
  assert.equal(find("source"), undefined);
  assert.notEqual(find("target"), undefined);
});

Deno.test("the hosts' own connections for calls are free while a guest is sent", async () => {
  await using hosts = await Hosts.open();
  const before = hosts.nets.source.attempts;
  await hosts.migrate();
  assert.equal(hosts.nets.source.attempts, before + 1);
  assert.equal(hosts.nets.source.open.size, 1, "and is closed when it is over");
});

const ends: readonly {
  readonly phase: string;
  readonly side: Side;
  readonly procedure: ProcedureName;
  readonly source: readonly string[];
  readonly target: readonly string[];
}[] = [
  { phase: "begin", side: "source", procedure: "domainMigrateBegin3Params", source: [], target: [] },
  {
    phase: "prepare",
    side: "target",
    procedure: "domainMigratePrepare3Params",
    source: ["begin", "confirm cancelled"],
    target: [],
  },
  {
    phase: "perform",
    side: "source",
    procedure: "domainMigratePerform3Params",
    source: ["begin"],
    target: ["prepare", "finish cancelled"],
  },
  {
    phase: "finish",
    side: "target",
    procedure: "domainMigrateFinish3Params",
    source: ["begin", "perform", "confirm cancelled"],
    target: ["prepare"],
  },
];

for (const { phase, side, procedure, source, target } of ends) {
  Deno.test(`where ${phase} is refused, what was begun is taken back and the guest goes on`, async () => {
    await using hosts = await Hosts.open();
    hosts.refuse(side, procedure);
    const told = await hosts.migrate();
    assert.equal(told.kind, "not-done");
    if (told.kind === "not-done") {
      assert.match(told.error.message, /^Cannot migrate domain "web": it does not want to/);
    }
    assert.deepEqual(hosts.phases("source"), source);
    assert.deepEqual(hosts.phases("target").slice(0, target.length), target);
    assert.equal(hosts.stateOn("source"), "running");
    assert.notEqual(hosts.stateOn("target"), "running");
  });
}

Deno.test("where the source does not want to end what it has handed over, it is ended there", async () => {
  await using hosts = await Hosts.open();
  hosts.refuse("source", "domainMigrateConfirm3Params");
  assert.equal((await hosts.migrate()).kind, "done");
  assert.deepEqual(hosts.states, ["absent", "running"]);
});

/** How many calls a migration makes on a side, and breaks none of them. */
async function callsOn(side: Side, input: Parameters<Hosts["migrate"]>[0]): Promise<number> {
  await using hosts = await Hosts.open();
  const before = hosts.nets[side].calls;
  await hosts.migrate(input);
  return hosts.nets[side].calls - before;
}

const ways = { direct: {}, "from peer to peer": byPeers } as const;
const fates = ["lose-request", "lose-answer"] as const satisfies readonly CallFate[];

for (const [way, input] of Object.entries(ways)) {
  for (const side of ["source", "target"] as const) {
    for (const fate of fates) {
      Deno.test(`a migration ${way} whose link to the ${side} breaks at any call (${fate}) ends on one host`, async () => {
        const calls = await callsOn(side, input);
        assert.ok(calls > 0);
        for (let at = 0; at < calls; at++) {
          await using hosts = await Hosts.open();
          const from = hosts.nets[side].calls;
          let procedure = "";
          hosts.nets[side].fate = (call) => {
            if (call.index !== from + at) return "pass";
            procedure = call.procedure;
            return fate;
          };
          const told = await hosts.migrate(input);
          await hosts.clock.advance(1000);
          judge(hosts, told, `${fate} of call ${at}, ${procedure}`);
        }
      });
    }
  }
}

Deno.test("hosts that go on by themselves are not disturbed, whatever step they are at when they are looked at", async () => {
  for (let ms = 1; ms <= 200; ms += ms < 20 ? 1 : 7) {
    await using hosts = await Hosts.open();
    const { clock } = hosts;
    hosts.daemons.source.peersPace = { clock, ms };
    hosts.nets.source.fate = ({ procedure }) =>
      procedure === "domainMigratePerform3Params" ? "lose-answer" : "pass";
    const told = await hosts.migrate(byPeers);
    await clock.advance(1000);
    assert.deepEqual(hosts.states, ["absent", "running"], `${ms} ms a step`);
    judge(hosts, told, `${ms} ms a step`);
  }
});

Deno.test("hosts that failed by themselves are looked at: where the guest runs over there, it has moved", async () => {
  await using hosts = await Hosts.open();
  hosts.daemons.source.peersEnd = "split";
  const told = await hosts.migrate(byPeers);
  assert.equal(told.kind, "done", JSON.stringify(told));
  assert.deepEqual(hosts.states, ["absent", "running"]);
});

Deno.test("hosts that failed by themselves, and say so, are believed where it runs where it was", async () => {
  await using hosts = await Hosts.open();
  hosts.daemons.source.peersEnd = "badly";
  const told = await hosts.migrate(byPeers);
  assert.equal(told.kind, "not-done");
  assert.deepEqual(hosts.states, ["running", "absent"]);
});

Deno.test("where the other host cannot be looked at, the caller is told that nobody knows", async () => {
  await using hosts = await Hosts.open();
  hosts.daemons.source.peersEnd = "split";
  hosts.daemons.source.on("domainMigratePerform3Params", () => {
    hosts.nets.target.down = true;
    hosts.nets.target.cut();
    throw remoteFault(38, "Cannot recv data: Connection reset by peer");
  });
  const told = await hosts.migrate(byPeers);
  assert.equal(told.kind, "unknown", JSON.stringify(told));
  assert.equal(hosts.stateOn("source"), "running");
});

Deno.test("a migration that is cancelled between its phases leaves no trace", async () => {
  for (const procedure of ["domainMigrateBegin3Params", "domainMigratePrepare3Params"] as const) {
    await using hosts = await Hosts.open();
    const controller = new AbortController();
    const side = procedure === "domainMigrateBegin3Params" ? "source" : "target";
    hosts.nets[side].answered = (answered) => {
      if (answered === procedure) controller.abort(new VirtError("cancelled", "Never mind"));
    };
    const call = hosts.bench.result("domain.migrate", { to: "target" }, {
      on: hosts.domain,
      signal: controller.signal,
    });
    const { outcome } = await hosts.clock.until(call);
    assert.equal(outcome.kind, "not-done");
    if (outcome.kind === "not-done") assert.equal(outcome.error.code, "cancelled");
    assert.equal(hosts.stateOn("source"), "running");
    assert.notEqual(hosts.stateOn("target"), "running");
    assert.ok(!hosts.phases("source").includes("perform"));
  }
});

Deno.test("a definition alone moves without anything being sent", async () => {
  await using hosts = await Hosts.open();
  const source = hosts.daemons.source.domains.get(uuid);
  assert.ok(source !== undefined);
  hosts.daemons.source.stop(source);
  await hosts.clock.advance(1000);
  const told = await hosts.migrate({ offline: true, live: false });
  assert.equal(told.kind, "done", JSON.stringify(told));
  assert.deepEqual(hosts.phases("source"), ["begin", "confirm"]);
  assert.deepEqual(hosts.states, ["absent", "off"]);
});
