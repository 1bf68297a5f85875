/**
 * The shapes of what the HTTP API answers with, under the names that its description has for them.
 *
 * @module
 */
import { z } from "zod";
import { type ErrorCode, errorCodes } from "../../model/error.ts";
import { type ObjectClass, objectClasses } from "../../model/object.ts";
import { run, runEvent, slot, watchedEvent } from "../../runtime/control/methods.ts";
import { firing, scheduleView } from "../../runtime/schedule/description.ts";
import { pageOf } from "./paging.ts";

const classNames = Object.keys(objectClasses) as [ObjectClass, ...ObjectClass[]];
const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

/** Problem details. */
export const problemSchema = z.looseObject({
  type: z.string().describe("urn:drover:problem: and the code"),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe("What was being done, what was found, and what to do next"),
  instance: z.string().describe("Which request it was"),
  code: z.enum(codes),
  retryable: z.boolean(),
  hint: z.string().optional(),
  target: z.string().optional(),
  at: z.object({ file: z.string().optional(), line: z.int(), column: z.int().optional() }).optional(),
  remoteCode: z.string().optional(),
  facts: z.unknown().optional(),
  cause: z.unknown().optional(),
  run: z.string().optional(),
}).meta({ id: "Problem", description: "An error (RFC 9457)" });

/** A run. */
export const runSchema = run.meta({ id: "Run", description: "A recipe or a single operation that was run" });

/** Runs in pages. */
export const runPage = pageOf(runSchema);

/** Something that happened in a run. */
export const runEventSchema = runEvent.meta({
  id: "RunEvent",
  description: "Something that happened in a run",
});

/** Steps in pages. */
export const stepPage = pageOf(runEventSchema);

/** A line of a run's log. */
export const logLine = z.object({
  sequence: z.int().nonnegative(),
  at: z.number(),
  level: z.enum(["debug", "info", "warn", "error"]),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
}).meta({ id: "LogLine" });

/** Lines in pages. */
export const logPage = pageOf(logLine);

/** A schedule. */
export const scheduleSchema = scheduleView.meta({
  id: "Schedule",
  description: "What runs when, with which grants, and how it deals with what goes wrong",
});

/** Schedules in pages. */
export const schedulePage = pageOf(scheduleSchema);

/** A schedule with its next times. */
export const scheduleWithTimes = scheduleView.extend({
  upcoming: z.array(z.number()).describe("Its next due times, without jitter"),
}).meta({ id: "ScheduleWithTimes" });

/** What became of a schedule's firing. */
export const firingSchema = firing.meta({
  id: "Firing",
  description: "A firing of a schedule, or due times in a row at which it did not fire",
});

/** Firings in pages. */
export const firingPage = pageOf(firingSchema);

/** An object's slots. */
export const slotSchema = slot.meta({
  id: "Slot",
  description: "An object's slots: who holds them and who waits for them",
});

/** Every object that somebody holds or waits for. */
export const slotList = z.object({ items: z.array(slotSchema) });

/** An entry of the audit log. */
export const auditEntry = z.looseObject({
  number: z.int().positive(),
  at: z.number(),
  principal: z.string(),
  decision: z.string(),
  operation: z.string(),
  run: z.string().optional(),
  step: z.int().optional(),
  connection: z.string().optional(),
  object: z.string().optional(),
  permission: z.string().optional(),
  detail: z.string().optional(),
}).meta({ id: "AuditEntry" });

/** Entries in pages. */
export const auditPage = pageOf(auditEntry);

/** Something that happened on a host. */
export const hostEventSchema = watchedEvent.meta({ id: "HostEvent" });

/** An operation of the registry. */
export const operationSchema = z.object({
  name: z.string(),
  summary: z.string(),
  on: z.enum(classNames).describe("The class of objects that it is called on"),
  target: z.array(z.enum(classNames)).describe("The classes of the names that say which object"),
  effect: z.enum(["read", "write"]),
  job: z.string().describe("The slot that it takes"),
  permission: z.string(),
  cancel: z.enum(["while-queued", "between-hops"]),
  timeoutMs: z.number(),
}).meta({ id: "Operation" });

/** A reference to an object, as answers have it. */
export const objectReference = z.object({
  $ref: z.enum(classNames),
  id: z.string().max(1024),
  name: z.string().max(1024),
  parent: z.string().max(1024).optional(),
  connection: z.string().max(64).optional(),
  generation: z.int().nonnegative().optional(),
}).meta({ id: "ObjectReference", description: "An object, as answers refer to it" });

/** What an operation is called with, beside its own input. */
export const callFields = {
  connection: z.string().max(4096).optional().describe("A connection URI; the daemon's default where absent"),
  peer: z.string().max(4096).optional().describe("The other connection's URI, for operations that span two"),
  target: z.array(z.string().max(1024)).max(4).optional().describe(
    "The object by its name, behind those of what holds it",
  ),
  object: objectReference.optional().describe(
    "The object as another answer referred to it, instead of target",
  ),
  withinMs: z.int().positive().max(2 ** 31).optional().describe("How long it may take, waiting included"),
  priority: z.int().min(-10).max(10).optional().describe("Higher goes first"),
  noWait: z.boolean().optional().describe("Fail at once where somebody else has the object"),
  cancelWithRequest: z.boolean().optional().describe("Cancel it where the client leaves before the answer"),
};

/** A request that calls an operation. */
export const callBody = z.strictObject({
  ...callFields,
  input: z.record(z.string(), z.unknown()).optional(),
});

/** A request that calls an operation. */
export type CallBody = z.output<typeof callBody>;
