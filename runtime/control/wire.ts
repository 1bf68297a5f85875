/**
 * What goes over the control socket. Each frame is one of these messages; both sides check what they receive.
 *
 * @module
 */
import { z } from "zod";
import { type ControlMethod, controlMethods, errorData, type QuestionKind, questions } from "./methods.ts";

/** The version of the protocol; both sides must agree. */
export const controlVersion = 2;

/** Bounds of the protocol. */
export const controlLimits = {
  /** The largest frame, in bytes: definitions and lists of thousands of objects fit. */
  frameBytes: 64 << 20,
  /** Requests that one client may have open at once. */
  pending: 256,
} as const;

const id = z.int().nonnegative();
const methodNames = Object.keys(controlMethods) as [ControlMethod, ...ControlMethod[]];
const kind = z.enum(Object.keys(questions) as [QuestionKind, ...QuestionKind[]]);

/** From a client. */
export const fromClient = z.discriminatedUnion("t", [
  z.object({ t: z.literal("hello"), version: z.int() }),
  /** `prompts`: what a person can be asked. */
  z.object({
    t: z.literal("request"),
    id,
    method: z.enum(methodNames),
    params: z.unknown(),
    prompts: z.array(kind).max(8),
  }),
  z.object({ t: z.literal("cancel"), id }),
  z.object({ t: z.literal("answer"), question: id, answer: z.unknown() }),
]);

/** A message from a client. */
export type FromClient = z.output<typeof fromClient>;

/** From the kernel. */
export const fromKernel = z.discriminatedUnion("t", [
  z.object({ t: z.literal("hello"), version: z.int(), pid: z.int() }),
  /** The request will be carried out; before this, nothing has happened. */
  z.object({ t: z.literal("taken"), id }),
  z.object({ t: z.literal("item"), id, item: z.unknown() }),
  z.object({ t: z.literal("result"), id, result: z.unknown() }),
  z.object({ t: z.literal("error"), id, error: errorData }),
  z.object({ t: z.literal("ask"), id, question: id, kind, about: z.unknown() }),
  /** The question is moot. */
  z.object({ t: z.literal("unask"), question: id }),
  /** The kernel leaves: requests that it has not taken may be asked of the next one. */
  z.object({ t: z.literal("bye") }),
]);

/** A message from the kernel. */
export type FromKernel = z.output<typeof fromKernel>;
