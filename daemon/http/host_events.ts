/**
 * What happens on hosts, for those who follow it over HTTP.
 *
 * @module
 */
import type { VirtEvent } from "../../model/event.ts";
import type { DriverConnection } from "../../runtime/driver.ts";
import type { Kernel } from "../../runtime/kernel.ts";
import { EventLog } from "./event_log.ts";
import { type EventSource, resetEvent, type SentEvent } from "./event_source.ts";

/** The events of all hosts that somebody has followed. From then on they are remembered. */
export class HostEvents {
  readonly #kernel: Pick<Kernel, "epoch" | "subscribe">;
  readonly #logs = new Map<DriverConnection, EventLog>();

  constructor(kernel: Pick<Kernel, "epoch" | "subscribe">) {
    this.#kernel = kernel;
  }

  /** What happens on a host, as far as it may be seen. */
  source(connection: DriverConnection, sees: (event: VirtEvent) => boolean): EventSource {
    const log = this.#logOf(connection);
    return { follow: (after, signal) => follow(log, { after, signal, sees }) };
  }

  #logOf(connection: DriverConnection): EventLog {
    const known = this.#logs.get(connection);
    if (known !== undefined) return known;
    const log = new EventLog(`${this.#kernel.epoch}.h${this.#logs.size + 1}`);
    this.#logs.set(connection, log);
    this.#kernel.subscribe(connection, (event) => log.add("event", { kind: "event", ...event }));
    return log;
  }
}

async function* follow(log: EventLog, { after, signal, sees }: {
  readonly after: string | undefined;
  readonly signal: AbortSignal;
  readonly sees: (event: VirtEvent) => boolean;
}): AsyncGenerator<SentEvent, void, undefined> {
  let from = after;
  while (!signal.aborted) {
    if (from === undefined || !log.remembers(from)) {
      if (from !== undefined) yield resetEvent;
      from = log.head;
      yield { id: from, type: "listening", data: { kind: "listening" } };
    }
    for await (const event of log.follow(from, signal)) {
      if (event === undefined) {
        from = "";
        break;
      }
      // Only events of hosts are put into this log.
      if (sees(event.data as VirtEvent)) yield event;
    }
  }
}
