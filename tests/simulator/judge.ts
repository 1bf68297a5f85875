/**
 * What every call and every hop must keep to, whatever the history.
 *
 * @module
 */
import { operations } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import { short } from "./scheduler.ts";
import type { CallIntent, CallRequest } from "../../runtime/call.ts";
import type { Simulation } from "./simulation.ts";
import type { HopJudge, WatchedHop } from "./watched_driver.ts";

/** How far a call may go beyond its deadline: the grace of a hop and of giving back, and two reconciliations. */
const overtimeMs = 100_000;
/** How long a destroy may take that nothing of its own delays: its kill, the grace of who sits there, and its rest. */
const destroyMs = 30_000;

/** A call that has ended. */
export interface EndedCall {
  readonly operation: string;
  /** The key of its target, where it has one. */
  readonly key: string | undefined;
  readonly outcome: Outcome;
  readonly tookMs: number;
  readonly withinMs: number;
  /** Whether its caller held something exclusively meanwhile. */
  readonly leases: boolean;
  /** Whether its object's outcome was unknown before it began. */
  readonly doubtfulBefore: boolean;
}

/** What is wrong with how a call ended, if something is. */
export function judgeCall(simulation: Simulation, ended: EndedCall): string | undefined {
  const { operation, key, outcome, tookMs, withinMs, doubtfulBefore } = ended;
  const isDoubtful = (of: string | undefined): boolean =>
    simulation.kernel.slots().some((view) => view.key === of && view.uncertain !== undefined);
  if (tookMs > withinMs + overtimeMs) return `${operation} ended ${tookMs - withinMs} ms after its deadline`;
  if (outcome.kind === "done") {
    const writes = operations.get(operation)?.effect === "write";
    if (writes && doubtfulBefore && isDoubtful(key)) {
      return `${operation} was done on an object of which nobody knows what became of it`;
    }
    if (operation === "domain.start" && JSON.stringify(outcome.value ?? {}).includes('"shutoff"')) {
      return "domain.start was done, they say, and the domain is shut off";
    }
    return undefined;
  }
  const { code, message } = outcome.error;
  if (code === "internal") return `${operation} met an error that is nobody's: ${message}`;
  if (code === "deadlock" && !ended.leases) {
    return `${operation} was told of a circle although its caller held nothing: ${message}`;
  }
  // A snapshot's doubt is its domain's; of two doubts on one object the later is shown.
  const noticed = isDoubtful(key) ||
    simulation.kernel.slots().some(({ uncertain }) => uncertain?.operation === operation);
  if (outcome.kind === "unknown" && !noticed) {
    return `${operation} has an unknown outcome, and no object takes notice`;
  }
  return undefined;
}

/** A call that is about to act. */
export interface EarlyCall {
  readonly operation: string;
  readonly intent: CallIntent;
  /** When it was made. */
  readonly began: number;
  readonly request: Pick<CallRequest, "rebase" | "target">;
  /** The key of its target, where it has one. */
  readonly key: string | undefined;
}

/** What is wrong with acting now, if something is: nobody has looked, or the object is not what the caller saw. */
export function judgeIntent(simulation: Simulation, early: EarlyCall): string | undefined {
  const { operation, intent, began, request: { rebase, target }, key } = early;
  // A destroy kills without looking, and whatever it finds; and nobody looks where nobody else can act.
  const canLook = [...simulation.connections.values()].some((connection) =>
    connection.look !== undefined && [...connection.objects()].some(({ key }) => key === intent.object)
  );
  if (operations.get(operation)?.job === "destroy" || !canLook) return undefined;
  const looked = simulation.scheduler.lookedAt(operation, intent.object);
  if (looked === undefined || looked < began) return `${operation} acts on ${intent.label} without a look`;
  const expected = target?.generation;
  const isLive = [...simulation.connections.values()]
    .some((connection) =>
      [...connection.objects()].some((object) => object.key === key && object.phase === "active")
    );
  if (rebase === true || expected === undefined || intent.object !== key || !isLive) return undefined;
  if (intent.generation === expected) return undefined;
  return `${operation} acts on ${intent.label}, which is not what its caller saw`;
}

/** What is wrong with how long a destroy took, if something is: nobody who is stuck holds it up. */
export function judgeDestroy(simulation: Simulation, { operation, tookMs }: EndedCall): string | undefined {
  const held = simulation.scheduler.struck.some((info) => info.operation === operation) || simulation.leased;
  if (operation !== "domain.destroy" || held || tookMs <= destroyMs) return undefined;
  return `A destroy took ${tookMs} ms although nothing of its own broke`;
}

/** Judges hops: nobody acts on what it does not hold, and nobody goes on with what has moved. */
export class Judge implements HopJudge {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  atDeparture({ job, role, where, acts, moved }: WatchedHop): string | undefined {
    const { object, operation } = job;
    const what = `${operation} of ${object.label}`;
    if (moved) return `${what} leaves for "${where}" although the object has moved`;
    if (!acts || role !== "run" || object.objectClass === "connection") return undefined;
    if (operations.get(operation)?.job === "none") return undefined;
    const holders = this.#simulation.kernel.slots().find(({ key }) => key === object.key)?.holders ?? [];
    if (holders.some((holder) => holder.operation === operation)) return undefined;
    return `${what} leaves for "${where}" and does not hold ${short(object.key)}`;
  }

  atReturn({ job, where, moved }: WatchedHop): string | undefined {
    if (!moved) return undefined;
    return `${job.operation} of ${job.object.label} goes on after "${where}" although the object has moved`;
  }

  report(wrong: string): void {
    this.#simulation.report(wrong);
  }
}
