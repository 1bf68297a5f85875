/**
 * One row of the table of procedures.
 *
 * @module
 */
import type { Permission } from "../../model/permission.ts";
import { type Fields, type FieldValues, nothing, struct, type Xdr } from "../xdr/mod.ts";
import type { Condition } from "./access.ts";

/** The programs that a connection can speak, by their numbers; each has version 1. */
export const programs = {
  /** Everything that all hypervisors may have. */
  remote: 0x20008086,
  /** What only QEMU has. */
  qemu: 0x20008087,
  /** What only LXC has. */
  lxc: 0x00068000,
} as const;

/** The version of each of these programs: it has never been another. */
export const programVersion = 1;

/** The name of a program. */
export type ProgramName = keyof typeof programs;

/** Whether a call passes open files along with it. It can do so on a unix socket only. */
export type PassedFiles = "none" | "sent" | "received" | "both";

/** Which way a stream flows, seen from the client. */
export type StreamDirection = "read" | "write" | "both";

/** What is said about any row. */
interface RowFacts {
  /** @default "remote" */
  readonly program?: ProgramName;
  /** libvirt's release that brought it, where that is later than 9.0: an older peer lacks it. */
  readonly since?: string;
}

/** What is said about a call. */
interface CallFacts<A extends Fields, R extends Fields> extends RowFacts {
  /** The fields that go out, in the order of the wire. */
  readonly args?: A;
  /** The fields that come back, in the order of the wire. */
  readonly result?: R;
  /** All that the caller must be permitted, on the object that the arguments name or else on the connection. */
  readonly acl?: readonly (Permission | Condition)[];
  /** In lists: what the caller must be permitted on each object to see it there. */
  readonly filter?: Permission;
  /** Calls of high priority never wait for a hypervisor; a server keeps workers for them. @default "low" */
  readonly priority?: "high" | "low";
  /** Whether a read-only connection may call it, where its permissions do not already say that. */
  readonly readonly?: boolean;
  /** @default "none" */
  readonly files?: PassedFiles;
}

/** What is said about a call that opens a stream. */
interface StreamFacts<A extends Fields, R extends Fields> extends CallFacts<A, R> {
  readonly stream: StreamDirection;
  /** The bit of the argument `flags` that asks for holes to be sent as such. */
  readonly sparseFlag?: number;
}

/** What a server tells without being asked. */
interface MessageFacts<F extends Fields> extends RowFacts {
  readonly payload: F;
}

/** What all rows have. */
interface Row {
  readonly program: ProgramName;
  /** Its number within the program. */
  readonly number: number;
  /** libvirt's release that brought it, where that is later than 9.0. */
  readonly since: string | undefined;
}

/** A call: arguments of type `A` out, a result of type `R` or an error back. */
export interface Procedure<A = unknown, R = unknown> extends Row {
  readonly kind: "call" | "stream";
  readonly args: Xdr<A>;
  readonly result: Xdr<R>;
  readonly acl: readonly (Permission | Condition)[];
  readonly filter: Permission | undefined;
  readonly priority: "high" | "low";
  readonly readonly: boolean | undefined;
  readonly files: PassedFiles;
}

/** A call after which a stream is open under its serial number. */
export interface StreamProcedure<A = unknown, R = unknown> extends Procedure<A, R> {
  readonly kind: "stream";
  readonly stream: StreamDirection;
  /** The bit of the argument `flags` that asks for holes to be sent as such. */
  readonly sparseFlag: number | undefined;
}

/** An event, which a server sends without being asked. */
export interface Message<M = unknown> extends Row {
  readonly kind: "message";
  readonly payload: Xdr<M>;
}

/** The value of fields; none at all where there are none. */
export type Values<F extends Fields> = [keyof F] extends [never] ? undefined : FieldValues<F>;

/** No fields. */
export type NoFields = Readonly<Record<never, Xdr<unknown>>>;

/** A row for a call. */
export function procedure<const A extends Fields = NoFields, const R extends Fields = NoFields>(
  number: number,
  facts: CallFacts<A, R>,
): Procedure<Values<A>, Values<R>> {
  return { kind: "call", ...callOf(number, facts) };
}

/** A row for a call that opens a stream. */
export function streamProcedure<const A extends Fields = NoFields, const R extends Fields = NoFields>(
  number: number,
  facts: StreamFacts<A, R>,
): StreamProcedure<Values<A>, Values<R>> {
  return {
    ...callOf(number, facts),
    kind: "stream",
    stream: facts.stream,
    sparseFlag: facts.sparseFlag,
  };
}

/** A row for an event. */
export function message<const F extends Fields>(number: number, facts: MessageFacts<F>): Message<Values<F>> {
  return {
    kind: "message",
    program: facts.program ?? "remote",
    number,
    since: facts.since,
    payload: valuesOf(facts.payload),
  };
}

function callOf<A extends Fields, R extends Fields>(
  number: number,
  facts: CallFacts<A, R>,
): Omit<Procedure<Values<A>, Values<R>>, "kind"> {
  return {
    program: facts.program ?? "remote",
    number,
    since: facts.since,
    args: valuesOf(facts.args),
    result: valuesOf(facts.result),
    acl: facts.acl ?? [],
    filter: facts.filter,
    priority: facts.priority ?? "low",
    readonly: facts.readonly,
    files: facts.files ?? "none",
  };
}

function valuesOf<F extends Fields>(fields: F | undefined): Xdr<Values<F>> {
  // The compiler cannot see that fields are absent just where their type has none.
  return (fields === undefined ? nothing : struct(fields)) as unknown as Xdr<Values<F>>;
}
