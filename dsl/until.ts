/**
 * Waiting for something to become true of an object: by its events, with a look first.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import type { VirtEvent } from "../model/event.ts";
import type { CallOptions } from "./call_options.ts";
import { type Duration, duration, durationText } from "./duration.ts";
import { type ObjectHandle, objectsOf } from "./handle.ts";
import { asReference } from "./plain.ts";
import { anySignal } from "./wait.ts";
import { defaultWithinMs, leastCallMs } from "./wait_clock.ts";

/** How long and how patiently to wait. */
export interface WaitOptions {
  /**
   * How long at most: `"2m"`, or milliseconds.
   * @default "5m"
   */
  readonly within?: Duration;
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a look has found: what was waited for, or in which way it is not there yet. */
export type Look<T> = { readonly found: T } | { readonly instead: string };

/** How a look makes its calls: they end with the wait, and not long after it. */
export interface LookCalls extends CallOptions {
  /** Milliseconds that are left of the wait. */
  readonly within: number;
}

/** What is waited for. */
export interface Awaited<T> {
  /** As it goes on after "Waited 2m for": `domain "web-1" to run`. */
  readonly what: string;
  /** Looks whether it is there; the options are for the calls that it makes, which end with the wait. */
  readonly look: (calls: LookCalls) => Promise<Look<T>>;
  /** Whether an event says as much as a look would; throws where it says that it will never be. */
  readonly hear?: (event: VirtEvent) => { readonly found: T } | undefined;
  /** Looks again after so long even where nothing happens, for what has no event; milliseconds. */
  readonly pollMs?: number;
  /** What to do about it when it never comes. */
  readonly hint?: string;
}

/**
 * Waits until a look finds what is waited for. The object's events are subscribed to before the first look, so that nothing
 * can happen unseen between looking and waiting; each event leads to another look, and so does the end of the time.
 *
 * @throws {VirtError} `timed-out`, with what was found instead; whatever a look throws; the signal's reason.
 */
export async function waitUntil<T>(
  handle: ObjectHandle,
  { what, look, hear, pollMs, hint }: Awaited<T>,
  options: WaitOptions = {},
): Promise<T> {
  const withinMs = options.within === undefined ? defaultWithinMs : duration(options.within);
  using bell = new Bell(handle, { withinMs, signal: options.signal });
  while (true) {
    for (const event of bell.take()) {
      const heard = hear?.(event);
      if (heard !== undefined) return heard.found;
    }
    const { expired } = bell;
    const seen = await look(bell.lookOptions).catch((error: unknown) => {
      bell.throwIfAborted();
      if (!isVirtError(error, "timed-out") || !bell.over) throw error;
      // The look ended with the wait: nobody answered it.
      throw new VirtError(
        "timed-out",
        `Waited ${durationText(withinMs)} for ${what}: nobody could tell: ${error.message}`,
        { target: handle.toString(), cause: error, ...(hint === undefined ? {} : { hint }) },
      );
    });
    if ("found" in seen) return seen.found;
    // A look that began before the end of the time is not the last one.
    if (expired) {
      throw new VirtError(
        "timed-out",
        `Waited ${durationText(withinMs)} for ${what}: ${seen.instead}${bell.lastEvent}`,
        { target: handle.toString(), ...(hint === undefined ? {} : { hint }) },
      );
    }
    await bell.rung(pollMs);
  }
}

/**
 * Waits for an event that comes after the call.
 *
 * @throws {VirtError} `timed-out`; the signal's reason.
 */
export async function waitForEvent(
  handle: ObjectHandle,
  types: readonly string[],
  options: WaitOptions = {},
): Promise<VirtEvent> {
  const withinMs = options.within === undefined ? defaultWithinMs : duration(options.within);
  using bell = new Bell(handle, { withinMs, signal: options.signal });
  let missed = false;
  while (true) {
    const events = bell.take();
    missed ||= events.some(({ type }) => type === "resync");
    const found = events.find(({ type }) => types.includes(type));
    if (found !== undefined) return found;
    if (bell.expired) {
      const wanted = types.map((type) => `"${type}"`).join(" or ");
      throw new VirtError(
        "timed-out",
        `Waited ${durationText(withinMs)} for event ${wanted} of ${handle}: it has not come${bell.lastEvent}`,
        {
          target: handle.toString(),
          hint: missed
            ? "It may have come while nobody listened: a run that may be resumed waits for a state, vm.until.state(…)"
            : "Begin to wait before you do what leads to the event",
        },
      );
    }
    await bell.rung();
  }
}

/** Rings when something happens to an object, when time is up, and when the wait is to end. */
class Bell implements Disposable {
  readonly #signal: AbortSignal;
  readonly #session: ReturnType<typeof objectsOf>["session"];
  readonly #stop: (() => void)[] = [];
  readonly #events: VirtEvent[] = [];
  readonly #endsAt: number;
  readonly #early: AbortSignal | undefined;
  #last: VirtEvent | undefined;
  #expired = false;
  #rang = false;
  #wake: (() => void) | undefined;

  constructor(
    handle: ObjectHandle,
    { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal | undefined },
  ) {
    const { session } = objectsOf(handle);
    this.#session = session;
    this.#endsAt = session.now + withinMs;
    this.#early = signal;
    this.#signal = anySignal(session.signal, signal);
    this.throwIfAborted();
    const { connection } = handle;
    const { generation: _, ...object } = handle[asReference]();
    this.#stop.push(
      session.subscribe({ connection, object }, (event) => {
        this.#events.push(event);
        this.#last = event;
        this.#ring();
      }),
      session.timer(withinMs, () => {
        this.#expired = true;
        this.#ring();
      }),
    );
    const onAbort = (): void => this.#ring();
    this.#signal.addEventListener("abort", onAbort, { once: true });
    this.#stop.push(() => this.#signal.removeEventListener("abort", onAbort));
  }

  /** Whether the time is up. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Whether there is nothing left of the time, also where nobody has rung yet. */
  get over(): boolean {
    return this.#expired || this.#session.now >= this.#endsAt;
  }

  /** How calls of a look are made: where the far side cannot be reached they end with the wait, and not long after it. */
  get lookOptions(): LookCalls {
    const within = Math.max(leastCallMs, this.#endsAt - this.#session.now);
    return { within, ...(this.#early === undefined ? {} : { signal: this.#early }) };
  }

  /** The last event, for an error's end; empty where there was none. */
  get lastEvent(): string {
    if (this.#last === undefined) return "";
    const { type, detail, at } = this.#last;
    const ago = durationText(Math.max(0, this.#session.now - at));
    return `; its last event was "${type}"${detail === undefined ? "" : ` (${detail})`}, ${ago} ago`;
  }

  /** Throws the reason of what ended it early. */
  throwIfAborted(): void {
    this.#signal.throwIfAborted();
  }

  /** The events since the last time. */
  take(): VirtEvent[] {
    this.#rang = false;
    this.throwIfAborted();
    return this.#events.splice(0);
  }

  /** Resolves when it has rung since the last look, or after `pollMs`. */
  async rung(pollMs?: number): Promise<void> {
    if (this.#rang) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const stopPoll = pollMs === undefined ? undefined : this.#session.timer(pollMs, resolve);
    await promise;
    stopPoll?.();
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop();
  }

  #ring(): void {
    this.#rang = true;
    this.#wake?.();
  }
}
