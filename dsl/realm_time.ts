/**
 * Time inside a recipe: it stands still between two deliveries, and timers fire only when the runtime says so.
 *
 * @module
 */
import type { RealmServices } from "./channel.ts";

const { apply, construct } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;
const SystemDate = Date;
const { toString: dateText } = Date.prototype;
const { isFinite } = Number;
const { min, max, trunc } = Math;
const Table = Map;
const { get, set, delete: remove } = Map.prototype;
const Failure = TypeError;
const Abort = AbortController;
const { abort } = AbortController.prototype;
const getSignal = getOwnPropertyDescriptor(AbortController.prototype, "signal")!.get!;
const Exception = DOMException;
const { fromEpochMilliseconds } = Temporal.Instant;
const SystemInstant = Temporal.Instant;
const { toZonedDateTimeISO } = Temporal.Instant.prototype;
const zonedParts = Temporal.ZonedDateTime.prototype;
const { toPlainDateTime, toPlainDate, toPlainTime } = zonedParts;
const { DateTimeFormat } = Intl;
const { formatToParts } = DateTimeFormat.prototype;
const getFormat = getOwnPropertyDescriptor(DateTimeFormat.prototype, "format")!.get!;

/** The longest timer in milliseconds, as in every browser and in Deno; a longer one fires at once there. */
const longestTimerMs = 2 ** 31 - 1;

/** The recipe's clock and timers, before and after they are bound to a run. */
export interface RealmTime {
  bind(services: RealmServices): void;
}

/** Replaces every clock and timer of the realm. Until a run is bound to it, asking one of them throws. */
export function replaceTime(): RealmTime {
  let services: RealmServices | undefined;
  let origin = 0;

  function bound(what: string): RealmServices {
    if (services !== undefined) return services;
    throw new Failure(
      `Recipes cannot use ${what} while their module loads, since no run has begun; use it inside run()`,
    );
  }
  const now = (what: string) => (): number => bound(what).now();

  replaceDate(now("Date"));
  replaceTemporal(now("Temporal.Now"));
  replaceFormats(now("Intl.DateTimeFormat"));
  replacePerformance({ now: now("performance"), origin: () => origin });
  defineProperty(Event.prototype, "timeStamp", {
    get: () => services === undefined ? 0 : services.now() - origin,
  });
  replaceTimers((ms, { repeat, fire }) => startTimer(bound("timers"), ms, { repeat, fire }));

  return {
    bind(given: RealmServices): void {
      services = given;
      origin = given.now();
    },
  };
}

function replaceDate(now: () => number): void {
  function RecipeDate(this: unknown, ...parts: unknown[]): unknown {
    if (new.target === undefined) return apply(dateText, new SystemDate(now()), []);
    return construct(SystemDate, parts.length === 0 ? [now()] : parts, new.target);
  }
  // Its own properties stand in for those of the built-in constructor, which nothing refers to any more.
  defineProperty(RecipeDate, "name", { value: "Date" });
  defineProperty(RecipeDate, "length", { value: 7 });
  defineProperty(RecipeDate, "prototype", { value: SystemDate.prototype, writable: false });
  define(RecipeDate, "now", now);
  define(RecipeDate, "parse", SystemDate.parse);
  define(RecipeDate, "UTC", SystemDate.UTC);
  define(SystemDate.prototype, "constructor", RecipeDate);
  define(globalThis, "Date", RecipeDate);
}

function replaceTemporal(now: () => number): void {
  const instant = (): Temporal.Instant => apply(fromEpochMilliseconds, SystemInstant, [trunc(now())]);
  const zoned = (zone: Temporal.TimeZoneLike = "UTC"): Temporal.ZonedDateTime =>
    apply(toZonedDateTimeISO, instant(), [zone]);
  const clock: Record<string, unknown> = {
    instant,
    timeZoneId: () => "UTC",
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: Temporal.TimeZoneLike) => apply(toPlainDateTime, zoned(zone), []),
    plainDateISO: (zone?: Temporal.TimeZoneLike) => apply(toPlainDate, zoned(zone), []),
    plainTimeISO: (zone?: Temporal.TimeZoneLike) => apply(toPlainTime, zoned(zone), []),
  };
  for (const name in clock) define(Temporal.Now, name, clock[name]);
}

/** A format asked for no date in particular means the present one. */
function replaceFormats(now: () => number): void {
  defineProperty(DateTimeFormat.prototype, "format", {
    configurable: true,
    get(this: Intl.DateTimeFormat): unknown {
      const format: (date?: unknown) => string = apply(getFormat, this, []);
      return (date?: unknown) => format(date === undefined ? now() : date);
    },
  });
  function parts(this: Intl.DateTimeFormat, date?: Date | number): Intl.DateTimeFormatPart[] {
    return apply(formatToParts, this, [date === undefined ? now() : date]);
  }
  define(DateTimeFormat.prototype, "formatToParts", parts);
}

function replacePerformance(clock: { now: () => number; origin: () => number }): void {
  define(globalThis, "performance", {
    now: () => clock.now() - clock.origin(),
    get timeOrigin(): number {
      clock.now();
      return clock.origin();
    },
  });
}

interface TimerOptions {
  readonly repeat: boolean;
  readonly fire: () => void;
}

/** Answers with what ends the timer. */
function startTimer(services: RealmServices, ms: number, { repeat, fire }: TimerOptions): () => void {
  function onFired(): void {
    if (repeat) end = services.timer(ms, onFired);
    try {
      fire();
    } catch (error) {
      services.fail(error);
    }
  }
  let end = services.timer(ms, onFired);
  return () => end();
}

function replaceTimers(start: (ms: number, options: TimerOptions) => () => void): void {
  const running = new Table<number, () => void>();
  let lastId = 0;

  function begin(
    action: unknown,
    ms: unknown,
    { repeat, values }: { repeat: boolean; values: unknown[] },
  ): number {
    if (typeof action !== "function") {
      throw new Failure("Recipes cannot build code from strings; pass a function to the timer");
    }
    const id = ++lastId;
    function fire(): void {
      if (!repeat) apply(remove, running, [id]);
      apply(action as () => void, globalThis, values);
    }
    apply(set, running, [id, start(milliseconds(ms), { repeat, fire })]);
    return id;
  }
  function end(id: unknown): void {
    const stop: (() => void) | undefined = apply(get, running, [id]);
    if (stop === undefined) return;
    apply(remove, running, [id]);
    stop();
  }

  const timers: Record<string, unknown> = {
    setTimeout: (action: unknown, ms?: unknown, ...values: unknown[]) =>
      begin(action, ms, { repeat: false, values }),
    setInterval: (action: unknown, ms?: unknown, ...values: unknown[]) =>
      begin(action, ms, { repeat: true, values }),
    clearTimeout: end,
    clearInterval: end,
  };
  for (const name in timers) define(globalThis, name, timers[name]);

  define(AbortSignal, "timeout", (ms: unknown): AbortSignal => {
    const controller = new Abort();
    begin(() => apply(abort, controller, [new Exception("Signal timed out.", "TimeoutError")]), ms, {
      repeat: false,
      values: [],
    });
    return apply(getSignal, controller, []);
  });
}

function milliseconds(ms: unknown): number {
  const number = +(ms as number);
  if (!isFinite(number) || number > longestTimerMs) return 0;
  return trunc(max(0, min(number, longestTimerMs)));
}

function define(target: object, name: PropertyKey, value: unknown): void {
  defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
