/**
 * Deno's own commands, run as programs.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** How one of Deno's commands is run. */
export interface DenoCommandOptions {
  /** For the error: what is being done. */
  readonly doing: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Exit codes that are no failure.
   * @default [0]
   */
  readonly accepts?: readonly number[];
}

/**
 * Runs one of Deno's commands to its end.
 *
 * @throws {VirtError} `internal` where it fails, with what it printed.
 */
export async function runDeno(
  args: readonly string[],
  { doing, env, accepts = [0] }: DenoCommandOptions,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { ...env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const output = await command.output();
  const decoder = new TextDecoder();
  const result = { stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
  if (accepts.includes(output.code)) return result;
  throw new VirtError("internal", `Cannot ${doing}: deno ${args[0]} exited with ${output.code}`, {
    detail: { stderr: result.stderr.slice(0, 4096) },
    cause: result.stderr.trim().split("\n")[0],
  });
}
