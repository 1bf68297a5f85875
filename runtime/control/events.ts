/**
 * What happens on a connection, for those who watch it live.
 *
 * @module
 */
import type { VirtEvent } from "../../model/event.ts";
import type { Kernel } from "../kernel.ts";
import type { Connect } from "./asking.ts";
import type { ControlHandlers, RequestContext } from "./control.ts";
import type { ParsedParamsOf, WatchedEvent } from "./methods.ts";

/** How many events may wait for a slow watcher; then all are dropped, for one `resync` in their place. */
const backlogLimit = 10_000;

/** How long the first enumeration of a host may take, in milliseconds. */
const enumerationMs = 60_000;

/** What the answers come from. */
export interface EventHandlersOptions {
  readonly kernel: Kernel;
  readonly connect: Connect;
}

/** The handlers. */
export function eventHandlers(options: EventHandlersOptions): Pick<ControlHandlers, "events.watch"> {
  return { "events.watch": (params, context) => watch(params, { ...options, ...context }) };
}

async function watch(
  { uri }: ParsedParamsOf<"events.watch">,
  { kernel, connect, signal, send, person }: EventHandlersOptions & RequestContext<"events.watch">,
): Promise<Record<string, never>> {
  const { clock } = kernel;
  const connection = await connect(uri, { signal, ...(person === undefined ? {} : { person }) });
  await connection.ready.wait({ clock, deadline: clock.now() + enumerationMs, signal });
  const backlog = new Backlog(signal);
  using _subscription = kernel.subscribe(connection, (event) => backlog.add(event));
  await send({ kind: "listening" });
  for await (const event of backlog.events()) await send(told(event));
  return {};
}

/** Events that are still to be told. */
class Backlog {
  readonly #signal: AbortSignal;
  #events: VirtEvent[] = [];
  #wake: () => void = () => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(event: VirtEvent): void {
    if (this.#events.length >= backlogLimit) {
      const { sequence, at, object } = event;
      const detail = `${backlogLimit} events came faster than they were read`;
      this.#events = [{ sequence, at, object, type: "resync", detail }];
    }
    this.#events.push(event);
    this.#wake();
  }

  /** Events as they come, until the signal aborts. */
  async *events(): AsyncGenerator<VirtEvent, void, undefined> {
    const onAbort = (): void => this.#wake();
    this.#signal.addEventListener("abort", onAbort);
    try {
      while (!this.#signal.aborted) {
        const event = this.#events.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
    }
  }
}

function told({ sequence, at, object, type, detail }: VirtEvent): WatchedEvent {
  const { $ref, id, name, parent } = object;
  return {
    kind: "event",
    sequence,
    at,
    object: { $ref, id, name, ...(parent === undefined ? {} : { parent }) },
    type,
    ...(detail === undefined ? {} : { detail }),
  };
}
