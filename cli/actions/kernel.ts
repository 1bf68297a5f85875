/**
 * `drover __kernel`: the kernel of a state directory as a process without a terminal. It leaves when nothing goes on and
 * nobody has asked for anything for a while.
 *
 * @module
 */
import type { DroverContext } from "../context.ts";
import type { StateFlags } from "../flags.ts";
import { withInterrupt } from "../interrupt.ts";
import { kernelLog } from "../kernel.ts";
import { painter } from "../output/colour.ts";
import { errorText } from "../output/error.ts";
import { stateDirectory } from "../settings.ts";

/** How long to stay for those who started it to say what they want, in milliseconds. */
const lingerMs = 5000;

/** Serves until idle. What goes wrong is in the log: there is no terminal to say it on. */
export async function serveKernel(this: DroverContext, flags: StateFlags): Promise<void> {
  const directory = stateDirectory(this.io, flags.stateDir);
  try {
    await serve(this, directory);
  } catch (error) {
    const line = `${new Date().toISOString()} ${errorText(error, painter(this.io, this.io.stderr))}\n`;
    await Deno.writeTextFile(kernelLog(directory), line, { append: true, mode: 0o600 });
    throw error;
  }
}

async function serve(context: DroverContext, directory: string): Promise<void> {
  await using control = await context.openControl({ io: context.io, stateDirectory: directory });
  if (!control.local) return;
  await withInterrupt(context, (signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, lingerMs);
    signal.addEventListener("abort", () => resolve(), { once: true });
    return promise.finally(() => clearTimeout(timer));
  });
}
