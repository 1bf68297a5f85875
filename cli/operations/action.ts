/**
 * Carries out one operation that was named on the command line.
 *
 * @module
 */
import { fromErrorData } from "../../model/error.ts";
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { type CallLine, callLine } from "../live/call_line.ts";
import { type Askers, askersFor } from "../live/prompter.ts";
import { type OutputFormat, outputFormats } from "../output/format.ts";
import { connectionUri, stateDirectory } from "../settings.ts";
import { spoken } from "../words.ts";
import { printAnswer } from "./answer.ts";
import { printField } from "./field.ts";
import {
  arrange,
  type Arranged,
  fetchInput,
  type OperationFlags,
  type OperationRequest,
  textFlag,
} from "./arrange.ts";
import { inputFields, outputShape } from "./schema.ts";
import { type CallOnce, download, isDownload, isUpload, upload } from "./transfer.ts";

/**
 * Asks the kernel, shows how it goes, and prints the answer.
 *
 * @throws {VirtError} `invalid-argument` for a wrong command line, else what the operation failed with.
 */
export async function runOperation(context: DroverContext, given: OperationRequest): Promise<void> {
  const { io } = context;
  const { arranged, request } = chosen(given);
  const { operation, flags } = request;
  const uri = connectionUri(io, textFlag(flags, "connect"));
  const label = labelOf(operation, arranged.target);
  const verb = spoken(given.verb ?? operation.verb);
  await using control = await context.openControl({
    io,
    stateDirectory: stateDirectory(io, textFlag(flags, "stateDir")),
  });
  using line = callLine(io, `${label}  ${verb}`);
  const value = await withInterrupt(context, (signal, interrupt) => {
    const asking = askersFor({ io, screen: line, interrupt, noPrompt: flags["noPrompt"] === true });
    return carryOut(request, arranged, { context, control, uri, line, signal, asking });
  }, { onFirst: () => line.say(`${label}  cancelling ${verb}; Ctrl-C again leaves at once`) });
  line[Symbol.dispose]();
  if (value === undefined) return;
  const format = formatOf(flags);
  const field = textFlag(flags, "field");
  if (field !== undefined) return printField(operation, value, { field, io, format });
  const exit = await printAnswer(operation, { value, label, verb }, { io, format });
  if (exit !== undefined) context.leaveWith(exit);
}

/** What a command line means: where no file is named, the bytes go by the standard input or output. */
function chosen(
  given: OperationRequest,
): { readonly request: OperationRequest; readonly arranged: Arranged } {
  const arranged = arrange(given);
  const { inPieces } = given;
  const file = [...arranged.values].find(([{ kind }]) => kind.kind === "file")?.[1];
  if (inPieces === undefined || (file !== undefined && file !== "-")) return { request: given, arranged };
  const fields = inputFields(inPieces);
  const values = new Map(
    [...arranged.values].flatMap(([{ name }, value]) => {
      const field = fields.find((each) => each.name === name);
      return field === undefined ? [] : [[field, value] as const];
    }),
  );
  return { request: { ...given, operation: inPieces, fields }, arranged: { ...arranged, values } };
}

function labelOf(operation: Operation, target: readonly string[]): string {
  if (target.length === 0) return objectClasses[operation.objectClass].label;
  return `${objectClasses[operation.on].label} "${target.join("/")}"`;
}

interface CarryOutOptions {
  readonly context: DroverContext;
  readonly control: Control;
  readonly uri: string;
  readonly line: CallLine;
  readonly signal: AbortSignal;
  readonly asking: Askers;
}

async function carryOut(
  request: OperationRequest,
  arranged: Arranged,
  { context: { io }, control, uri, line, signal, asking }: CarryOutOptions,
): Promise<unknown> {
  const { operation, flags, fields } = request;
  const { target } = arranged;
  const screen = { screen: line, signal, asking };
  const input = await fetchInput(request, arranged, { io, control, uri, target, ...screen });
  const peer = takePeer(operation, input);
  const call: CallOnce = async (piece) => {
    const outcome = await control.request("operation.call", {
      operation: operation.name,
      uri,
      target: [...target],
      input: piece,
      ...(peer === undefined ? {} : { peer: connectionUri(io, peer) }),
      ...callOptions(flags),
    }, { signal, onItem: (state) => line.show(state), ...asking });
    if (outcome.kind !== "done") throw fromErrorData(outcome.error);
    return outcome.value;
  };
  if (isUpload(fields)) return await upload(input, { call, io });
  const shape = outputShape(operation);
  const format = formatOf(flags);
  const isRaw = format === "table" || format === "wide" || format === "name";
  if (isRaw && shape.kind === "object" && isDownload(fields, shape.fields)) {
    return await download(input, { call, io });
  }
  return await call(input);
}

function callOptions(
  flags: OperationFlags,
): { readonly withinMs?: number; readonly priority?: number; readonly noWait?: boolean } {
  const { within, priority, wait } = flags;
  return {
    ...(typeof within === "number" ? { withinMs: within } : {}),
    ...(typeof priority === "number" ? { priority } : {}),
    ...(wait === false ? { noWait: true } : {}),
  };
}

function formatOf(flags: OperationFlags): OutputFormat {
  return outputFormats.find((format) => format === flags["output"]) ?? "table";
}

/** Takes the other connection's URI out of the input, where the operation spans two; the input then names it. */
function takePeer(operation: Operation, input: Record<string, unknown>): string | undefined {
  if (operation.peer === undefined) return undefined;
  const uri = input[operation.peer];
  if (typeof uri !== "string") return undefined;
  input[operation.peer] = "peer";
  return uri;
}
