/**
 * A hostile client of a daemon within the process, where time stands still between its steps.
 *
 * @module
 */
import type { Transport } from "../../../protocol/transport.ts";
import type { MemoryDaemon } from "../kit/memory_daemon.ts";
import { Answers } from "./answers.ts";
import type { Step } from "./strike.ts";

/**
 * Carries steps out.
 *
 * @returns how many packets came back
 * @throws {VirtError} `protocol` where what comes back is not as the protocol has it.
 */
export async function strikeInMemory(daemon: MemoryDaemon, steps: Iterable<Step>): Promise<number> {
  const transport = daemon.attach({ identity: { transport: "unix", anonymous: true } });
  const answers = new Answers();
  const reading = readAll(transport, answers);
  for (const step of steps) {
    if (step.kind === "leave") break;
    // A server that takes nothing more keeps nobody here.
    if (step.kind === "send") void transport.write(step.bytes).catch(() => {});
    else await daemon.clock.advance(10);
  }
  await daemon.clock.advance(1000);
  await transport.close();
  await reading;
  return answers.count;
}

async function readAll(transport: Transport, answers: Answers): Promise<void> {
  const room = new Uint8Array(65_536);
  for (let count = await next(transport, room); count !== null; count = await next(transport, room)) {
    answers.take(room.subarray(0, count));
  }
}

async function next(transport: Transport, room: Uint8Array): Promise<number | null> {
  try {
    return await transport.read(room);
  } catch {
    return null;
  }
}
