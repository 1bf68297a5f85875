/**
 * Who listens to which event.
 *
 * @module
 */
import type { Packet } from "./packet.ts";
import { type MessageName, type MessageOf, messageRow, programs } from "./procedures/mod.ts";
import { XdrReader } from "./xdr/mod.ts";

/** Hears that a listener threw something. */
export type ListenerFailed = (error: unknown, message: MessageName) => void;

/** Reads an event for one listener and hands it over. */
type Delivery = (packet: Packet) => void;

const reader = new XdrReader();

/** The listeners of a connection. */
export class Listeners {
  readonly #deliveries = new Map<string, ReadonlySet<Delivery>>();
  readonly #failed: ListenerFailed;

  constructor(failed: ListenerFailed) {
    this.#failed = failed;
  }

  /** Whether anybody listens to anything. */
  get any(): boolean {
    return this.#deliveries.size > 0;
  }

  /** Adds a listener. */
  on<M extends MessageName>(message: M, listener: (payload: MessageOf<M>) => void): Disposable {
    const row = messageRow(message);
    const key = keyOf(programs[row.program], row.number);
    const delivery = (packet: Packet): void => {
      reader.over(packet.buffer, packet);
      const payload = row.payload.read(reader);
      reader.end();
      try {
        listener(payload);
      } catch (error) {
        this.#failed(error, message);
      }
    };
    // Sets are replaced and not changed: a listener may come or go while an event is delivered.
    this.#deliveries.set(key, new Set([...this.#deliveries.get(key) ?? [], delivery]));
    return { [Symbol.dispose]: () => this.#off(key, delivery) };
  }

  /**
   * Delivers an event. One to which nobody listens is not read, be it known or not.
   *
   * @throws {VirtError} `protocol` where the event cannot be read
   */
  deliver(packet: Packet): void {
    for (const delivery of this.#deliveries.get(keyOf(packet.program, packet.procedure)) ?? []) {
      delivery(packet);
    }
  }

  /** Forgets all. */
  clear(): void {
    this.#deliveries.clear();
  }

  #off(key: string, delivery: Delivery): void {
    const rest = new Set(this.#deliveries.get(key));
    rest.delete(delivery);
    if (rest.size > 0) this.#deliveries.set(key, rest);
    else this.#deliveries.delete(key);
  }
}

function keyOf(program: number, number: number): string {
  return `${program}:${number}`;
}
