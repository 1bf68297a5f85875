/**
 * Messages between the one who reads them from the recipe and the one who takes them.
 *
 * @module
 */

/** A queue with one taker, which makes its filler wait while it is full. */
export class MessageQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #first = 0;
  #closed = false;
  #taken = false;
  #wakeTaker: (() => void) | undefined;
  #wakeFiller: (() => void) | undefined;

  /** @param capacity items that may wait before the filler does. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether the filler should wait. */
  get full(): boolean {
    return this.#items.length - this.#first >= this.#capacity;
  }

  /** Adds an item; nothing is added after the end. */
  push(item: T): void {
    if (this.#closed) return;
    this.#items.push(item);
    this.#wakeTaker?.();
    this.#wakeTaker = undefined;
  }

  /** Resolves when there is room again, or the queue is closed. */
  async room(): Promise<void> {
    while (this.full && !this.#closed) await new Promise<void>((resolve) => this.#wakeFiller = resolve);
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
    const item = this.#items[this.#first++]!;
    if (this.#first === this.#items.length || this.#first > this.#capacity) {
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
