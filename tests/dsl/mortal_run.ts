/**
 * A run whose kernel dies at a chosen moment and is resumed, on simulated hosts that outlive it: for tests that a recipe
 * gets through a kill wherever it comes.
 *
 * @module
 */
import { ensureOperations } from "../../automation/mod.ts";
import type { ToRecipe } from "../../model/channel.ts";
import type { DriverConnection } from "../../runtime/driver.ts";
import type { LogRecord, StepRecord } from "../../runtime/journal/record.ts";
import type { RunView } from "../../runtime/control/methods.ts";
import { InProcessEndpoint } from "../../testing/in_process.ts";
import { SimulatedHost } from "../../testing/simulated_host.ts";
import type { Simulated } from "../../testing/host_content.ts";
import type { VirtualClock } from "../../testing/virtual_clock.ts";
import type { TestSettings } from "../../drivers/test/settings.ts";
import { defaultSettings } from "../../drivers/test/settings.ts";
import { World } from "../runtime/run/world.ts";

/** What a run is made of. */
export interface MortalRunOptions {
  readonly recipe: unknown;
  /** What is on each host, by the recipe's name for it. */
  readonly hosts: Readonly<Record<string, Simulated>>;
  readonly settings?: Partial<TestSettings>;
  /** What goes on outside, from the beginning on. */
  readonly meanwhile?: (lives: MortalRun) => void;
  /** Whether a step that nobody can tell about has happened. */
  readonly happened?: (step: StepRecord, lives: MortalRun) => boolean;
}

/** When the kernel dies: before or after its n-th message to the recipe, or its n-th commit. */
export interface Moment {
  readonly at: "send" | "commit";
  readonly when: "before" | "after";
  readonly number: number;
}

/** How a run ended, after all its lives. */
export interface MortalEnd {
  readonly view: RunView;
  readonly lives: MortalRun;
  readonly logs: readonly LogRecord[];
  readonly steps: readonly StepRecord[];
}

/** How many moments of each kind are tried: `DROVER_DISTURBANCES=all` tries all of them. */
const enumerated = Deno.env.get("DROVER_DISTURBANCES") === undefined ? 6 : Infinity;

/** How often a run is resumed before it counts as one that never ends. */
const mostLives = 6;

/** A recipe's end of the channel that counts what it is told. */
class CountingEndpoint extends InProcessEndpoint {
  readonly #count: (when: "before" | "after") => boolean;

  constructor(recipe: unknown, count: (when: "before" | "after") => boolean) {
    super(recipe);
    this.#count = count;
  }

  override async send(message: ToRecipe): Promise<void> {
    if (this.#count("before")) return await new Promise<never>(() => {});
    await super.send(message);
    if (this.#count("after")) await new Promise<never>(() => {});
  }
}

/** One run and its kernels, one after the other. */
export class MortalRun implements AsyncDisposable {
  readonly hosts = new Map<string, SimulatedHost>();
  readonly #options: MortalRunOptions;
  readonly #deadly: Moment | undefined;
  readonly #connections: DriverConnection[] = [];
  readonly #seen = { send: { before: 0, after: 0 }, commit: { before: 0, after: 0 } };
  #world!: World;
  #dead = false;

  private constructor(options: MortalRunOptions, deadly: Moment | undefined) {
    this.#options = options;
    this.#deadly = deadly;
  }

  get clock(): VirtualClock {
    return this.#world.clock;
  }

  /** How many moments of a kind there were. */
  seen(at: Moment["at"]): number {
    return this.#seen[at].before;
  }

  /** A host, once a kernel has connected to it. */
  host(name = "host"): SimulatedHost | undefined {
    return this.hosts.get(name);
  }

  /** Lives a run to its end: killed at the moment, where there is one, and resumed. */
  static async live(options: MortalRunOptions, deadly?: Moment): Promise<MortalEnd & AsyncDisposable> {
    const lives = new MortalRun(options, deadly);
    await lives.#begin();
    const view = await lives.#toTheEnd();
    const { store } = lives.#world;
    return {
      view,
      lives,
      logs: await store.logs(view.id),
      steps: await store.steps(view.id),
      [Symbol.asyncDispose]: () => lives[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
  }

  async #begin(): Promise<void> {
    this.#world = await World.make({
      recipe: this.#options.recipe,
      drivers: [{
        name: "test",
        schemes: ["test"],
        connect: (uri, environment) => {
          const host = this.#host(uri.path.slice(1));
          const connection = host.connect(uri, { ...environment, operations: ensureOperations });
          this.#connections.push(connection);
          return Promise.resolve(connection);
        },
      }],
      onCommit: (when) => void this.#pass("commit", when),
    });
    this.#options.meanwhile?.(this);
  }

  async #toTheEnd(): Promise<RunView> {
    let assume: ReadonlyMap<number, "done" | "not-done"> = new Map();
    for (let life = 0; life < mostLives; life++) {
      const died = this.#world.died.then(() => undefined);
      const view = await this.#world.until(Promise.race([this.#live(assume), died]));
      if (view !== undefined && !this.#dead) {
        const unclear = await this.#unclear(view);
        if (unclear === undefined) return view;
        const happened = this.#options.happened?.(unclear, this) === true;
        assume = new Map([[unclear.number, happened ? "done" : "not-done"]]);
        continue;
      }
      // A kernel's connections end with its process.
      for (const connection of this.#connections.splice(0)) await connection.close();
      this.#dead = false;
      await this.#world.reboot();
    }
    throw new Error("The run does not come to an end");
  }

  /** One life of the run: its first, or what a resume makes of it. */
  async #live(assume: ReadonlyMap<number, "done" | "not-done">): Promise<RunView> {
    const world = this.#world;
    this.#launch();
    const [known] = await world.store.runs();
    if (known !== undefined && known.state !== "interrupted") return (await world.runs.show(known.id)).run;
    const hosts = Object.fromEntries(
      Object.keys(this.#options.hosts).map((name) => [name, `test:///${name}`]),
    );
    const active = known === undefined ? await world.start({ hosts }) : await world.resume({ assume });
    return await active.ended;
  }

  /** The step of which nobody can tell whether it has happened, where that holds a resume up. */
  async #unclear({ id, state, error }: RunView): Promise<StepRecord | undefined> {
    if (state !== "interrupted" || error?.code !== "outcome-unknown") return undefined;
    const number = Number(/step (\d+)/.exec(error.message)?.[1]);
    return (await this.#world.store.steps(id))[number];
  }

  #launch(): void {
    this.#world.launchNext(new CountingEndpoint(this.#options.recipe, (when) => this.#pass("send", when)));
  }

  #host(name: string): SimulatedHost {
    let host = this.hosts.get(name);
    if (host === undefined) {
      host = new SimulatedHost(name, {
        content: this.#options.hosts[name] ?? "test:///default",
        clock: this.clock,
        settings: { ...defaultSettings, ...this.#options.settings },
      });
      this.hosts.set(name, host);
    }
    return host;
  }

  /** Whether this is where the kernel dies. */
  #pass(at: Moment["at"], when: Moment["when"]): boolean {
    if (this.#dead) return true;
    const number = ++this.#seen[at][when];
    const { at: where, when: side, number: last } = this.#deadly ?? {};
    if (at !== where || when !== side || number !== last) return false;
    this.#dead = true;
    this.#world.kill();
    return true;
  }
}

/** Lives a run undisturbed, then once for each moment at which it can be killed; `judge` looks at every end. */
export async function everyDeath(
  options: MortalRunOptions,
  judge: (end: MortalEnd, when: string) => void | Promise<void>,
): Promise<void> {
  const counts = { send: 0, commit: 0 };
  {
    await using end = await MortalRun.live(options);
    await judge(end, "undisturbed");
    counts.send = end.lives.seen("send");
    counts.commit = end.lives.seen("commit");
  }
  for (const at of ["send", "commit"] as const) {
    for (const when of ["before", "after"] as const) {
      const stride = Math.max(1, Math.ceil(counts[at] / enumerated));
      // Every test run begins elsewhere, so that in time all moments have their turn.
      const first = 1 + (stride === 1 ? 0 : Math.floor(Math.random() * stride));
      for (let number = first; number <= counts[at]; number += stride) {
        await using end = await MortalRun.live(options, { at, when, number });
        await judge(end, `killed ${when} ${at} ${number} of ${counts[at]}`);
      }
    }
  }
}
