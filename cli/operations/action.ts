/**
 * Carries out one operation that was named on the command line.
 *
 * @module
 */
import { fromErrorData } from "../../model/error.ts";
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { callLine } from "../live/call_line.ts";
import { type OutputFormat, outputFormats } from "../output/format.ts";
import { defaultUri, stateDirectory } from "../settings.ts";
import { spoken } from "../words.ts";
import { printAnswer } from "./answer.ts";
import { arrange, fetchInput, type OperationFlags, type OperationRequest, textFlag } from "./arrange.ts";
import { outputShape } from "./schema.ts";
import { type CallOnce, download, isDownload, isUpload, upload } from "./transfer.ts";

/**
 * Asks the kernel, shows how it goes, and prints the answer.
 *
 * @throws {VirtError} `invalid-argument` for a wrong command line, else what the operation failed with.
 */
export async function runOperation(context: DroverContext, request: OperationRequest): Promise<void> {
  const { io } = context;
  const { operation, flags, fields } = request;
  const arranged = arrange(request);
  const { target } = arranged;
  const uri = defaultUri(io, textFlag(flags, "connect"));
  const format = formatOf(flags);
  await using control = await context.openControl({
    io,
    stateDirectory: stateDirectory(io, textFlag(flags, "stateDir")),
  });
  const input = await fetchInput(request, arranged, { io, control, uri, target });
  const peer = takePeer(operation, input);
  const name = target.join("/");
  const label = name === ""
    ? objectClasses[operation.on].label
    : `${objectClasses[operation.on].label} "${name}"`;
  const value = await withInterrupt(context, async (signal) => {
    using line = callLine(io, `${label}  ${spoken(operation.verb)}`);
    const call: CallOnce = async (piece) => {
      const outcome = await control.request("operation.call", {
        operation: operation.name,
        uri,
        target: [...target],
        input: piece,
        ...(peer === undefined ? {} : { peer }),
        ...callOptions(flags),
      }, { signal, onItem: (state) => line.show(state) });
      if (outcome.kind !== "done") throw fromErrorData(outcome.error);
      return outcome.value;
    };
    if (isUpload(fields)) return await upload(input, call);
    const shape = outputShape(operation);
    const isRaw = format === "table" || format === "wide" || format === "name";
    if (isRaw && shape.kind === "object" && isDownload(fields, shape.fields)) {
      return await download(input, { call, io });
    }
    return await call(input);
  });
  if (value !== undefined) await printAnswer(operation, { value, label }, { io, format });
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
