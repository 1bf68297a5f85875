/**
 * Becoming the kernel of a state directory, and attaching to one.
 *
 * @module
 */
import type { Control } from "../runtime/control/control.ts";
import { openControl, type OwnKernel } from "../runtime/control/open.ts";
import { operationHandlers } from "../runtime/control/operations.ts";
import { Kernel } from "../runtime/kernel.ts";
import { VirtError } from "../model/error.ts";
import type { OpenControlOptions } from "./context.ts";
import { registeredDrivers } from "./drivers.ts";

/** On whose behalf this process acts. */
export function principal(): string {
  return `uid:${Deno.uid() ?? 0}`;
}

async function become(stateDirectory: string): Promise<OwnKernel | undefined> {
  await Deno.mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const lock = await Deno.open(`${stateDirectory}/lock`, { create: true, write: true });
  if (!await lock.tryLock(true)) {
    lock.close();
    return undefined;
  }
  const kernel = new Kernel({ drivers: registeredDrivers, stateDirectory });
  const no = () => Promise.reject(new VirtError("unsupported", "Not here yet"));
  return {
    handlers: {
      ...operationHandlers({ kernel, cancelRun: () => false }),
      "kernel.info": () =>
        Promise.resolve({ pid: Deno.pid, since: 0, epoch: kernel.epoch, version: "0.1.0", stateDirectory }),
      "runs.start": no,
      "runs.list": no,
      "runs.show": no,
      "runs.logs": no,
      "runs.watch": no,
      "runs.cancel": no,
      "runs.resume": no,
      "runs.abandon": no,
    },
    idle: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      await kernel.close();
      lock.close();
    },
  };
}

/** Attaches to the kernel of a state directory, or becomes it. */
export function openKernel({ stateDirectory, io }: OpenControlOptions): Promise<Control> {
  return openControl({
    stateDirectory,
    principal: principal(),
    become: () => become(stateDirectory),
    onLinger: (others) =>
      io.stderr.write(
        `this process is the kernel; it leaves when ${
          others === 1 ? "another command" : `${others} other commands`
        } here ${others === 1 ? "is" : "are"} done\n`,
      ),
  });
}

export async function ensureKernel(_stateDirectory: string): Promise<void> {}
