/**
 * What recipe and runtime say to each other. The recipe's side is hostile: the runtime checks every message by
 * these schemas, and answers only what belongs to the run of the channel it came from.
 *
 * A frame on the wire is a 32-bit big-endian length of what follows, then the message as JSON in UTF-8. Bytes
 * in a message stand as `{"$bytes": "<base64>"}`.
 *
 * @module
 */
import { z } from "zod";
import type { ErrorData } from "./error.ts";
import type { VirtEvent } from "./event.ts";
import { type ObjectClass, objectClasses, type ObjectRef } from "./object.ts";
import { secretName } from "./secret.ts";

/** The version of the channel; both sides must agree. */
export const channelVersion = 1;

/** Bounds of the channel. Sizes in bytes. */
export const channelLimits = {
  /** The largest frame from a recipe, and to it: room for 1 MiB of bytes in base64; larger lists come in pages. */
  frameBytes: 2 << 20,
  /** Calls, timers and subscriptions that a recipe may have open at once, unless its budget says otherwise. */
  pending: 10_000,
  /** Objects in one page of a list. */
  pageItems: 500,
  /** Deliveries that may be under way before the recipe has taken any. */
  credits: 256,
} as const;

/**
 * What a name begins with that means a data file of the recipe's own, where an operation takes the path of a file that it
 * reads.
 */
export const recipeFileScheme = "recipe:";

const step = z.int().nonnegative();
const shortText = z.string().max(4096);
const classNames = Object.keys(objectClasses) as [ObjectClass, ...ObjectClass[]];

/** A place in the recipe, as its stack trace tells; for messages only, nothing is decided by it. */
const place = z.object({ file: shortText.optional(), line: z.int(), column: z.int().optional() });

const anyRef = z.object({
  $ref: z.enum(classNames),
  connection: z.string().max(64),
  id: z.string().max(1024),
  name: z.string().max(1024),
  parent: z.string().max(1024).optional(),
  generation: z.int().nonnegative().optional(),
});

/** What a recipe declares about itself, reported when its module has been loaded. */
export const recipeDeclaration = z.object({
  summary: shortText,
  /** Permissions in the syntax of grants: `domain:start,stop@web-*`. */
  needs: z.array(shortText).max(256),
  /** The names of its connections; `["host"]` where it has one. */
  hosts: z.array(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/)).min(1).max(256),
  /** It goes on without connections that cannot be opened; those that it is told of at its start are the others. */
  spareHosts: z.boolean().optional(),
  /** It works on whatever connections it is given, and goes on without those that cannot be opened. */
  anyHosts: z.boolean().optional(),
  /** Data files that it reads, relative to its own. */
  files: z.array(shortText).max(256),
  /** Secrets that it needs; it is told their names, and never a value. */
  secrets: z.record(z.string().regex(secretName), z.object({ description: shortText.optional() })).refine(
    (secrets) => Object.keys(secrets).length <= 256,
  ).optional(),
  /** The JSON schema of its input. */
  inputSchema: z.record(z.string(), z.unknown()),
});

/** How a call is to be carried out. */
export const callOptions = z.object({
  /** How long it may take, waiting included, in milliseconds. */
  withinMs: z.int().positive().max(2 ** 31).optional(),
  /** Higher goes first; -10 to 10. */
  priority: z.int().min(-10).max(10).optional(),
  /** Go on although the object moved since the handle was obtained. */
  rebase: z.boolean().optional(),
  /** Fail at once instead of queueing. */
  noWait: z.boolean().optional(),
  /** Undo it when the run ends, however it ends; answers carry a lease. */
  temporary: z.boolean().optional(),
  /** Deliver how far it is while it is under way. */
  progress: z.boolean().optional(),
});

/** From the recipe to the runtime. */
export const fromRecipe = z.discriminatedUnion("t", [
  z.object({ t: z.literal("ready"), version: z.int() }),
  z.object({ t: z.literal("recipe"), declaration: recipeDeclaration }),
  z.object({
    t: z.literal("call"),
    step,
    operation: z.string().max(128),
    connection: z.string().max(64),
    target: anyRef.optional(),
    input: z.unknown(),
    options: callOptions.default({}),
    /** The named step that it belongs to. */
    within: step.optional(),
    at: place.optional(),
  }),
  /** Takes exclusive leases on objects, in key order. Answered with `{ lease }`. */
  z.object({
    t: z.literal("acquire"),
    step,
    objects: z.array(anyRef).min(1).max(1024),
    options: callOptions.default({}),
    at: place.optional(),
  }),
  /** Gives a lease back: frees exclusive objects, undoes what was temporary. Answered when that is done. */
  z.object({ t: z.literal("release"), step, lease: z.string().max(128) }),
  /** Keeps what was temporary: the lease ends without its undo. */
  z.object({ t: z.literal("keep"), step, lease: z.string().max(128) }),
  z.object({ t: z.literal("timer"), step, ms: z.number().min(0).max(2 ** 31 * 1000) }),
  z.object({
    t: z.literal("subscribe"),
    step,
    connection: z.string().max(64),
    objectClass: z.enum(classNames).optional(),
    object: anyRef.optional(),
  }),
  /** Reads a declared data file. Answered with bytes. */
  z.object({ t: z.literal("file"), step, name: shortText }),
  /** Ends a call, timer, wait or subscription early. A call is answered all the same. */
  z.object({ t: z.literal("cancel"), step }),
  z.object({
    t: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    message: z.string().max(65536),
    fields: z.record(z.string().max(256), z.unknown()).optional(),
    within: step.optional(),
  }),
  z.object({
    t: z.literal("progress"),
    fraction: z.number().min(0).max(1),
    text: shortText.optional(),
    within: step.optional(),
  }),
  /** A named step begins or ends; a step may stand within another. */
  z.object({ t: z.literal("begin"), step, name: shortText, within: step.optional() }),
  z.object({ t: z.literal("end"), step, ok: z.boolean(), message: shortText.optional() }),
  z.object({ t: z.literal("credit"), frames: z.int().positive().max(channelLimits.credits) }),
  z.object({
    t: z.literal("done"),
    result: z.unknown(),
    /** How many objects failed within the budgets that the recipe gave them. */
    failures: z.int().positive().optional(),
    /** How many of these since their host could not be reached. */
    unreachable: z.int().positive().optional(),
  }),
  z.object({
    t: z.literal("failed"),
    error: z.object({
      code: z.string().max(64),
      message: z.string().max(65536),
      target: shortText.optional(),
      hint: shortText.optional(),
      at: place.optional(),
      /** What led to it, one line each. */
      cause: z.string().max(65536).optional(),
      /** What a program may want to read: who of a fleet is done, failed, and not begun. */
      detail: z.unknown().optional(),
      stack: z.string().max(65536).optional(),
    }),
  }),
]);

/** A message from the recipe to the runtime, after its check. */
export type FromRecipe = z.output<typeof fromRecipe>;

/** What a recipe declares about itself. */
export type RecipeDeclaration = z.output<typeof recipeDeclaration>;

/** How a call is to be carried out. */
export type CallOptionsData = z.output<typeof callOptions>;

/** A method of a handle, as the runtime tells the recipe's side of it: names only, nothing decides. */
export interface MethodName {
  readonly operation: string;
  readonly on: ObjectClass;
  readonly as: string;
  readonly effect: "read" | "write";
}

/** A connection as a recipe sees it. */
export interface HostName {
  /** The name under which the recipe knows it. */
  readonly name: string;
  readonly uri: string;
  readonly driver: string;
  readonly ref: ObjectRef<"connection">;
  /** The host behind it, by which two connections to one are known. */
  readonly host?: string;
  /** Names of the operations that the driver supports. */
  readonly supports: readonly string[];
}

/** A connection that could not be opened. */
export interface LostHost {
  readonly name: string;
  readonly uri: string;
  /** Why. */
  readonly message: string;
}

/** An object whose generation a call moved; what the recipe holds of it goes on from there. */
export interface Moved {
  readonly $ref: ObjectClass;
  readonly id: string;
  readonly parent?: string;
  readonly from: number;
  readonly to: number;
}

/**
 * From the runtime to the recipe. Everything with `now` is a delivery: it is journalled in the order of delivery
 * and replayed in that order; `now` is the recipe's clock until the next one, in milliseconds since 1970.
 */
export type ToRecipe =
  | {
    readonly t: "hello";
    readonly version: number;
    readonly run: string;
    readonly recipe: string;
    readonly methods: readonly MethodName[];
  }
  | {
    readonly t: "start";
    readonly hosts: readonly HostName[];
    /** Connections without which the recipe goes on. */
    readonly lost?: readonly LostHost[];
    readonly input: unknown;
    /** Feeds the recipe's random numbers. */
    readonly seed: string;
    readonly now: number;
  }
  /** A part of an answer that is a list; the answer's own `value` holds the rest. */
  | { readonly t: "page"; readonly step: number; readonly items: readonly unknown[] }
  | {
    readonly t: "answer";
    readonly step: number;
    readonly value: unknown;
    readonly lease?: string;
    /** The generation of the call's target after the call; its handle goes on from there. */
    readonly generation?: number;
    /** Where the call moved another object than its target: a snapshot's domain, the domain that was restored. */
    readonly moved?: Moved;
    readonly now: number;
  }
  | { readonly t: "refused"; readonly step: number; readonly error: ErrorData; readonly now: number }
  /** How far a call is that asked to be told; the answer follows. Not every report of its driver comes to be one. */
  | {
    readonly t: "progress";
    readonly step: number;
    /** From 0 to 1; a call that is begun again after a resume begins at 0 again. */
    readonly fraction: number;
    readonly detail?: string;
    readonly now: number;
  }
  | { readonly t: "event"; readonly step: number; readonly event: VirtEvent; readonly now: number }
  | { readonly t: "fired"; readonly step: number; readonly now: number }
  /** The run is to end; the recipe's signal aborts. */
  | { readonly t: "cancel"; readonly reason: string; readonly now: number };

/** A message that changes what the recipe knows: journalled and replayed. */
export type Delivery = Extract<ToRecipe, { readonly now: number }>;
