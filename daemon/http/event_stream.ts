/**
 * Sends events to a client, as server-sent events (HTML, "Server-sent events").
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import type { Clock } from "../../runtime/clock.ts";
import type { EventSource, SentEvent } from "./event_source.ts";

/** How a stream is sent. */
export interface EventStreamOptions {
  readonly source: EventSource;
  /** The last event that the client has: `Last-Event-ID`. */
  readonly after: string | undefined;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Asked from time to time; the stream ends where it is not good any more. */
  readonly isGood: () => boolean;
  /** How long a client may take nothing of what is sent, in milliseconds. */
  readonly stallMs: number;
}

/** How often a sign of life is sent where nothing happens, in milliseconds. */
const lifeMs = 15_000;

/** How long a browser waits before it comes again, in milliseconds. */
const retryMs = 2000;

/** Sends events until the source, the client or the signal ends it. The client is destroyed where it takes nothing. */
export async function sendEvents(response: ServerResponse, options: EventStreamOptions): Promise<void> {
  const { source, after, clock, isGood, stallMs } = options;
  // Who has left meanwhile is not heard to leave again.
  if (response.destroyed || response.closed) return;
  if (after !== undefined && source.ended?.(after) === true) {
    // Whoever comes again for what has ended is told to stay away.
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const end = (): void => ended.abort();
  response.on("close", end);
  const write = (text: string): Promise<void> | undefined => send(response, text, { clock, stallMs, signal });
  let timer: Disposable | undefined;
  const live = (): void => {
    if (!isGood()) return end();
    if (!response.writableNeedDrain) response.write(": alive\n\n");
    timer = clock.after(lifeMs, live);
  };
  timer = clock.after(lifeMs, live);
  try {
    await write(`retry: ${retryMs}\n\n`);
    for await (const event of source.follow(after, signal)) {
      if (signal.aborted) break;
      const room = write(eventText(event));
      if (room !== undefined) await room;
    }
  } finally {
    timer[Symbol.dispose]();
    response.off("close", end);
    response.end();
  }
}

/** An event as text. What is JSON has no line ends. */
export function eventText({ id, type, data }: SentEvent): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Writes; where the client is slow, resolves when it has taken enough. */
function send(response: ServerResponse, text: string, { clock, stallMs, signal }: {
  readonly clock: Clock;
  readonly stallMs: number;
  readonly signal: AbortSignal;
}): Promise<void> | undefined {
  if (response.write(text)) return undefined;
  return new Promise((resolve) => {
    const timer = clock.after(stallMs, () => void response.destroy());
    const done = (): void => {
      timer[Symbol.dispose]();
      response.off("drain", done);
      response.off("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
    signal.addEventListener("abort", done);
  });
}
