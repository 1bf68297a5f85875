/**
 * How procedures are answered: one row for each, in families.
 *
 * ## How to write a family
 *
 * A family is a file in `daemon/families/` that exports an object with a row per procedure, and a line in `table.ts`.
 * Nearly every row says which *operation* of the registry (`model/operations/`) answers a procedure; permission, slot,
 * journal and audit then follow from that operation, as for a recipe's calls:
 *
 * ```ts
 * import { calls, type Family } from "../dispatch/row.ts";
 * export const domainPower = {
 *   // One operation, on the object that the arguments name (`dom`, `net`, `pool`, `iface`, `secret`, `nwfilter`).
 *   domainSuspend: calls("domain.suspend"),
 *   // Arguments to the operation's input, its output to the procedure's result. `flags`: the bits that are understood;
 *   // any other is refused, as is every bit where the row names none.
 *   domainGetXmlDesc: calls("domain.xml", {
 *     flags: 0b11,
 *     input: ({ flags }) => ({ secure: (flags & 1) !== 0, inactive: (flags & 2) !== 0 }),
 *     result: (xml) => ({ xml }),
 *   }),
 * } satisfies Family;
 * ```
 *
 * - The compiler knows a row's procedure by its key: `args`, `input`, `output` and the result are typed by the two tables,
 *   and `result` may be left out only where the procedure gives nothing.
 * - `target` says which object is meant, where that is not one of the usual arguments. See `objects.ts` for references to
 *   objects from names on the wire and back.
 * - What takes more than one operation, or none, is `answers(async (args, session) => …)`: there `session.run("domain.info",
 *   { target })` is one operation. Whatever is thrown is the answer: a {@linkcode VirtError}, whose code, `remoteCode`, and
 *   text `error.ts` turns into libvirt's number and words.
 * - A procedure that opens a stream is `opens(async (args, session) => ({ result, run }))`, where `run(stream)` moves the
 *   bytes; see `protocol/server/service.ts`.
 * - Whether a read-only client may call it, and which permissions it takes, is in the table of procedures
 *   (`protocol/procedures/`) and is not said again.
 * - A procedure without a row, and one whose operation the hypervisor's driver lacks, is answered as libvirt's drivers
 *   answer for what they lack. An event's registration is `session.events.add(…)`; see `families/domain_event.ts`.
 *
 * Each row has a test in `tests/daemon/families/`, by a client within the process (`tests/daemon/kit/`).
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { InputOf, OutputOf } from "../../model/operation.ts";
import type { OperationName, Operations } from "../../model/operations/mod.ts";
import type {
  ArgumentsOf,
  ProcedureName,
  ResultOf,
  StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import type { RemoteErrorName } from "../../protocol/error_codes.ts";
import type { OpenedStream } from "../../protocol/server/mod.ts";
import type { HostSession } from "../host_session.ts";
import type { ClientSession } from "../session.ts";
import { classOf } from "./error.ts";
import { usualTarget } from "./objects.ts";

/** What a row knows of a call beside what it works with. */
export interface CallContext<P extends ProcedureName> {
  readonly args: ArgumentsOf<P>;
  readonly session: HostSession;
}

/** How a procedure is answered by one operation. */
export interface OperationFacts<P extends ProcedureName, N extends OperationName> {
  /** The bits of the argument `flags` that are understood. @default none */
  readonly flags?: number;
  /** What is missing where the operation finds something missing that is no object. */
  readonly absent?: RemoteErrorName;
  /** The object that is meant. @default by the arguments; none for operations on the connection */
  readonly target?: (
    args: ArgumentsOf<P>,
    session: HostSession,
  ) => ObjectRef | undefined | Promise<ObjectRef>;
  /** @default nothing */
  readonly input?: (args: ArgumentsOf<P>, session: HostSession) => InputOf<Operations[N]>;
}

/** How an operation's output becomes a procedure's result. */
interface Giving<P extends ProcedureName, N extends OperationName> {
  readonly result: (output: OutputOf<Operations[N]>, context: CallContext<P>) => ResultOf<P>;
}

/** Procedures that give nothing need not say what. */
type FactsArgument<P extends ProcedureName, N extends OperationName> = ResultOf<P> extends undefined
  ? [facts?: OperationFacts<P, N>]
  : [facts: OperationFacts<P, N> & Giving<P, N>];

/** How a procedure is answered that is not simply one operation. */
export interface AnswerFacts {
  /** The bits of the argument `flags` that are understood. @default none */
  readonly flags?: number;
}

/** The answer to a call, in whichever way it comes. */
type Given<T> = T | Promise<T>;

/** What a procedure's row answers: its result, and a stream where it opens one. */
export type AnswerOf<P extends ProcedureName> = P extends StreamProcedureName ? OpenedStream<ResultOf<P>>
  : ResultOf<P>;

/** How one procedure is answered. */
export type Row<P extends ProcedureName> =
  & { readonly flags: number }
  & (
    | {
      readonly on: "host";
      readonly answer: (args: ArgumentsOf<P>, session: HostSession) => Given<AnswerOf<P>>;
    }
    /** Before a host has been opened too. */
    | {
      readonly on: "client";
      readonly answer: (args: ArgumentsOf<P>, session: ClientSession) => Given<AnswerOf<P>>;
    }
  );

/** Rows by their procedures. */
export type Family = { readonly [P in ProcedureName]?: Row<P> };

/** A row that one operation answers. */
export function calls<P extends ProcedureName, N extends OperationName>(
  operation: N,
  ...[facts]: FactsArgument<P, N>
): Row<P> {
  const { flags = 0, input, absent, target = usualTarget }: OperationFacts<P, N> & Partial<Giving<P, N>> =
    facts ?? {};
  // Where a procedure gives something, its row says what.
  const result = facts !== undefined && "result" in facts
    ? facts.result
    : (): AnswerOf<P> => undefined as unknown as AnswerOf<P>;
  return {
    on: "host",
    flags,
    async answer(args, session): Promise<AnswerOf<P>> {
      const found = target(args, session);
      const output = await named(
        absent,
        session.run(operation, {
          target: found instanceof Promise ? await found : found,
          input: input?.(args, session),
        }),
      );
      return result(output, { args, session }) as AnswerOf<P>;
    },
  };
}

/** An operation's answer; where something is missing that is no object, the error has the name that it is given. */
async function named<T>(absent: RemoteErrorName | undefined, answer: Promise<T>): Promise<T> {
  if (absent === undefined) return await answer;
  try {
    return await answer;
  } catch (error) {
    if (!isVirtError(error, "not-found") || classOf(error.target) !== undefined) throw error;
    throw new VirtError("not-found", error.message, { remoteCode: absent, cause: error });
  }
}

/** A row that is answered in a way of its own, once a host has been opened. */
export function answers<P extends ProcedureName>(
  answer: (args: ArgumentsOf<P>, session: HostSession) => Given<ResultOf<P>>,
  { flags = 0 }: AnswerFacts = {},
): Row<P> {
  return {
    on: "host",
    flags,
    answer: answer as (args: ArgumentsOf<P>, session: HostSession) => Given<AnswerOf<P>>,
  };
}

/** A row that is answered also before a host has been opened. */
export function answersEarly<P extends ProcedureName>(
  answer: (args: ArgumentsOf<P>, session: ClientSession) => Given<ResultOf<P>>,
  { flags = 0 }: AnswerFacts = {},
): Row<P> {
  return {
    on: "client",
    flags,
    answer: answer as (args: ArgumentsOf<P>, session: ClientSession) => Given<AnswerOf<P>>,
  };
}

/** A row for a procedure that opens a stream. */
export function opens<P extends StreamProcedureName>(
  answer: (args: ArgumentsOf<P>, session: HostSession) => Given<OpenedStream<ResultOf<P>>>,
  { flags = 0 }: AnswerFacts = {},
): Row<P> {
  return {
    on: "host",
    flags,
    answer: answer as (args: ArgumentsOf<P>, session: HostSession) => Given<AnswerOf<P>>,
  };
}
