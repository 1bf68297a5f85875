/**
 * Forms for operations that are one question or one deed: most of them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import type { Implementation, Observation, Reconciled } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { actTogether, askTogether, lookAgain } from "./act.ts";
import { connectionOf } from "./connection.ts";
import type { Line } from "./line.ts";
import { holders } from "./look.ts";
import type { Identity, RemoteClass, RemoteJob, RemoteObject } from "./object.ts";

/** What a call is about. */
export interface Subject<N extends OperationName> {
  readonly job: RemoteJob;
  /** What the call was made on; for calls on a connection, what the job holds. */
  readonly object: RemoteObject;
  /** What holds the object: a volume's pool. */
  readonly holder: RemoteObject | undefined;
  readonly input: In<N>;
}

/** What a call is about, to see what became of it. */
export interface PastSubject<N extends OperationName> extends Subject<N> {
  /** What was noted before it acted. */
  readonly before: Observation;
}

function subjectOf<N extends OperationName>(job: RemoteJob, input: In<N>): Subject<N> {
  // A snapshot's or a port's job may hold what it belongs to; the call is about the target.
  const object = (job.target ?? job.object) as RemoteObject;
  return { job, object, holder: holderOf(job, object), input };
}

/** What holds an object: a volume's pool, a snapshot's domain. */
export function holderOf(job: RemoteJob, { objectClass, parent }: RemoteObject): RemoteObject | undefined {
  const holder = parent === undefined ? undefined : holders[objectClass as RemoteClass];
  return holder === undefined || parent === undefined
    ? undefined
    : connectionOf(job).table.byId(holder, parent);
}

/** An operation that asks. `doing` is for errors: `Cannot DOING network "lan": …`. */
export function asks<N extends OperationName>(
  doing: string,
  question: (line: Line, subject: Subject<N>) => Promise<Out<N>>,
): Implementation<N> {
  return {
    run: (job: RemoteJob, input) =>
      askTogether(job, job.operation, (line) => question(line, subjectOf<N>(job, input)), { doing }),
  };
}

/** Whether something shows; or why nothing can tell. */
export type Shows = boolean | { readonly unknown: string };

/** An operation that does something, and how it shows that it was done. */
export interface Deed<N extends OperationName> {
  /** `start`, `change the autostart of`: for errors. */
  readonly doing: string;
  /** Refuses what the far side would do although we do not. @throws {VirtError} */
  readonly check?: (subject: Subject<N>) => void;
  readonly act: (line: Line, subject: Subject<N>) => Promise<Out<N>>;
  /** Whether what was asked for is so now; absent for what leaves no trace. The object has been looked at. */
  readonly isSo?: (line: Line, subject: PastSubject<N>) => Shows | Promise<Shows>;
  /** What it answers where only a look has told that it was done. */
  readonly answer: Out<N>;
  /** What to note before it acts. */
  readonly observe?: (subject: Subject<N>) => Observation;
  readonly about?: Implementation<N>["about"];
  /** What the deed may have changed beside its object. */
  readonly also?: (subject: Subject<N>) => readonly Identity[];
  /** What to do about a refusal, where that is known. */
  readonly hint?: (error: VirtError) => string | undefined;
}

/** An operation that does something. */
export function does<N extends OperationName>(deed: Deed<N>): Implementation<N> {
  const { doing, check, act, isSo, answer, observe, about, also, hint } = deed;
  return {
    run: async (job: RemoteJob, input) => {
      const subject = subjectOf<N>(job, input);
      check?.(subject);
      return await actTogether(job, job.operation, (line) => act(line, subject), {
        doing,
        ...(also === undefined ? {} : { also: () => also(subject) }),
        ...(hint === undefined ? {} : { hint }),
      });
    },
    ...(about === undefined ? {} : { about }),
    ...(observe === undefined
      ? {}
      : { observe: (job: RemoteJob, input: In<N>) => observe(subjectOf(job, input)) }),
    ...(isSo === undefined ? {} : {
      reconcile: async (job: RemoteJob, input: In<N>, before: Observation): Promise<Reconciled<Out<N>>> => {
        await lookAgain(job);
        const shows = await askTogether(
          job,
          `look after ${job.operation}`,
          async (line) => await isSo(line, { ...subjectOf<N>(job, input), before }),
        );
        if (typeof shows !== "boolean") return { kind: "unknown", reason: shows.unknown };
        return shows ? { kind: "done", value: answer } : { kind: "not-done" };
      },
    }),
  };
}

/** Waits for a call whose answer says nothing more. */
export async function done(call: Promise<unknown>): Promise<Record<string, never>> {
  await call;
  return {};
}

/** Whether the object is there no more. */
export function isGone({ object }: { readonly object: RemoteObject }): boolean {
  return object.phase === "removed";
}

/** Whether the object runs. */
export function runs({ object }: { readonly object: RemoteObject }): boolean {
  return object.live !== undefined;
}

/** What holds the object. */
export function needHolder(
  { holder, object }: { holder: RemoteObject | undefined; object: RemoteObject },
): RemoteObject {
  if (holder !== undefined) return holder;
  throw new VirtError("not-found", `Cannot find what holds ${object.label}`, { target: object.label });
}
