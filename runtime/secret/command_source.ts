/**
 * Values that a program prints.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Clock } from "../clock.ts";
import { secretBytes, type SecretValue, valueFrom } from "./value.ts";

/** How long a program may take, in milliseconds: somebody may have to unlock a keyring. */
const commandMs = 60_000;

/** How a program is run. */
export interface CommandOptions {
  /** The secret, for messages. */
  readonly about: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Runs a program as the user that the kernel runs as, without any shell, and takes what it prints. What it says on its
 * error output is shown to nobody: it may be the value.
 *
 * @throws {VirtError} `operation-failed`, `timed-out`; the signal's reason.
 */
export async function readSecretCommand(
  [program = "", ...args]: readonly string[],
  { about, clock, signal }: CommandOptions,
): Promise<SecretValue> {
  const failed = (code: "operation-failed" | "timed-out", found: string): VirtError =>
    new VirtError(code, `Cannot get secret "${about}" from the program "${program}": ${found}`, {
      hint: "Run it in a terminal, and see what it says",
    });
  signal.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "null", cwd: "/" })
      .spawn();
  } catch {
    throw failed("operation-failed", "it cannot be started");
  }
  const ending = Promise.withResolvers<never>();
  ending.promise.catch(() => {});
  const onAbort = (): void => ending.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  using _late = clock.after(
    commandMs,
    () => ending.reject(failed("timed-out", `it took longer than ${commandMs / 1000} seconds`)),
  );
  const reader = child.stdout.getReader();
  try {
    return await Promise.race([ending.promise, read()]);
  } catch (error) {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await reader.cancel().catch(() => {});
    await child.status;
  }

  async function read(): Promise<SecretValue> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > secretBytes) throw failed("operation-failed", `it printed more than ${secretBytes} bytes`);
      parts.push(next.value);
    }
    const { code, signal: killed } = await child.status;
    if (killed !== null) throw failed("operation-failed", `it was ended by ${killed}`);
    if (code !== 0) throw failed("operation-failed", `it left with ${code}`);
    return valueFrom(new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer()), about);
  }
}
