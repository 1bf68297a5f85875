/**
 * The one way in which the driver acts on the world: an effect in a hop, and then the objects that follow it.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { HopOptions, Job } from "../../runtime/driver.ts";
import { connectionOf } from "./connection.ts";
import type { EffectInput, EffectName, EffectResult } from "./world/effects.ts";
import type { WorldReply } from "./world/hypervisor.ts";

/** What an effect is performed with. */
export interface ActOptions<E extends EffectName> extends HopOptions {
  readonly input: EffectInput<E>;
  /** Ends it early, besides the job's own signal. */
  readonly abort?: AbortSignal;
}

/**
 * Performs one effect outside, and brings the objects to where things are then. Nothing in memory has changed when it
 * throws, unless the effect did happen and only the job may not go on.
 */
export async function act<E extends EffectName>(
  job: Job,
  effect: E,
  { input, abort, ...options }: ActOptions<E>,
): Promise<EffectResult<E>> {
  const connection = connectionOf(job);
  let reply: WorldReply<EffectResult<E>> | undefined;
  try {
    reply = await job.hop(effect, async (signal) => {
      reply = await connection.link.request(effect, input, {
        token: job.token,
        signal: abort === undefined ? signal : AbortSignal.any([signal, abort]),
        label: job.object.name,
      });
      return reply;
    }, options);
    connection.table.absorb(reply.changes, connection.doerOf(job));
    return reply.result;
  } catch (error) {
    if (isDoubt(error)) connection.missed(job.object);
    // It happened all the same: whoever looks next must see it, as something that came from elsewhere.
    if (reply !== undefined && !isBrokenLink(error)) {
      connection.table.absorb(reply.changes, connection.outsider);
    }
    throw error;
  }
}

/** Looks at the world outside, changing nothing there. */
export async function inspect<E extends EffectName>(
  job: Job,
  effect: E,
  { input, ...options }: { readonly input: EffectInput<E> } & HopOptions,
): Promise<EffectResult<E>> {
  const { link } = connectionOf(job);
  const { result } = await job.hop(
    effect,
    (signal) => link.request(effect, input, { token: job.token, signal, label: job.object.name }),
    { acts: false, ...options },
  );
  return result;
}

/** Whether the link broke, so that whatever was answered has not come. */
export function isBrokenLink(error: unknown): boolean {
  return isVirtError(error) && (error.code === "unreachable" || isBrokenLink(error.cause));
}

/** Whether the far side may have acted although no answer came. */
export function isDoubt(error: unknown): boolean {
  if (!isVirtError(error)) return false;
  if (error.code === "timed-out" || error.code === "revoked") return true;
  if (error.cause !== undefined && isDoubt(error.cause)) return true;
  const { detail } = error;
  return error.code === "unreachable" && typeof detail === "object" && detail !== null &&
    "mayHaveActed" in detail && detail.mayHaveActed === true;
}

/**
 * Takes back what was begun, as well as it goes, also after a cancel. It tells of no failure of its own: the error that
 * led here is the one that counts. Where that leaves it open whether the last step happened, nothing is touched: the
 * reconciliation looks first.
 */
export async function undo<E extends EffectName>(
  job: Job,
  effect: E,
  { input, because }: { readonly input: EffectInput<E>; readonly because: unknown },
): Promise<void> {
  if (isDoubt(because)) return;
  try {
    await act(job, effect, { input, givesBack: true, offline: true });
  } catch {
    // See above.
  }
}
