/**
 * What the journal keeps: the rows, as plain data.
 *
 * @module
 */
import type { Delivery } from "../../model/channel.ts";
import type { ErrorData, SourcePlace } from "../../model/error.ts";
import type { ExitCode } from "../../model/exit_code.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { CallIntent } from "../call.ts";
import type { AuditEntry } from "../permission/audit.ts";
import type { SecretBindings } from "../secret/source.ts";

/** Where a run is in its life. */
export const runStates = [
  "starting",
  "running",
  "cancelling",
  "done",
  "failed",
  "cancelled",
  "interrupted",
  "abandoned",
] as const;

/**
 * A run's state. `interrupted`: its kernel died; it holds its leases until it is resumed or abandoned, or its time to
 * resume is over.
 */
export type RunState = typeof runStates[number];

/** A connection of a run, as it was when the run began. */
export interface RunHost {
  readonly name: string;
  readonly uri: string;
  /** The host's UUID. */
  readonly host?: string;
  /** Changes when the host lost its state; a resume against another one stops. */
  readonly bootId?: string;
  /** Why it could not be reached, where the run began without it. */
  readonly lost?: string;
}

/** What a run was made of, so that a resume can tell whether it still is. */
export interface RunVersions {
  /** The project's version. */
  readonly drover: string;
  readonly channel: number;
  /** A hash over the declarations of all operations. */
  readonly operations: string;
}

/** A policy file: who is granted what. */
export interface PolicyFile {
  /** Where it was read. */
  readonly file: string;
  readonly text: string;
}

/** One run. Times are milliseconds since 1970. */
export interface RunRecord {
  readonly id: string;
  readonly title: string;
  /** A recipe, or one operation from the command line. */
  readonly kind: "recipe" | "operation";
  /** The recipe's path. */
  readonly recipe?: string;
  /** A hash over the recipe's module graph. */
  readonly recipeHash?: string;
  readonly versions: RunVersions;
  readonly input: unknown;
  /** Inputs as texts, which go before `input`; what they stand for follows from what the recipe declares. */
  readonly inputTexts?: Readonly<Record<string, string>>;
  readonly hosts: readonly RunHost[];
  readonly needs: readonly string[];
  readonly grants: readonly string[];
  /** A policy file that grants more, as it was when the run began. */
  readonly policy?: PolicyFile;
  /** Whether what the recipe needs counts as granted. */
  readonly grantNeeds?: boolean;
  /** Where its secrets come from, by the recipe's names for them; never a value. */
  readonly secrets?: SecretBindings;
  /** Sources of which the recipe takes those of the secrets that it needs. */
  readonly secretOffers?: SecretBindings;
  /** How isolated the recipe must be. */
  readonly sandbox?: "best" | "strict";
  readonly principal: string;
  /** Feeds the recipe's random numbers. */
  readonly seed: string;
  /** How well the recipe is shut in. */
  readonly isolation?: string;
  readonly state: RunState;
  /** The kernel that ran it last. */
  readonly epoch: number;
  readonly createdAt: number;
  readonly endedAt?: number;
  /** When its kernel was found dead; the time to resume counts from here. */
  readonly interruptedAt?: number;
  /** When it was cancelled, and how many steps and log lines there were then; a resume goes back to it. */
  readonly cancelPoint?: CancelPoint;
  readonly exit?: ExitCode;
  readonly result?: unknown;
  readonly error?: ErrorData;
  /** Whether any outcome was unknown; the run then exits 10 whatever the recipe made of it. */
  readonly unknownOutcome: boolean;
  readonly resumes: number;
  /** A hash over the request that began it, where another one with the same key is to be the same run. */
  readonly request?: string;
}

/** Where a run stood when it was cancelled. */
export interface CancelPoint {
  readonly at: number;
  readonly steps: number;
  readonly logs: number;
}

type Changeable = Omit<RunRecord, "id" | "kind" | "createdAt">;

/** What may change of a run; `undefined` takes something away. */
export type RunPatch = { readonly [K in keyof Changeable]?: Changeable[K] | undefined };

/** What a step is. */
export type StepKind =
  | "call"
  | "acquire"
  | "release"
  | "keep"
  | "timer"
  | "subscribe"
  | "file"
  | "begin";

/** How a step ended. */
export type StepOutcome = "done" | "not-done" | "unknown";

/** One step of a run, as it was issued. */
export interface StepRecord {
  readonly run: string;
  readonly number: number;
  readonly kind: StepKind;
  readonly issuedAt: number;
  /** Of a call: its operation. */
  readonly operation?: string;
  readonly effect: "read" | "write";
  /** What a replay is compared by, beside kind and operation: connection and object, lease, name. */
  readonly target: string;
  /** How people call the target. */
  readonly label: string;
  /** SHA-256 of the raw input, without secret values. */
  readonly inputHash: string;
  /** The raw input without secret values, for people and for `abandon`. */
  readonly input?: unknown;
  /** Whether `input` lacks something secret, so that the step cannot be reconciled from it alone. */
  readonly redacted?: boolean;
  readonly connection?: string;
  readonly ref?: ObjectRef;
  readonly within?: number;
  /** Of a timer: when it fires. */
  readonly due?: number;
  readonly at?: SourcePlace;
  /** Durable before the step acted. */
  readonly intent?: CallIntent;
  readonly outcome?: StepOutcome;
  readonly settledAt?: number;
  /** Why it was not done or is unknown. */
  readonly error?: ErrorData;
  /** Whether a person said how it ended. */
  readonly assumed?: boolean;
}

/** What may change of a step. */
export type StepPatch =
  & Partial<Pick<StepRecord, "intent" | "outcome" | "settledAt" | "error" | "assumed">>
  & {
    /** It counts as issued, and as nothing more: its intent and its outcome are forgotten. */
    readonly reopened?: true;
  };

/** One delivery, in the order of delivery. */
export interface DeliveryRecord {
  readonly run: string;
  readonly sequence: number;
  readonly delivery: StartDelivery | Delivery;
}

/** The first delivery of every run. */
export type StartDelivery = Extract<Delivery, { readonly t: "start" }>;

/** What a lease takes back when it ends. */
export interface LeaseUndo {
  readonly operation: string;
  readonly connection: string;
  /** What was asked for, to find out whether the thing exists. */
  readonly made: { readonly operation: string; readonly target?: ObjectRef };
  /** The object to be taken back, once it is known. */
  readonly target?: ObjectRef;
  /** What the operation is given, once it is known, where it needs more than its target. */
  readonly input?: Readonly<Record<string, unknown>>;
}

/**
 * `held`; `undoing`: its end has begun; `stuck`: the undo failed and is tried again; `released`, `undone`, `kept`: over.
 */
export type LeaseState = "held" | "undoing" | "stuck" | "released" | "undone" | "kept";

/** One lease, written before what it stands for exists. */
export interface LeaseRecord {
  readonly id: string;
  readonly run: string;
  readonly step: number;
  readonly kind: "exclusive" | "temporary";
  readonly state: LeaseState;
  /** How people call what it is about. */
  readonly label: string;
  /** Of an exclusive lease: the objects. */
  readonly objects: readonly ObjectRef[];
  /** The same objects' keys. */
  readonly keys: readonly string[];
  readonly undo?: LeaseUndo;
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly attempts: number;
  readonly error?: ErrorData;
}

/** What may change of a lease. */
export type LeasePatch = Partial<
  Pick<LeaseRecord, "state" | "undo" | "keys" | "label" | "endedAt" | "attempts" | "error">
>;

/** An object whose outcome nobody knows; writes on it are refused until it is reconciled or accepted. */
export interface UncertainRecord {
  readonly key: string;
  readonly label: string;
  readonly operation: string;
  readonly principal: string;
  readonly run?: string;
  readonly step?: number;
  readonly title?: string;
  readonly since: number;
  readonly reason: string;
}

/** One decision or deed, for the audit. */
export interface AuditRecord {
  readonly at: number;
  readonly principal: string;
  readonly run?: string;
  readonly step?: number;
  /** `allowed`, `denied`, `done`, `not-done`, `unknown`, `undone`, `accepted`, `assumed`. */
  readonly decision: string;
  readonly operation: string;
  readonly connection?: string;
  /** The connection's URI. */
  readonly uri?: string;
  readonly object?: string;
  readonly permission?: string;
  /** Where whoever asked was: `192.0.2.7:53124`. */
  readonly from?: string;
  readonly detail?: string;
  /** Of a decision about a permission: all that was considered. */
  readonly use?: AuditEntry;
}

/** One line of a run's log. */
export interface LogRecord {
  readonly run: string;
  /** Counts from 0 within the run, also over lines that are not kept any more. */
  readonly sequence: number;
  readonly at: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly within?: number;
}
