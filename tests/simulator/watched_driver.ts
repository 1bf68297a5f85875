/**
 * Driver functions under observation: what a job may do is judged when its hops leave and when they come back.
 *
 * @module
 */
import type { DriverMap, HopFunction, HopOptions, Job } from "../../runtime/driver.ts";

/** What part of a call a job is. */
export type JobRole = "run" | "kill" | "reconcile";

/** A hop, as it is judged. */
export interface WatchedHop {
  readonly job: Job;
  readonly role: JobRole;
  readonly where: string;
  readonly acts: boolean;
  /** Whether the job's object has moved since the job last knew it, by nobody of the job's. */
  readonly moved: boolean;
}

/** Whoever judges. */
export interface HopJudge {
  /** What would be wrong if the hop left now. */
  atDeparture(hop: WatchedHop): string | undefined;
  /** What is wrong with going on with an answer now. */
  atReturn(hop: WatchedHop): string | undefined;
  report(wrong: string): void;
}

type AnyFunction = (job: Job, ...rest: readonly unknown[]) => Promise<unknown>;

/** A driver's map whose functions are watched. */
export function watched(implementations: DriverMap, judge: HopJudge): DriverMap {
  const known = new Map<PropertyKey, unknown>();
  return new Proxy(implementations, {
    get(target, name): unknown {
      const implementation: unknown = Reflect.get(target, name);
      if (typeof implementation !== "object" || implementation === null) return implementation;
      if (!known.has(name)) known.set(name, watchedImplementation(implementation, judge));
      return known.get(name);
    },
  });
}

function watchedImplementation(implementation: object, judge: HopJudge): object {
  const copy: Record<string, unknown> = { ...implementation };
  for (const role of ["run", "kill", "reconcile"] as const) {
    const carryOut = copy[role];
    if (typeof carryOut !== "function") continue;
    copy[role] = (job: Job, ...rest: readonly unknown[]): Promise<unknown> => {
      watch(job, { role, judge });
      return (carryOut as AnyFunction)(job, ...rest);
    };
  }
  return copy;
}

/** Puts the judge between a job and its driver function. */
function watch(job: Job, { role, judge }: { readonly role: JobRole; readonly judge: HopJudge }): void {
  const { object } = job;
  let expected = object.generation;
  const own = (change: (live: unknown) => void) => (live: unknown): void => {
    const unmoved = object.generation === expected;
    change.call(job, live);
    if (unmoved) expected = object.generation;
  };
  const carry = job.hop;
  const hop = async <T>(where: string, fn: HopFunction<unknown, T>, options: HopOptions = {}): Promise<T> => {
    const { offline = false, acts = true } = options;
    const seen = (): WatchedHop => ({
      job,
      role,
      where,
      acts,
      moved: !offline && object.generation !== expected,
    });
    const wrong = judge.atDeparture(seen());
    const answer = await carry.call(job, where, (signal, live) => {
      // Only what the kernel lets leave counts; it may arrive much later.
      if (wrong !== undefined) judge.report(wrong);
      return fn(signal, live);
    }, options);
    const wrongNow = judge.atReturn(seen());
    if (wrongNow !== undefined) judge.report(wrongNow);
    // The job knows what it sent, and its type.
    return answer as T;
  };
  Object.defineProperties(job, {
    hop: { value: hop },
    goLive: { value: own(job.goLive) },
    goDown: { value: own(job.goDown) },
    remove: { value: own(job.remove) },
  });
}
