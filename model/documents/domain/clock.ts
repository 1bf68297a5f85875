/**
 * What time it is in a domain. Facts: libvirt formatdomain, "Time keeping".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  type Scalar,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const seconds = integer({ min: -(2 ** 53), max: 2 ** 53 });

/** Seconds by which a clock differs, or that it starts anew with each boot. */
const adjustment: Scalar<string> = text({ pattern: /^([+-]?\d+|reset)$/, expected: '"reset" or seconds' });

const unsigned = integer({ max: 2 ** 32 - 1 });

const timerShape = shape({
  name: attribute(
    enumeration("platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer"),
  ),
  present: attribute(yesNo()).optional(),
  tickpolicy: attribute(enumeration("delay", "catchup", "merge", "discard")).optional(),
  track: attribute(enumeration("boot", "guest", "wall", "realtime")).optional(),
  frequency: attribute(integer()).omitting(0),
  mode: attribute(enumeration("auto", "native", "emulate", "paravirt", "smpsafe")).optional(),
  catchup: element({
    threshold: attribute(unsigned).omitting(0),
    slew: attribute(unsigned).omitting(0),
    limit: attribute(unsigned).omitting(0),
  }).omittingEmpty(),
});

/** A source of time. */
export interface Timer extends ValueOf<typeof timerShape> {}

const clockShape = shape({ timers: elements("timer", timerShape) }).by("offset", {
  utc: { adjustment: attribute(adjustment).optional() },
  localtime: { adjustment: attribute(adjustment).optional() },
  timezone: { timezone: attribute(text()).optional() },
  variable: {
    adjustment: attribute(seconds).default(0),
    basis: attribute(enumeration("utc", "localtime")).default("utc"),
  },
  absolute: { start: attribute(integer()) },
}, { default: "utc" }).normalise((clock) => {
  if (clock.offset !== "utc" && clock.offset !== "localtime") return clock;
  if (clock.adjustment === undefined || clock.adjustment === "reset") return clock;
  // A clock that is adjusted by so much is a variable one.
  return { ...clock, offset: "variable", basis: clock.offset, adjustment: Number(clock.adjustment) };
});

/** What time it is in the guest. */
export type Clock = ValueOf<typeof clockShape>;

/** `<clock>`. */
export const clock: Shape<Clock> = clockShape;
