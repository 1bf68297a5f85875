/**
 * Whether the far side still lives (libvirt "virkeepaliveprotocol.x"): whoever has heard nothing for an interval asks,
 * and whoever gets no sign of life to so many questions takes the connection for dead.
 *
 * @module
 */
import type { ConnectionClock } from "./clock.ts";

/** How patient one side is with the other. */
export interface KeepaliveSettings {
  /** Silence until a question is sent, in milliseconds. 0 or less asks never. @default 5000 */
  readonly intervalMs?: number;
  /** Questions without any sign of life until the far side counts as dead, one interval later. @default 5 */
  readonly count?: number;
}

/** What keepalive needs of its connection. */
export interface KeepaliveOptions {
  readonly clock: ConnectionClock;
  /** Sends a question, unless one is still waiting to be sent. */
  readonly ping: () => void;
  /** The far side counts as dead; `text` says why, to go on after a colon. */
  readonly dead: (text: string) => void;
}

/**
 * Asks and waits. Bytes of any kind are a sign of life. Death takes unanswered questions and not only time: a machine
 * that was suspended, or too busy to look, finds its connections as they are.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #intervalMs = 0;
  #count = 0;
  #heardAt = 0;
  #unanswered = 0;
  #listening = true;
  #timer: Disposable | undefined;
  #stopped = false;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
  }

  /** Begins to ask, with these settings from now on. */
  start({ intervalMs = 5000, count = 5 }: KeepaliveSettings = {}): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#stopped) return;
    this.#intervalMs = intervalMs;
    this.#count = count;
    if (intervalMs <= 0) return;
    this.heard();
    this.#wait(intervalMs);
  }

  /** Something came. */
  heard(): void {
    if (this.#intervalMs <= 0) return;
    this.#heardAt = this.#options.clock.now();
    this.#unanswered = 0;
  }

  /**
   * Says whether anybody reads what the far side sends. While nobody does, silence means nothing, but questions go out:
   * they are the sign of life that the far side waits for.
   */
  listen(listening: boolean): void {
    this.#listening = listening;
    if (listening) this.heard();
  }

  /** Asks nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => this.#look());
  }

  #look(): void {
    const now = this.#options.clock.now();
    // A clock that was set back must not put this off for as long.
    this.#heardAt = Math.min(this.#heardAt, now);
    const rest = this.#heardAt + this.#intervalMs - now;
    if (this.#listening && this.#unanswered === 0 && rest > 0) {
      this.#wait(rest);
      return;
    }
    if (this.#listening && this.#unanswered >= this.#count) {
      this.#timer = undefined;
      this.#options.dead(this.#death());
      return;
    }
    this.#unanswered++;
    this.#options.ping();
    this.#wait(this.#intervalMs);
  }

  #death(): string {
    const seconds = this.#intervalMs * (this.#count + 1) / 1000;
    return `the far side gave no sign of life for ${seconds} s and did not answer ${this.#count} keepalive requests`;
  }
}
