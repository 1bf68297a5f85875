/**
 * A rehearsal: the recipe in its sandbox, on simulated hosts, in virtual time. Nothing real is touched.
 *
 * @module
 */
import { ensureOperations, rehearsedImages } from "../../automation/mod.ts";
import manifest from "../../deno.json" with { type: "json" };
import { channelVersion } from "../../model/channel.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { RunEvent, RunView } from "../../runtime/control/methods.ts";
import type { PlanData } from "../../model/plan.ts";
import type { Driver, DriverMap } from "../../runtime/driver.ts";
import type { RecipeEndpoint, RecipeExit } from "../../runtime/endpoint.ts";
import type { FromRecipe, ToRecipe } from "../../model/channel.ts";
import { openMemoryStore } from "../../runtime/journal/memory_store.ts";
import { Kernel } from "../../runtime/kernel.ts";
import {
  formatGrant,
  GrantAuthority,
  parseAllGrants,
  planPermissions,
  RecordingAuthority,
} from "../../runtime/permission/mod.ts";
import { type LaunchRequest, RunManager } from "../../runtime/run/manager.ts";
import { standIn } from "../../runtime/secret/run_secrets.ts";
import { parseUri } from "../../model/uri.ts";
import { VirtError } from "../../model/error.ts";
import { SimulatedHost, VirtualClock } from "../../testing/mod.ts";
import { defaultSettings } from "../../drivers/test/settings.ts";
import { launch } from "../launch.ts";
import type { Present } from "./present.ts";

/** What is rehearsed. */
export interface RehearsalOptions {
  readonly file: string;
  readonly input: unknown;
  /** Inputs as texts of the command line. */
  readonly inputTexts: Readonly<Record<string, string>>;
  /** What is on each host, by its URI. */
  readonly contents: ReadonlyMap<string, Present>;
  /** URIs by the recipe's names for its connections. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Rehearsal {
  readonly run: RunView;
  readonly steps: readonly RunEvent[];
  /** The least grants that cover what it used. */
  readonly grants: readonly string[];
  /** Permissions that it used without stating its need. */
  readonly unstated: readonly string[];
  /** What it planned to change for objects to be as desired, in order. */
  readonly plans: readonly PlanData[];
}

/**
 * How long nothing must come from the recipe before its time goes on, in milliseconds of real time. What it computes by
 * itself cannot be seen from outside.
 */
const quietMs = 40;

/** Notes when a recipe last said or heard something. */
class Activity {
  #last = performance.now();
  /** Until its first word a recipe is starting, however long that takes. */
  #speaking = false;
  #ended = false;

  heard(): void {
    this.#last = performance.now();
  }

  spoke(): void {
    this.#speaking = true;
    this.heard();
  }

  /** Resolves when nothing has happened for a while. */
  async quiet(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, quietMs / 4)); while (
      !this.#ended && (!this.#speaking || performance.now() - this.#last < quietMs)
    );
  }

  end(): void {
    this.#ended = true;
  }
}

/** An endpoint whose traffic is noted. */
class NotedEndpoint implements RecipeEndpoint {
  readonly isolation: string;
  readonly exited: Promise<RecipeExit>;
  readonly #endpoint: RecipeEndpoint;
  readonly #activity: Activity;

  constructor(endpoint: RecipeEndpoint, activity: Activity) {
    this.#endpoint = endpoint;
    this.#activity = activity;
    this.isolation = endpoint.isolation;
    this.exited = endpoint.exited;
    void endpoint.exited.finally(() => activity.end());
  }

  get messages(): AsyncIterable<FromRecipe> {
    return this.#noted();
  }

  async send(message: ToRecipe): Promise<void> {
    this.#activity.heard();
    await this.#endpoint.send(message);
  }

  kill(reason: string): Promise<void> {
    return this.#endpoint.kill(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endpoint[Symbol.asyncDispose]();
  }

  async *#noted(): AsyncGenerator<FromRecipe> {
    for await (const message of this.#endpoint.messages) {
      this.#activity.spoke();
      yield message;
    }
  }
}

/** Rehearses a recipe. */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const activity = new Activity();
  const clock = new VirtualClock({ start: Date.now() });
  const simulated = new Map(
    [...options.contents].map((
      [uri, { content, capabilities }],
    ) => [
      uri,
      new SimulatedHost(uri, {
        content,
        clock,
        settings: defaultSettings,
        overrides: capabilities === undefined
          ? {}
          : { "connection.capabilities": { run: () => Promise.resolve(capabilities) } },
      }),
    ]),
  );
  const authority = new RecordingAuthority();
  const plans: PlanData[] = [];
  let needs: readonly string[] = [];
  await using store = openMemoryStore();
  await using kernel = new Kernel({
    drivers: [simulatedDriver(simulated)],
    operations: noting(plans),
    clock,
  });
  await using runs = new RunManager({
    kernel,
    store,
    launch: async (request: LaunchRequest) => {
      const launched = await launch(request);
      return { ...launched, endpoint: new NotedEndpoint(launched.endpoint, activity) };
    },
    authorize: (request) => {
      needs = request.needs;
      return Promise.resolve(authority);
    },
    // Nobody is asked, and nothing is read: what is rehearsed opens nothing.
    fetchSecret: (_, { name }) => Promise.resolve(standIn(name)),
    versions: { drover: manifest.version, channel: channelVersion, operations: "" },
  });
  const active = await runs.start({
    file: options.file,
    hosts: options.hosts,
    input: options.input,
    inputTexts: options.inputTexts,
    grants: [],
    principal: "plan",
  });
  const onAbort = (): void => void runs.cancel(active.id, "Interrupted at the terminal");
  options.signal.addEventListener("abort", onAbort, { once: true });
  const run = await untilEnded(active.ended, { clock, activity });
  options.signal.removeEventListener("abort", onAbort);
  const { steps } = await runs.show(active.id);
  return {
    run,
    steps,
    grants: planPermissions(authority).map(formatGrant),
    unstated: unstated(authority, needs),
    plans,
  };
}

/** Computes plans, and notes each. */
function noting(plans: PlanData[]): DriverMap {
  const compute = ensureOperations["connection.computePlan"];
  const known = { ...ensureOperations, ...rehearsedImages };
  if (compute === undefined) return known;
  return {
    ...known,
    "connection.computePlan": {
      ...compute,
      run: async (job, input) => {
        const plan = await compute.run(job, input);
        plans.push(plan);
        return plan;
      },
    },
  };
}

/** The permissions that were used and that the recipe does not state as its needs. */
function unstated({ uses }: RecordingAuthority, needs: readonly string[]): readonly string[] {
  const stated = new GrantAuthority({
    grants: parseAllGrants(needs, { what: "need" }),
    clock: systemClock,
    caller: { principal: "plan" },
  });
  return [...new Set(uses.filter((use) => !stated.sees(use)).map(({ permission }) => permission))].sort();
}

/**
 * Lets time go on whenever the recipe is quiet. Where no timer is set it is the recipe that has yet to say something,
 * however long it takes.
 */
async function untilEnded(
  ended: Promise<RunView>,
  { clock, activity }: { readonly clock: VirtualClock; readonly activity: Activity },
): Promise<RunView> {
  let run: RunView | undefined;
  void ended.then((view) => run = view);
  while (run === undefined) {
    await activity.quiet();
    clock.step();
  }
  return run;
}

/** Serves the URIs of the real connections with the simulated hosts. */
function simulatedDriver(hosts: ReadonlyMap<string, SimulatedHost>): Driver {
  return {
    name: "test",
    schemes: [...new Set([...hosts.keys()].map((uri) => parseUri(uri).driver))],
    connect: (uri, environment) => {
      const host = hosts.get(uri.text);
      if (host === undefined) {
        return Promise.reject(new VirtError("unreachable", `The rehearsal has no host for "${uri.text}"`));
      }
      return Promise.resolve(host.connect(uri, environment));
    },
  };
}
