/**
 * Deeds that take long: saving, dumping and moving guests. They tell how far they are, and can be stopped.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type ActOptions, actTogether } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { Line } from "./line.ts";
import type { RemoteJob } from "./object.ts";
import { type Parameters, plainParameters } from "./parameters.ts";
import { type WireDomain, wireDomain } from "./wire.ts";

/** The pause between two looks at how far it is, in milliseconds. */
const lookEveryMs = 500;

/** How much of a job is done, from 0 to 1, by libvirt's figures; `undefined` where they do not tell. */
export function fractionOf(statistics: Parameters): number | undefined {
  for (const what of ["data", "memory", "disk"]) {
    const total = Number(statistics[`${what}_total`] ?? 0);
    const remaining = statistics[`${what}_remaining`];
    const processed = statistics[`${what}_processed`];
    if (total <= 0 || (remaining === undefined && processed === undefined)) continue;
    const done = remaining === undefined ? Number(processed) : total - Number(remaining);
    return Math.min(1, Math.max(0, done / total));
  }
  return undefined;
}

/** How something long is done. */
export interface LongActOptions<T> extends ActOptions<T> {
  /** The connection on which it is done. @default one of its own */
  readonly on?: RpcConnection;
  /** Whether libvirt can stop it when it is asked to. @default true */
  readonly stoppable?: boolean;
}

/**
 * Has the far side do something long to the job's domain, on a connection of its own. Where the job is cancelled, or its
 * time is over, the far side is asked to stop, and what it then answers is what counts: whether it stopped, or had ended
 * before.
 *
 * @throws {VirtError} as `act` does; the signal's reason where it was stopped.
 */
export function actLong<T>(
  job: RemoteJob,
  where: string,
  deed: (line: Line) => Promise<T>,
  { stoppable = true, on, ...options }: LongActOptions<T> = {},
): Promise<T> {
  const connection = connectionOf(job);
  return actTogether(job, where, async (line) => {
    await using given = new AsyncDisposableStack();
    const rpc = on ?? given.use(await connection.apart(line.signal));
    using attendance = new Attendance({
      dom: wireDomain(job.object),
      clock: job.clock,
      signal: line.signal,
      stoppable,
      reach: (signal) => connection.line(signal),
      onProgress: (fraction) => job.progress(fraction),
    });
    try {
      // The signal does not end the call: what is on its way is stopped over there, or not at all.
      return await deed(new Line(rpc, { signal: never, askedAt: line.askedAt }));
    } catch (error) {
      const refused = isVirtError(error) && error.remoteCode !== undefined;
      throw refused && attendance.stopAsked && isVirtError(line.signal.reason) ? line.signal.reason : error;
    }
  }, options);
}

/** Does not abort: for calls that are brought to their end. */
export const never = new AbortController().signal;

/** What looking after a long call needs. */
interface Attended {
  readonly dom: WireDomain;
  readonly clock: Clock;
  /** When it aborts the far side is asked to stop. */
  readonly signal: AbortSignal;
  readonly stoppable: boolean;
  /** The far side, as soon as it can be reached. */
  readonly reach: (signal: AbortSignal) => Promise<Line>;
  readonly onProgress: (fraction: number) => void;
}

/** Looks after a long call while it runs. */
class Attendance implements Disposable {
  /** Whether the far side was asked to stop. */
  stopAsked = false;
  readonly #attended: Attended;
  readonly #ended = new AbortController();
  #timer: Disposable;

  constructor(attended: Attended) {
    this.#attended = attended;
    this.#timer = this.#later();
    attended.signal.addEventListener("abort", this.#hurry, { once: true });
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#timer[Symbol.dispose]();
    this.#attended.signal.removeEventListener("abort", this.#hurry);
  }

  readonly #hurry = (): void => {
    this.#timer[Symbol.dispose]();
    void this.#attend();
  };

  #later(): Disposable {
    return this.#attended.clock.after(lookEveryMs, () => void this.#attend());
  }

  /** Looks how far it is, or has it stopped. What comes back says nothing about the call itself. */
  async #attend(): Promise<void> {
    const { dom, signal, stoppable, reach, onProgress } = this.#attended;
    const { signal: ended } = this.#ended;
    try {
      const line = await reach(ended);
      if (!signal.aborted) {
        const { params } = await line.call("domainGetJobStats", { dom, flags: 0 });
        const fraction = fractionOf(plainParameters(params));
        if (fraction !== undefined && !ended.aborted) onProgress(fraction);
      } else if (stoppable) {
        this.stopAsked = true;
        // There may be nothing to stop yet: it is asked again as long as the call has not ended.
        await line.call("domainAbortJob", { dom });
      }
    } catch {
      // A link that broke, or a hypervisor that keeps no figures.
    }
    if (!ended.aborted) this.#timer = this.#later();
  }
}
