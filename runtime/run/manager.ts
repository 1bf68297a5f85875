/**
 * The runs of a kernel: beginning, showing, cancelling, resuming and giving them up.
 *
 * @module
 */
import { dirname } from "node:path";
import { VirtError } from "../../model/error.ts";
import type { RecipeDeclaration } from "../../model/channel.ts";
import type { CallRequest, CallResult } from "../call.ts";
import type { PermissionAnswer, Question, RunEvent, RunView } from "../control/methods.ts";
import type { DriverConnection } from "../driver.ts";
import type { RecipeEndpoint } from "../endpoint.ts";
import type { LogFilter, Store } from "../journal/store.ts";
import type { LogRecord, PolicyFile, RunRecord, RunState, RunVersions } from "../journal/record.ts";
import type { Kernel } from "../kernel.ts";
import type { ConnectOptions } from "../opening.ts";
import type { Person } from "../person.ts";
import { type AskSecret, secretFetcher, type SecretObjects } from "../secret/fetch.ts";
import { type FetchSecret, RunSecrets } from "../secret/run_secrets.ts";
import { checkBindings, type SecretBindings } from "../secret/source.ts";
import { type Authorize, readGrants } from "./authorize.ts";
import { rewindCancelled } from "./cancelled_run.ts";
import type { PreparedRun } from "./context.ts";
import { DeadRuns } from "./dead_runs.ts";
import { RunFeed } from "./feed.ts";
import { declaredInput } from "./given_input.ts";
import {
  connectedHosts,
  connectHosts,
  connectReachable,
  enumerated,
  hostNames,
  refuseOtherHosts,
} from "./hosts.ts";
import { callRecorded, settleOperation } from "./operation_run.ts";
import { readRecipeFile } from "./recipe_files.ts";
import { drivenStates } from "./recovery.ts";
import { type ResumedRun, Session } from "./session.ts";
import { recordedStepEvent } from "./step_event.ts";
import { viewOf } from "./view.ts";

/** How isolated a recipe must be: as well as the machine can, or nothing less than the best. */
export type SandboxLevel = "best" | "strict";

/** A recipe to be put into its sandbox. */
export interface LaunchRequest {
  readonly run: string;
  /** The recipe's real path. */
  readonly recipe: string;
  readonly level: SandboxLevel;
}

/** A recipe in its sandbox, about to speak. */
export interface Launched {
  readonly endpoint: RecipeEndpoint;
  /** The recipe as the sandbox sees it. */
  readonly recipe: string;
  /** A hash over the recipe's module graph. */
  readonly hash: string;
}

/** What a manager is made with. */
export interface RunManagerOptions {
  readonly kernel: Kernel;
  readonly store: Store;
  readonly launch: (request: LaunchRequest) => Promise<Launched>;
  readonly authorize: Authorize;
  readonly versions: RunVersions;
  /** Where the kernel's owner gives names to sources of secrets. @default nowhere */
  readonly stateDirectory?: string;
  /** Fetches secrets in another way than from where they come. */
  readonly fetchSecret?: FetchSecret;
  /** How long an interrupted run keeps what it holds, in milliseconds. @default 24 hours */
  readonly resumeWindowMs?: number;
  /** How long a cancelled recipe may take to give back what it holds, in milliseconds. @default 10000 */
  readonly graceMs?: number;
}

/** A recipe to run. */
export interface StartRun {
  /** The recipe's real path. */
  readonly file: string;
  /** URIs by the recipe's names for its connections. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly input: unknown;
  /** Inputs as texts; what they stand for follows from what the recipe declares. */
  readonly inputTexts?: Readonly<Record<string, string>> | undefined;
  readonly grants: readonly string[];
  /** A policy file that grants more. */
  readonly policy?: PolicyFile | undefined;
  /** Grant what the recipe says that it needs. @default false */
  readonly grantNeeds?: boolean;
  /** @default "best" */
  readonly sandbox?: SandboxLevel;
  readonly principal: string;
  /** Where its secrets come from, by the recipe's names for them. @default it needs none */
  readonly secrets?: SecretBindings | undefined;
  /** Sources of which the recipe takes those of the secrets that it needs. @default none */
  readonly secretOffers?: SecretBindings | undefined;
  /** Asks the person at the terminal; absent where there is none. */
  readonly ask?: (question: Question) => Promise<PermissionAnswer>;
  /** Asks whoever runs it for values that they have; absent where there is nobody. */
  readonly askSecret?: AskSecret;
  /** Whom to ask while its connections are opened; absent where there is nobody. */
  readonly person?: Person;
  /** What it is called, and what asked for it. @default a new id, and nothing */
  readonly asked?: AskedRun;
}

/** A run whose id is known beforehand, so that whoever asks twice finds the run that there is. */
export interface AskedRun {
  /** No other run may have it. */
  readonly id: string;
  /** A hash over what was asked for. */
  readonly request: string;
  /** Hears that it is on record, durably. */
  readonly begun?: () => void;
}

/** A run to be resumed. */
export interface ResumeRun {
  /** Grants beside those that it has. */
  readonly grants?: readonly string[];
  /** Steps whose outcome a person knows, where nothing can find it out. */
  readonly assume?: ReadonlyMap<number, "done" | "not-done">;
  /** Sources of secrets that go before those that it has. */
  readonly secrets?: SecretBindings;
  readonly askSecret?: AskSecret;
  readonly ask?: (question: Question) => Promise<PermissionAnswer>;
  readonly person?: Person;
}

type WhomToAsk = Pick<StartRun, "ask" | "askSecret" | "person">;

function whomToAsk({ ask, askSecret, person }: WhomToAsk): WhomToAsk {
  return {
    ...(ask === undefined ? {} : { ask }),
    ...(askSecret === undefined ? {} : { askSecret }),
    ...(person === undefined ? {} : { person }),
  };
}

/** A run that goes on. */
export interface ActiveRun {
  readonly id: string;
  /** What happens from the call on, until the run or the signal ends it. */
  watch(signal?: AbortSignal): AsyncIterable<RunEvent>;
  /** Hears what happens in the very moment in which it does; `undefined` is the end. */
  listen(listener: (event: RunEvent | undefined) => void): Disposable;
  /** Resolves with the run's last state. Never rejects. */
  readonly ended: Promise<RunView>;
}

interface Driven extends ActiveRun {
  readonly feed: RunFeed;
  readonly session: Session;
}

/**
 * A run that has begun has sources for all secrets that its recipe needs.
 *
 * @throws {VirtError} `invalid-argument`
 */
function refuseOtherSecrets(given: SecretBindings, known: SecretBindings): void {
  checkBindings(given);
  const other = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (other === undefined) return;
  throw new VirtError("invalid-argument", `Cannot resume the run: it has no secret "${other}"`);
}

/** What reading a hypervisor's secret takes. */
const secretObjectNeeds: readonly string[] = ["connect:getattr", "secret:getattr,read_secure"];

const defaultWindowMs = 24 * 60 * 60 * 1000;

/** The runs of a kernel. */
export class RunManager implements AsyncDisposable {
  readonly #options: RunManagerOptions;
  readonly #driven = new Map<string, Driven>();
  readonly #dead: DeadRuns;
  readonly #closing = new AbortController();

  constructor(options: RunManagerOptions) {
    this.#options = options;
    this.#dead = new DeadRuns({ ...options, windowMs: options.resumeWindowMs ?? defaultWindowMs });
  }

  /**
   * Begins a run. Resolves when it has an id and is on record; it goes on by itself.
   *
   * @throws {VirtError} `not-found` or `unsupported` where the recipe cannot be put into its sandbox,
   *   `invalid-argument` for a wrong grant or policy.
   */
  async start(request: StartRun): Promise<ActiveRun> {
    this.#refuseClosing();
    const { kernel, store, versions } = this.#options;
    const { policy, grants, principal, secrets = {}, secretOffers = {} } = request;
    checkBindings({ ...secretOffers, ...secrets });
    const granted = { grants, ...(policy === undefined ? {} : { policy }) };
    await readGrants({ ...granted, caller: { principal, since: kernel.clock.now() } });
    const { asked } = request;
    const id = asked === undefined ? await this.#newId() : await this.#ownId(asked.id);
    const launched = await this.#options.launch({
      run: id,
      recipe: request.file,
      level: request.sandbox ?? "best",
    });
    const run: RunRecord = {
      id,
      title: request.file,
      kind: "recipe",
      recipe: request.file,
      recipeHash: launched.hash,
      versions,
      input: request.input,
      ...(request.inputTexts === undefined ? {} : { inputTexts: request.inputTexts }),
      hosts: Object.entries(request.hosts).map(([name, uri]) => ({ name, uri })),
      needs: [],
      ...granted,
      ...(request.grantNeeds === true ? { grantNeeds: true } : {}),
      ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
      ...(Object.keys(secretOffers).length === 0 ? {} : { secretOffers }),
      principal: request.principal,
      seed: kernel.clock.uuid(),
      isolation: launched.endpoint.isolation,
      sandbox: request.sandbox ?? "best",
      state: "starting",
      epoch: kernel.epoch,
      createdAt: kernel.clock.now(),
      unknownOutcome: false,
      resumes: 0,
      ...(asked === undefined ? {} : { request: asked.request }),
    };
    store.addRun(run);
    await store.flush();
    return this.#drive(run, launched, whomToAsk(request));
  }

  /**
   * Takes an interrupted run up again where its journal ends.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where the run goes on, or has ended.
   */
  async resume(id: string, request: ResumeRun = {}): Promise<ActiveRun> {
    this.#refuseClosing();
    const { kernel, store } = this.#options;
    refuseOtherSecrets(request.secrets ?? {}, await this.secretsOf(id));
    const before = await this.#stopped(id, "resume");
    if (before.kind === "operation" || before.recipe === undefined) {
      return await this.#resumeOperation(before, request);
    }
    const launched = await this.#options.launch({
      run: id,
      recipe: before.recipe,
      level: before.sandbox ?? "best",
    });
    const run: RunRecord = {
      ...before,
      ...(request.secrets === undefined ? {} : { secrets: { ...before.secrets, ...request.secrets } }),
      grants: [...before.grants, ...request.grants ?? []],
      state: "running",
      epoch: kernel.epoch,
      resumes: before.resumes + 1,
      isolation: launched.endpoint.isolation,
    };
    const { grants, secrets, state, epoch, resumes, isolation } = run;
    const renewed = { grants, secrets, state, epoch, resumes, isolation };
    store.changeRun(id, { ...renewed, error: undefined, exit: undefined });
    await store.flush();
    return this.#drive(run, launched, {
      ...whomToAsk(request),
      resumed: {
        steps: await store.steps(id),
        deliveries: await store.deliveries(id),
        leases: await store.leases(id),
        held: this.#dead.hand(id),
        nextLog: await store.nextLog(id),
        assume: request.assume ?? new Map(),
      },
    });
  }

  /**
   * Carries out one operation from the command line, on record as a run of one step. Where its id was known beforehand,
   * its answer is on record too, unless it holds secrets.
   */
  async carryOut(request: CallRequest, asked?: AskedRun): Promise<CallResult> {
    this.#refuseClosing();
    const { kernel, store, versions } = this.#options;
    const connections = new Map(request.connections);
    const hosts = [...connections].map(([name, { uri }]) => ({ name, uri: uri.text }));
    const run: RunRecord = {
      id: asked === undefined ? await this.#newId() : await this.#ownId(asked.id),
      title: request.operation,
      kind: "operation",
      versions,
      input: {},
      hosts: connectedHosts(hosts, { connections, lost: [] }),
      needs: [],
      grants: [],
      principal: request.caller.principal,
      seed: "",
      state: "running",
      epoch: kernel.epoch,
      createdAt: kernel.clock.now(),
      unknownOutcome: false,
      resumes: 0,
      ...(asked === undefined ? {} : { request: asked.request }),
    };
    return await callRecorded(request, {
      kernel,
      store,
      run,
      ...(asked?.begun === undefined ? {} : { begun: asked.begun }),
    });
  }

  /** Runs, newest first: those that go on or can be resumed, or all of them. */
  async list({ all = false }: { readonly all?: boolean } = {}): Promise<readonly RunView[]> {
    const states: readonly RunState[] = [...drivenStates, "interrupted"];
    const runs = await this.#options.store.runs(all ? {} : { states });
    return runs.map(viewOf);
  }

  /**
   * One run with its steps.
   *
   * @throws {VirtError} `not-found`
   */
  async show(id: string): Promise<{ readonly run: RunView; readonly steps: readonly RunEvent[] }> {
    const run = viewOf(await this.#record(id));
    const steps = await this.#options.store.steps(id);
    return {
      run,
      steps: steps.filter(({ kind }) => kind === "call" || kind === "acquire").map((step) =>
        recordedStepEvent(step, { at: step.settledAt ?? step.issuedAt })
      ),
    };
  }

  /**
   * A run's log.
   *
   * @throws {VirtError} `not-found`
   */
  async logs(id: string, filter: LogFilter = {}): Promise<readonly LogRecord[]> {
    await this.#record(id);
    return await this.#options.store.logs(id, filter);
  }

  /** A run that goes on; `undefined` where it does not. */
  active(id: string): ActiveRun | undefined {
    return this.#driven.get(id);
  }

  /**
   * Where a run's secrets come from.
   *
   * @throws {VirtError} `not-found`
   */
  async secretsOf(id: string): Promise<SecretBindings> {
    const { secrets, secretOffers } = await this.#record(id);
    return { ...secretOffers, ...secrets };
  }

  /**
   * Asks a run to end; it gives back what it holds first.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where it does not go on.
   */
  async cancel(id: string, reason = "a person asked for it"): Promise<RunView> {
    const record = await this.#record(id);
    const driven = this.#driven.get(id);
    if (driven === undefined) {
      throw new VirtError("wrong-state", `Cannot cancel run ${id}: it is ${record.state}`, {
        ...(record.state === "interrupted" ? { hint: `Give it up with: drover runs abandon ${id}` } : {}),
      });
    }
    driven.session.cancel(reason);
    return viewOf(await this.#record(id));
  }

  /**
   * Gives an interrupted run up: what it holds is given back, what it made for a time is undone.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where it goes on or has ended; whatever undoing fails with, and the
   *   run stays as it was then.
   */
  async abandon(id: string): Promise<RunView> {
    const run = await this.#stopped(id, "abandon");
    await this.#dead.abandon(run);
    return viewOf(await this.#record(id));
  }

  /** Takes an outcome that nobody could find out as given. Whether there was one. */
  async accept(key: string, { as, principal }: {
    readonly as: "done" | "not-done";
    readonly principal: string;
  }): Promise<boolean> {
    const { kernel, store } = this.#options;
    const doubt = (await store.uncertain()).find((each) => each.key === key);
    if (!kernel.accept(key)) return false;
    store.addAudit({
      at: kernel.clock.now(),
      principal,
      decision: "accepted",
      operation: doubt?.operation ?? "",
      object: doubt?.label ?? key,
      detail: as,
    });
    await store.flush();
    return true;
  }

  /** Connects, and gives interrupted runs what they hold on that host before anybody else gets it. */
  async connect(uri: string, options: ConnectOptions = {}): Promise<DriverConnection> {
    const connection = await this.#options.kernel.connect(uri, options);
    await this.#dead.hold(connection);
    return connection;
  }

  /** Undoes what dead runs left behind whose time is over, and tries again what could not be undone. */
  async settleDead(): Promise<void> {
    await this.#dead.settle((id) => this.#driven.has(id));
  }

  /** Resolves when no run goes on. */
  async idle(): Promise<void> {
    while (this.#driven.size > 0) await Promise.all([...this.#driven.values()].map(({ ended }) => ended));
  }

  /** Ends every run where it stands; they can be resumed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new VirtError("cancelled", "The runtime is closing"));
    this.#dead.close();
    for (const { session } of this.#driven.values()) session.interrupt("its runtime was closed");
    await this.idle();
  }

  #drive(
    run: RunRecord,
    launched: Launched,
    { resumed, ...whom }: WhomToAsk & { readonly resumed?: ResumedRun },
  ): ActiveRun {
    const { kernel, store, graceMs } = this.#options;
    const feed = new RunFeed();
    const left = new AbortController();
    void launched.endpoint.exited.then(() => left.abort(new VirtError("cancelled", "The run has ended")));
    const objects: { of?: SecretObjects } = {};
    const secrets = new RunSecrets(
      run.secrets ?? {},
      this.#options.fetchSecret ?? secretFetcher({
        kernel,
        stateDirectory: this.#options.stateDirectory,
        recipe: run.title,
        signal: left.signal,
        ask: whom.askSecret,
        objects: () => objects.of,
      }),
      { offers: run.secretOffers ?? {}, rehearsed: this.#options.fetchSecret !== undefined },
    );
    const session = new Session({
      run,
      secrets,
      kernel,
      store,
      endpoint: launched.endpoint,
      feed,
      recipe: launched.recipe,
      prepare: (declaration) =>
        this.#prepare(run, declaration, {
          resuming: resumed !== undefined,
          signal: left.signal,
          secrets,
          useObjects: (found) => objects.of = found,
          ...whom,
        }),
      readFile: (name) => readRecipeFile(run.recipe ?? "", name),
      folder: () => dirname(run.recipe ?? "/"),
      onState: (state) => void this.#changed(run.id, { feed, state }),
      ...(resumed === undefined ? {} : { resumed }),
      ...(graceMs === undefined ? {} : { graceMs }),
    });
    const ended = session.run().then(async (end): Promise<RunView> => {
      if (end.state === "interrupted") this.#dead.keep(run.id, session.held);
      this.#driven.delete(run.id);
      const record = await store.run(run.id).catch(() => undefined);
      const { state, exit, error } = end;
      const view = viewOf({ ...record ?? run, state, exit, ...(error === undefined ? {} : { error }) });
      feed.publish({ type: "run", at: kernel.clock.now(), run: view });
      feed.close();
      return view;
    });
    const driven: Driven = {
      id: run.id,
      feed,
      session,
      ended,
      watch: (signal) => feed.watch(signal),
      listen: (listener) => feed.listen(listener),
    };
    this.#driven.set(run.id, driven);
    return driven;
  }

  async #prepare(
    run: RunRecord,
    { hosts: named, anyHosts = false, needs, inputSchema, spareHosts = anyHosts, secrets: declared }:
      RecipeDeclaration,
    { resuming, signal, secrets, useObjects, ask, person }: WhomToAsk & {
      readonly resuming: boolean;
      readonly signal: AbortSignal;
      readonly secrets: RunSecrets;
      readonly useObjects: (objects: SecretObjects) => void;
    },
  ): Promise<PreparedRun> {
    const { store, kernel } = this.#options;
    const input = declaredInput(run, inputSchema);
    await secrets.declare(declared);
    const opening = {
      hosts: run.hosts,
      connect: (uri: string) => this.connect(uri, { signal, ...(person === undefined ? {} : { person }) }),
    };
    // A recipe for any hosts has those that it was given.
    const names = anyHosts ? run.hosts.map(({ name }) => name) : named;
    const { connections, lost } = spareHosts
      ? await connectReachable(names, opening)
      : { connections: await connectHosts(names, opening), lost: [] };
    if (resuming) {
      refuseOtherHosts(run, connections);
      await enumerated(connections.values(), { clock: kernel.clock, signal: this.#closing.signal });
    }
    store.changeRun(run.id, { needs, hosts: connectedHosts(run.hosts, { connections, lost }) });
    const caller = { principal: run.principal, run: run.id, title: run.title, since: run.createdAt };
    const asking = {
      caller,
      ...(run.policy === undefined ? {} : { policy: run.policy }),
      uris: new Map(run.hosts.map(({ name, uri }) => [name, uri])),
      title: run.title,
      ...(ask === undefined ? {} : { ask }),
    };
    const authority = await this.#options.authorize({
      ...asking,
      needs,
      grants: run.grantNeeds === true ? [...run.grants, ...needs] : run.grants,
    });
    // Where a secret comes from is no matter of the recipe, and so are the rights to read it there.
    useObjects({
      connections,
      caller,
      authority: () => this.#options.authorize({ ...asking, needs: secretObjectNeeds, grants: run.grants }),
    });
    await secrets.fetchAll({ resuming });
    return { connections, authority, hosts: hostNames(connections), lost, input };
  }

  /** Finds out what became of a single operation, and carries it out where it was not done. */
  async #resumeOperation(run: RunRecord, { assume }: ResumeRun): Promise<ActiveRun> {
    const { kernel, store } = this.#options;
    const feed = new RunFeed();
    const outcome = await this.#dead.finishOperation(run, assume?.get(0));
    await settleOperation(outcome, { kernel, store, run });
    feed.close();
    const view = viewOf(await this.#record(run.id));
    return {
      id: run.id,
      ended: Promise.resolve(view),
      watch: (signal) => feed.watch(signal),
      listen: (listener) => feed.listen(listener),
    };
  }

  async #changed(
    id: string,
    { feed, state }: { readonly feed: RunFeed; readonly state: RunState },
  ): Promise<void> {
    const { store, kernel } = this.#options;
    if (state === "running") store.changeRun(id, { state });
    const record = await store.run(id);
    if (record !== undefined) feed.publish({ type: "run", at: kernel.clock.now(), run: viewOf(record) });
  }

  async #record(id: string): Promise<RunRecord> {
    const run = await this.#options.store.run(id);
    if (run !== undefined) return run;
    throw new VirtError("not-found", `There is no run ${id}`, {
      hint: "List runs with: drover runs list --all",
    });
  }

  /** A run that nobody drives and that has not ended. */
  async #stopped(id: string, doing: "resume" | "abandon"): Promise<RunRecord> {
    const run = await this.#record(id);
    if (run.state === "interrupted" && !this.#driven.has(id)) return run;
    if (run.state === "cancelled" && doing === "resume") {
      await this.#refuseLostHosts(run);
      return await rewindCancelled(run, this.#options.store);
    }
    const hint = this.#driven.has(id) ? { hint: `Cancel it first with: drover runs cancel ${id}` } : {};
    throw new VirtError("wrong-state", `Cannot ${doing} run ${id}: it is ${run.state}`, hint);
  }

  /** A run whose host has lost its state has nothing to go back to. */
  async #refuseLostHosts(run: RunRecord): Promise<void> {
    const names = run.hosts.filter(({ host }) => host !== undefined).map(({ name }) => name);
    const connections = await connectHosts(names, { hosts: run.hosts, connect: (uri) => this.connect(uri) });
    refuseOtherHosts(run, connections);
  }

  /** The shortest beginning of a random number that no run has. */
  async #newId(): Promise<string> {
    const digits = this.#options.kernel.clock.uuid().replaceAll("-", "");
    for (let length = 4; length < digits.length; length++) {
      const id = digits.slice(0, length);
      if (!this.#driven.has(id) && await this.#options.store.run(id) === undefined) return id;
    }
    return digits;
  }

  /** Ids are unique; a second run of one would damage the journal. */
  async #ownId(id: string): Promise<string> {
    if (await this.#options.store.run(id) === undefined) return id;
    throw new VirtError("already-exists", `Cannot begin run ${id}: there is one already`);
  }

  #refuseClosing(): void {
    this.#closing.signal.throwIfAborted();
  }
}
