/**
 * What goes wrong in a simulation, and how long things take there.
 *
 * @module
 */
import { type ErrorCode, VirtError } from "../model/error.ts";
import { operations } from "../model/operations/mod.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { HopInfo, Scheduler } from "../runtime/scheduler.ts";
import { type Duration, duration } from "../dsl/duration.ts";

/** Something that goes wrong, at the next step that an operation takes on the hypervisor. */
export interface Fault {
  /** During which operation: `"domain.start"`, or a glob such as `"domain.*"`. */
  readonly operation: string;
  /** On which object: a glob over names. @default "*" */
  readonly object?: string;
  /**
   * What happens: `refuse`: the hypervisor says no, and nothing was done. `break-before`, `break-after`: the link breaks
   * before or after the hypervisor acted, and nobody can tell. `hang`: no answer ever comes.
   * @default "refuse"
   */
  readonly kind?: "refuse" | "break-before" | "break-after" | "hang";
  /** What the hypervisor says. */
  readonly message?: string;
  /** The error's code, where it fails. @default "operation-failed" */
  readonly code?: ErrorCode;
  /** How often it happens; then things go well. @default 1 */
  readonly times?: number;
  /** How often things go well before. @default 0 */
  readonly after?: number;
}

/** How long operations take in virtual time: all of them, or by operation's name or glob; the first that fits. */
export type Latency = Duration | Readonly<Record<string, Duration>>;

/** What a {@linkcode FaultyWorld} is made with. */
export interface FaultyWorldOptions {
  readonly clock: Clock;
  readonly faults: readonly Fault[];
  readonly latency: Latency;
  /** The name of an object, by its key. */
  readonly nameOf: (key: string) => string | undefined;
}

/** A fault with how often it was passed. */
interface Armed {
  readonly fault: Fault;
  readonly operation: RegExp;
  readonly object: RegExp;
  seen: number;
}

/** Makes hops take their time, and some of them go wrong. */
export class FaultyWorld implements Scheduler {
  readonly #clock: Clock;
  readonly #armed: Armed[];
  readonly #latency: readonly (readonly [RegExp, number])[];
  readonly #nameOf: (key: string) => string | undefined;
  #withFiles = 0;

  constructor({ clock, faults, latency, nameOf }: FaultyWorldOptions) {
    this.#clock = clock;
    this.#armed = faults.map(arm);
    this.#nameOf = nameOf;
    const times = typeof latency === "object" ? Object.entries(latency) : [["*", latency] as const];
    this.#latency = times.map(([glob, time]) => [pattern(glob), duration(time)]);
  }

  /** Whether files of this machine are being read or written: that takes time which is not the lab's. */
  get busyWithFiles(): boolean {
    return this.#withFiles > 0;
  }

  /** Adds a fault from now on. */
  add(fault: Fault): void {
    this.#armed.push(arm(fault));
  }

  async hop<T>(info: HopInfo, go: () => Promise<T>): Promise<T> {
    if (!info.where.endsWith(" file")) return await this.#hop(info, go);
    this.#withFiles++;
    try {
      return await go();
    } finally {
      this.#withFiles--;
    }
  }

  async #hop<T>(info: HopInfo, go: () => Promise<T>): Promise<T> {
    // The look before a write is not what the test means.
    if (!info.acts && operations.get(info.operation)?.effect === "write") return await go();
    const ms = this.#latency.find(([operation]) => operation.test(info.operation))?.[1] ?? 0;
    if (ms > 0) await sleep(this.#clock, ms);
    const fault = this.#next(info);
    if (fault === undefined) return await go();
    const what = fault.message ?? `The simulated hypervisor fails ${info.operation}, as the test asked for`;
    switch (fault.kind ?? "refuse") {
      case "refuse":
        throw new VirtError(fault.code ?? "operation-failed", what);
      case "break-before":
        throw broken();
      case "break-after":
        await go();
        throw broken();
      case "hang":
        return await new Promise<never>(() => {});
    }
  }

  handOver(grant: () => void): void {
    grant();
  }

  #next({ operation, object }: HopInfo): Fault | undefined {
    const name = this.#nameOf(object) ?? object;
    for (const armed of this.#armed) {
      if (!armed.operation.test(operation) || !armed.object.test(name)) continue;
      const { after = 0, times = 1 } = armed.fault;
      const seen = armed.seen++;
      if (seen >= after && seen < after + times) return armed.fault;
    }
    return undefined;
  }
}

function arm(fault: Fault): Armed {
  return { fault, operation: pattern(fault.operation), object: pattern(fault.object ?? "*"), seen: 0 };
}

function broken(): VirtError {
  return new VirtError("unreachable", "The link to the simulated hypervisor broke, as the test asked for", {
    detail: { mayHaveActed: true },
  });
}

/** A glob with `*` and `?` as a pattern. */
function pattern(glob: string): RegExp {
  const text = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${text}$`, "s");
}
