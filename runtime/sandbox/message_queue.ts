/**
 * Messages between the one who reads them from the recipe and the one who takes them.
 *
 * @module
 */

/** What may wait in a queue before its filler does. */
export interface QueueBounds {
  readonly items: number;
  readonly bytes: number;
}

/** An item and the room that it takes. */
interface Queued<T> {
  readonly item: T;
  readonly bytes: number;
}

/** A queue with one taker, which makes its filler wait while it is full. */
export class MessageQueue<T> implements AsyncIterable<T> {
  readonly #bounds: QueueBounds;
  readonly #items: Queued<T>[] = [];
  #first = 0;
  #bytes = 0;
  #bounded = true;
  #closed = false;
  #taken = false;
  #wakeTaker: (() => void) | undefined;
  #wakeFiller: (() => void) | undefined;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /** Whether the filler should wait. */
  get full(): boolean {
    if (!this.#bounded || this.#closed) return false;
    return this.#items.length - this.#first >= this.#bounds.items || this.#bytes >= this.#bounds.bytes;
  }

  /** Adds an item; nothing is added after the end. */
  push(item: T, bytes: number): void {
    if (this.#closed) return;
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    this.#wakeTaker?.();
    this.#wakeTaker = undefined;
  }

  /** Resolves when there is room. */
  async room(): Promise<void> {
    while (this.full) await new Promise<void>((resolve) => this.#wakeFiller = resolve);
  }

  /** Lets in what is still to come without bound: the end of it is near. */
  unbind(): void {
    this.#bounded = false;
    this.#wakeFiller?.();
  }

  /** Ends it; what is in it can still be taken. */
  close(): void {
    this.#closed = true;
    this.#wakeTaker?.();
    this.#wakeFiller?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    if (this.#taken) throw new TypeError("Cannot read the messages of a recipe twice");
    this.#taken = true;
    for (;;) {
      while (this.#first < this.#items.length) yield this.#take();
      if (this.#closed) return;
      await new Promise<void>((resolve) => this.#wakeTaker = resolve);
    }
  }

  #take(): T {
    const { item, bytes } = this.#items[this.#first++]!;
    this.#bytes -= bytes;
    if (this.#first === this.#items.length || this.#first > this.#bounds.items) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    if (this.#wakeFiller !== undefined && !this.full) {
      this.#wakeFiller();
      this.#wakeFiller = undefined;
    }
    return item;
  }
}
