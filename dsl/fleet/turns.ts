/**
 * Giving members of a fleet their turns, so many at a time.
 *
 * @module
 */
import type { Handle } from "../handle.ts";
import type { Drain } from "./drain.ts";
import type { TurnPart } from "./report.ts";
import { isUnknown, type Tally } from "./tally.ts";

/** A member in its place of a fleet. */
export interface Placed<T> {
  readonly member: T;
  /** Its place in the fleet, from 0. */
  readonly index: number;
}

/** Who counts: a tally, and the place that a member has in it. */
export interface Counting<T extends Handle> {
  readonly tally: Tally<T>;
  readonly placeOf: (turn: Placed<T>) => number;
}

/** How turns are given. */
export interface TurnsOptions<T extends Handle> {
  readonly work: (member: T, index: number) => unknown;
  /** How many at a time. */
  readonly limit: number;
  readonly counting: readonly Counting<T>[];
  /** Whether more may be begun. */
  readonly goesOn: () => boolean;
  readonly drain?: Drain<T> | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal | undefined;
  /** Aborts when nothing can be done any more. */
  readonly over: AbortSignal | undefined;
  /** Hears of each failure. */
  readonly tell: (member: T, error: unknown) => void;
}

/** Gives members their turns, in their order. What is under way ends before this resolves. */
export async function takeTurns<T extends Handle>(
  turns: readonly Placed<T>[],
  options: TurnsOptions<T>,
): Promise<void> {
  const { limit, goesOn, signal } = options;
  const open = turns[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    while (goesOn() && signal?.aborted !== true) {
      const { value, done } = open.next();
      if (done === true) return;
      await oneTurn(value, options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, turns.length) }, worker));
}

/** A fault and the part of the turn in which it came. */
interface Fault {
  readonly error: unknown;
  readonly during: TurnPart;
}

async function oneTurn<T extends Handle>(turn: Placed<T>, options: TurnsOptions<T>): Promise<void> {
  const { counting, signal, tell } = options;
  for (const { tally, placeOf } of counting) tally.begun(placeOf(turn));
  const fault = await faultOf(turn, options);
  // What ends because the run does is not the object's failure: nobody knows how far it came.
  if (signal?.aborted === true && fault !== undefined) return;
  for (const { tally, placeOf } of counting) {
    if (fault === undefined) tally.done(placeOf(turn));
    else tally.failed(placeOf(turn), fault.error, fault.during);
  }
  if (fault !== undefined) tell(turn.member, fault.error);
}

/** Takes a member out of service where that is wanted, does the work, and puts it back. */
async function faultOf<T extends Handle>(
  turn: Placed<T>,
  options: TurnsOptions<T>,
): Promise<Fault | undefined> {
  const { member, index } = turn;
  const { work, drain, over } = options;
  if (drain === undefined) return await faultIn("work", () => work(member, index));
  each(turn, options, (tally, place) => tally.drained(place));
  let state: unknown;
  const fault = await faultIn("drain", async () => state = await drain.out(member)) ??
    await faultIn("work", () => work(member, index));
  const staysOut = fault !== undefined && (drain.putBack === "when-done" || isUnknown(fault.error));
  if (staysOut || over?.aborted === true) return fault;
  const outcome = fault === undefined ? "done" : "failed";
  const notBack = await faultIn("return", () => drain.back(member, { state, outcome }));
  if (notBack === undefined) {
    each(turn, options, (tally, place) => tally.putBack(place));
    return fault;
  }
  if (fault === undefined) return notBack;
  const both = `${member} could not be put back after its turn had failed`;
  return { error: new SuppressedError(notBack.error, fault.error, both), during: fault.during };
}

function each<T extends Handle>(
  turn: Placed<T>,
  { counting }: TurnsOptions<T>,
  change: (tally: Tally<T>, place: number) => void,
): void {
  for (const { tally, placeOf } of counting) change(tally, placeOf(turn));
}

/** What a part of a turn fails with. */
export async function faultIn(during: TurnPart, part: () => unknown): Promise<Fault | undefined> {
  try {
    await part();
    return undefined;
  } catch (error) {
    return { error, during };
  }
}
