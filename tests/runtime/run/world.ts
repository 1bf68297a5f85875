/**
 * A kernel, a journal and a simulated host that outlive runs, so that runs can be interrupted and resumed.
 *
 * @module
 */
import type { RecipeDeclaration } from "../../../model/channel.ts";
import { testDriver } from "../../../drivers/test/mod.ts";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import type { RunRecord } from "../../../runtime/journal/record.ts";
import type { Store } from "../../../runtime/journal/store.ts";
import { Kernel } from "../../../runtime/kernel.ts";
import type { SessionEnd } from "../../../runtime/run/ending.ts";
import { RunFeed } from "../../../runtime/run/feed.ts";
import { Session } from "../../../runtime/run/session.ts";
import type { RunEvent } from "../../../runtime/control/methods.ts";
import type { Authority } from "../../../runtime/call.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { everythingAllowed } from "../../kit/caller.ts";
import { RecipeBeside } from "./recipe_beside.ts";

/** A run under test. */
export interface RunUnderTest {
  readonly session: Session;
  readonly endpoint: RecipeBeside;
  readonly ended: Promise<SessionEnd>;
  readonly events: RunEvent[];
}

/** How a run under test begins. */
export interface BeginOptions {
  readonly input?: unknown;
  readonly id?: string;
  readonly authority?: Authority;
  readonly assume?: ReadonlyMap<number, "done" | "not-done">;
  readonly readFile?: (name: string) => Promise<Uint8Array>;
}

/** A host to run recipes on. */
export class World implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly store: Store;
  kernel: Kernel;

  constructor(store: Store = openMemoryStore()) {
    this.store = store;
    this.kernel = new Kernel({ drivers: [testDriver], clock: this.clock });
  }

  /** Runs a recipe. */
  begin(recipe: unknown, options: BeginOptions = {}): RunUnderTest {
    const run: RunRecord = {
      id: options.id ?? "7f3a",
      title: "recipes/test.ts",
      kind: "recipe",
      recipe: "/recipes/test.ts",
      versions: { drover: "0.1.0", channel: 1, operations: "" },
      input: options.input ?? {},
      hosts: [],
      needs: [],
      grants: [],
      principal: "alice",
      seed: "seed",
      state: "running",
      epoch: 1,
      createdAt: this.clock.now(),
      unknownOutcome: false,
      resumes: 0,
    };
    this.store.addRun(run);
    return this.#drive(run, recipe, options);
  }

  /** Resumes a run from its record, with another sandbox. */
  async resume(recipe: unknown, options: BeginOptions = {}): Promise<RunUnderTest> {
    const id = options.id ?? "7f3a";
    const run = await this.store.run(id);
    if (run === undefined) throw new Error(`There is no run ${id}`);
    return this.#drive(run, recipe, options, {
      steps: await this.store.steps(id),
      deliveries: await this.store.deliveries(id),
      leases: await this.store.leases(id),
      held: [],
      nextLog: await this.store.nextLog(id),
      assume: options.assume ?? new Map(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel.close();
    await this.store[Symbol.asyncDispose]();
  }

  #drive(
    run: RunRecord,
    recipe: unknown,
    options: BeginOptions,
    resumed?: ConstructorParameters<typeof Session>[0]["resumed"],
  ): RunUnderTest {
    const endpoint = new RecipeBeside(recipe);
    const feed = new RunFeed();
    const events: RunEvent[] = [];
    const watched = feed.watch();
    void (async () => {
      for await (const event of watched) events.push(event);
    })();
    const session = new Session({
      run,
      kernel: this.kernel,
      store: this.store,
      endpoint,
      feed,
      recipe: "/recipes/test.ts",
      readFile: options.readFile ?? (() => Promise.reject(new Error("no files"))),
      prepare: async (declaration: RecipeDeclaration) => {
        const connections = new Map(
          await Promise.all(
            declaration.hosts.map(async (name) =>
              [name, await this.kernel.connect("test:///default")] as const
            ),
          ),
        );
        return {
          connections,
          authority: options.authority ?? everythingAllowed,
          input: run.input,
          hosts: [...connections].map(([name, { uri, driver, self, implementations }]) => ({
            name,
            uri: uri.text,
            driver,
            ref: { ...self.ref(name), $ref: "connection" as const },
            supports: Object.keys(implementations),
          })),
        };
      },
      ...(resumed === undefined ? {} : { resumed }),
    });
    const ended = session.run().finally(() => feed.close());
    return { session, endpoint, ended, events };
  }
}
