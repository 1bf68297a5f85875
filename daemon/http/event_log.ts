/**
 * Events that are remembered for a while, so that whoever was cut off can go on where he was.
 *
 * @module
 */
import type { SentEvent } from "./event_source.ts";

/** How much is remembered. */
export interface EventLogLimits {
  /** @default 4096 */
  readonly maxEvents?: number;
  /** In characters. @default 4194304 */
  readonly maxText?: number;
}

interface Kept {
  readonly event: SentEvent;
  readonly text: number;
}

/** A log of events. Ids are the log's own name and a number that grows by one. */
export class EventLog {
  readonly #name: string;
  readonly #maxEvents: number;
  readonly #maxText: number;
  readonly #kept: Kept[] = [];
  readonly #wakers = new Set<() => void>();
  #first = 1;
  #next = 1;
  #text = 0;
  #ended = false;

  /** @param name unlike that of any other log, also of daemons before this one */
  constructor(name: string, { maxEvents = 4096, maxText = 4_194_304 }: EventLogLimits = {}) {
    this.#name = name;
    this.#maxEvents = maxEvents;
    this.#maxText = maxText;
  }

  /** Whether nothing is added any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** How many follow it. */
  get followers(): number {
    return this.#wakers.size;
  }

  /** The id of what was added last. */
  get head(): string {
    return this.#id(this.#next - 1);
  }

  /** Adds an event; the oldest are forgotten where there are too many. */
  add(type: string, data: unknown): void {
    if (this.#ended) return;
    const text = JSON.stringify(data).length;
    this.#kept.push({ event: { id: this.#id(this.#next++), type, data }, text });
    this.#text += text;
    while (this.#kept.length > this.#maxEvents || (this.#text > this.#maxText && this.#kept.length > 1)) {
      this.#text -= this.#kept.shift()?.text ?? 0;
      this.#first++;
    }
    this.#wake();
  }

  /** Nothing more happens. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Whether everything behind this id is still remembered. */
  remembers(id: string): boolean {
    const number = this.#numberIn(id);
    return number !== undefined && number >= this.#first - 1 && number < this.#next;
  }

  /**
   * Events behind an id, until the log or the signal ends. Whoever falls so far behind that something is forgotten gets
   * `undefined` and nothing more.
   */
  async *follow(id: string, signal: AbortSignal): AsyncGenerator<SentEvent | undefined, void, undefined> {
    let number = (this.#numberIn(id) ?? 0) + 1;
    let wake: () => void = () => {};
    const waker = (): void => wake();
    this.#wakers.add(waker);
    signal.addEventListener("abort", waker);
    try {
      while (!signal.aborted) {
        if (number < this.#first) return yield undefined;
        const kept = this.#kept[number - this.#first];
        if (kept !== undefined) {
          number++;
          yield kept.event;
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      this.#wakers.delete(waker);
      signal.removeEventListener("abort", waker);
    }
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  #id(number: number): string {
    return `${this.#name}.${number}`;
  }

  #numberIn(id: string): number | undefined {
    const [name, digits] = [id.slice(0, id.lastIndexOf(".")), id.slice(id.lastIndexOf(".") + 1)];
    return name === this.#name && /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
  }
}
