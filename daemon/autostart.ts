/**
 * What is marked to be started with its host: once for each boot of the machine, however often the daemon is started meanwhile.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { fromErrorData, VirtError } from "../model/error.ts";
import type { ObjectRef } from "../model/object.ts";
import type { InputOf, OutputOf } from "../model/operation.ts";
import type { OperationName, Operations } from "../model/operations/mod.ts";
import { operations } from "../model/operations/mod.ts";
import { inSentence, messageOf } from "../protocol/wording.ts";
import type { CallRequest, CallResult } from "../runtime/call.ts";
import type { DriverConnection } from "../runtime/driver.ts";
import type { Kernel } from "../runtime/kernel.ts";
import { readFile, replaceFile, type StateFileSystem } from "../runtime/state/durable_file.ts";
import { hostName } from "./dispatch/objects.ts";
import type { Log } from "./log.ts";

/** What starting takes. */
export interface AutostartOptions {
  readonly kernel: Kernel;
  /** Carries out, on record. */
  readonly carryOut: (request: CallRequest) => Promise<CallResult>;
  /** Where it is kept what has been started since which boot. */
  readonly directory: string;
  /** What differs from boot to boot of the machine. @default what Linux says */
  readonly bootId?: string;
  readonly log: Log;
  /** @default this machine's files */
  readonly files?: StateFileSystem;
}

/** What has been started on a host, and since which boot. */
const startedSchema = z.object({
  boot: z.string(),
  /** Kinds and ids of what was tried so far. */
  tried: z.array(z.string()),
  /** Whether that is all: what is marked or stopped later is for the next boot. */
  complete: z.boolean(),
});

type Started = z.infer<typeof startedSchema>;

/** On behalf of the daemon itself. */
const principal = "daemon";

/** Nobody is asked: whoever marked it was allowed to. */
const authority: CallRequest["authority"] = { check: () => {}, checkReach: () => {}, sees: () => true };

/** Everything that can be marked, in the order in which it is needed: domains use networks and pools. */
const kinds = [
  {
    start: "network.start",
    marked: async (call: Ask): Promise<readonly ObjectRef[]> =>
      (await call("network.list", { autostart: true, active: false })).map(({ network }) => network),
  },
  {
    start: "nodeDevice.start",
    marked: async (call: Ask): Promise<readonly ObjectRef[]> =>
      (await call("nodeDevice.list", { active: false })).filter(({ autostart }) => autostart).map((
        { nodeDevice },
      ) => nodeDevice),
  },
  {
    start: "pool.start",
    marked: async (call: Ask): Promise<readonly ObjectRef[]> =>
      (await call("pool.list", { autostart: true })).filter(({ state }) => state === "inactive").map((
        { pool },
      ) => pool),
  },
  {
    start: "domain.start",
    marked: async (call: Ask): Promise<readonly ObjectRef[]> =>
      (await call("domain.list", { autostart: true, active: false })).map(({ domain }) => domain),
  },
] as const satisfies readonly {
  readonly start: OperationName;
  readonly marked: (call: Ask) => Promise<readonly ObjectRef[]>;
}[];

/** Asks a host something. */
type Ask = <N extends OperationName>(
  operation: N,
  input: InputOf<Operations[N]>,
) => Promise<OutputOf<Operations[N]>>;

/**
 * Starts what is marked on a host and has not been started since the machine's boot. What cannot be started is in the log, and
 * keeps nothing else from being started; it is not tried again before the next boot.
 *
 * @returns the objects that were started
 * @throws {VirtError} where the host cannot be read, or it cannot be kept what has been started.
 */
export async function autostart(
  connection: DriverConnection,
  options: AutostartOptions,
): Promise<readonly ObjectRef[]> {
  const { directory, log, files, bootId = await machineBootId() } = options;
  if (bootId === undefined) {
    log("warn", "nothing is started by itself: the system does not tell one boot from another");
    return [];
  }
  const file = join(directory, `${connection.host}-${connection.driver}.json`);
  const access = files === undefined ? {} : { files };
  const before = parseStarted(await readFile(file, access));
  const sameBoot = before?.boot === bootId ? before : undefined;
  if (sameBoot?.complete === true) return [];
  const tried = new Set(sameBoot?.tried);
  const note = async (complete: boolean): Promise<void> => {
    const now: Started = { boot: bootId, tried: [...tried], complete };
    await replaceFile(file, `${JSON.stringify(now)}\n`, access);
  };
  const started: ObjectRef[] = [];
  const { read, start } = callsOn(connection, options);
  for (const { start: operation, marked } of kinds) {
    if (!Object.hasOwn(connection.implementations, operation)) continue;
    for (const ref of await marked(read)) {
      const id = `${ref.$ref}/${ref.id}`;
      if (tried.has(id)) continue;
      try {
        await start(operation, ref);
        started.push(ref);
        log("info", "started by itself", { object: `${ref.$ref} "${ref.name}"` });
      } catch (error) {
        const why = error instanceof VirtError ? inSentence(error.message) : messageOf(error);
        log("error", "cannot start by itself", { object: `${ref.$ref} "${ref.name}"`, why });
      }
      // Before the next one: where this daemon dies now, the next goes on there.
      tried.add(id);
      await note(false);
    }
  }
  await note(true);
  return started;
}

/** What differs from boot to boot. Source: proc_sys_kernel(5). */
export async function machineBootId(): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  } catch {
    return undefined;
  }
}

/** What somebody else has put there counts for nothing. */
function parseStarted(text: string | undefined): Started | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = startedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function callsOn(
  connection: DriverConnection,
  { kernel, carryOut }: AutostartOptions,
): { readonly read: Ask; readonly start: (operation: OperationName, ref: ObjectRef) => Promise<void> } {
  const request = (operation: OperationName): Pick<
    CallRequest,
    "operation" | "connections" | "connection" | "caller" | "authority"
  > => ({
    operation,
    connections: new Map([[hostName, connection]]),
    connection: hostName,
    caller: { principal, title: "start with the host", since: kernel.clock.now() },
    authority,
  });
  return {
    async read<N extends OperationName>(
      operation: N,
      input: InputOf<Operations[N]>,
    ): Promise<OutputOf<Operations[N]>> {
      const { outcome } = await kernel.call({ ...request(operation), input });
      if (outcome.kind !== "done") throw fromErrorData(outcome.error);
      // What the driver's function for this very operation answers.
      return outcome.value as OutputOf<Operations[N]>;
    },
    async start(operation, { generation: _generation, ...target }): Promise<void> {
      const call = { ...request(operation), target: { ...target, connection: hostName }, input: {} };
      const { outcome } =
        await (operations.get(operation)?.effect === "write" ? carryOut(call) : kernel.call(call));
      if (outcome.kind !== "done") throw fromErrorData(outcome.error);
    },
  };
}
