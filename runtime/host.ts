/**
 * The kernel of a state directory, as one process: lock, epoch, journal, kernel and runs.
 *
 * @module
 */
import { channelVersion } from "../model/channel.ts";
import { operations } from "../model/operations/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Driver, DriverMap } from "./driver.ts";
import { canonicalText, sha256 } from "./journal/json.ts";
import { SqliteStore } from "./journal/sqlite_store.ts";
import type { Retention, Store } from "./journal/store.ts";
import { type CallWatch, Kernel } from "./kernel.ts";
import { type Authorize, grantAuthorize } from "./run/authorize.ts";
import { type Launched, type LaunchRequest, RunManager } from "./run/manager.ts";
import { sweepWrittenRecipes } from "./run/written_recipes.ts";
import { recoverRuns, rememberDoubt } from "./run/recovery.ts";
import { sweepScratch } from "./sandbox/scratch.ts";
import type { Scheduler } from "./scheduler.ts";
import type { KernelSettings } from "./settings.ts";
import type { Doubt } from "./uncertain.ts";

/** What a host is opened with. */
export interface HostOptions {
  /** Absolute; made where it is not there. */
  readonly stateDirectory: string;
  readonly drivers: readonly Driver[];
  /** What can be done on every connection, whatever its driver. @default nothing */
  readonly operations?: DriverMap;
  /** Puts recipes into their sandboxes. */
  readonly launch: (request: LaunchRequest) => Promise<Launched>;
  /** The project's version, kept with each run. */
  readonly version: string;
  /** @default by needs and grants */
  readonly authorize?: (context: { readonly clock: Clock; readonly store: Store }) => Authorize;
  /** @default the machine's clock */
  readonly clock?: Clock;
  readonly settings?: Partial<KernelSettings>;
  /** @default straight through */
  readonly scheduler?: Scheduler;
  /** Opens the journal. @default the SQLite file at the path */
  readonly openStore?: (path: string) => Store;
  /** Stands around every call. @default nobody watches */
  readonly watch?: CallWatch;
  /** Stands around every commit of the journal, to measure it. @default nobody watches */
  readonly watchCommit?: (commit: () => void) => void;
  /** @default 30 days, 1 GiB */
  readonly retention?: Retention;
  /** How long an interrupted run keeps what it holds, in milliseconds. @default 24 hours */
  readonly resumeWindowMs?: number;
  /** How long a cancelled recipe may take to give back what it holds, in milliseconds. @default 10000 */
  readonly graceMs?: number;
}

/** How often the journal is pruned, in milliseconds. */
const pruneMs = 60 * 60 * 1000;

const defaultRetention: Retention = { keepMs: 30 * 24 * 60 * 60 * 1000, maxBytes: 1 << 30 };

/** The kernel of a state directory, in this process. */
export class Host implements AsyncDisposable {
  readonly stateDirectory: string;
  readonly epoch: number;
  /** When it was opened, in milliseconds since 1970. */
  readonly since: number;
  readonly store: Store;
  readonly kernel: Kernel;
  readonly runs: RunManager;
  readonly #lock: Deno.FsFile;
  readonly #settling: Promise<void>;
  #pruning: Disposable | undefined;
  #closed: Promise<void> | undefined;

  /** Use {@linkcode openHost}. */
  constructor(options: HostOptions, opened: Opened) {
    const { stateDirectory, drivers, clock = systemClock, settings, scheduler, authorize, watch } = options;
    const { store, epoch, lock, doubts } = opened;
    this.stateDirectory = stateDirectory;
    this.epoch = epoch;
    this.since = clock.now();
    this.store = store;
    this.#lock = lock;
    this.kernel = new Kernel({
      drivers,
      clock,
      epoch,
      stateDirectory,
      uncertain: doubts,
      onDoubt: (key, doubt) => rememberDoubt(store, { key, doubt }),
      ...(options.operations === undefined ? {} : { operations: options.operations }),
      ...(settings === undefined ? {} : { settings }),
      ...(scheduler === undefined ? {} : { scheduler }),
      ...(watch === undefined ? {} : { watch }),
    });
    const { version, launch, resumeWindowMs, graceMs } = options;
    this.runs = new RunManager({
      kernel: this.kernel,
      store,
      launch,
      authorize: (authorize ?? grantAuthorize)({ clock, store }),
      stateDirectory,
      versions: { drover: version, channel: channelVersion, operations: operationsHash() },
      ...(resumeWindowMs === undefined ? {} : { resumeWindowMs }),
      ...(graceMs === undefined ? {} : { graceMs }),
    });
    this.#settling = this.#settle(options.retention ?? defaultRetention);
  }

  /** Resolves when what dead runs left behind has been seen to, as far as possible. Never rejects. */
  get settled(): Promise<void> {
    return this.#settling;
  }

  /** Interrupts every run, makes everything durable, and gives the directory back. May be called more than once. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #settle(retention: Retention): Promise<void> {
    await this.#prune(retention);
    try {
      await this.runs.settleDead();
    } catch {
      // The journal cannot be written: the next write says so to whoever asked for it.
    }
    await sweepScratch();
  }

  /** Forgets what is old or too much, now and from time to time. */
  async #prune(retention: Retention): Promise<void> {
    const { clock } = this.kernel;
    try {
      await this.store.prune({ ...retention, now: clock.now() });
      await sweepWrittenRecipes({ stateDirectory: this.stateDirectory, store: this.store, now: clock.now() });
    } catch {
      return;
    }
    if (this.#closed === undefined) {
      this.#pruning = clock.after(pruneMs, () => void this.#prune(retention));
    }
  }

  async #close(): Promise<void> {
    this.#pruning?.[Symbol.dispose]();
    try {
      await this.runs[Symbol.asyncDispose]();
      await this.#settling;
      await this.kernel.close();
    } finally {
      try {
        await this.store[Symbol.asyncDispose]();
      } finally {
        this.#lock.close();
      }
    }
  }
}

interface Opened {
  readonly store: Store;
  readonly epoch: number;
  readonly lock: Deno.FsFile;
  readonly doubts: ReadonlyMap<string, Doubt>;
}

/**
 * Becomes the kernel of a state directory. What the kernel before left, if it died, is on record as interrupted then.
 *
 * @returns `undefined` where another process is its kernel.
 * @throws {VirtError} `unsupported` where a later version wrote the journal, `operation-failed` where it is damaged.
 */
export async function openHost(options: HostOptions): Promise<Host | undefined> {
  const { stateDirectory, clock = systemClock } = options;
  await Deno.mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const lock = takeLock(`${stateDirectory}/lock`);
  if (lock === undefined) return undefined;
  let store: Store | undefined;
  try {
    const path = `${stateDirectory}/journal.db`;
    store = options.openStore?.(path) ?? openPrivateStore(path, { ...options, clock });
    const epoch = await store.nextEpoch();
    const doubts = await recoverRuns(store, clock.now());
    return new Host(options, { store, epoch, lock, doubts });
  } catch (error) {
    try {
      await store?.[Symbol.asyncDispose]();
    } finally {
      lock.close();
    }
    throw error;
  }
}

/** The lock is the process's: it goes with it, however that ends. */
function takeLock(path: string): Deno.FsFile | undefined {
  const file = Deno.openSync(path, { create: true, write: true, mode: 0o600 });
  if (!file.tryLockSync(true)) {
    file.close();
    return undefined;
  }
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  return file;
}

/** Recipes' inputs and answers are nobody else's business. */
function openPrivateStore(
  path: string,
  { clock, watchCommit }: Pick<HostOptions, "watchCommit"> & { readonly clock: Clock },
): Store {
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  return new SqliteStore(path, { clock, ...(watchCommit === undefined ? {} : { watchCommit }) });
}

/** What the operations are, as far as a run depends on it. */
function operationsHash(): string {
  const facts = [...operations.values()].map(({ name, effect, job, permission, reconcile }) => [
    name,
    effect,
    job,
    permission,
    reconcile,
  ]);
  return sha256(canonicalText(facts));
}
