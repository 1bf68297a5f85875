/**
 * The `drover` command.
 *
 * @module
 */
import { ExitCode as ParserCode, run } from "@stricli/core";
import { type ExitCode, exitCode, worstExit } from "../model/exit_code.ts";
import { arrange, completeWord } from "./app.ts";
import type { DroverContext, OpenControl } from "./context.ts";
import { type Io, processIo } from "./io.ts";
import { painter } from "./output/colour.ts";
import { errorText, exitOf } from "./output/error.ts";

/** What a test may put in place of the outside. */
export interface MainOptions {
  /** @default the process's own */
  readonly io?: Io;
  /** @default attaches to the state directory's kernel, or becomes it */
  readonly openControl?: OpenControl;
  /** @default `Deno.exit` */
  readonly endNow?: (code: ExitCode) => void;
}

const openKernel: OpenControl = async (options) => (await import("./kernel.ts")).openKernel(options);

/** The parser's own codes are negative; ours are documented. */
function exitFor(code: number): ExitCode {
  if (code === ParserCode.UnknownCommand || code === ParserCode.InvalidArgument) return exitCode.usage;
  return Object.values(exitCode).find((known) => known === code) ?? exitCode.error;
}

/**
 * Runs a command line.
 *
 * @returns how the process is to leave, see `model/exit_code.ts`.
 */
export async function main(args: readonly string[], options: MainOptions = {}): Promise<number> {
  const { io = processIo(), openControl = openKernel, endNow = (code) => Deno.exit(code) } = options;
  const codes: ExitCode[] = [];
  const state: { exitCode?: number | string | null } = {};
  const context: DroverContext & { process: typeof state } = {
    process: Object.assign(state, { stdout: io.stdout, stderr: io.stderr }),
    io,
    openControl,
    endNow,
    leaveWith: (code) => void codes.push(code),
  };
  try {
    if (args[0] === completeWord) {
      const { complete } = await import("./completion/complete.ts");
      await complete(args.slice(1), context);
      return exitCode.done;
    }
    const { app, inputs } = await arrange(args, context);
    await run(app, inputs, context);
  } catch (error) {
    io.stderr.write(`${errorText(error, painter(io, io.stderr))}\n`);
    codes.push(exitOf(error));
  }
  return worstExit([...codes, exitFor(Number(state.exitCode ?? 0))]);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
