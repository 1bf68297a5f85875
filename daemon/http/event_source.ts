/**
 * What event streams are fed from.
 *
 * @module
 */

/** An event as it is sent. */
export interface SentEvent {
  /** Where to go on after it. Absent where nobody could go on: in the middle of what is told anew. */
  readonly id?: string;
  readonly type: string;
  readonly data: unknown;
}

/** A source of events that can be followed from any place that it remembers. */
export interface EventSource {
  /**
   * Events behind the one with this id; everything that there is where no id is said. Where what lies behind the id is not
   * remembered, the first event is a `reset`, and what follows tells everything anew.
   */
  follow(after: string | undefined, signal: AbortSignal): AsyncIterable<SentEvent>;
  /** Whether nothing can follow behind this id, now or later. */
  ended?(after: string): boolean;
}

/** The event that tells a client to forget what it has: it is told anew. */
export const resetEvent: SentEvent = {
  type: "reset",
  data: { reason: "What happened meanwhile is not remembered; everything is told anew" },
};

/**
 * Something that changes and is told as a whole, whenever it has. Nothing is lost or doubled: each event says everything.
 */
export interface StateSourceOptions {
  readonly type: string;
  /** What there is now. */
  readonly look: () => Promise<unknown>;
  /** Waits until it may have changed. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  /** A short text that says which state it is. */
  readonly idOf: (text: string) => string;
}

/** A source that tells a state whenever it has changed. */
export function stateSource({ type, look, wait, idOf }: StateSourceOptions): EventSource {
  return {
    async *follow(after, signal): AsyncGenerator<SentEvent, void, undefined> {
      let told = after;
      while (!signal.aborted) {
        const data = await look();
        const id = idOf(JSON.stringify(data));
        if (id !== told) yield { id, type, data };
        told = id;
        await wait(signal);
      }
    },
  };
}
