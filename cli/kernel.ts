/**
 * Becoming the kernel of a state directory, and attaching to one.
 *
 * @module
 */
import { resolve } from "node:path";
import manifest from "../deno.json" with { type: "json" };
import { VirtError } from "../model/error.ts";
import type { Control } from "../runtime/control/control.ts";
import { openControl, type OwnKernel } from "../runtime/control/open.ts";
import { connectTo, socketPath } from "../runtime/control/socket.ts";
import type { OpenControlOptions } from "./context.ts";
import { loadDrivers, registeredDrivers } from "./drivers.ts";
import type { Io } from "./io.ts";
import { kernelOperations } from "./kernel_operations.ts";
import type { EarlyLaunch } from "./launch.ts";

/** How long a kernel of its own may take to come up, in milliseconds, and how often it is looked for. */
const startMs = 10_000;
const lookMs = 20;

/** On whose behalf this process acts. */
export function principal(): string {
  return `uid:${Deno.uid() ?? 0}`;
}

async function become(
  stateDirectory: string,
  { io, early }: { readonly io: Io; readonly early: EarlyLaunch | undefined },
): Promise<OwnKernel | undefined> {
  const { becomeKernel } = await import("../runtime/control/own_kernel.ts");
  const kernel = await becomeKernel({
    stateDirectory,
    drivers: registeredDrivers,
    operations: kernelOperations(io, stateDirectory),
    version: manifest.version,
    // They are written down here; nothing but the daemon fires them.
    schedules: async (host) => (await import("./schedules.ts")).schedulesOf(host).schedules,
    launch: async (request) => await early?.take(request) ?? (await import("./launch.ts")).launch(request),
  });
  if (kernel === undefined) return undefined;
  return {
    handlers: kernel.handlers,
    idle: () => kernel.idle(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([early?.[Symbol.asyncDispose](), kernel[Symbol.asyncDispose]()]);
    },
  };
}

/**
 * Attaches to the kernel of a state directory, or becomes it.
 *
 * @throws {VirtError} `operation-failed` where the directory cannot be used, and what `openControl` throws.
 */
export async function openKernel(
  { stateDirectory, io, recipe, uris = [] }: OpenControlOptions,
): Promise<Control> {
  const directory = resolve(stateDirectory);
  let early: EarlyLaunch | undefined;
  try {
    const control = await openControl({
      stateDirectory: directory,
      principal: principal(),
      become: async () => {
        if (recipe !== undefined) early ??= new (await import("./launch.ts")).EarlyLaunch(recipe);
        await early?.begun();
        const kernel = await become(directory, { io, early });
        // The recipe's process is not ready yet: there is time.
        if (kernel !== undefined) loadDrivers(uris);
        return kernel;
      },
      onLinger: (others) => {
        const what = others === 1 ? "another command is" : `${others} other commands are`;
        io.stderr.write(`This process is the kernel: it leaves when ${what} done (Ctrl-C leaves at once)\n`);
      },
    });
    if (!control.local) await early?.[Symbol.asyncDispose]();
    return control;
  } catch (error) {
    await early?.[Symbol.asyncDispose]();
    if (error instanceof VirtError || !isSystemError(error)) throw error;
    throw new VirtError("operation-failed", `Cannot use the state directory "${directory}"`, {
      hint: "Name another one with --state-dir or DROVER_STATE_DIR",
      cause: error,
    });
  }
}

/** Whether an error is the operating system's word. */
function isSystemError(error: unknown): boolean {
  return Object.values(Deno.errors).some((kind) => error instanceof kind);
}

/**
 * Sees to it that the state directory has a kernel that does not end with this process.
 *
 * @throws {VirtError} `unreachable` where none comes up.
 */
export async function ensureKernel(stateDirectory: string): Promise<void> {
  const directory = resolve(stateDirectory);
  const path = await socketPath(directory);
  if (await listens(path)) return;
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      new URL("./main.ts", import.meta.url).href,
      "__kernel",
      "--state-dir",
      directory,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  process.unref();
  for (let waited = 0; waited < startMs; waited += lookMs) {
    if (await listens(path)) return;
    await new Promise((done) => setTimeout(done, lookMs));
  }
  throw new VirtError("unreachable", `No kernel came up for "${directory}"`, {
    hint: `See what it said in: ${kernelLog(directory)}`,
  });
}

async function listens(path: string): Promise<boolean> {
  const conn = await connectTo(path);
  conn?.close();
  return conn !== undefined;
}

/** Where a kernel without a terminal says what went wrong. */
export function kernelLog(directory: string): string {
  return `${directory}/kernel.log`;
}
