/**
 * Rolling updates under everything that can go wrong: random fleets, failures, cancels and deaths of the kernel.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Domain,
  type Drain,
  Fleet,
  FleetError,
  type Host,
  type MemberName,
  recipe,
  type ResumeList,
  resumeList,
  type Snapshot,
} from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";
import { everyDeath } from "../mortal_run.ts";

/** What goes wrong in a member's turn. */
type Fate = "well" | "out" | "work" | "back" | "ill";

interface Plan {
  readonly members: readonly { readonly host: number; readonly fate: Fate; readonly ms: number }[];
  readonly batch: readonly number[];
  readonly maxFail: number;
  readonly batchMaxFail: number | undefined;
  readonly apart: boolean;
  readonly limit: number;
  readonly putBack: "always" | "when-done";
  /** When the run is cancelled, in milliseconds after its beginning. */
  readonly cancelAt: number | undefined;
}

const fates: readonly Fate[] = ["well", "well", "well", "out", "work", "back", "ill"];

const plans: fc.Arbitrary<Plan> = fc.record({
  members: fc.array(
    fc.record({
      host: fc.nat({ max: 2 }),
      fate: fc.constantFrom(...fates),
      ms: fc.integer({ min: 1, max: 5_000 }),
    }),
    { minLength: 1, maxLength: 9 },
  ),
  batch: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  maxFail: fc.nat({ max: 4 }),
  batchMaxFail: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  apart: fc.boolean(),
  limit: fc.integer({ min: 1, max: 5 }),
  putBack: fc.constantFrom("always", "when-done"),
  cancelAt: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
});

/** What really happened, as the test sees it beside the recipe. */
class Witness {
  readonly began: number[] = [];
  readonly out = new Set<number>();
  readonly lost = new Set<number>();
  /** What must not be; an error within a turn would be the member's. */
  readonly wrongs: string[] = [];
  readonly #plan: Plan;
  readonly #working = new Set<number>();
  #batchSize = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  batch(size: number): void {
    this.#must(this.#working.size === 0, "a batch begins when the one before has ended");
    this.#must(size <= Math.max(...this.#plan.batch), "no batch is larger than it may be");
    this.#batchSize = size;
  }

  begin(index: number): void {
    const { members, maxFail, apart, limit } = this.#plan;
    this.#must(!this.began.includes(index), "no member is begun twice");
    this.#must(this.lost.size <= maxFail, "none is begun when the budget is spent");
    this.began.push(index);
    this.#working.add(index);
    this.#must(this.#working.size <= Math.min(limit, this.#batchSize), "no more than the batch at once");
    const hosts = [...this.#working].map((each) => members[each]?.host);
    this.#must(!apart || new Set(hosts).size === hosts.length, "no two of a host at once");
  }

  #must(holds: boolean, what: string): void {
    if (!holds) this.wrongs.push(what);
  }

  end(index: number): void {
    this.#working.delete(index);
  }
}

function rollingRecipe(
  plan: Plan,
  witness: Witness,
): ReturnType<typeof recipe<readonly string[], ResumeList>> {
  return recipe({
    summary: "Roll through a fleet",
    needs: ["all"],
    hosts: "any",
    run: async ({ hosts, sleep }): Promise<ResumeList> => {
      const indexOf = ({ name }: Pick<Domain, "name">): number => Number(name.slice(1));
      const lists = await Promise.all(Object.values(hosts).map((host: Host) => host.domains()));
      const fleet = new Fleet(lists.flatMap((list) => list.toArray()))
        .toSorted((a, b) => indexOf(a) - indexOf(b));
      const fail = (index: number, fate: Fate): void => {
        if (plan.members[index]?.fate !== fate) return;
        witness.lost.add(index);
        throw new Error(fate);
      };
      const rolling = fleet.rolling({
        batch: plan.batch,
        maxFail: plan.maxFail,
        ...(plan.batchMaxFail === undefined ? {} : { batchMaxFail: plan.batchMaxFail }),
        ...(plan.apart ? { apart: "host" as const } : {}),
        drain: {
          putBack: plan.putBack,
          out: async (vm) => {
            const index = indexOf(vm);
            witness.begin(index);
            witness.out.add(index);
            const isBad = plan.members[index]?.fate === "out";
            try {
              await sleep(1);
            } finally {
              if (isBad) witness.end(index);
            }
            fail(index, "out");
          },
          back: async (vm) => {
            await sleep(1);
            fail(indexOf(vm), "back");
            witness.out.delete(indexOf(vm));
          },
        },
        healthy: (vm) => fail(indexOf(vm), "ill"),
      });
      try {
        for await (const batch of rolling) {
          witness.batch(batch.length);
          await batch.forEach(async (vm) => {
            try {
              await sleep(plan.members[indexOf(vm)]?.ms ?? 0);
              fail(indexOf(vm), "work");
            } finally {
              witness.end(indexOf(vm));
            }
          }, { limit: plan.limit });
        }
      } catch (error) {
        if (!(error instanceof FleetError)) throw error;
      }
      return resumeList(rolling.report);
    },
  });
}

const names = (members: readonly MemberName[] = []): string[] => members.map(({ name }) => name).toSorted();

/** Each member is in exactly one list, and those that are out of service are the ones that were told. */
function judge(plan: Plan, list: ResumeList, witness: Witness): void {
  assert.deepEqual(witness.wrongs, []);
  const { done = [], failed = [], unknown = [], notBegun = [], drained = [] } = list;
  const all = plan.members.map((_, index) => `m${index}`).toSorted();
  assert.deepEqual(names([...done, ...failed, ...unknown, ...notBegun]), all);
  assert.deepEqual(names(drained), [...witness.out].map((index) => `m${index}`).toSorted());
  const begun = witness.began.map((index) => `m${index}`).toSorted();
  assert.deepEqual(names([...done, ...failed, ...unknown]), begun);
  const lost = [...witness.lost].map((index) => `m${index}`).toSorted();
  // What fails when the run is cancelled already may do so because of that: nobody can tell.
  const late = plan.cancelAt === undefined ? [] : names(unknown).filter((name) => lost.includes(name));
  assert.deepEqual([...names(failed), ...late].toSorted(), lost);
}

Deno.test("whatever fails and whenever it is cancelled, limits hold and everybody is in one list", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const hypervisors = Object.fromEntries(["h0", "h1", "h2"].map((host, number) => [host, {
        domains: plan.members.flatMap((each, index) => each.host === number ? [`m${index}`] : []),
      }]));
      await using lab = await simulate({ hypervisors });
      const witness = new Witness(plan);
      const run = lab.start(rollingRecipe(plan, witness));
      if (plan.cancelAt !== undefined) {
        await lab.advance(plan.cancelAt);
        run.cancel();
      }
      const story = await lab.clock.until(run.ended);
      if (story.state === "done") {
        judge(plan, story.result, witness);
        if (witness.lost.size > 0) assert.equal(story.exit, 3);
      } else {
        assert.equal(story.state, "cancelled");
        const lines = story.logs.filter(({ message }) => message.startsWith("Left by the update"));
        // Where it ended before the update began, nobody is left.
        if (witness.began.length > 0) judge(plan, lines.at(-1)?.fields["left"] as ResumeList, witness);
      }
    }),
    { numRuns: 120 },
  );
});

Deno.test("over kills and resumes each member is worked on once, and the list is the same", async () => {
  const restart = recipe({
    summary: "Start a fleet",
    needs: ["all"],
    hosts: ["blue", "green"],
    run: async ({ hosts: { blue, green }, sleep }): Promise<ResumeList> => {
      const all = [...await blue.domains(), ...await green.domains()];
      const drain: Drain<Domain, Snapshot> = {
        out: (vm) => vm.snapshots.create({ name: "out" }),
        back: async (_, { state }) => await state?.delete(),
      };
      const rolling = new Fleet(all).rolling({
        batch: 2,
        apart: "host",
        maxFail: 1,
        drain,
        soak: "10s",
        healthy: async (vm) => (await vm.info()).state === "running",
      });
      for await (const batch of rolling) {
        await batch.forEach(async (vm) => {
          await sleep("1s");
          if (vm.name === "b2") throw new Error("it will not");
          await vm.start();
        });
      }
      return resumeList(rolling.report);
    },
  });
  const hosts = {
    blue: { domains: ["b1", "b2"] },
    green: { domains: ["g1"] },
  };
  await everyDeath({ recipe: restart, hosts }, ({ view, lives }, when) => {
    assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
    const list = view.result as ResumeList;
    assert.deepEqual(names(list.done), ["b1", "g1"], when);
    assert.deepEqual(names(list.failed), ["b2"], when);
    assert.deepEqual([list.unknown, list.notBegun, list.drained], [[], [], []], when);
    const deeds = ["blue", "green"].flatMap((name) => lives.host(name)?.effects ?? [])
      .filter(({ byKernel }) => byKernel).map(({ effect, object }) => `${effect} ${object}`);
    for (const name of ["b1", "g1"]) {
      assert.equal(deeds.filter((deed) => deed === `domain.spawn ${name}`).length, 1, `${when}: ${deeds}`);
    }
    const snapshots = ["blue", "green"].flatMap((name) => lives.host(name)?.domains ?? [])
      .flatMap((domain) => domain.snapshots);
    assert.deepEqual(snapshots, [], when);
  });
});
