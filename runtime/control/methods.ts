/**
 * Everything that can be asked of a kernel, declared once: method, parameters, what is streamed meanwhile, answer.
 * The kernel's own process and those attached to its socket use the same table; messages from the socket are checked
 * by it on both sides.
 *
 * @module
 */
import { runStates } from "../journal/record.ts";
import { z } from "zod";
import { type ErrorCode, errorCodes, type ErrorData } from "../../model/error.ts";
import { type ObjectClass, objectClasses } from "../../model/object.ts";
import { byteArray } from "../../model/operations/shape.ts";
import { scheduleMethods } from "../schedule/methods.ts";

const shortText = z.string().max(4096);
const longText = z.string().max(1 << 20);
const epochMs = z.number().nonnegative();
const connectionName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
const classNames = Object.keys(objectClasses) as [ObjectClass, ...ObjectClass[]];
const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

const place = z.object({ file: shortText.optional(), line: z.int(), column: z.int().optional() });

/** An error as data; causes nest. */
export const errorData: z.ZodType<ErrorData> = z.lazy(() =>
  z.object({
    code: z.enum(codes).catch("internal"),
    message: longText,
    target: shortText.optional(),
    hint: longText.optional(),
    at: place.optional(),
    remoteCode: shortText.optional(),
    detail: z.unknown().optional(),
    cause: z.union([longText, errorData]).optional(),
  })
) as unknown as z.ZodType<ErrorData>;

const caller = z.object({
  principal: shortText,
  run: shortText.optional(),
  title: shortText.optional(),
  since: epochMs,
});

/** Who holds a slot. */
export const holder = z.object({
  operation: shortText,
  job: shortText,
  caller,
  since: epochMs,
  fraction: z.number().optional(),
  hop: shortText.optional(),
});

const waiter = z.object({
  operation: shortText,
  job: shortText,
  caller,
  since: epochMs,
  position: z.int().nonnegative(),
  priority: z.int(),
});

/** An object's slots: who holds them and who waits for them. */
export const slot = z.object({
  key: shortText,
  label: shortText,
  holders: z.array(holder),
  waiters: z.array(waiter),
  uncertain: z.object({ operation: shortText, caller, since: epochMs, reason: longText }).optional(),
});

/** A run, as lists and details show it. */
export const run = z.object({
  id: shortText,
  file: shortText,
  hosts: z.record(connectionName, shortText),
  state: z.enum(runStates),
  principal: shortText,
  since: epochMs,
  ended: epochMs.optional(),
  /** How well the recipe is shut in: `bwrap`, `process`. */
  isolation: shortText.optional(),
  /** How `drover run` leaves, once the run has ended. */
  exit: z.int().nonnegative().max(255).optional(),
  result: z.unknown().optional(),
  error: errorData.optional(),
});

/** How a step of a run stands. */
export const stepStates = ["waiting", "running", "reconciling", "done", "not-done", "unknown"] as const;

/** Something that happened in a run. */
export const runEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("run"), at: epochMs, run }),
  z.object({
    type: z.literal("operation"),
    at: epochMs,
    step: z.int().nonnegative(),
    operation: shortText,
    effect: z.enum(["read", "write"]),
    /** The object's name, as people call it. */
    target: shortText.optional(),
    state: z.enum(stepStates),
    /** The place in the queue, from 1, while waiting. */
    position: z.int().nonnegative().optional(),
    holder: holder.optional(),
    fraction: z.number().min(0).max(1).optional(),
    detail: longText.optional(),
    error: errorData.optional(),
    /** Whether the answer came from the journal, on a resume. */
    replayed: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("log"),
    at: epochMs,
    level: z.enum(["debug", "info", "warn", "error"]),
    message: longText,
    fields: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({
    type: z.literal("step"),
    at: epochMs,
    step: z.int().nonnegative(),
    name: shortText,
    state: z.enum(["running", "done", "failed"]),
    message: longText.optional(),
  }),
  z.object({ type: z.literal("progress"), at: epochMs, fraction: z.number(), text: longText.optional() }),
]);

/** How isolated a recipe must be: as well as this machine can, or nothing less than the best. */
export const sandboxLevels = ["best", "strict"] as const;

/** Sources of secrets by the recipe's names for them. */
const secretBindings = z.record(z.string().max(64), longText);

const startRun = z.object({
  /** The recipe's file, absolute. */
  file: shortText,
  hosts: z.record(connectionName, shortText),
  input: z.unknown(),
  /** Inputs as texts of a command line; the recipe's declaration says what they stand for. */
  inputTexts: z.record(z.string(), z.string()).optional(),
  grants: z.array(shortText).max(1024),
  /** Grant whatever the recipe says it needs. */
  grantNeeds: z.boolean().default(false),
  sandbox: z.enum(sandboxLevels).default("best"),
  /** Where its secrets come from, by the recipe's names for them: `env:NAME`, `file:/PATH`, …; no values. */
  secrets: secretBindings.optional(),
  /** Sources of which the recipe takes those of the secrets that it needs. */
  secretOffers: secretBindings.optional(),
  /** Answer as soon as the run has an id; it goes on by itself. */
  detach: z.boolean().default(false),
});

const callOperation = z.object({
  operation: z.string().max(128),
  uri: shortText,
  /** The other connection's URI, for operations that span two. */
  peer: shortText.optional(),
  /** The object by name, the holding object's first: `["images", "disk0"]`. Empty for the connection itself. */
  target: z.array(z.string().max(1024)).max(4),
  input: z.record(z.string(), z.unknown()),
  withinMs: z.int().positive().max(2 ** 31).optional(),
  priority: z.int().min(-10).max(10).optional(),
  noWait: z.boolean().optional(),
  /** What it may use, and no more: for those who want to be sure that they only look. @default everything */
  grants: z.array(z.string().max(4096)).max(256).optional(),
});

/** Where a single operation is. */
export const callState = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("waiting"), position: z.int().nonnegative(), holder: holder.optional() }),
  z.object({ kind: z.literal("running"), since: epochMs }),
  z.object({ kind: z.literal("progress"), fraction: z.number(), detail: longText.optional() }),
  z.object({ kind: z.literal("reconciling") }),
]);

/** What became of a single operation. */
export const outcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), value: z.unknown(), reconciled: z.boolean().optional() }),
  z.object({ kind: z.literal("not-done"), error: errorData, reconciled: z.boolean().optional() }),
  z.object({ kind: z.literal("unknown"), error: errorData }),
]);

/** Something that happened on a connection. */
export const watchedEvent = z.discriminatedUnion("kind", [
  /** Whatever happens from here on is told. */
  z.object({ kind: z.literal("listening") }),
  z.object({
    kind: z.literal("event"),
    sequence: z.int().nonnegative(),
    at: epochMs,
    object: z.object({
      $ref: z.enum(classNames),
      id: shortText,
      name: shortText,
      parent: shortText.optional(),
    }),
    type: shortText,
    detail: longText.optional(),
  }),
]);

/** What comes of an attached console. */
const consoleItem = z.discriminatedUnion("kind", [
  /** It is open; what is typed goes by this reader. */
  z.object({ kind: z.literal("open"), reader: shortText }),
  z.object({ kind: z.literal("data"), data: byteArray }),
  /** The guest printed more than was taken in time, or while the link was down. */
  z.object({ kind: z.literal("lost"), bytes: z.int().nonnegative().optional(), why: longText.optional() }),
]);

/** Which entries of the audit log. Texts are globs. */
const auditFilter = z.object({
  principal: shortText.optional(),
  operation: shortText.optional(),
  object: shortText.optional(),
  decision: shortText.optional(),
  run: shortText.optional(),
  since: epochMs.optional(),
  until: epochMs.optional(),
  /** The newest ones, so many at most. */
  limit: z.int().positive().max(1_000_000).default(100),
});

/** An entry of the audit log. */
const auditEntry = z.object({
  at: epochMs,
  principal: shortText,
  decision: shortText,
  operation: shortText,
  run: shortText.optional(),
  step: z.int().optional(),
  connection: shortText.optional(),
  uri: shortText.optional(),
  object: longText.optional(),
  permission: shortText.optional(),
  from: shortText.optional(),
  detail: longText.optional(),
  /** Of a decision about a permission: all that was considered. */
  use: z.unknown().optional(),
});

const runId = z.object({ id: z.string().min(1).max(128) });
const nothing = z.object({});

/** A method's schemas. `item` is what it streams before its answer. */
interface MethodSchemas {
  readonly params: z.ZodType;
  readonly item?: z.ZodType;
  readonly result: z.ZodType;
}

/** Every method. */
export const controlMethods = {
  "kernel.info": {
    params: nothing,
    result: z.object({
      pid: z.int(),
      since: epochMs,
      epoch: z.int(),
      version: shortText,
      stateDirectory: shortText,
    }),
  },
  "runs.start": { params: startRun, item: runEvent, result: run },
  "runs.list": {
    params: z.object({ all: z.boolean().default(false) }),
    result: z.array(run),
  },
  "runs.show": {
    params: runId,
    result: z.object({ run, steps: z.array(runEvent) }),
  },
  /** What the run logged. */
  "runs.logs": {
    params: runId.extend({ follow: z.boolean().default(false) }),
    item: runEvent,
    result: nothing,
  },
  /** What happens from now on, until the run ends. */
  "runs.watch": { params: runId, item: runEvent, result: run },
  "runs.cancel": { params: runId.extend({ reason: shortText.optional() }), result: run },
  "runs.resume": {
    params: runId.extend({
      detach: z.boolean().default(false),
      grants: z.array(shortText).max(1024).default([]),
      /** Steps whose outcome nothing can find out, as a person saw it. */
      assume: z.record(z.string(), z.enum(["done", "not-done"])).default({}),
      /** Sources of secrets that go before those that it was begun with. */
      secrets: secretBindings.optional(),
    }),
    item: runEvent,
    result: run,
  },
  "runs.abandon": { params: runId, result: run },
  "jobs.list": { params: nothing, result: z.array(slot) },
  /** The slots at once, and again whenever they have changed. Ends on cancel. */
  "jobs.watch": { params: nothing, item: z.array(slot), result: nothing },
  /** Cancels what holds an object's slot: single operations, and whole runs. Those who wait go on waiting. */
  "jobs.cancel": { params: z.object({ key: shortText }), result: z.object({ cancelled: z.int() }) },
  "jobs.accept": {
    params: z.object({ key: shortText, as: z.enum(["done", "not-done"]) }),
    result: nothing,
  },
  /** What the audit log has, the oldest first. */
  "audit.list": { params: auditFilter, item: auditEntry, result: nothing },
  "operation.call": { params: callOperation, item: callState, result: outcome },
  /** What happens on a connection from now on, ours and that of others. Ends on cancel. */
  "events.watch": { params: z.object({ uri: shortText }), item: watchedEvent, result: nothing },
  /** A serial console or a channel of a running domain, until it ends or the caller leaves. */
  "console.attach": {
    params: z.object({
      uri: shortText,
      domain: z.string().max(1024),
      console: shortText.optional(),
      channel: shortText.optional(),
      force: z.boolean().default(false),
      safe: z.boolean().default(false),
    }),
    item: consoleItem,
    result: z.object({ why: longText.optional() }),
  },
  /** What the person at an attached console types. It is on no record: passwords are typed there. */
  "console.type": {
    params: z.object({ reader: shortText, data: byteArray }),
    result: nothing,
  },
  /** Names for completions; empty rather than an error. */
  "objects.names": {
    params: z.object({
      uri: shortText,
      objectClass: z.enum(classNames),
      parent: z.string().max(1024).optional(),
    }),
    result: z.array(shortText),
  },
  ...scheduleMethods,
} as const satisfies Record<string, MethodSchemas>;

/** The name of a method. */
export type ControlMethod = keyof typeof controlMethods;

type Methods = typeof controlMethods;

/** What a caller passes. */
export type ParamsOf<M extends ControlMethod> = z.input<Methods[M]["params"]>;

/** What a handler receives: with its defaults. */
export type ParsedParamsOf<M extends ControlMethod> = z.output<Methods[M]["params"]>;

/** What a method streams before its answer. */
export type ItemOf<M extends ControlMethod> = Methods[M] extends { readonly item: infer I extends z.ZodType }
  ? z.output<I>
  : never;

/** What a method answers. */
export type ResultOf<M extends ControlMethod> = z.output<Methods[M]["result"]>;

/** Something that happened on a connection, or that it is listened to. */
export type WatchedEvent = z.output<typeof watchedEvent>;

/** A run. */
export type RunView = z.output<typeof run>;

/** Something that happened in a run. */
export type RunEvent = z.output<typeof runEvent>;

/** What is asked of the person at the terminal: whether something may be done that no grant covers. */
export const question = z.object({
  permission: shortText,
  connection: shortText,
  name: shortText.optional(),
  reached: shortText.optional(),
  operation: shortText,
  recipe: shortText,
  /** The grant that would cover it. */
  grant: shortText,
});

/** A question to the person at the terminal. */
export type Question = z.output<typeof question>;

/** What a person may answer: this once, for the rest of the run, or no. */
export const permissionAnswers = ["once", "run", "deny"] as const;

/** A person's answer. */
export type PermissionAnswer = typeof permissionAnswers[number];

/** Who somebody is, for a daemon that asks for it. */
const credentialsQuestion = z.object({
  uri: shortText,
  host: shortText,
  mechanism: shortText,
  user: shortText.optional(),
});

const credentials = z.object({ user: shortText, password: shortText });

/** The value of a secret, which whoever runs a recipe has. */
const secretQuestion = z.object({
  name: shortText,
  description: shortText.optional(),
  /** The variable of their environment that has it; they are to type it where absent. */
  variable: shortText.optional(),
  recipe: shortText,
});

/** What may be asked of the person for whom something is done, and what is taken for the answer where there is none. */
export const questions = {
  permission: { about: question, answer: z.enum(permissionAnswers), unanswered: "deny" },
  credentials: { about: credentialsQuestion, answer: credentials.nullable(), unanswered: null },
  secret: { about: secretQuestion, answer: z.object({ value: longText }).nullable(), unanswered: null },
} as const;

/** A kind of question. */
export type QuestionKind = keyof typeof questions;

/** What a kind of question says. */
export type AboutOf<K extends QuestionKind> = z.output<typeof questions[K]["about"]>;

/** What a kind of question is answered with. */
export type AnswerOf<K extends QuestionKind> = z.output<typeof questions[K]["answer"]>;
