/**
 * The form of operations that make an object from a document, or change its definition.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type ObjectClass, objectClasses, type ObjectRef } from "../../model/object.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import type { Implementation, Observation } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { actTogether } from "./act.ts";
import { connectionOf } from "./connection.ts";
import type { Line } from "./line.ts";
import type { Identity, RemoteClass, RemoteJob, RemoteObject } from "./object.ts";
import { byState } from "./reconcile.ts";
import { notFound } from "./refusal.ts";
import { sameText } from "./same_text.ts";

/** The operations that answer with a reference to what they made. */
export type MakingOperation = {
  [N in OperationName]: Out<N> extends ObjectRef ? N : never;
}[OperationName];

/** What is to be made, as far as its document tells. */
export interface Wanted {
  /** The document that is sent: what the caller does not say is filled in where that must be known afterwards. */
  readonly xml: string;
  readonly name: string;
  /** What identifies it; absent where only the far side makes that up. */
  readonly id?: string;
  readonly parent?: string;
}

/** A document on its way. */
export interface MakingSubject<N extends OperationName> {
  readonly job: RemoteJob;
  readonly input: In<N>;
  readonly wanted: Wanted;
}

/** How something is made. */
export interface Making<N extends MakingOperation> {
  readonly objectClass: RemoteClass & Out<N>["$ref"];
  /** `define`, `create`: for errors. */
  readonly doing: string;
  /** @throws {VirtError} `invalid-document` */
  readonly read: (job: RemoteJob, input: In<N>) => Wanted;
  readonly make: (line: Line, subject: MakingSubject<N>) => Promise<Identity>;
  /**
   * Whether what is there now is what was asked for.
   * @default it has another definition than before, or the one that was asked for
   */
  readonly isSo?: (made: RemoteObject, before: Observation) => boolean;
  /** Finds what was made where its document does not identify it. */
  readonly find?: (job: RemoteJob, wanted: Wanted) => Promise<RemoteObject | undefined>;
  readonly about?: Implementation<N>["about"];
}

/** An operation that makes something, and can tell whether it did. */
export type MakingImplementation<N extends OperationName> =
  & Implementation<N>
  & Required<Pick<Implementation<N>, "reconcile">>;

/** An operation that makes something. */
export function makes<N extends MakingOperation>(making: Making<N>): MakingImplementation<N> {
  const { objectClass, doing, read, make, about, isSo = isDefined, find } = making;
  const made = (job: RemoteJob, input: In<N>): RemoteObject | undefined => {
    const { id, parent } = read(job, input);
    return id === undefined ? undefined : connectionOf(job).table.byId(objectClass, id, parent);
  };
  const found = async (job: RemoteJob, input: In<N>): Promise<RemoteObject | undefined> =>
    find === undefined ? made(job, input) : await find(job, read(job, input));
  return {
    run: async (job: RemoteJob, input) => {
      const wanted = read(job, input);
      const identity = await actTogether(
        job,
        job.operation,
        (line) => make(line, { job, input, wanted }),
        {
          doing,
          target: { label: `${objectClasses[objectClass].label} "${wanted.name}"` },
          also: (identity) => [identity],
        },
      );
      return refTo<N>(job, objectClass, identity);
    },
    observe: (job: RemoteJob, input) => observed(made(job, input)),
    reconcile: byState<N>({
      also: (job, input) => {
        const { id, name, parent } = read(job, input);
        return id === undefined
          ? []
          : [{ objectClass, id, name, ...(parent === undefined ? {} : { parent }) }];
      },
      done: async (job, input, before) => {
        const object = await found(job, input);
        return object !== undefined && isSo(object, { ...before, wanted: read(job, input).xml });
      },
      value: async (job, input) => {
        const object = await found(job, input);
        return answer<N>(job, objectClass, { object, name: read(job, input).name });
      },
    }),
    ...(about === undefined ? {} : { about }),
  };
}

/** What is noted of an object that is about to be made, or made anew. */
function observed(object: RemoteObject | undefined): Observation {
  if (object === undefined) return { existed: false };
  return { existed: true, ran: object.live !== undefined, definition: object.persistentConfig };
}

/** Whether a definition is there that was not before, or that is the one asked for. */
export function isDefined(made: RemoteObject, before: Observation): boolean {
  if (!made.persistent) return false;
  const now = made.persistentConfig;
  if (before["existed"] === false || before["definition"] !== now) return true;
  return typeof before["wanted"] === "string" && sameText(before["wanted"], now, made.id);
}

/** Whether something runs that did not before. */
export function isRunning(made: RemoteObject, before: Observation): boolean {
  return made.live !== undefined && before["ran"] !== true;
}

/** Whether something is there. */
export function isThere(): boolean {
  return true;
}

/**
 * Refuses a change that is based on something else than what is there.
 *
 * @throws {VirtError} `changed-outside`
 */
export function refuseOutdated(
  objectClass: ObjectClass,
  { name, id, basedOn, present }: {
    readonly name: string;
    readonly id: string;
    readonly basedOn: string | undefined;
    readonly present: string | undefined;
  },
): void {
  if (basedOn === undefined || (present !== undefined && sameText(basedOn, present, id))) return;
  throw new VirtError(
    "changed-outside",
    `Cannot define ${objectClasses[objectClass].label} "${name}": its definition was changed meanwhile`,
    { hint: "Read the definition again, and apply the change to that" },
  );
}

function refTo<N extends MakingOperation>(
  job: RemoteJob,
  objectClass: RemoteClass,
  { id, name, parent }: Identity,
): Out<N> {
  const object = connectionOf(job).table.byId(objectClass, id, parent);
  return answer<N>(job, objectClass, { object, name });
}

function answer<N extends MakingOperation>(
  job: RemoteJob,
  objectClass: RemoteClass,
  { object, name }: { readonly object: RemoteObject | undefined; readonly name: string },
): Out<N> {
  if (object === undefined) throw notFound(objectClasses[objectClass].label, name);
  // The class of the reference is the operation's own, which the compiler cannot tell of a type parameter.
  return job.ref(object, objectClass) as Out<N>;
}
