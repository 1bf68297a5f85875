/**
 * Who goes next and what breaks, decided by a seed.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { HopInfo, Scheduler } from "../../runtime/scheduler.ts";
import type { VirtualClock } from "../../testing/virtual_clock.ts";
import type { Chance } from "./chance.ts";
import type { Trace } from "./trace.ts";

/**
 * What can become of a hop.
 *
 * - `refused`: the far side says no; nothing has happened.
 * - `unsent`: the link breaks before anything was sent, and everybody knows.
 * - `lost`: the link breaks before the request arrives; nothing has happened, but nobody here can know.
 * - `acted`: it happens, and the link breaks before the answer arrives.
 * - `silent`: neither does it happen, nor is there an answer.
 * - `mute`: it happens, and there is never an answer.
 */
export const faults = ["refused", "unsent", "lost", "acted", "silent", "mute"] as const;

/** What can become of a hop. */
export type Fault = typeof faults[number];

/** How a simulation breaks things. */
export interface FaultPlan {
  /** How likely a hop breaks while there are faults left. */
  readonly probability: number;
  /** How many faults there are. */
  readonly count: number;
  readonly kinds: readonly Fault[];
  /** Which hops may break. @default all */
  readonly where?: (info: HopInfo) => boolean;
}

/** What a scheduler is made with. */
export interface SimulatedSchedulerOptions {
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly plan: FaultPlan;
}

/** A hop that has left and not come back. */
export interface FlyingHop {
  readonly info: HopInfo;
  readonly since: number;
}

/** Delays every hop, hand-over and commit, and breaks some hops. */
export class SimulatedScheduler implements Scheduler {
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #trace: Trace;
  readonly #plan: FaultPlan;
  readonly #looks = new Map<string, number>();
  #faultsLeft: number;
  /** Just before a request arrives. */
  onArrival: (info: HopInfo) => void = () => {};
  /** Right after a request was carried out. */
  onActed: (info: HopInfo) => void = () => {};
  hops = 0;
  /** The hops that were broken. */
  readonly struck: HopInfo[] = [];

  constructor({ clock, chance, trace, plan }: SimulatedSchedulerOptions) {
    this.#clock = clock;
    this.#chance = chance;
    this.#trace = trace;
    this.#plan = plan;
    this.#faultsLeft = plan.count;
  }

  /** When an object was last looked at for an operation; `undefined` where that was never. */
  lookedAt(operation: string, object: string): number | undefined {
    return this.#looks.get(`${operation} ${object}`);
  }

  /** From now on nothing breaks any more. */
  heal(): void {
    this.#faultsLeft = 0;
  }

  async hop<T>(info: HopInfo, go: () => Promise<T>): Promise<T> {
    this.hops++;
    const fault = this.#fault(info);
    const name = (): string => `${info.operation} ${short(info.object)}: ${info.where}`;
    this.#trace.add("hop", () => `${name()} leaves${fault === undefined ? "" : `, will be ${fault}`}`);
    await this.pause();
    switch (fault) {
      case "refused":
        throw new VirtError("operation-failed", `The far side refuses "${info.where}"`);
      case "unsent":
        throw broken(info, false);
      case "lost":
        throw broken(info, info.acts);
      case "silent":
        return await new Promise<never>(() => {});
    }
    if (info.where === "look") this.#looks.set(`${info.operation} ${info.object}`, this.#clock.now());
    this.onArrival(info);
    this.#trace.add("hop", () => `${name()} arrives`);
    const answer = go();
    this.onActed(info);
    // Whatever becomes of the answer, a failure of the far side is nobody's surprise.
    answer.catch(() => {});
    await this.pause();
    if (fault === "acted") throw broken(info, info.acts);
    if (fault === "mute") return await new Promise<never>(() => {});
    this.#trace.add("hop", () => `${name()} is answered`);
    return await answer;
  }

  handOver(grant: () => void): void {
    this.#clock.after(this.#chance.number(0, 3), grant);
  }

  /** Something takes its time. */
  pause(ms: number = this.#chance.delay()): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #fault(info: HopInfo): Fault | undefined {
    const { probability, kinds, where } = this.#plan;
    if (this.#faultsLeft === 0 || where?.(info) === false) return undefined;
    if (!this.#chance.happens(probability)) return undefined;
    this.#faultsLeft--;
    this.struck.push(info);
    return this.#chance.pick(kinds);
  }
}

function broken({ where }: HopInfo, mayHaveActed: boolean): VirtError {
  return new VirtError("unreachable", `The link broke during "${where}"`, { detail: { mayHaveActed } });
}

/** An object's key without host and driver. */
export function short(key: string): string {
  return key.split("/").slice(2).join("/");
}
