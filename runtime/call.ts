/**
 * The call: the one value that travels from a recipe, or the command line, to a driver function.
 *
 * @module
 */
import type { ObjectRef } from "../model/object.ts";
import type { HostPlace, JobKind, Reaches } from "../model/operation.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Permission } from "../model/permission.ts";
import type { DriverConnection, FencingToken, Observation } from "./driver.ts";
import type { ManagedObject } from "./object.ts";
import type { Concealing } from "./secret/concealer.ts";

/** On whose behalf something happens. Slots, leases and audit entries name it. */
export interface Caller {
  /** The person or service: `uid:1000`, `alice`. */
  readonly principal: string;
  /** The run, where there is one. Leases belong to it. */
  readonly run?: string;
  /** What people call it: `recipes/nightly.ts`. */
  readonly title?: string;
  /** Where whoever asks is, for the audit log: `tls 192.0.2.7:53124`. */
  readonly from?: string;
  /** When it began, in milliseconds since 1970; of two callers that wait for each other the younger one yields. */
  readonly since: number;
}

/** Decides whether a call may be made: recipe's needs, person's grants, and what definitions reach. */
export interface Authority {
  /**
   * Checks one use of a permission on an object, and writes the decision to the audit log.
   *
   * @throws {VirtError} `permission-denied`, saying whether need or grant is missing.
   */
  check(use: PermissionUse): void | Promise<void>;
  /**
   * Checks what a call reaches on the host beyond granted storage, and the names and labels that it gives.
   *
   * @throws {VirtError} `permission-denied`, naming what is reached and the `host:*` grant that would allow it;
   * `invalid-document` where it cannot be read.
   */
  checkReach(use: ReachUse): void | Promise<void>;
  /** Whether any decision depends on what definitions say: on labels. @default false */
  readonly readsDefinitions?: boolean;
  /** Whether the object may be seen with this permission; decides lists, without an audit entry. */
  sees(use: PermissionUse): boolean;
  /** Whether everything may be seen, so that lists need not be looked through. @default false */
  readonly seesAll?: boolean;
}

/** One use of a permission. */
export interface PermissionUse {
  readonly permission: Permission;
  readonly connection: string;
  /** The name that globs are matched against; absent for uses that concern no single object. */
  readonly name?: string;
  /** The name of what holds the object: a volume's pool. */
  readonly parentName?: string;
  /** The object's definition, for the labels in it. */
  readonly definition?: string;
  /** The labels themselves, where they are known already. */
  readonly labels?: readonly string[];
  readonly operation: string;
  /** `asked` before the queue, `obtained` with the slot in hand, `reach` for what a definition reaches. */
  readonly when: "asked" | "obtained" | "reach" | "listed";
  /** What exactly is reached: `/etc/shadow`. */
  readonly reached?: string;
}

/** What a call gives to a hypervisor: a definition, places on the host, a new name. */
export interface ReachUse {
  readonly operation: string;
  readonly connection: string;
  /** What the caller needs on the object, under each name and with each set of labels that the call gives it. */
  readonly permissions: readonly Permission[];
  /** A definition, with what it defines. */
  readonly document?: Reaches["document"];
  readonly xml?: string;
  /** Places on the host that the input names. */
  readonly places?: readonly HostPlace[];
  /** Another name that the object gets, where no definition says so. */
  readonly newName?: string;
  /** What an element of the object's metadata becomes, where no definition says so. */
  readonly newMetadata?: { readonly namespace: string; readonly element: string };
  /** The present name of the object that it changes; absent for a new one. */
  readonly name?: string;
  /** The present name of what holds the object: a volume's pool. */
  readonly parentName?: string;
  /** The present definition of that object. */
  readonly definition?: string;
  /** Host paths that need no grant: those of pools. */
  readonly grantedPaths: readonly string[];
}

/** Writes down what a call does, before and after it acts. */
export interface CallJournal {
  /** Durable when it resolves; nothing has acted before. */
  intent(entry: CallIntent): Promise<void>;
}

/** What is known of a call just before it acts. */
export interface CallIntent {
  readonly object: string;
  readonly label: string;
  readonly token: FencingToken;
  readonly before: Observation;
  readonly generation: number;
  /** The UUID for what the call makes. */
  readonly newId: string;
}

/** What somebody asks of the kernel. */
export interface CallRequest {
  readonly operation: string;
  /** The caller's connections, by the caller's names for them. */
  readonly connections: ReadonlyMap<string, DriverConnection>;
  /** Which of them the call goes to. */
  readonly connection: string;
  /** The object; absent for operations on the connection. */
  readonly target?: ObjectRef;
  /** As the caller gave it; the kernel checks it by the operation's schema. */
  readonly input: unknown;
  readonly caller: Caller;
  readonly authority: Authority;
  readonly journal?: CallJournal;
  /** Milliseconds since 1970; the operation's own time-out where absent. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** -10 to 10; higher goes first. @default 0 */
  readonly priority?: number;
  /** Do not queue. @default false */
  readonly noWait?: boolean;
  /** Ignore that the object moved since the reference was handed out. @default false */
  readonly rebase?: boolean;
  /** The UUID for what the call makes; from the journal on a resume. */
  readonly newId?: string;
  /** Takes secret values that were put into the input out of what comes back in errors. */
  readonly conceal?: Concealing;
  /** Hears how it goes. */
  readonly onState?: (state: CallState) => void;
}

/** Where a call is. */
export type CallState =
  | { readonly kind: "waiting"; readonly position: number; readonly holder?: HolderView }
  | { readonly kind: "running"; readonly since: number }
  | { readonly kind: "progress"; readonly fraction: number; readonly detail?: string }
  | { readonly kind: "reconciling" };

/** Who holds a slot. */
export interface HolderView {
  readonly operation: string;
  readonly job: JobKind | "lease" | "use" | "reconcile";
  readonly caller: Caller;
  readonly since: number;
  readonly fraction?: number;
  /** The hop that it is in, where it is in one. */
  readonly hop?: string;
}

/** Who waits for a slot. */
export interface WaiterView {
  readonly operation: string;
  readonly job: JobKind | "lease" | "use" | "reconcile";
  readonly caller: Caller;
  readonly since: number;
  readonly position: number;
  readonly priority: number;
}

/** An object's slots, as `drover jobs list` shows them. */
export interface SlotView {
  readonly key: string;
  readonly label: string;
  readonly holders: readonly HolderView[];
  readonly waiters: readonly WaiterView[];
  /** Set where an outcome is unknown and writes are refused. */
  readonly uncertain?: UncertainView;
}

/** An object on which something happened whose outcome nobody knows. */
export interface UncertainView {
  readonly operation: string;
  readonly caller: Caller;
  readonly since: number;
  readonly reason: string;
}

/** A finished call. */
export interface CallResult {
  readonly outcome: Outcome;
  /** The object that it was about, after it. */
  readonly object?: ManagedObject;
}
