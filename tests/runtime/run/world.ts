/**
 * A host, its kernels one after the other, and their journal: what runs are begun, interrupted and resumed in.
 *
 * @module
 */
import { InProcessEndpoint } from "../../../testing/in_process.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import type { Authority } from "../../../runtime/call.ts";
import type { RunEvent } from "../../../runtime/control/methods.ts";
import type { Driver } from "../../../runtime/driver.ts";
import type { RecipeEndpoint } from "../../../runtime/endpoint.ts";
import type { RunRecord } from "../../../runtime/journal/record.ts";
import { SqliteStore } from "../../../runtime/journal/sqlite_store.ts";
import type { Store } from "../../../runtime/journal/store.ts";
import { Kernel } from "../../../runtime/kernel.ts";
import { type ActiveRun, type ResumeRun, RunManager, type StartRun } from "../../../runtime/run/manager.ts";
import { recoverRuns, rememberDoubt } from "../../../runtime/run/recovery.ts";
import { everythingAllowed } from "../../kit/caller.ts";
import { type Mortal, mortal } from "./mortal_store.ts";

/** Turns of the event loop in which a run is sure to have gone on, if anything but time can make it. */
const quietTurns = 30;

/** What a world is made with. */
export interface WorldOptions {
  readonly drivers: readonly Driver[];
  /** The recipe that runs, whatever file is named; may be exchanged between runs. */
  readonly recipe: unknown;
  readonly uri?: string;
  readonly authority?: Authority;
  /** Hears before each commit of the journal, and after it; may kill the kernel. */
  readonly onCommit?: (moment: "before" | "after", world: World) => void;
}

/** A world of runs. */
export class World implements AsyncDisposable {
  readonly clock = new VirtualClock();
  recipe: unknown;
  readonly #options: WorldOptions;
  readonly #directory: string;
  readonly #opened: Mortal[] = [];
  #generation = 0;
  #up = false;
  #next: RecipeEndpoint | undefined;
  /** The recipes that were launched. */
  readonly endpoints: RecipeEndpoint[] = [];
  store!: Store;
  kernel!: Kernel;
  runs!: RunManager;
  #died = Promise.withResolvers<void>();

  private constructor(options: WorldOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
    this.recipe = options.recipe;
  }

  static async make(options: WorldOptions): Promise<World> {
    const world = new World(options, await Deno.makeTempDir());
    await world.#boot();
    return world;
  }

  /** Resolves when the kernel of the moment dies. */
  get died(): Promise<void> {
    return this.#died.promise;
  }

  /** Begins a run of the recipe. */
  start(options: Partial<StartRun> = {}): Promise<ActiveRun> {
    return this.runs.start({
      file: "/recipes/test.ts",
      hosts: { host: this.#options.uri ?? "ledger:///" },
      input: {},
      grants: [],
      principal: "alice",
      ...options,
    });
  }

  /** Launches this in the place of the next recipe. */
  launchNext(endpoint: RecipeEndpoint): void {
    this.#next = endpoint;
  }

  /** Kills the kernel where it stands: what is not durable is gone, nothing is said any more. */
  kill(): void {
    this.#opened.at(-1)?.die();
    this.#died.resolve();
  }

  /** Starts the next kernel on what the dead one left. */
  async reboot(): Promise<void> {
    this.kill();
    this.#died = Promise.withResolvers<void>();
    const path = this.#path();
    this.#generation++;
    for (const suffix of ["", "-wal"]) {
      await Deno.copyFile(`${path}${suffix}`, `${this.#path()}${suffix}`).catch(() => {});
    }
    await this.#boot();
  }

  /** Resumes the only run. */
  async resume(options: ResumeRun = {}): Promise<ActiveRun> {
    const [run] = await this.store.runs();
    return await this.runs.resume(run?.id ?? "", options);
  }

  /** Waits for something. Time goes on only when nothing else does. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let waiting = true;
    const end = (): void => void (waiting = false);
    promise.then(end, end);
    for (let quiet = 0; waiting; quiet++) {
      await settled();
      if (quiet < quietTurns) continue;
      if (!this.clock.step()) throw new Error("Nothing goes on any more, and no timer is set");
      quiet = 0;
    }
    return await promise;
  }

  /** The only run's row. */
  async run(): Promise<RunRecord> {
    const [run] = await this.store.runs();
    if (run === undefined) throw new Error("There is no run");
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runs[Symbol.asyncDispose]();
    await this.kernel.close();
    for (const opened of this.#opened) await opened.bury();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #boot(): Promise<void> {
    this.#up = false;
    const opened = mortal((defer) => new SqliteStore(this.#path(), { defer }), {
      onCommit: (moment) => {
        if (this.#up) this.#options.onCommit?.(moment, this);
      },
    });
    this.#opened.push(opened);
    this.store = opened.alive;
    const epoch = await opened.store.nextEpoch();
    const doubts = await recoverRuns(opened.store, this.clock.now());
    this.kernel = new Kernel({
      drivers: this.#options.drivers,
      clock: this.clock,
      epoch,
      uncertain: doubts,
      onDoubt: (key, doubt) => rememberDoubt(this.store, { key, doubt }),
    });
    this.runs = new RunManager({
      kernel: this.kernel,
      store: this.store,
      versions: { drover: "0.1.0", channel: 1, operations: "" },
      authorize: () => Promise.resolve(this.#options.authority ?? everythingAllowed),
      launch: ({ recipe }) => {
        const endpoint = this.#next ?? new InProcessEndpoint(this.recipe);
        this.#next = undefined;
        this.endpoints.push(endpoint);
        return Promise.resolve({ endpoint, recipe, hash: "hash" });
      },
    });
    this.#up = true;
  }

  #path(): string {
    return `${this.#directory}/journal-${this.#generation}.db`;
  }
}

/** Everything that a run tells those who watch it. */
export async function eventsOf(run: ActiveRun): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run.watch()) events.push(event);
  return events;
}
