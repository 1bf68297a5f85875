/**
 * The contract between the kernel and its drivers.
 *
 * A driver is a map from operation to function. What is not in the map is unsupported, and a connection says
 * so before anything runs. A driver function awaits nothing but `job.hop(...)`.
 *
 * @module
 */
import type { ObjectClass, ObjectRef, Phase } from "../model/object.ts";
import type { OutputOf, ParsedInputOf } from "../model/operation.ts";
import type { OperationName, Operations } from "../model/operations/mod.ts";
import type { NormalJob } from "../model/operation.ts";
import type { ConnectionUri } from "../model/uri.ts";
import type { Clock } from "./clock.ts";
import type { Gate } from "./gate.ts";
import type { ManagedObject } from "./object.ts";
import type { Person } from "./person.ts";

/** Orders what two kernels, or a kernel and its own past, may still do: the later one wins. */
export interface FencingToken {
  /** Grows by one with each kernel that takes over the state directory. */
  readonly epoch: number;
  /** Grows by one with each job of that kernel. */
  readonly counter: number;
}

/** What a hop may say about itself. */
export interface HopOptions {
  /**
   * Liveness is not rechecked when the hop returns: for offline migration and for the steps of a migration after the
   * source is legitimately gone.
   */
  readonly offline?: boolean;
  /**
   * Whether the far side may have acted when the link breaks during this hop.
   * @default true for operations that write
   */
  readonly acts?: boolean;
  /** Goes although the job was cancelled: gives back what was begun. @default false */
  readonly givesBack?: boolean;
}

/**
 * Something that leaves the process: a monitor command, a remote call, a program, a lock on a file. It gets the
 * job's signal, and what is alive of the object at the moment of leaving, never to be kept across hops.
 */
export type HopFunction<Live, T> = (signal: AbortSignal, live: Live) => Promise<T>;

/** What a driver function works through. */
export interface Job<Live = unknown, Facts = unknown> {
  readonly operation: OperationName;
  /** The object whose slot the job holds; for operations on a connection, the connection's own object. */
  readonly object: ManagedObject<Live, Facts>;
  readonly connection: DriverConnection;
  /** What the call was made on, where that is not the job's object: a snapshot of the domain whose slot the job holds. */
  readonly target?: ManagedObject;
  readonly token: FencingToken;
  readonly clock: Clock;
  /** Aborts on cancel, on the deadline, and when the token is revoked. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** The UUID for an object that this call makes and that its definition does not name; the same after a resume. */
  readonly newId: string;
  /** A reference to an object, as the caller knows the connection. Drivers make references by this alone. */
  ref<C extends ObjectClass>(object: ManagedObject<unknown, unknown>, objectClass: C): ObjectRef<C>;
  /** The job on the other side, for operations that span two hosts. */
  readonly peer?: Job<Live, Facts>;
  /**
   * Leaves the process and comes back.
   *
   * @throws {VirtError} `object-gone` where the object died meanwhile, `changed-outside` where somebody else changed
   * it, `revoked` where the job lost its right to act, else whatever `fn` throws.
   */
  hop<T>(where: string, fn: HopFunction<Live, T>, options?: HopOptions): Promise<T>;
  /** Which normal jobs may run meanwhile; for asynchronous jobs. `destroy` may always. */
  allow(jobs: readonly NormalJob[]): void;
  /** How far it is, from 0 to 1, for people. */
  progress(fraction: number, detail?: string): void;
  /** Records what is alive; the job goes on with the generation that follows. */
  goLive(live: Live): void;
  /** The object stopped by this job's own doing; the job goes on with the generation that follows. */
  goDown(): void;
  /** The object was removed by this job's own doing; the job goes on with the generation that follows. */
  remove(): void;
  /** Tells subscribers; `object` is the job's where not given. */
  emit(
    type: string,
    options?: { readonly detail?: string; readonly object?: ManagedObject<unknown, unknown> },
  ): void;
}

/** What a look at the far side says about an operation whose link broke. */
export type Reconciled<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "not-done" }
  | { readonly kind: "unknown"; readonly reason: string };

/** What was noted about the object before an operation acted, to reconcile by. Plain data, journalled. */
export type Observation = Readonly<Record<string, unknown>>;

/** How a driver carries out an operation. */
export interface Implementation<N extends OperationName> {
  /** Does it. */
  // deno-lint-ignore no-explicit-any -- each driver has its own live and fact types
  readonly run: (job: Job<any, any>, input: ParsedInputOf<Operations[N]>) => Promise<OutputOf<Operations[N]>>;
  /** What to note before it acts; no hop. */
  // deno-lint-ignore no-explicit-any -- as above
  readonly observe?: (job: Job<any, any>, input: ParsedInputOf<Operations[N]>) => Observation;
  /** Finds out whether it happened. Looks only, through hops of its own. */
  readonly reconcile?: (
    // deno-lint-ignore no-explicit-any -- as above
    job: Job<any, any>,
    input: ParsedInputOf<Operations[N]>,
    before: Observation,
  ) => Promise<Reconciled<OutputOf<Operations[N]>>>;
  /**
   * For a destroy: kills first, before it has the slot, through nothing that a stuck monitor could block. `run` follows
   * with the slot in hand and kills what is alive then: somebody may have started it again, and what a run holds
   * exclusively is not killed before its turn.
   */
  // deno-lint-ignore no-explicit-any -- as above
  readonly kill?: (job: Job<any, any>, input: ParsedInputOf<Operations[N]>) => Promise<void>;
  /**
   * Which slots the call takes, where that is not simply its target's: operations on a connection or a parent that
   * name or make an object, and those that need several. Asked again when the slots are there, since the world may have
   * moved. The job's object is the first one claimed as a job, else the target, else the connection's own object.
   * A name that does not exist yet is claimed as a name.
   */
  readonly about?: (
    connection: DriverConnection,
    input: ParsedInputOf<Operations[N]>,
    target: ManagedObject | undefined,
  ) => readonly SlotClaim[];
}

/** A slot that an operation needs beside its target's. */
export type SlotClaim =
  | { readonly object: ManagedObject; readonly as?: "job" | "use" }
  | {
    readonly objectClass: ObjectRef["$ref"];
    readonly name: string;
    /** The id of what is going to hold it: a volume's pool. */
    readonly parent?: string;
  };

/** What a driver can do. */
export type DriverMap = { readonly [N in OperationName]?: Implementation<N> };

/** An event as a driver reports it; the kernel numbers and stamps it. */
export interface DriverEvent {
  readonly object: ManagedObject;
  readonly type: string;
  readonly detail?: string;
}

/** An open connection to one host. */
export interface DriverConnection {
  /** The host's UUID: the first part of every object key. */
  readonly host: string;
  readonly driver: string;
  readonly uri: ConnectionUri;
  /** Changes when the host lost its state; a resume against another one stops. Absent where state is durable. */
  readonly bootId?: string;
  readonly implementations: DriverMap;
  /** Opens when the first enumeration has ended. */
  readonly ready: Gate;
  /** The object that stands for the connection itself. */
  readonly self: ManagedObject;
  /** Finds a managed object by its id (and parent), or `undefined`. Never leaves the process. */
  find(ref: Pick<ObjectRef, "$ref" | "id" | "parent">): ManagedObject | undefined;
  /** Everything that is known, for views, `plan` and completions. Never leaves the process. */
  objects(): Iterable<ManagedObject>;
  /**
   * A fresh look at the object on the far side, before a write: bumps the generation where it moved. Absent where
   * nobody else can act.
   */
  look?(object: ManagedObject, signal: AbortSignal): Promise<void>;
  /**
   * Reads the definitions of objects, so that `config` is what is there now: by it permissions are decided that go by
   * labels, or by what a definition reaches that it did not reach before. What may not be read stays as it was. Absent
   * where `config` always is.
   */
  describe?(objects: readonly ManagedObject[], signal: AbortSignal): Promise<void>;
  /** Storage that the owner has granted: host paths of pools. What a definition may reach without a `host:*` grant. */
  grantedPaths(): readonly string[];
  /** Subscribes to what happens, including what others did. */
  onEvent(listener: (event: DriverEvent) => void): Disposable;
  close(): Promise<void>;
}

/** What the kernel gives a driver. */
export interface DriverEnvironment {
  readonly clock: Clock;
  /** The kernel's epoch. */
  readonly epoch: number;
  readonly signal: AbortSignal;
  /** Where drivers may keep files; absent in memory-only use. */
  readonly stateDirectory?: string;
  /**
   * Whom to ask while the connection is opened; absent where there is nobody. They may be gone afterwards: what a later
   * attempt needs is to be remembered.
   */
  readonly person?: Person;
  /** What the runtime itself can do on every connection: the connection offers it beside what its driver can. */
  readonly operations?: DriverMap;
}

/** A driver. */
export interface Driver {
  /** `test`, `qemu`, … : the second part of every object key. */
  readonly name: string;
  /** The URI schemes that it serves. */
  readonly schemes: readonly string[];
  /** Whether it serves a URI, where the scheme alone does not decide that. The first driver that does is asked. */
  serves?(uri: ConnectionUri): boolean;
  connect(uri: ConnectionUri, environment: DriverEnvironment): Promise<DriverConnection>;
}

/** A broken link: the far side may have acted. Thrown by a driver's transport inside a hop. */
export interface LinkBrokenDetail {
  readonly mayHaveActed: boolean;
}

/** What a life-cycle operation commonly answers. */
export interface PhaseView {
  readonly phase: Phase;
  readonly generation: number;
}
