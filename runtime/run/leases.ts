/**
 * The leases of one run: rows in the journal that say what must be given back or undone, and the giving back.
 *
 * @module
 */
import { toErrorData, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { CallState } from "../call.ts";
import type { LeasePatch, LeaseRecord } from "../journal/record.ts";
import type { Lease } from "../lease.ts";
import { madeRef, undo, type UndoContext, undoInput, undoOf } from "./undo.ts";

/** What to take for the run alone. */
export interface AcquireOptions {
  readonly step: number;
  readonly objects: readonly ObjectRef[];
  readonly signal: AbortSignal;
  readonly deadline?: number;
  readonly onState?: (state: CallState) => void;
}

/** A call whose result is to be taken back when the run ends. */
export interface TemporaryCall {
  readonly step: number;
  readonly operation: Operation;
  readonly connection: string;
  readonly label: string;
  readonly target?: ObjectRef;
}

/** What a run has from before a resume. */
export interface EarlierLeases {
  /** Its rows, oldest first. */
  readonly records?: readonly LeaseRecord[];
  /** What is already held in its name. */
  readonly held?: readonly Lease[];
}

/** A lease that could not be ended. */
export interface LeaseFailure {
  readonly lease: LeaseRecord;
  readonly error: VirtError;
}

const overStates: ReadonlySet<LeaseRecord["state"]> = new Set(["released", "undone", "kept"]);

/** The leases of one run. */
export class RunLeases {
  readonly #context: UndoContext;
  readonly #run: string;
  readonly #records = new Map<string, LeaseRecord>();
  readonly #held = new Map<string, Lease>();
  readonly #ending = new Map<string, Promise<void>>();

  /** @param earlier what the run has from before */
  constructor(context: UndoContext & { readonly run: string }, earlier: EarlierLeases = {}) {
    this.#context = context;
    this.#run = context.run;
    for (const record of earlier.records ?? []) this.#records.set(record.id, record);
    for (const lease of earlier.held ?? []) this.#held.set(lease.id, lease);
  }

  /** The kernel's leases that are held now. */
  get held(): readonly Lease[] {
    return [...this.#held.values()];
  }

  /** Leases that are not over, oldest first. */
  get open(): readonly LeaseRecord[] {
    return [...this.#records.values()].filter(({ state }) => !overStates.has(state));
  }

  /**
   * Takes objects for the run alone.
   *
   * @throws {VirtError} `not-found`, `slot-timeout`, `deadlock`; the signal's reason.
   */
  async acquire({ step, objects, ...options }: AcquireOptions): Promise<LeaseRecord> {
    const { kernel, caller, connections, store } = this.#context;
    const id = this.#id(step);
    const lease = await kernel.acquire({ id, objects, caller, connections, ...options });
    const known = this.#records.get(id);
    const record: LeaseRecord = known ?? {
      id,
      run: this.#run,
      step,
      kind: "exclusive",
      state: "held",
      label: objects.map(({ name }) => name).join(", "),
      objects,
      keys: lease.keys,
      createdAt: kernel.clock.now(),
      attempts: 0,
    };
    this.#held.set(id, lease);
    this.#records.set(id, record);
    if (known === undefined) store.addLease(record);
    return record;
  }

  /**
   * Takes again what the run held exclusively when its kernel died.
   *
   * @param deadline milliseconds since 1970; none where absent
   * @throws {VirtError} as {@linkcode acquire}
   */
  async reacquire(signal: AbortSignal, deadline?: number): Promise<void> {
    for (const { id, step, kind, objects } of this.open) {
      if (kind !== "exclusive" || this.#held.has(id)) continue;
      await this.acquire({ step, objects, signal, ...(deadline === undefined ? {} : { deadline }) });
    }
  }

  /**
   * Whether the results of an operation can be taken back.
   *
   * @throws {VirtError} `invalid-argument` where they cannot.
   */
  check(operation: Operation): void {
    undoOf(operation);
  }

  /**
   * Writes down that a call's result is to be taken back. To be made durable before the call acts.
   *
   * @throws {VirtError} `invalid-argument` where nothing takes the operation back.
   */
  expect({ step, operation, connection, label, target }: TemporaryCall): void {
    const id = this.#id(step);
    if (this.#records.has(id)) return;
    const record: LeaseRecord = {
      id,
      run: this.#run,
      step,
      kind: "temporary",
      state: "held",
      label,
      objects: [],
      keys: [],
      undo: {
        operation: undoOf(operation),
        connection,
        made: { operation: operation.name, ...(target === undefined ? {} : { target }) },
      },
      createdAt: this.#context.kernel.clock.now(),
      attempts: 0,
    };
    this.#records.set(id, record);
    this.#context.store.addLease(record);
  }

  /** The call of a temporary lease answered: what is to be taken back is known. Returns the lease's id. */
  made(step: number, value: unknown): string | undefined {
    const record = this.#records.get(this.#id(step));
    if (record?.undo === undefined) return undefined;
    const target = madeRef(value, record.undo.made.target);
    const input = undoInput(record.undo.made.operation, value);
    if (target !== undefined) {
      this.#change(record, {
        undo: { ...record.undo, target, ...(input === undefined ? {} : { input }) },
        label: target.name,
      });
    }
    return record.id;
  }

  /** The call of a temporary lease made nothing. */
  notMade(step: number): void {
    const record = this.#records.get(this.#id(step));
    if (record !== undefined) {
      this.#change(record, { state: "undone", endedAt: this.#context.kernel.clock.now() });
    }
  }

  /**
   * Ends a lease: frees its objects, or undoes what it stands for. Ending it twice does no harm.
   *
   * @throws {VirtError} `not-found` where the run has no such lease; what the undo failed with.
   */
  release(id: string): Promise<void> {
    const record = this.#lookUp(id);
    if (overStates.has(record.state)) return Promise.resolve();
    const under = this.#ending.get(id);
    if (under !== undefined) return under;
    const ending = this.#end(record).finally(() => this.#ending.delete(id));
    this.#ending.set(id, ending);
    return ending;
  }

  /**
   * Ends a lease without its undo.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where its undo has begun.
   */
  async keep(id: string): Promise<void> {
    const record = this.#lookUp(id);
    if (record.state === "kept") return;
    if (record.state !== "held" || this.#ending.has(id)) {
      throw new VirtError("wrong-state", `Cannot keep "${record.label}": its lease has ended`);
    }
    await this.#held.get(id)?.release();
    this.#held.delete(id);
    this.#change(record, { state: "kept", endedAt: this.#context.kernel.clock.now() });
  }

  /** Ends every lease, the youngest first. What cannot be undone is told and stays on record. */
  async endAll(): Promise<readonly LeaseFailure[]> {
    const failures: LeaseFailure[] = [];
    for (const lease of this.open.toReversed()) {
      try {
        await this.release(lease.id);
      } catch (error) {
        failures.push({ lease, error: asVirtError(error) });
      }
    }
    return failures;
  }

  async #end(record: LeaseRecord): Promise<void> {
    const { store, kernel } = this.#context;
    if (record.kind === "exclusive") {
      await this.#held.get(record.id)?.release();
      this.#held.delete(record.id);
      this.#change(record, { state: "released", endedAt: kernel.clock.now() });
      return;
    }
    const attempts = record.attempts + 1;
    const begun = this.#change(record, { state: "undoing", attempts });
    await store.flush();
    try {
      await undo(begun, this.#context);
    } catch (error) {
      this.#change(begun, { state: "stuck", error: toErrorData(asVirtError(error)) });
      await store.flush();
      throw error;
    }
    this.#change(begun, { state: "undone", endedAt: kernel.clock.now() });
    await store.flush();
  }

  #change(record: LeaseRecord, patch: LeasePatch): LeaseRecord {
    const changed: LeaseRecord = { ...record, ...patch };
    this.#records.set(record.id, changed);
    this.#context.store.changeLease(record.id, patch);
    return changed;
  }

  #lookUp(id: string): LeaseRecord {
    const record = this.#records.get(id);
    if (record !== undefined) return record;
    throw new VirtError("not-found", `Cannot end lease "${id}": this run has no such lease`);
  }

  #id(step: number): string {
    return `${this.#run}-${step}`;
  }
}

function asVirtError(error: unknown): VirtError {
  return error instanceof VirtError ? error : new VirtError("internal", String(error), { cause: error });
}
