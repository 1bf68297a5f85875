/**
 * Sorts what a command line gives into the target's names and the input, and fetches what it only names: files, secrets,
 * other objects.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import { type ObjectClass, objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { lineage } from "../../runtime/control/addressing.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { Io } from "../io.ts";
import type { Askers, Screen } from "../live/prompter.ts";
import { kebab } from "../words.ts";
import { takeTarget } from "./addressing.ts";
import { readBytes, readDocument } from "./document.ts";
import { flagName, parseValue, placeholderOf, positionalFields } from "./input_flags.ts";
import { localPath } from "./local_path.ts";
import type { Field, FieldKind } from "./schema.ts";

/** The values of a generated command's flags: those of the input by field name, and the shared ones. */
export type OperationFlags = Readonly<Record<string, unknown>>;

/** An operation as it was asked for. */
export interface OperationRequest {
  readonly operation: Operation;
  readonly fields: readonly Field[];
  readonly flags: OperationFlags;
  readonly positionals: readonly string[];
  /** What it is called on the command line, where that is not the operation's own verb. */
  readonly verb?: string;
  /** The same with the standard input or output in the place of a file. */
  readonly inPieces?: Operation;
}

/** A command line, sorted. Values may still only name what they stand for. */
export interface Arranged {
  readonly target: readonly string[];
  readonly values: ReadonlyMap<Field, unknown>;
}

/** A flag's value, where it is text. */
export function textFlag(flags: OperationFlags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

/**
 * Sorts the command line.
 *
 * @throws {VirtError} `invalid-argument` where something is missing, too much, or not what it should be.
 */
export function arrange({ operation, fields, flags, positionals }: OperationRequest): Arranged {
  const flagNames = new Set(fields.map(flagName));
  const { target, rest } = takeTarget(operation, {
    positionals,
    byFlag: (objectClass) => flagNames.has(objectClass) ? undefined : textFlag(flags, objectClass),
  });
  const values = new Map<Field, unknown>();
  for (const field of fields) {
    const value = flags[flagName(field)];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) values.set(field, value);
  }
  const active = fields.find(({ name }) => name === "active");
  if (active !== undefined && flags["inactive"] === true) values.set(active, false);
  const open = positionalFields(fields).filter((field) => !values.has(field));
  const surplus = rest[open.length];
  if (surplus !== undefined && open.at(-1)?.kind.kind !== "list") {
    throw usageError(operation, `"${surplus}" is one argument too many`);
  }
  for (const [index, field] of open.entries()) {
    const isList = field.kind.kind === "list";
    const given = isList ? rest.slice(index) : rest.slice(index, index + 1);
    if (given.length === 0) {
      if (field.kind.kind === "secret" || !field.required) continue;
      throw usageError(operation, `${placeholderOf(field)} is missing (or --${kebab(flagName(field))})`);
    }
    const parsed = given.map((one) => parsePositional(operation, field, one));
    values.set(field, isList ? parsed : parsed[0]);
  }
  return { target, values };
}

function parsePositional(operation: Operation, field: Field, text: string): unknown {
  try {
    return parseValue(field, field.kind, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(operation, `Cannot use "${text}" for ${placeholderOf(field)}: ${why}`);
  }
}

function usageError(operation: Operation, message: string): VirtError {
  return new VirtError("invalid-argument", message, {
    hint: `See: drover ${kebab(operation.objectClass)} ${kebab(operation.verb)} --help`,
  });
}

/** Where what is named is fetched from. */
export interface FetchOptions {
  readonly io: Io;
  readonly control: Control;
  readonly uri: string;
  /** Of the operation: a volume that is named without its pool is one of the same pool. */
  readonly target: readonly string[];
  readonly signal: AbortSignal;
  readonly asking: Askers;
  readonly screen: Screen;
}

/** The input with files read, secrets asked for and other objects found. */
export async function fetchInput(
  { fields, operation }: OperationRequest,
  arranged: Arranged,
  options: FetchOptions,
): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const value = arranged.values.get(field);
    if (value !== undefined) input[field.name] = await fetched(field.kind, value, options);
    else if (field.kind.kind === "secret" && field.required) {
      input[field.name] = await askSecret(operation, field, options);
    }
  }
  return input;
}

async function fetched(kind: FieldKind, value: unknown, options: FetchOptions): Promise<unknown> {
  if (kind.kind === "list" && Array.isArray(value)) {
    return await Promise.all(value.map((each: unknown) => fetched(kind.of, each, options)));
  }
  if (typeof value !== "string") return value;
  switch (kind.kind) {
    case "document":
      return await readDocument(options.io, value);
    case "bytes":
      return await readBytes(options.io, value);
    case "secret":
      return value === "-" ? (await readDocument(options.io, "-")).replace(/\r?\n$/, "") : value;
    case "file":
      return await localPath(value, kind.access);
    case "reference":
      return isObjectClass(kind.objectClass) ? await findObject(kind.objectClass, value, options) : value;
    default:
      return value;
  }
}

function isObjectClass(name: string): name is ObjectClass {
  return Object.hasOwn(objectClasses, name);
}

/** The reference of an object by its name: `disk0`, `images/disk0`. */
async function findObject(objectClass: ObjectClass, text: string, options: FetchOptions): Promise<unknown> {
  const above = lineage(objectClass).length - 1;
  const parts = text.split("/");
  const parents = parts.length > above ? parts.slice(0, above) : options.target.slice(0, above);
  const outcome = await options.control.request("operation.call", {
    operation: `${objectClass}.lookup`,
    uri: options.uri,
    target: [...parents],
    input: { name: parts.length > above ? parts.slice(above).join("/") : text },
  }, { signal: options.signal, ...options.asking });
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
  return outcome.value;
}

/** Asks for a secret at the terminal: on the command line everybody could read it. */
async function askSecret(
  operation: Operation,
  field: Field,
  { asking, screen, signal }: FetchOptions,
): Promise<string> {
  if (asking.askCredentials === undefined) {
    throw usageError(
      operation,
      `${placeholderOf(field)} is missing: give it on standard input with --${kebab(flagName(field))} -`,
    );
  }
  const { isCancel, password } = await import("@clack/prompts");
  const { default: process } = await import("node:process");
  using _held = screen.hold();
  const answer = await password({ message: placeholderOf(field), output: process.stderr, signal });
  if (isCancel(answer)) throw new VirtError("cancelled", "Nothing was entered");
  return answer;
}
