/**
 * The subscriptions of a run: events of its connections, as far as it may see their objects.
 *
 * @module
 */
import type { FromRecipe } from "../../model/channel.ts";
import { VirtError } from "../../model/error.ts";
import type { VirtEvent } from "../../model/event.ts";
import type { DriverConnection } from "../driver.ts";
import { sightUse } from "../permission/uses.ts";
import type { RunContext } from "./context.ts";

/** A recipe's wish to hear events. */
export type SubscribeMessage = Extract<FromRecipe, { readonly t: "subscribe" }>;

/** Deliveries that may wait before events are dropped, for a `resync` in their place. */
const backlogLimit = 5000;

/** What subscriptions work with. */
type SubscriptionContext = Pick<RunContext, "kernel" | "outbox" | "connections" | "authority">;

/** The subscriptions of one run. */
export class RunSubscriptions {
  readonly #context: SubscriptionContext;
  readonly #open = new Map<number, Disposable>();

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Delivers events from now on. `resumed` says that some may have been missed.
   *
   * @throws {VirtError} `invalid-argument` where the run has no such connection.
   */
  open(message: SubscribeMessage, { resumed }: { readonly resumed: boolean }): void {
    const { step, connection: name } = message;
    const connection = this.#context.connections.get(name);
    if (connection === undefined) {
      throw new VirtError(
        "invalid-argument",
        `Cannot subscribe to "${name}": the run has no such connection`,
      );
    }
    let missed = resumed;
    if (missed) {
      this.#resync(message, connection);
      missed = false;
    }
    const subscription = this.#context.kernel.subscribe(connection, (event) => {
      if (!this.#concerns(message, { event, connection })) return;
      if (this.#context.outbox.waiting >= backlogLimit) {
        missed = true;
        return;
      }
      if (missed) this.#resync(message, connection);
      missed = false;
      const object = { ...event.object, connection: name };
      this.#context.outbox.deliver({ t: "event", step, event: { ...event, object } }, { durable: false });
    });
    this.#open.set(step, subscription);
  }

  /** Ends a subscription. */
  close(step: number): void {
    this.#open.get(step)?.[Symbol.dispose]();
    this.#open.delete(step);
  }

  /** Ends all of them. */
  closeAll(): void {
    for (const step of [...this.#open.keys()]) this.close(step);
  }

  #concerns(
    { connection: name, objectClass, object }: SubscribeMessage,
    { event, connection }: { readonly event: VirtEvent; readonly connection: DriverConnection },
  ): boolean {
    // What was missed while a connection was broken may concern every object of it.
    if (event.type === "resync") return true;
    const { $ref, id, parent } = event.object;
    if (objectClass !== undefined && objectClass !== $ref) return false;
    if (object !== undefined && (object.$ref !== $ref || object.id !== id || object.parent !== parent)) {
      return false;
    }
    const use = sightUse(event.object, { operation: "events", when: "listed", name, connection });
    return this.#context.authority.sees(use);
  }

  #resync({ step, connection: name }: SubscribeMessage, connection: DriverConnection): void {
    const at = this.#context.kernel.clock.now();
    const event: VirtEvent = { sequence: 0, at, object: connection.self.ref(name), type: "resync" };
    this.#context.outbox.deliver({ t: "event", step, event }, { durable: false });
  }
}
