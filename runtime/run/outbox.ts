/**
 * What a run delivers to its recipe, in one order: that of the journal.
 *
 * @module
 */
import type { Delivery } from "../../model/channel.ts";
import type { Clock } from "../clock.ts";
import type { RecipeEndpoint } from "../endpoint.ts";
import type { Store } from "../journal/store.ts";
import { messagesOf } from "./paging.ts";

/** A delivery that has no time yet. */
export type Undelivered = Delivery extends infer D ? D extends Delivery ? Omit<D, "now"> : never : never;

/** How a delivery is made. */
export interface DeliverOptions {
  /** Whether it must be on record for good before the recipe sees it. */
  readonly durable: boolean;
  /** The recipe's clock must not be before this afterwards, in milliseconds since 1970. */
  readonly notBefore?: number;
}

/** What an outbox is made with. */
export interface OutboxOptions {
  readonly run: string;
  readonly endpoint: Pick<RecipeEndpoint, "send">;
  readonly store: Pick<Store, "addDelivery" | "flush">;
  readonly clock: Clock;
  /** Hears that the journal failed; nothing is delivered after that. */
  readonly onFailure: (error: unknown) => void;
}

/** The deliveries of one run. */
export class Outbox {
  readonly #options: OutboxOptions;
  #tail: Promise<void> = Promise.resolve();
  #sequence = 0;
  #now = 0;
  #waiting = 0;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Deliveries that are not on their way yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Records a delivery at its place in the order, and sends it when it may be seen. */
  deliver(undelivered: Undelivered, { durable, notBefore = 0 }: DeliverOptions): void {
    const { run, store, clock } = this.#options;
    this.#now = Math.max(this.#now, notBefore, clock.now());
    const delivery: Delivery = { ...undelivered, now: this.#now };
    store.addDelivery({ run, sequence: this.#sequence++, delivery });
    this.#send(delivery, durable ? store.flush() : undefined);
  }

  /** Sends again what the journal has. */
  replay(delivery: Delivery): void {
    this.#sequence++;
    this.#now = Math.max(this.#now, delivery.now);
    this.#send(delivery, undefined);
  }

  /** Resolves when everything so far is on its way. */
  drained(): Promise<void> {
    return this.#tail;
  }

  /** Delivers nothing more; what comes is still recorded. */
  close(): void {
    this.#closed = true;
  }

  async #sendWhen(durable: Promise<void> | undefined, delivery: Delivery): Promise<void> {
    try {
      await durable;
    } catch (error) {
      if (!this.#closed) this.#options.onFailure(error);
      this.#closed = true;
    }
    try {
      for (const message of messagesOf(delivery)) {
        if (this.#closed) return;
        await this.#options.endpoint.send(message);
      }
    } catch {
      // The recipe is gone; its endpoint says how.
      this.#closed = true;
    }
  }

  #send(delivery: Delivery, durable: Promise<void> | undefined): void {
    this.#waiting++;
    // The rejection is seen below, when its turn comes.
    durable?.catch(() => {});
    this.#tail = this.#tail.then(async () => {
      await this.#sendWhen(durable, delivery);
      this.#waiting--;
    });
  }
}
