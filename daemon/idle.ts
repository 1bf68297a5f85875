/**
 * Leaving when nobody has been there for a while, as a user's own daemon does that was started on demand.
 *
 * @module
 */
import type { Clock } from "../runtime/clock.ts";

/** What is looked at, and what happens then. */
export interface IdleOptions {
  /** The clients. */
  readonly daemon: { readonly clients: number; onClients(listener: () => void): void };
  /** Whether a run goes on; whoever began one need not be there. */
  readonly isBusy: () => Promise<boolean>;
  readonly clock: Clock;
  /** Seconds. */
  readonly timeout: number;
  readonly leave: (why: string) => void;
}

/** Leaves when no client has been there for a while and no run goes on then; where one does, the time begins anew. */
export function leaveWhenIdle({ daemon, isBusy, clock, timeout, leave }: IdleOptions): void {
  let timer: Disposable | undefined;
  /** Grows with each change of clients: what was found before it counts for nothing. */
  let looks = 0;
  const look = (): void => {
    const own = ++looks;
    timer?.[Symbol.dispose]();
    if (daemon.clients > 0) return;
    timer = clock.after(timeout * 1000, () => void leaveUnlessBusy(own));
  };
  const leaveUnlessBusy = async (own: number): Promise<void> => {
    // What cannot be found out keeps it here.
    const busy = await isBusy().catch(() => true);
    if (own !== looks) return;
    if (busy) look();
    else leave(`nobody was there for ${timeout} s`);
  };
  daemon.onClients(look);
  look();
}
