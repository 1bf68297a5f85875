/**
 * Whatever we and others do, in whatever order answers and events come, and wherever the link breaks: outcomes are true, and
 * in the end the connection knows what is there.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Outcome } from "../../../model/outcome.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { type FakeDomain, FakeLibvirtd } from "./kit/fake_libvirtd.ts";
import type { CallFate } from "./kit/fake_link.ts";

const names = ["web", "db", "mail"] as const;
const uuids: Readonly<Record<string, string>> = {
  web: "aaaaaaaa-0000-4000-8000-000000000001",
  db: "aaaaaaaa-0000-4000-8000-000000000002",
  mail: "aaaaaaaa-0000-4000-8000-000000000003",
};

const ourDeeds = {
  define: ["domainDefineXml"],
  start: ["domainCreate"],
  suspend: ["domainSuspend"],
  resume: ["domainResume"],
  destroy: ["domainDestroy"],
  undefine: ["domainUndefine"],
} as const;

type Ours = keyof typeof ourDeeds;
type Theirs = "define" | "start" | "stop" | "pause" | "undefine";

type Step =
  | { readonly kind: "ours"; readonly deed: Ours; readonly name: string }
  | { readonly kind: "list" }
  | { readonly kind: "theirs"; readonly deed: Theirs; readonly name: string }
  | { readonly kind: "break"; readonly fate: CallFate; readonly after: number }
  | { readonly kind: "cut" }
  | { readonly kind: "renumber" }
  | { readonly kind: "wait"; readonly ms: number };

const name = fc.constantFrom(...names);
const ours = fc.record({
  kind: fc.constant("ours" as const),
  deed: fc.constantFrom(...Object.keys(ourDeeds) as Ours[]),
  name,
});
const list = fc.constant({ kind: "list" as const });
const theirs = fc.record({
  kind: fc.constant("theirs" as const),
  deed: fc.constantFrom<Theirs>("define", "start", "stop", "pause", "undefine"),
  name,
});
const breaks = fc.record({
  kind: fc.constant("break" as const),
  fate: fc.constantFrom<CallFate>("lose-request", "lose-answer"),
  after: fc.nat(8),
});
const cut = fc.constant({ kind: "cut" as const });
const renumber = fc.constant({ kind: "renumber" as const });
const wait = fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(0, 1, 3, 10, 50, 400) });

/** What somebody else does, as far as it goes. */
function act(libvirtd: FakeLibvirtd, deed: Theirs, name: string): void {
  const domain = libvirtd.domains.get(uuids[name] ?? "");
  try {
    if (deed === "define") libvirtd.define(xmlOf(name, { uuid: uuids[name] ?? "", vcpus: 2 }));
    else if (domain === undefined) return;
    else if (deed === "start") libvirtd.start(domain);
    else if (deed === "stop") libvirtd.stop(domain);
    else if (deed === "pause") libvirtd.pause(domain, true);
    else libvirtd.undefine(domain);
  } catch {
    // It was not in the state for that.
  }
}

/** One of our calls, and what became of it. */
interface Made {
  readonly deed: Ours;
  readonly name: string;
  readonly outcome: Promise<Outcome>;
}

class History {
  readonly #bench: RemoteBench;
  readonly #made: Made[] = [];

  constructor(bench: RemoteBench) {
    this.#bench = bench;
  }

  async take(step: Step): Promise<void> {
    const { net, libvirtd } = this.#bench;
    switch (step.kind) {
      case "ours":
        return this.#begin(step.deed, step.name);
      case "list":
        return void this.#bench.begin("domain.list", {});
      case "theirs":
        return act(libvirtd, step.deed, step.name);
      case "break": {
        let left = step.after;
        net.fate = () => left-- === 0 ? step.fate : "pass";
        return;
      }
      case "cut":
        return net.cut();
      case "renumber":
        libvirtd.renumber();
        return net.cut();
      case "wait":
        return await this.#bench.calm(step.ms);
    }
  }

  /** Everything that was called, when it has ended. */
  async ended(): Promise<
    readonly { readonly deed: Ours; readonly name: string; readonly outcome: Outcome }[]
  > {
    const all = Promise.all(this.#made.map(async (made) => ({ ...made, outcome: await made.outcome })));
    return await this.#bench.clock.until(all);
  }

  /** How often something was done to a domain over there, by our connections. */
  times(deed: Ours, name: string): number {
    const procedures: readonly string[] = ourDeeds[deed];
    return this.#bench.libvirtd.deeds.filter(({ procedure, uuid }) =>
      procedures.includes(procedure) && uuid === uuids[name]
    ).length;
  }

  /** Calls without waiting: what comes next goes on beside it. */
  #begin(deed: Ours, name: string): void {
    const { connection } = this.#bench;
    const known = connection.table.byId("domain", uuids[name] ?? "");
    if (deed !== "define" && known === undefined) return;
    const { generation: _, ...on } = known === undefined ? connection.self.ref("host") : known.ref("host");
    const call = deed === "define"
      ? this.#bench.begin("domain.define", { xml: xmlOf(name, { uuid: uuids[name] ?? "" }) })
      : this.#bench.begin(`domain.${deed}`, {}, { on });
    this.#made.push({ deed, name, outcome: call.then(({ outcome }) => outcome) });
  }
}

/** The connection knows of each domain what is there, and of nothing else. */
function agree({ connection, libvirtd }: RemoteBench): void {
  const real = [...libvirtd.domains.values()].map(({ uuid, name, id, config }: FakeDomain) => ({
    uuid,
    name,
    id,
    persistent: config !== undefined,
  })).sort((a, b) => a.uuid < b.uuid ? -1 : 1);
  const known = [...connection.table.all("domain")].map((domain) => ({
    uuid: domain.id,
    name: domain.name,
    id: domain.live?.id ?? -1,
    persistent: domain.persistent,
  })).sort((a, b) => a.uuid < b.uuid ? -1 : 1);
  assert.deepEqual(known, real);
}

/** Messages take between nothing and `most` milliseconds each way. */
function someDelay(most: number): (clock: { random(): number }) => number {
  return (clock) => Math.floor(clock.random() * (most + 1));
}

Deno.test("alone with a host, whatever goes on at once, every answer is the whole truth", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 5, arbitrary: ours }, list, { weight: 3, arbitrary: wait }), {
        minLength: 4,
        maxLength: 30,
      }),
      fc.integer({ min: 0, max: 20 }),
      async (steps, most) => {
        await using bench = await RemoteBench.open({ delay: someDelay(most) });
        const history = new History(bench);
        for (const step of steps) await history.take(step);
        const ended = await history.ended();
        for (const name of names) {
          for (const deed of Object.keys(ourDeeds) as Ours[]) {
            const own = ended.filter((each) => each.deed === deed && each.name === name);
            const done = own.filter(({ outcome }) => outcome.kind === "done").length;
            assert.equal(history.times(deed, name), done, `${deed} ${name}: ${JSON.stringify(own)}`);
          }
        }
        const interrupts = steps.some((step) => step.kind === "ours" && step.deed === "destroy");
        for (const { deed, outcome } of ended) {
          if (outcome.kind === "done") continue;
          const said = `${deed}: ${JSON.stringify(outcome)}`;
          assert.ok(outcome.kind === "not-done", said);
          // Nobody else is there, so nobody else is to be blamed.
          if (!interrupts) assert.doesNotMatch(outcome.error.message, /during "/, said);
        }
        await bench.calm(1000);
        agree(bench);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("with others about and a link that breaks, no outcome is false and in the end all is known", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          { weight: 6, arbitrary: ours },
          { weight: 4, arbitrary: theirs },
          { weight: 2, arbitrary: breaks },
          list,
          cut,
          renumber,
          { weight: 4, arbitrary: wait },
        ),
        { minLength: 4, maxLength: 40 },
      ),
      fc.integer({ min: 0, max: 20 }),
      fc.boolean(),
      async (steps, most, anyway) => {
        await using bench = await RemoteBench.open({ delay: someDelay(most) });
        bench.net.arrivesAnyway = () => anyway;
        const history = new History(bench);
        for (const step of steps) await history.take(step);
        const ended = await history.ended();
        for (const name of names) {
          for (const deed of Object.keys(ourDeeds) as Ours[]) {
            // A kill whose answer was lost leaves a domain that is off, and nobody knows by whom.
            if (deed === "destroy") continue;
            const own = ended.filter((each) => each.deed === deed && each.name === name);
            const sure = own.filter(({ outcome }) =>
              outcome.kind !== "unknown" && outcome.reconciled !== true
            );
            const done = sure.filter(({ outcome }) => outcome.kind === "done").length;
            const times = history.times(deed, name);
            // What was found out by looking cannot tell our doing from that of others.
            const most = done + own.length - sure.length;
            const said = `${deed} ${name}, done ${times} times: ${JSON.stringify(own)}`;
            assert.ok(times >= done && times <= most, said);
          }
        }
        bench.net.fate = () => "pass";
        await bench.calm(10_000);
        agree(bench);
      },
    ),
    { numRuns: 250 },
  );
});

Deno.test("whoever slept through a restart by others sees that the generation has moved", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: theirs }, list, cut, wait), { maxLength: 25 }),
      fc.integer({ min: 0, max: 20 }),
      async (steps, most) => {
        const libvirtd = new FakeLibvirtd();
        for (const each of names) libvirtd.start(libvirtd.define(xmlOf(each, { uuid: uuids[each] ?? "" })));
        await using bench = await RemoteBench.open({ libvirtd, delay: someDelay(most) });
        const before = new Map(
          [...bench.connection.table.all("domain")].map((domain) => [domain, {
            generation: domain.generation,
            id: libvirtd.domains.get(domain.id)?.id,
          }]),
        );
        const history = new History(bench);
        for (const step of steps) await history.take(step);
        await bench.calm(10_000);
        agree(bench);
        for (const [domain, { generation, id }] of before) {
          if (libvirtd.domains.get(domain.id)?.id !== id) assert.notEqual(domain.generation, generation);
        }
      },
    ),
    { numRuns: 120 },
  );
});
