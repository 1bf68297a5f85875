/**
 * The kernel of this process, as the control socket serves it.
 *
 * @module
 */
import { type Host, type HostOptions, openHost } from "../host.ts";
import type { Connect } from "./asking.ts";
import { auditHandlers } from "./audit.ts";
import { consoleHandlers } from "./console.ts";
import { eventHandlers } from "./events.ts";
import type { OwnKernel } from "./open.ts";
import { operationHandlers } from "./operations.ts";
import { runHandlers } from "./runs.ts";
import { scheduleHandlers } from "./schedules.ts";
import type { Schedules } from "../schedule/contract.ts";

/** Makes what knows the schedules of a host. It is asked once, when somebody asks about schedules first. */
export type OpenSchedules = (host: Host) => Promise<Schedules>;

/** Becomes the kernel of a state directory; `undefined` where another process is. */
export async function becomeKernel(
  options: HostOptions & { readonly schedules: OpenSchedules },
): Promise<OwnKernel | undefined> {
  const host = await openHost(options);
  return host === undefined ? undefined : ownKernel(host, options);
}

/** A host, as the control socket serves it. */
export function ownKernel(
  host: Host,
  { version, schedules: openSchedules }: {
    /** The project's version. */
    readonly version: string;
    readonly schedules: OpenSchedules;
  },
): OwnKernel {
  const { kernel, runs, stateDirectory, epoch, since } = host;
  let schedules: Promise<Schedules> | undefined;
  const connect: Connect = (uri, options) => runs.connect(uri, options);
  return {
    handlers: {
      ...runHandlers(runs),
      ...eventHandlers({ kernel, connect }),
      ...auditHandlers(host.store),
      ...consoleHandlers({ kernel, connect }),
      ...scheduleHandlers(() => schedules ??= openSchedules(host)),
      ...operationHandlers({
        kernel,
        connect,
        write: (request) => runs.carryOut(request),
        accept: (key, how) => runs.accept(key, how),
        cancelRun: async (id, reason) => {
          if (runs.active(id) === undefined) return false;
          await runs.cancel(id, reason);
          return true;
        },
      }),
      "kernel.info": () => Promise.resolve({ pid: Deno.pid, since, epoch, version, stateDirectory }),
    },
    idle: () => runs.idle(),
    [Symbol.asyncDispose]: () => host.close(),
  };
}
