/**
 * Schedules: what runs at which times and on which events, served by the daemon.
 *
 * @module
 */
import type { ScheduleRecord } from "../../runtime/journal/schedule_record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import type { Kernel } from "../../runtime/kernel.ts";
import type { ScheduledRuns } from "./attempt.ts";
import { ScheduleBook } from "./book.ts";
import { nextAfter } from "./calendar/mod.ts";
import { Engine, type EngineLog } from "./engine.ts";
import { eventUris, hearEvent, mayConcern } from "./event_trigger.ts";
import { EventSources } from "./event_sources.ts";
import { Ledger } from "./ledger.ts";
import type { Schedules } from "./schedule.ts";
import { Turns } from "./turns.ts";
import { type SendNotice, sendNotice } from "./webhook.ts";
import { checkRecipe, type PreparePlaybook } from "./work.ts";

export type { EngineLog } from "./engine.ts";
export type { PreparedWork, PrepareOptions, PreparePlaybook } from "./work.ts";
export type { Schedules } from "./schedule.ts";

/** The kernel of a state directory, as far as schedules need it. */
export interface ScheduleHost {
  readonly store: Store;
  readonly kernel: Pick<Kernel, "clock" | "borrow" | "subscribe">;
  readonly runs: ScheduledRuns;
  /** Grows with each kernel of the state directory. */
  readonly epoch: number;
}

/** What schedules are opened with. */
export interface OpenSchedulesOptions {
  readonly host: ScheduleHost;
  /** Makes the recipe that carries a playbook out. */
  readonly playbook: PreparePlaybook;
  /** Hears what nobody asked for. @default nobody does */
  readonly log?: EngineLog;
  /** @default by HTTP */
  readonly send?: SendNotice;
  /** Runs of schedules at once; what is due beside them waits. @default 16 */
  readonly mostRuns?: number;
}

/** The schedules of a host. Nothing fires until it is served. */
export interface OpenedSchedules extends AsyncDisposable {
  readonly schedules: Schedules;
  /** Fires from now on, and takes up what the process before left under way. */
  serve(): Promise<void>;
  /** Whether anything is still to fire or to be told: whoever serves has a reason to stay. */
  waits(): Promise<boolean>;
}

/** Opens the schedules of a host. */
export function openSchedules(
  { host, playbook, log = (): void => {}, send = sendNotice, mostRuns }: OpenSchedulesOptions,
): OpenedSchedules {
  const { store, kernel, runs, epoch } = host;
  const { clock } = kernel;
  const turns = new Turns();
  const ledger = new Ledger({ store, clock });
  let served = false;
  let since = Infinity;
  let closed = false;
  // Hosts tell of much that no schedule waits for; the journal is not asked for that.
  let listening: readonly ScheduleRecord[] = [];
  const engine = new Engine({
    ...{ store, clock, runs, ledger, turns, nextAfter, playbook, send, log },
    ...(mostRuns === undefined ? {} : { mostRuns }),
  });
  const sources = new EventSources({
    kernel,
    clock,
    onEvent: (heard) => {
      if (closed || !mayConcern(heard, listening)) return;
      turns.take(async () => {
        if (!closed && await hearEvent(heard, { store, clock, ledger, epoch, since })) {
          await store.flush();
          engine.wake();
        }
      }).catch((error) => log("error", "cannot see to an event", { why: String(error) }));
    },
  });
  const listen = async (): Promise<void> => {
    if (closed) return;
    listening = (await store.schedules()).filter((schedule) => eventUris(schedule).length > 0);
    sources.listenTo(new Set(listening.flatMap(eventUris)));
  };
  const schedules = new ScheduleBook({
    ...{ store, clock, ledger, turns, nextAfter },
    served: () => served,
    check: async ({ work, grants, sandbox }, { principal }) => {
      if (work.kind === "recipe") return await checkRecipe(work.file);
      const { signal } = new AbortController();
      await playbook(work, { given: {}, grants, principal, sandbox, signal });
    },
    onChange: () => {
      if (!served) return;
      void listen();
      engine.wake();
    },
    troubleOf: (uri) => served ? sources.troubleOf(uri) : undefined,
  });
  return {
    schedules,
    async serve(): Promise<void> {
      served = true;
      since = clock.now();
      await engine.begin();
      await listen();
    },
    async waits(): Promise<boolean> {
      if ((await store.schedules()).some(({ state }) => state === "active")) return true;
      if ((await store.openNotices(1)).length > 0) return true;
      return (await store.firings({ states: ["waiting", "running"], limit: 1 })).length > 0;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      if (closed) return;
      closed = true;
      await engine.close();
      await sources.close();
    },
  };
}
