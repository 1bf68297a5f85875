/**
 * Brings messages to webhooks: each is a row of the journal until it is delivered or given up, and nothing waits for it.
 *
 * @module
 */
import { toErrorData } from "../../model/error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { NoticeRecord } from "../../runtime/journal/schedule_record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { wordsOf } from "./outcome.ts";
import type { SendNotice } from "./webhook.ts";

/** Between attempts, in milliseconds: the first pause, which doubles, and the longest. */
const firstPauseMs = 5_000;
const longestPauseMs = 60 * 60 * 1000;

/** How often a message is tried before it is given up: for about two days. */
export const noticeAttempts = 56;

/** How many are on their way at once; of one webhook, one: its messages come in their order while it answers. */
const mostAtOnce = 8;

/** How many are looked at in one go. */
const lookLimit = 1000;

/** What a notifier works with. */
export interface NotifierOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly send: SendNotice;
  /** Hears that there may be more to do. */
  readonly onChange: () => void;
}

/** Messages on their way. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #sending = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Sends what is due. Answers when the next one is, in milliseconds since 1970; `Infinity` where none is. */
  async begin(): Promise<number> {
    const { store, clock, onChange } = this.#options;
    const now = clock.now();
    let next = Infinity;
    for (const notice of await store.openNotices(lookLimit)) {
      const { url } = notice.hook;
      if (this.#sending.has(url)) continue;
      if (notice.notBefore > now) next = Math.min(next, notice.notBefore);
      else if (this.#sending.size < mostAtOnce) {
        this.#sending.set(
          url,
          this.#deliver(notice).then(() => {
            this.#sending.delete(url);
            if (!this.#closing.signal.aborted) onChange();
          }),
        );
      }
    }
    return next;
  }

  /** Ends what is on its way; it is sent again by whoever comes next. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#sending.values());
  }

  /** Never rejects. */
  async #deliver(notice: NoticeRecord): Promise<void> {
    const { store, clock, send } = this.#options;
    const { signal } = this.#closing;
    const attempts = notice.attempts + 1;
    try {
      await send(notice, { clock, signal });
      if (signal.aborted) return;
      const { reason: _reason, ...delivered } = notice;
      store.setNotice({ ...delivered, attempts, state: "delivered", endedAt: clock.now() });
    } catch (error) {
      if (signal.aborted) return;
      const reason = wordsOf(toErrorData(error), "it failed");
      const givenUp = attempts >= noticeAttempts;
      store.setNotice({
        ...notice,
        attempts,
        reason,
        notBefore: clock.now() + Math.min(longestPauseMs, firstPauseMs * 2 ** notice.attempts),
        ...(givenUp ? { state: "given-up" as const, endedAt: clock.now() } : {}),
      });
    }
    // What cannot be written is said to whoever writes next.
    await store.flush().catch(() => {});
  }
}
