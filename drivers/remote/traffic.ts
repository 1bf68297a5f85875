/**
 * The calls on one connection: as many at a time as the far side takes, and the others in queues. The queue of those that may
 * take long is left where nothing moves any more.
 *
 * @module
 */
import { SignalWatch } from "../../protocol/signal_watch.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How many calls a libvirtd takes of one client at a time. Source: libvirtd.conf, max_client_requests. */
const places = 5;

/** How many of them may take long: the last place is left to those that are answered at once. */
const slowPlaces = places - 1;

/** How long a call may take. */
export type Pace = "quick" | "slow";

/** Where nothing was answered for so long nothing moves, in milliseconds. */
const quietMs = 300;

/** What has come meanwhile is taken first: whoever looks may have been busy himself; milliseconds. */
const secondLookMs = 50;

/** Somebody in a queue; without an item where he has left. */
interface Place<T> {
  item: T | undefined;
  readonly since: number;
}

/** First come, first served, however many come; who has left is passed over. */
class Queue<T> {
  #places: Place<T>[] = [];
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Since when the first one waits; `undefined` where nobody does. */
  get since(): number | undefined {
    this.#passOver();
    return this.#places[this.#first]?.since;
  }

  /** Comes last; disposing leaves the queue. */
  add(item: T, since: number): Disposable {
    const place: Place<T> = { item, since };
    this.#places.push(place);
    this.#size++;
    return {
      [Symbol.dispose]: () => {
        if (place.item === undefined) return;
        place.item = undefined;
        this.#size--;
      },
    };
  }

  /** Takes the first one out. */
  take(): T | undefined {
    this.#passOver();
    const place = this.#places[this.#first];
    const item = place?.item;
    if (place === undefined || item === undefined) return undefined;
    place.item = undefined;
    this.#size--;
    return item;
  }

  /** Goes to the first one who is still there, and forgets those before him once they are many. */
  #passOver(): void {
    while (this.#first < this.#places.length && this.#places[this.#first]?.item === undefined) this.#first++;
    if (this.#first < 64 || this.#first * 2 < this.#places.length) return;
    this.#places = this.#places.slice(this.#first);
    this.#first = 0;
  }
}

/** The calls on one connection. */
export class Traffic implements Disposable {
  readonly #clock: Clock;
  /** Who waits for a place, in order: told whether there is one, or that nothing moves. */
  readonly #waiting: Readonly<Record<Pace, Queue<(place: boolean) => void>>> = {
    quick: new Queue(),
    slow: new Queue(),
  };
  readonly #taken: Record<Pace, number> = { quick: 0, slow: 0 };
  readonly #signals = new SignalWatch();
  #arrivals = 0;
  #awaited = 0;
  /** How many of the slow ones were answered. */
  #answers = 0;
  #stuck = false;
  #watch: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a place, if one is free. */
  tryEnter(pace: Pace): boolean {
    if (!this.#hasRoomFor(pace) || this.#waiting[pace].size > 0) return false;
    this.#take(pace);
    return true;
  }

  /**
   * Waits for a place. `false` when the signal aborts; for slow calls also where nothing moves any more, at once where that
   * is known.
   */
  async enter(pace: Pace, signal: AbortSignal): Promise<boolean> {
    if (this.tryEnter(pace)) return true;
    if (signal.aborted || (pace === "slow" && this.#stuck)) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const place = this.#waiting[pace].add(resolve, this.#arrivals++);
    const onAbort = (): void => {
      place[Symbol.dispose]();
      resolve(false);
    };
    if (pace === "slow") this.#watch ??= this.#look(this.#answers, quietMs);
    const stop = this.#signals.watch(signal, onAbort);
    try {
      return await promise;
    } finally {
      stop();
    }
  }

  /** A call was answered, or has never left: its place is free for the next one. */
  leave(pace: Pace): void {
    this.#taken[pace]--;
    if (pace === "slow") {
      this.#answers++;
      this.#stuck = false;
    }
    this.#admit();
  }

  /** Nobody waits for a call any more. Where it was not answered it keeps its place over there. */
  forget(): void {
    this.#awaited--;
  }

  /** Whether nobody waits for anything. */
  get idle(): boolean {
    return this.#awaited === 0 && this.#waiting.slow.size === 0 && this.#waiting.quick.size === 0;
  }

  /** The connection has ended. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#turnAway("quick");
    this.#turnAway("slow");
  }

  #hasRoomFor(pace: Pace): boolean {
    const { quick, slow } = this.#taken;
    return quick + slow < places && (pace === "quick" || slow < slowPlaces);
  }

  #take(pace: Pace): void {
    this.#taken[pace]++;
    this.#awaited++;
  }

  /** Lets in who has waited longest of those for whom there is room. */
  #admit(): void {
    const { quick, slow } = this.#waiting;
    while (true) {
      const quickSince = this.#hasRoomFor("quick") ? quick.since : undefined;
      const slowSince = this.#hasRoomFor("slow") ? slow.since : undefined;
      if (quickSince === undefined && slowSince === undefined) return;
      const pace = (quickSince ?? Infinity) < (slowSince ?? Infinity) ? "quick" : "slow";
      this.#take(pace);
      this.#waiting[pace].take()?.(true);
    }
  }

  #turnAway(pace: Pace): void {
    const waiting = this.#waiting[pace];
    for (let left = waiting.size; left > 0; left--) waiting.take()?.(false);
  }

  /** Looks later whether there have been more answers than now. */
  #look(answers: number, ms: number): Disposable {
    return this.#clock.after(ms, () => {
      this.#watch = undefined;
      if (this.#waiting.slow.size === 0) return;
      // Who waits only because the others are many waits for nothing that is stuck.
      const moves = this.#answers !== answers || this.#taken.slow < slowPlaces;
      if (moves) this.#watch = this.#look(this.#answers, quietMs);
      else if (ms === quietMs) this.#watch = this.#look(answers, secondLookMs);
      else {
        this.#stuck = true;
        this.#turnAway("slow");
      }
    });
  }
}
