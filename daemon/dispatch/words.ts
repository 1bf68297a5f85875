/**
 * Errors in the words that libvirt's own drivers have for them.
 *
 * Programs were written against some of these texts. What the kernel and the drivers say of an error is for people who
 * use Drover; a client of libvirt's is told the same fact as libvirt tells it.
 *
 * @module
 */
import { type ErrorCode, isVirtError, VirtError } from "../../model/error.ts";
import type { RemoteErrorName } from "../../protocol/error_codes.ts";
import type { ArgumentsOf, ProcedureName } from "../../protocol/procedures/mod.ts";
import type { HostSession } from "../host_session.ts";
import type { AnswerOf, Row } from "./row.ts";

/** What a client is told instead. */
export interface Words {
  readonly text: string;
  /** @default what the error has */
  readonly code?: RemoteErrorName;
}

/** What to say for an error; nothing for what is to be said as it is. */
export type WordsFor<P extends ProcedureName> = (
  args: ArgumentsOf<P>,
  error: VirtError,
  session: HostSession,
) => Words | string | undefined;

/** Words by the code of the error that they stand for. */
export type Wording<P extends ProcedureName> = { readonly [C in ErrorCode]?: WordsFor<P> };

/** A row whose errors are told in other words. */
export function worded<P extends ProcedureName>(row: Row<P>, wording: Wording<P>): Row<P> {
  if (row.on === "client") return row;
  const { answer } = row;
  return {
    ...row,
    async answer(args: ArgumentsOf<P>, session: HostSession): Promise<AnswerOf<P>> {
      try {
        return await answer(args, session);
      } catch (error) {
        throw isVirtError(error) ? inWords(error, wording[error.code]?.(args, error, session)) : error;
      }
    },
  };
}

function inWords(error: VirtError, words: Words | string | undefined): VirtError {
  if (words === undefined) return error;
  const { text, code }: Words = typeof words === "string" ? { text: words } : words;
  // What has another number of libvirt's means something else.
  if (error.remoteCode !== undefined && error.remoteCode !== code) return error;
  return new VirtError(error.code, text, {
    cause: error,
    ...(error.target === undefined ? {} : { target: error.target }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(code === undefined ? {} : { remoteCode: code }),
  });
}
