/**
 * How an operation is declared. The declarations themselves are in `operations/`; handles, permission checks,
 * job kinds, journal entries, command line, JSON schema and reference pages all follow from them.
 *
 * @module
 */
import { z } from "zod";
import type { ObjectClass } from "./object.ts";
import type { Permission } from "./permission.ts";

/** Normal jobs: one at a time on an object. Names are libvirt's. */
export const normalJobs = ["query", "destroy", "suspend", "modify", "abort", "migration-op"] as const;

/** A normal job. */
export type NormalJob = typeof normalJobs[number];

/** Asynchronous jobs: one at a time on an object, with a mask of normal jobs allowed meanwhile. */
export const asyncJobs = [
  "migration-in",
  "migration-out",
  "save",
  "dump",
  "snapshot",
  "start",
  "backup",
] as const;

/** An asynchronous job. */
export type AsyncJob = typeof asyncJobs[number];

/**
 * The slot that an operation takes: none (lists and other cached state), a normal job, the agent job, or an
 * asynchronous job.
 */
export type JobKind = "none" | NormalJob | "agent" | `async:${AsyncJob}`;

/**
 * When a cancel can end an operation: only while it waits for its slot, or also between its hops, where the
 * driver then gives back what was begun.
 */
export type Cancellable = "while-queued" | "between-hops";

/**
 * Whether the outcome can be found out after the link broke: by looking at the object's state, or not at all
 * (a key press leaves no trace).
 */
export type Reconcilable = "by-state" | "never";

/** A definition in an operation's input, checked by what it reaches on the host. */
export interface Reaches {
  /** The input's field that holds XML text. */
  readonly field: string;
  readonly document:
    | "domain"
    | "device"
    | "network"
    | "pool"
    | "volume"
    | "snapshot"
    | "checkpoint"
    | "backup"
    | "filter"
    | "filterBinding"
    | "networkPort"
    | "poolSource"
    | "interface"
    | "nodeDevice"
    | "secret";
}

/**
 * What a field of an operation's input names: a path or a program on the host, or a file of the machine on which Drover
 * itself runs, which is read or written; where in the network the host connects or listens; or an address from which Drover
 * itself fetches.
 */
export type HostPlaceKind = "path" | "emulator" | "network" | "local_read" | "local_write" | "fetch";

/** A place on a machine, as an input names it. */
export interface HostPlace {
  readonly kind: HostPlaceKind;
  readonly value: string;
}

/** A further permission that an operation needs: always, or when a field of its input is set. */
export interface AlsoNeeded {
  readonly permission: Permission;
  /** The input's field that, where it is true, makes the permission needed. */
  readonly field?: string;
}

/** What an operation declares about itself. */
export interface OperationDeclaration {
  /** One line, in the imperative, without a period. */
  readonly summary: string;
  readonly permission: Permission;
  /** Further permissions, all on the same object. */
  readonly also?: readonly AlsoNeeded[];
  readonly job: JobKind;
  readonly effect: "read" | "write";
  /** @default "while-queued" */
  readonly cancel?: Cancellable;
  /** Reads need none. @default "never" for writes */
  readonly reconcile?: Reconcilable;
  /**
   * Whether it may simply be done again, by whomever: done anew it comes to the same, and what is done by half is taken for
   * nothing by anybody. When its runtime dies meanwhile nobody has to find out what became of it before the object is used.
   * @default false
   */
  readonly repeatable?: boolean;
  /**
   * What it answers where its target is gone when somebody looks what became of it: for operations after which there is
   * no target any more.
   */
  readonly whenGone?: unknown;
  /** The class whose handle offers the operation. @default the class in the operation's name */
  readonly on?: ObjectClass;
  /** The method's name on that handle. @default the verb in the operation's name */
  readonly as?: string;
  /** In lists: what a caller needs on each object to see it there. */
  readonly filter?: Permission;
  readonly reaches?: Reaches;
  /** The input's fields that name places on the host, or files of the machine on which Drover runs. */
  readonly places?: Readonly<Record<string, HostPlaceKind>>;
  /** The input's field that gives the object another name. */
  readonly renames?: string;
  /** The input's fields that change an element of the object's metadata. */
  readonly relabels?: { readonly namespace: string; readonly element: string };
  /** virsh's names for it. */
  readonly aliases?: readonly string[];
  /** How long it may take unless the caller says otherwise, in milliseconds. @default 120000 */
  readonly timeoutMs?: number;
  /** The input's fields that hold secret values: never journalled, shown or logged. */
  readonly secretInput?: readonly string[];
  /**
   * The input's fields that hold definitions in which a placeholder may stand for a secret, as the password of graphics.
   */
  readonly secretPlaces?: readonly string[];
  /**
   * Whether what it is given may come back to whoever gave it, as what is typed is echoed: values of secrets, which a recipe
   * must not learn, are not put in.
   * @default false
   */
  readonly echoes?: boolean;
  /** The operation that takes it back, for temporary objects; its target is the reference in this one's output. */
  readonly undo?: string;
  /** The output's fields that the operation which takes it back is given as its input. */
  readonly undoInput?: readonly string[];
  /** For operations that span two connections: the input's field that names the other one. */
  readonly peer?: string;
  /** Whether the output holds secret values. */
  readonly secretOutput?: boolean;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
}

/** The class part of an operation's name. */
type ClassOf<N extends string> = N extends `${infer C}.${string}` ? C : never;

/** The verb part of an operation's name. */
type VerbOf<N extends string> = N extends `${string}.${infer V}` ? V : never;

/** A declared operation, with its defaults filled in. */
export interface Operation<
  N extends string = string,
  On extends string = string,
  As extends string = string,
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> extends OperationDeclaration {
  readonly name: N;
  /** The class in the name: what the operation is about, and its first word on the command line. */
  readonly objectClass: ObjectClass;
  /** The verb in the name: its second word on the command line. */
  readonly verb: string;
  readonly on: ObjectClass & On;
  readonly as: As;
  readonly cancel: Cancellable;
  readonly reconcile: Reconcilable;
  readonly timeoutMs: number;
  readonly input: I;
  readonly output: O;
}

/** The class that a declaration puts its operation on. */
type OnOf<N extends string, D> = D extends { readonly on: infer On extends string } ? On : ClassOf<N>;

/** The method name that a declaration gives its operation. */
type AsOf<N extends string, D> = D extends { readonly as: infer As extends string } ? As : VerbOf<N>;

/** How long an operation may take unless it or its caller says otherwise. */
const defaultTimeoutMs = 120_000;

/**
 * Declares an operation.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { operation } from "./operation.ts";
 * const domainReset = operation("domain.reset", {
 *   summary: "Reset a running domain as its reset button would",
 *   permission: "domain:reset", job: "modify", effect: "write", reconcile: "never",
 *   input: z.object({}), output: z.object({}),
 * });
 * domainReset.on; // "domain"
 * ```
 */
export function operation<
  const N extends `${ObjectClass}.${string}`,
  const D extends OperationDeclaration,
>(name: N, declaration: D): Operation<N, OnOf<N, D>, AsOf<N, D>, D["input"], D["output"]> {
  const [objectClass, verb] = name.split(".") as [ObjectClass, string];
  return {
    cancel: "while-queued",
    reconcile: "never",
    timeoutMs: defaultTimeoutMs,
    on: objectClass,
    as: verb,
    ...declaration,
    name,
    objectClass,
    verb,
  } as unknown as Operation<N, OnOf<N, D>, AsOf<N, D>, D["input"], D["output"]>;
}

/** What a caller passes to an operation, before defaults. */
export type InputOf<Op> = Op extends { readonly input: infer I extends z.ZodType } ? z.input<I> : never;

/** What a driver function receives: the input with its defaults. */
export type ParsedInputOf<Op> = Op extends { readonly input: infer I extends z.ZodType } ? z.output<I>
  : never;

/** What an operation answers. */
export type OutputOf<Op> = Op extends { readonly output: infer O extends z.ZodType } ? z.output<O> : never;

/** All permissions that a call needs, by its input. */
export function permissionsOf(operation: Operation, input: unknown): readonly Permission[] {
  const further = (operation.also ?? []).filter(({ field }) =>
    field === undefined ||
    (typeof input === "object" && input !== null && Reflect.get(input, field) === true)
  );
  return [operation.permission, ...further.map(({ permission }) => permission)];
}
