/**
 * Many deadlines on one timer.
 *
 * A timer per waiting caller would cost more than the wait itself; deadlines rarely come, and nearly always in the
 * order in which they were set.
 *
 * @module
 */
import type { Clock, ClockTimer } from "./clock.ts";

/** One deadline; disposing it means that it is not reached any more. */
class Alarm implements Disposable {
  readonly at: number;
  readonly ring: () => void;
  readonly #forget: (alarm: Alarm) => void;

  constructor(at: number, { ring, forget }: { ring: () => void; forget: (alarm: Alarm) => void }) {
    this.at = at;
    this.ring = ring;
    this.#forget = forget;
  }

  [Symbol.dispose](): void {
    this.#forget(this);
  }
}

/** A set of deadlines of which mostly none is reached. */
export class Alarms implements Disposable {
  readonly #clock: Clock;
  readonly #alarms = new Set<Alarm>();
  #timer: ClockTimer | undefined;
  /** When the timer rings; `Infinity` where there is none. */
  #next = Infinity;
  readonly #forget = (alarm: Alarm): void => {
    if (!this.#alarms.delete(alarm) || this.#alarms.size > 0) return;
    // Setting a timer costs more than a whole job: where the clock allows, it stays for the next one.
    if (this.#timer?.wanted === undefined) this.#disarm();
    else this.#timer.wanted(false);
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `ring` at `at` (milliseconds since 1970), unless disposed before. */
  set(at: number, ring: () => void): Disposable {
    const alarm = new Alarm(at, { ring, forget: this.#forget });
    const first = this.#alarms.size === 0;
    this.#alarms.add(alarm);
    if (at < this.#next) this.#arm(at);
    else if (first) this.#timer?.wanted?.(true);
    return alarm;
  }

  /** Forgets all deadlines. */
  [Symbol.dispose](): void {
    this.#alarms.clear();
    this.#disarm();
  }

  #arm(at: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#next = at;
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#ring());
  }

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#next = Infinity;
  }

  #ring(): void {
    this.#disarm();
    const now = this.#clock.now();
    const due = [...this.#alarms].filter((alarm) => alarm.at <= now).sort((a, b) => a.at - b.at);
    for (const alarm of due) {
      if (this.#alarms.delete(alarm)) alarm.ring();
    }
    let next = Infinity;
    for (const alarm of this.#alarms) next = Math.min(next, alarm.at);
    if (next < this.#next) this.#arm(next);
  }
}
