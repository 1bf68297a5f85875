/**
 * The simulated hypervisor as a process of its own: `main.ts DIRECTORY [NODE-FILE]`. It is started by the first who
 * needs it, holds the directory's lock, says `ready` on its standard output, and leaves when nobody has needed it for a
 * while.
 *
 * @module
 */
import { systemClock } from "../../../runtime/clock.ts";
import { defaultHost } from "./default_host.ts";
import { DurableStore } from "./durable_store.ts";
import { Hypervisor } from "./hypervisor.ts";
import { readNodeFile } from "./node_file.ts";
import type { Change } from "./record.ts";
import { serve } from "./server.ts";
import { socketPath, worldPaths } from "./paths.ts";

/** How long it stays without clients, in milliseconds. */
const idleMs = 5_000;

function say(word: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${word}\n`));
}

function contentOf(nodeFile: string | undefined): readonly Change[] {
  const uuid = systemClock.uuid();
  const now = systemClock.now();
  return nodeFile === undefined ? defaultHost(uuid, now) : readNodeFile(nodeFile, { uuid, now });
}

async function main(directory: string, nodeFile: string | undefined): Promise<void> {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = Deno.openSync(worldPaths(directory).lock, { create: true, write: true });
  if (!lock.tryLockSync(true)) {
    say("busy");
    return;
  }
  // Whoever wants to know which process it is finds it in the lock.
  lock.truncateSync(0);
  lock.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  const store = new DurableStore(directory, () => contentOf(nodeFile));
  const hypervisor = new Hypervisor(store);
  const path = socketPath(directory);
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const listener = Deno.listen({ transport: "unix", path });
  say("ready");
  await serve({ hypervisor, listener, clock: systemClock, idleMs });
  hypervisor.close();
  lock.close();
}

const [directory, nodeFile] = Deno.args;
if (directory === undefined) throw new TypeError("The simulated hypervisor needs a directory");
await main(directory, nodeFile);
