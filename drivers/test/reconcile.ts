/**
 * Finding out what became of an operation whose link broke: by a fresh look at what it was about.
 *
 * @module
 */
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { OperationName, Operations } from "../../model/operations/mod.ts";
import type { Implementation, Job, Observation } from "../../runtime/driver.ts";
import { inspect } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { type Facts, isTestClass, type LiveOf } from "./object.ts";
import type { Change, RecordKind } from "./world/record.ts";

/** How an operation's outcome shows. */
export interface ByState<N extends OperationName, L, F> {
  /** What to look at besides the job's object. */
  readonly also?: (
    job: Job<L, F>,
    input: ParsedInputOf<Operations[N]>,
  ) => readonly { readonly kind: RecordKind; readonly id: string }[];
  /** Whether what was asked for is so now. */
  readonly done: (job: Job<L, F>, input: ParsedInputOf<Operations[N]>, before: Observation) => boolean;
  /** What the operation would have answered. */
  readonly value: (job: Job<L, F>, input: ParsedInputOf<Operations[N]>) => OutputOf<Operations[N]>;
  /** Takes back what an operation that did not happen has left behind. */
  readonly giveBack?: (job: Job<L, F>, input: ParsedInputOf<Operations[N]>) => Promise<void>;
}

/**
 * Looks at things outside again and brings the objects there: all of them or none, so that what belongs together is
 * never seen half.
 */
export async function refresh(
  job: Job,
  things: readonly { readonly kind: RecordKind; readonly id: string }[],
): Promise<void> {
  const connection = connectionOf(job);
  const { objectClass, id } = job.object;
  if ((objectClass === "domain" || objectClass === "pool") && connection.hasMissed(job.object)) {
    const family = await inspect(job, "host.family", { input: { id, kind: objectClass }, offline: true });
    connection.heardOf(job.object, family);
  }
  const changes: Change[] = [];
  for (const { kind, id } of things) {
    changes.push(await inspect(job, "host.look", { input: { id, kind }, offline: true }));
  }
  connection.table.absorb(changes, connection.outsider);
}

/** A reconciliation by state. */
export function byState<N extends OperationName, L, F>(
  { also, done, value, giveBack }: ByState<N, L, F>,
): NonNullable<Implementation<N>["reconcile"]> {
  return async (job: Job<L, F>, input, before) => {
    const { objectClass, id, parent } = job.object;
    const own = isTestClass(objectClass)
      ? { kind: objectClass, id: parent === undefined ? id : `${parent}/${id}` }
      : { kind: "host" as const, id: "host" };
    await refresh(job, [own, ...also?.(job, input) ?? []]);
    if (done(job, input, before)) return { kind: "done", value: value(job, input) };
    if (giveBack !== undefined) await giveBack(job, input);
    return { kind: "not-done" };
  };
}

/** A reconciliation by a domain's state. */
export function domainByState<N extends OperationName>(
  rules: ByState<N, LiveOf<"domain">, Facts<"domain">>,
): NonNullable<Implementation<N>["reconcile"]> {
  return byState(rules);
}
