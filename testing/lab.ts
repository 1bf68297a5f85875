/**
 * A place to try recipes: simulated hosts, a kernel and a clock of their own.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { automationOperations, loadPlanner } from "../automation/mod.ts";
import type { RecipeDeclaration } from "../model/channel.ts";
import { channelVersion } from "../model/channel.ts";
import { VirtError } from "../model/error.ts";
import { type Duration, duration } from "../dsl/duration.ts";
import { Recipe } from "../dsl/recipe.ts";
import { defaultSettings } from "../drivers/test/settings.ts";
import type { Driver, DriverConnection } from "../runtime/driver.ts";
import { openMemoryStore } from "../runtime/journal/memory_store.ts";
import type { RunRecord } from "../runtime/journal/record.ts";
import type { Store } from "../runtime/journal/store.ts";
import { Kernel } from "../runtime/kernel.ts";
import { AuditMemory, GrantAuthority, parseAllGrants } from "../runtime/permission/mod.ts";
import type { PreparedRun } from "../runtime/run/context.ts";
import { RunFeed } from "../runtime/run/feed.ts";
import { hostNames } from "../runtime/run/hosts.ts";
import { RunSecrets, standIn } from "../runtime/secret/run_secrets.ts";
import { Session } from "../runtime/run/session.ts";
import { type Fault, FaultyWorld, type Latency } from "./fault.ts";
import type { Simulated } from "./host_content.ts";
import { InProcessEndpoint } from "./in_process.ts";
import { LabRun, type LabRunOptions, type RunStory } from "./lab_run.ts";
import { SimulatedHost } from "./simulated_host.ts";
import { servedBy, type Web } from "./web.ts";
import { settled, VirtualClock } from "./virtual_clock.ts";

/** After so many turns of the event loop without anything to do nothing follows any more; a loaded module takes one. */
const quietTurns = 3;

/** How guests behave. */
export interface GuestBehaviour {
  /** How long they take to shut down when they are asked. @default 0 */
  readonly shutdown?: Duration;
  /** How long they take to come up: to answer on their console, by their agent, and to have an address. @default 0 */
  readonly boot?: Duration;
  /** Those that do not listen when they are asked to shut down: a glob over names of domains. */
  readonly deaf?: string;
}

/** What a lab is made of. */
export interface SimulateOptions {
  /** What is on the host. @default "test:///default" */
  readonly hypervisor?: Simulated;
  /** For recipes with several connections: what is on each host, by the recipe's name for it. */
  readonly hypervisors?: Readonly<Record<string, Simulated>>;
  /** What goes wrong. */
  readonly faults?: readonly Fault[];
  /** How long operations take in virtual time. @default 0 */
  readonly latency?: Latency;
  /** How guests behave. */
  readonly guests?: GuestBehaviour;
  /** What is fetched from where: the content of files by their addresses, or what answers. @default nothing is there */
  readonly web?: Web;
  /** Milliseconds since 1970. @default 1700000000000 */
  readonly start?: number;
  /** Where chance begins. @default 1 */
  readonly seed?: number;
}

/**
 * Simulated hosts with a kernel and a clock of their own. Made by {@linkcode simulate}; give it to `await using`.
 */
export class Lab implements AsyncDisposable {
  /** Time in the lab. It stands still between runs, and during a run goes on whenever nothing else can happen. */
  readonly clock: VirtualClock;
  /** The hosts, by the recipe's names for them. */
  readonly hosts: Readonly<Record<string, SimulatedHost>>;
  readonly #kernel: Kernel;
  readonly #store: Store;
  readonly #world: FaultyWorld;
  readonly #connections = new Map<string, DriverConnection>();
  readonly #endpoints = new Set<InProcessEndpoint>();
  readonly #underWay = new Set<LabRun<unknown>>();
  /** Where recipes' data files are that were sent as a whole. */
  readonly #folders: string[] = [];
  /** Where images that were fetched are kept; made when the first one is. */
  readonly #images = `${tmpdir()}/drover-lab-${crypto.randomUUID()}`;
  #runs = 0;

  /** @ignore */
  constructor(options: SimulateOptions) {
    this.clock = new VirtualClock({
      ...(options.start === undefined ? {} : { start: options.start }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      settle: () => this.#settle(),
    });
    const contents = options.hypervisors ?? { host: options.hypervisor ?? "test:///default" };
    const hosts: Record<string, SimulatedHost> = {};
    for (const [name, content] of Object.entries(contents)) {
      hosts[name] = new SimulatedHost(name, {
        content,
        clock: this.clock,
        settings: {
          ...defaultSettings,
          shutdownMs: duration(options.guests?.shutdown ?? 0),
          bootMs: duration(options.guests?.boot ?? 0),
        },
        deaf: options.guests?.deaf,
      });
    }
    this.hosts = hosts;
    this.#world = new FaultyWorld({
      clock: this.clock,
      faults: options.faults ?? [],
      latency: options.latency ?? 0,
      nameOf: (key) => this.#nameOf(key),
    });
    this.#store = openMemoryStore();
    this.#kernel = new Kernel({
      drivers: [this.#driver()],
      operations: automationOperations({
        images: { directory: this.#images, fetch: servedBy(options.web ?? {}) },
      }),
      clock: this.clock,
      scheduler: this.#world,
    });
  }

  /** The host of recipes with one connection, or the first one. */
  get host(): SimulatedHost {
    const [first] = Object.values(this.hosts);
    if (first === undefined) throw new VirtError("invalid-argument", "The lab has no host");
    return first;
  }

  /** Lets something go wrong from now on. */
  fault(fault: Fault): void {
    this.#world.add(fault);
  }

  /** Moves the clock, while a run that was started with {@linkcode Lab.start} is under way, or between runs. */
  async advance(time: Duration): Promise<void> {
    await this.clock.advance(duration(time));
  }

  /**
   * Runs a recipe to its end. The clock goes on whenever nothing else can happen, so that an hour of waiting takes no time
   * and every run goes the same way.
   *
   * A recipe that fails does not make this reject: look at `error`, or take `result`, which throws it.
   *
   * @example
   * ```ts
   * import { recipe } from "drover";
   * import { simulate } from "drover/testing";
   * import assert from "node:assert/strict";
   *
   * const nap = recipe({
   *   summary: "Wait an hour",
   *   needs: [],
   *   run: async ({ sleep }) => {
   *     await sleep("1h");
   *     return "refreshed";
   *   },
   * });
   *
   * await using lab = await simulate();
   * const run = await lab.run(nap);
   * assert.equal(run.result, "refreshed");
   * assert.equal(run.durationMs, 3_600_000);
   * ```
   */
  async run<Input, Result>(
    recipe: Recipe<Input, Result>,
    options: LabRunOptions<Input> = {},
  ): Promise<RunStory<Result>> {
    const run = this.start(recipe, options);
    try {
      return await this.clock.until(run.ended);
    } catch (error) {
      const { open } = run;
      if (run.over) throw error;
      throw new VirtError(
        "timed-out",
        "The recipe never ends: nothing is left that could go on" +
          (open.length === 0 ? "" : `, and ${open.join(", ")} has no answer`),
        {
          hint: "Recipes wait by the run's own clock: sleep, vm.until; setTimeout and fetch are not theirs",
          cause: error,
        },
      );
    }
  }

  /** Starts a recipe and leaves the clock to the test: see {@linkcode Lab.advance}. */
  start<Input, Result>(recipe: Recipe<Input, Result>, options: LabRunOptions<Input> = {}): LabRun<Result> {
    if (!(recipe instanceof Recipe)) {
      throw new VirtError("invalid-argument", "Cannot run this: it was not made by recipe({ … })");
    }
    const record = this.#record(recipe.declaration, options);
    const feed = new RunFeed();
    const audit = new AuditMemory();
    const endpoint = new InProcessEndpoint(recipe);
    this.#endpoints.add(endpoint);
    void endpoint.exited.then(() => this.#endpoints.delete(endpoint));
    const secrets = labSecrets(recipe.declaration, options);
    const session = new Session({
      run: record,
      secrets,
      kernel: this.#kernel,
      store: this.#store,
      endpoint,
      feed,
      recipe: record.title,
      prepare: async (declaration) => {
        await secrets.declare(declaration.secrets);
        await secrets.fetchAll({ resuming: false });
        return await this.#prepare(declaration, { record, audit });
      },
      readFile: (name) => fileOf(options, name),
      folder: () => this.#folderOf(options),
    });
    this.#store.addRun(record);
    const run = new LabRun<Result>({ session, feed, audit, record, store: this.#store, clock: this.clock });
    this.#underWay.add(run);
    const forget = (): void => void this.#underWay.delete(run);
    run.ended.then(forget, forget);
    return run;
  }

  /** Ends what is under way, and the lab with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#underWay) run.interrupt();
    await this.#settle();
    await this.#kernel.close();
    await this.#settle();
    await this.#store[Symbol.asyncDispose]();
    for (const folder of this.#folders) Deno.removeSync(folder, { recursive: true });
    rmSync(this.#images, { recursive: true, force: true });
  }

  /** Opens the connections, so that the hosts have been read when the first run starts. @ignore */
  async open(): Promise<void> {
    // What is loaded later takes time that is not the lab's, and time there would go on meanwhile.
    await import("../runtime/permission/reach_uses.ts");
    await import("../runtime/permission/labels.ts");
    await import("../runtime/secret/placeholder.ts");
    await loadPlanner();
    for (const name of Object.keys(this.hosts)) {
      this.#connections.set(name, await this.#kernel.connect(`test:///${name}`));
    }
  }

  /** Nothing can happen any more: no promise can go on, and no recipe has anything to take. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      await settled();
      const isBusy = [...this.#endpoints].some(({ busy }) => busy) || this.#world.busyWithFiles;
      if (isBusy) quiet = -1;
    }
  }

  /** The data files of a run, as files. */
  #folderOf({ files = {} }: LabRunOptions<unknown>): string {
    const folder = Deno.realPathSync(Deno.makeTempDirSync());
    this.#folders.push(folder);
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      if (typeof content === "string") Deno.writeTextFileSync(path, content);
      else Deno.writeFileSync(path, content);
    }
    return folder;
  }

  #driver(): Driver {
    return {
      name: "test",
      schemes: ["test"],
      connect: (uri, environment) => {
        const host = this.hosts[uri.path.slice(1)];
        if (host === undefined) throw new VirtError("unreachable", `The lab has no host for "${uri.text}"`);
        return Promise.resolve(host.connect(uri, environment));
      },
    };
  }

  #nameOf(key: string): string | undefined {
    for (const connection of this.#connections.values()) {
      for (const object of connection.objects()) {
        if (object.key === key) return object.name;
      }
    }
    return undefined;
  }

  #record(declaration: RecipeDeclaration, options: LabRunOptions<unknown>): RunRecord {
    return {
      id: `run-${++this.#runs}`,
      title: declaration.summary,
      kind: "recipe",
      versions: { drover: "lab", channel: channelVersion, operations: "" },
      input: options.input ?? {},
      hosts: [],
      needs: declaration.needs,
      grants: options.grants ?? ["all"],
      principal: "tester",
      seed: this.clock.uuid(),
      isolation: "in-process",
      state: "running",
      epoch: this.#kernel.epoch,
      createdAt: this.clock.now(),
      unknownOutcome: false,
      resumes: 0,
    };
  }

  #prepare(
    { hosts: named, anyHosts = false, needs }: RecipeDeclaration,
    { record, audit }: { readonly record: RunRecord; readonly audit: AuditMemory },
  ): Promise<PreparedRun> {
    const connections = new Map<string, DriverConnection>();
    const names = anyHosts ? [...this.#connections.keys()] : named;
    for (const name of names) {
      const connection = this.#connections.get(name) ??
        (names.length === 1 ? [...this.#connections.values()][0] : undefined);
      if (connection === undefined) {
        throw new VirtError("invalid-argument", `Cannot run the recipe: the lab has no host "${name}"`, {
          hint: `Give it one: simulate({ hypervisors: { ${names.map((each) => `${each}: …`).join(", ")} } })`,
        });
      }
      connections.set(name, connection);
    }
    const uris = new Map([...connections].map(([name, { uri }]) => [name, uri.text]));
    const authority = new GrantAuthority({
      needs: parseAllGrants(needs, { what: "need" }),
      grants: parseAllGrants(record.grants, { now: this.clock.now() }),
      clock: this.clock,
      caller: { principal: record.principal, run: record.id },
      audit,
      uris,
    });
    return Promise.resolve({
      connections,
      authority,
      input: record.input,
      hosts: hostNames(connections),
    });
  }
}

/** The secrets of a run, with the values that its test gives. */
function labSecrets(
  { secrets: declared = {} }: RecipeDeclaration,
  { secrets: given = {} }: LabRunOptions<unknown>,
): RunSecrets {
  const names = [...new Set([...Object.keys(declared), ...Object.keys(given)])];
  return new RunSecrets(
    Object.fromEntries(names.map((name) => [name, "prompt"])),
    (_, { name }) => Promise.resolve(given[name] ?? standIn(name)),
  );
}

/**
 * Makes simulated hosts for recipes to run on, with a clock of their own: nothing waits, nothing leaves the process, and
 * every run goes the same way.
 *
 * @example
 * ```ts
 * import { recipe } from "drover";
 * import { simulate } from "drover/testing";
 * import assert from "node:assert/strict";
 *
 * const startAll = recipe({
 *   summary: "Start what is off",
 *   needs: ["connect:search_domains", "domain:getattr,start"],
 *   run: async ({ host }) => {
 *     const fleet = await host.domains({ state: "shutoff" });
 *     await fleet.forEach((vm) => vm.start(), { maxFail: 1 });
 *   },
 * });
 *
 * await using lab = await simulate({
 *   hypervisor: { domains: ["web-1", "web-2"] },
 *   faults: [{ operation: "domain.start", object: "web-1", message: "out of memory" }],
 * });
 * await lab.run(startAll);
 * assert.equal(lab.host.domain("web-1").state, "shutoff");
 * assert.equal(lab.host.domain("web-2").state, "running");
 * ```
 */
export async function simulate(options: SimulateOptions = {}): Promise<Lab> {
  const lab = new Lab(options);
  await lab.open();
  return lab;
}

function fileOf({ files = {} }: LabRunOptions<unknown>, name: string): Promise<Uint8Array> {
  const content = files[name];
  if (content === undefined) {
    return Promise.reject(
      new VirtError("not-found", `The recipe has no file "${name}" in this test`, {
        hint: `Give it one: lab.run(recipe, { files: { ${JSON.stringify(name)}: "…" } })`,
      }),
    );
  }
  return Promise.resolve(typeof content === "string" ? new TextEncoder().encode(content) : content);
}
