/**
 * What makes a step the same step on a resume: its kind, operation, target, and a hash of its raw input.
 *
 * @module
 */
import type { FromRecipe } from "../../model/channel.ts";
import type { SourcePlace } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import { mentionsPlaceholder } from "../../model/secret.ts";
import { canonicalText, sha256 } from "../journal/json.ts";
import type { StepKind, StepRecord } from "../journal/record.ts";

/** The kinds of messages that issue a step. */
const stepKinds: ReadonlySet<string> = new Set<StepKind>([
  "call",
  "acquire",
  "release",
  "keep",
  "timer",
  "subscribe",
  "file",
  "begin",
]);

/** A message that issues a step. */
export type StepMessage = Extract<FromRecipe, { readonly t: StepKind }>;

/** A call, as a recipe asks for it. */
export type CallMessage = Extract<FromRecipe, { readonly t: "call" }>;

/** What stands in the place of a secret value. */
const redaction = { $redacted: true } as const;

/** Whether a message issues a step. */
export function issuesStep(message: FromRecipe): message is StepMessage {
  return stepKinds.has(message.t);
}

/** The row of a step, as far as its message tells. */
export function stepRecord(
  message: StepMessage,
  { run, issuedAt }: { readonly run: string; readonly issuedAt: number },
): StepRecord {
  const base = { run, number: message.step, kind: message.t, issuedAt, effect: "read" } as const;
  switch (message.t) {
    case "call":
      return { ...base, ...callIdentity(message), ...placeOf(message.at), ...withinOf(message) };
    case "acquire":
      return {
        ...base,
        target: message.objects.map((ref) => targetOf(ref.connection, asRef(ref))).join(" "),
        label: labelOf(message),
        inputHash: hashOf(null),
        ...placeOf(message.at),
      };
    case "release":
    case "keep":
      return { ...base, target: message.lease, label: message.lease, inputHash: hashOf(null) };
    case "timer":
      return {
        ...base,
        target: "",
        label: `${message.ms} ms`,
        inputHash: hashOf(message.ms),
        due: issuedAt + message.ms,
      };
    case "subscribe": {
      const target = targetOf(
        message.connection,
        message.object === undefined ? undefined : asRef(message.object),
      );
      return {
        ...base,
        target: `${target} ${message.objectClass ?? "*"}`,
        label: message.object?.name ?? message.connection,
        inputHash: hashOf(null),
      };
    }
    case "file":
      return { ...base, target: message.name, label: message.name, inputHash: hashOf(null) };
    case "begin":
      return {
        ...base,
        target: message.name,
        label: message.name,
        inputHash: hashOf(null),
        ...withinOf(message),
      };
  }
}

/** How a step issued now differs from the one on record, or nothing where it is the same. */
export function difference(issued: StepRecord, recorded: StepRecord): string | undefined {
  const now = describeStep(issued);
  const then = describeStep(recorded);
  if (now !== then) return `it was ${then} and is now ${now}`;
  if (issued.target !== recorded.target) return `${then} was on another object`;
  if (issued.inputHash !== recorded.inputHash) return `${then} had another input`;
  return undefined;
}

/** A step in few words: `domain.start web-1`. */
export function describeStep({ kind, operation, label }: StepRecord): string {
  return `${operation ?? kind} ${label}`.trim();
}

/** How people call what a call or a lease is about. */
export function labelOf(message: Extract<StepMessage, { readonly t: "call" | "acquire" }>): string {
  if (message.t === "acquire") return message.objects.map(({ name }) => name).join(", ");
  return message.target?.name ?? nameIn(message.input) ?? message.connection;
}

/** A reference as the recipe gave it, without what it left out. */
export function asRef(ref: NonNullable<CallMessage["target"]>): ObjectRef {
  return {
    $ref: ref.$ref,
    connection: ref.connection,
    id: ref.id,
    name: ref.name,
    ...(ref.parent === undefined ? {} : { parent: ref.parent }),
    ...(ref.generation === undefined ? {} : { generation: ref.generation }),
  };
}

function callIdentity(message: CallMessage): Omit<StepRecord, "run" | "number" | "kind" | "issuedAt"> {
  const { operation: name, connection, target, input, options } = message;
  const operation = operations.get(name);
  const shown = redact(input, operation);
  return {
    operation: name,
    effect: operation?.effect ?? "read",
    connection,
    target: targetOf(connection, target === undefined ? undefined : asRef(target)),
    label: labelOf(message),
    inputHash: hashOf([shown, options.temporary === true]),
    input: shown,
    ...(shown === input && !lacksValue(input, operation) ? {} : { redacted: true }),
    ...(target === undefined ? {} : { ref: asRef(target) }),
  };
}

/**
 * The input without the fields that hold secret values. What is in none of the operation's fields may be one that was
 * spelt wrong.
 */
function redact(input: unknown, operation: Operation | undefined): unknown {
  const secret = operation?.secretInput;
  if (operation === undefined || secret === undefined || input === undefined || input === null) return input;
  if (typeof input !== "object" || Array.isArray(input)) return redaction;
  const plain = fieldsOf(operation).filter((field) => !secret.includes(field));
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, plain.includes(key) ? value : redaction]),
  );
}

/** Whether something stands for a value in a definition: the definition that was given is another one. */
function lacksValue(input: unknown, operation: Operation | undefined): boolean {
  if (typeof input !== "object" || input === null) return false;
  return (operation?.secretPlaces ?? []).some((field) => mentionsPlaceholder(Reflect.get(input, field)));
}

function fieldsOf({ input }: Operation): readonly string[] {
  return "shape" in input && typeof input.shape === "object" ? Object.keys(input.shape ?? {}) : [];
}

function targetOf(connection: string, ref: ObjectRef | undefined): string {
  return ref === undefined ? connection : [connection, ref.$ref, ref.parent ?? "", ref.id].join("/");
}

function hashOf(value: unknown): string {
  return sha256(canonicalText(value));
}

/** Operations on a connection mostly name what they are about. */
function nameIn(input: unknown): string | undefined {
  return typeof input === "object" && input !== null && "name" in input && typeof input.name === "string"
    ? input.name
    : undefined;
}

function placeOf(at: CallMessage["at"]): { readonly at?: SourcePlace } {
  return at === undefined ? {} : { at: sourcePlace(at) };
}

/** A place as errors carry it. */
export function sourcePlace(at: NonNullable<CallMessage["at"]>): SourcePlace {
  return {
    line: at.line,
    ...(at.file === undefined ? {} : { file: at.file }),
    ...(at.column === undefined ? {} : { column: at.column }),
  };
}

function withinOf({ within }: { readonly within?: number | undefined }): { readonly within?: number } {
  return within === undefined ? {} : { within };
}
