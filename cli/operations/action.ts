/**
 * Carries out one operation that was named on the command line.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { callLine } from "../live/call_line.ts";
import { type OutputFormat } from "../output/format.ts";
import { defaultUri, stateDirectory } from "../settings.ts";
import { takeTarget } from "./addressing.ts";
import { flagName, type OperationFlags, parseValue, placeholderOf, positionalFields } from "./command.ts";
import { readDocument } from "./document.ts";
import { printAnswer } from "./answer.ts";
import type { Field } from "./schema.ts";
import { kebab, spoken } from "../words.ts";

/** An operation as it was asked for. */
export interface OperationRequest {
  readonly operation: Operation;
  readonly fields: readonly Field[];
  readonly flags: OperationFlags;
  readonly positionals: readonly string[];
}

/**
 * Asks the kernel, shows how it goes, and prints the answer.
 *
 * @throws {VirtError} `invalid-argument` for a wrong command line, else what the operation failed with.
 */
export async function runOperation(context: DroverContext, request: OperationRequest): Promise<void> {
  const { io } = context;
  const { operation, flags } = request;
  const { target, input } = await arrange(context, request);
  const peer = peerOf(operation, input);
  const name = [...target].join("/");
  const label = `${objectClasses[operation.on].label}${name === "" ? "" : ` "${name}"`}`;
  await using control = await context.openControl({
    io,
    stateDirectory: stateDirectory(io, textFlag(flags, "stateDir")),
  });
  using line = callLine(io, `${label}  ${spoken(operation.verb)}`);
  const outcome = await withInterrupt(context, (signal) =>
    control.request("operation.call", {
      operation: operation.name,
      uri: defaultUri(io, textFlag(flags, "connect")),
      target: [...target],
      input,
      ...(peer === undefined ? {} : { peer }),
      ...(typeof flags["within"] === "number" ? { withinMs: flags["within"] } : {}),
      ...(typeof flags["priority"] === "number" ? { priority: flags["priority"] } : {}),
      ...(flags["wait"] === false ? { noWait: true } : {}),
    }, { signal, onItem: (state) => line.show(state) }));
  line[Symbol.dispose]();
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
  await printAnswer(operation, { value: outcome.value, label }, { io, format: formatOf(flags) });
}

function textFlag(flags: OperationFlags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

function formatOf(flags: OperationFlags): OutputFormat {
  const format = flags["output"];
  switch (format) {
    case "wide":
    case "name":
    case "json":
    case "ndjson":
    case "yaml":
      return format;
    default:
      return "table";
  }
}

/** Sorts what was given into the target's names and the input. */
async function arrange(
  context: DroverContext,
  { operation, fields, flags, positionals }: OperationRequest,
): Promise<{ readonly target: readonly string[]; readonly input: Record<string, unknown> }> {
  const { target, rest } = takeTarget(operation, positionals);
  const values = new Map<Field, unknown>();
  for (const field of fields) {
    const value = flags[flagName(field)];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) values.set(field, value);
  }
  const open = positionalFields(fields).filter((field) => !values.has(field));
  const surplus = rest[open.length];
  if (surplus !== undefined && open.at(-1)?.kind.kind !== "list") {
    throw usageError(operation, `"${surplus}" is one argument too many`);
  }
  for (const [index, field] of open.entries()) {
    const given = field.kind.kind === "list" ? rest.slice(index) : rest.slice(index, index + 1);
    if (given.length === 0) {
      throw usageError(operation, `${placeholderOf(field)} is missing (or --${kebab(flagName(field))})`);
    }
    const parsed = given.map((one) => parsePositional(operation, field, one));
    values.set(field, field.kind.kind === "list" ? parsed : parsed[0]);
  }
  const input: Record<string, unknown> = {};
  for (const [field, value] of values) {
    input[field.name] = field.kind.kind === "document" && typeof value === "string"
      ? await readDocument(context.io, value)
      : value;
  }
  return { target, input };
}

function parsePositional(operation: Operation, field: Field, text: string): unknown {
  try {
    return parseValue(field, field.kind, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(operation, `Cannot use "${text}" for ${placeholderOf(field)}: ${why}`);
  }
}

/** Takes the other connection's URI out of the input, where the operation spans two; the input then names it. */
function peerOf(operation: Operation, input: Record<string, unknown>): string | undefined {
  if (operation.peer === undefined) return undefined;
  const uri = input[operation.peer];
  if (typeof uri !== "string") return undefined;
  input[operation.peer] = "peer";
  return uri;
}

function usageError(operation: Operation, message: string): VirtError {
  return new VirtError("invalid-argument", message, {
    hint: `See: drover ${kebab(operation.objectClass)} ${kebab(operation.verb)} --help`,
  });
}
