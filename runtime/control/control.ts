/**
 * The one way to ask something of a kernel, whether it lives in this process or behind a socket.
 *
 * @module
 */
import type { AskCredentials, Person } from "../person.ts";
import type { AskSecret, SecretQuestion } from "../secret/fetch.ts";
import type {
  ControlMethod,
  ItemOf,
  ParamsOf,
  ParsedParamsOf,
  PermissionAnswer,
  Question,
  ResultOf,
} from "./methods.ts";

/** What a caller may add to a request. */
export interface RequestOptions<M extends ControlMethod> {
  /** Ends the request early; the kernel is told. */
  readonly signal?: AbortSignal;
  /** Takes what is streamed before the answer, in order. Not returning holds the stream back. */
  readonly onItem?: (item: ItemOf<M>) => void | Promise<void>;
  /** Puts a question to the person at this terminal; without it every question is answered `deny`. */
  readonly ask?: (question: Question, signal: AbortSignal) => Promise<PermissionAnswer>;
  /** Has the values of secrets that are here: in the environment, or typed at this terminal. */
  readonly askSecret?: (question: SecretQuestion, signal: AbortSignal) => Promise<string | undefined>;
  /** Asks the person at this terminal for user and password; without it nobody is asked. */
  readonly askCredentials?: AskCredentials;
}

/** A kernel, to ask things of. */
export interface Control extends AsyncDisposable {
  /** Whether the kernel lives in this process. */
  readonly local: boolean;
  /**
   * Asks.
   *
   * @throws {VirtError} what the kernel answered, or `unreachable` where it went away.
   */
  request<M extends ControlMethod>(
    method: M,
    params: ParamsOf<M>,
    options?: RequestOptions<M>,
  ): Promise<ResultOf<M>>;
}

/** What a handler has of the one who asks. */
export interface RequestContext<M extends ControlMethod> {
  /** On whose behalf: `uid:1000`. */
  readonly principal: string;
  /** Aborts when the caller cancels, or has gone. */
  readonly signal: AbortSignal;
  /** Streams something to the caller; resolves when it is on its way. */
  send(item: ItemOf<M>): Promise<void>;
  /** Asks the person at the caller's terminal; absent where there is none. */
  readonly ask?: (question: Question) => Promise<PermissionAnswer>;
  /** Asks for the value of a secret that the caller has; absent where there is nobody to ask. */
  readonly askSecret?: AskSecret;
  /** The person at the caller's terminal, for daemons that want to know who they are; absent where there is none. */
  readonly person?: Person;
}

/** How a kernel answers each method. */
export type ControlHandlers = {
  readonly [M in ControlMethod]: (
    params: ParsedParamsOf<M>,
    context: RequestContext<M>,
  ) => Promise<ResultOf<M>>;
};
