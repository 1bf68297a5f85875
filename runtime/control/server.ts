/**
 * The kernel's end of the control socket.
 *
 * @module
 */
import { toErrorData, VirtError } from "../../model/error.ts";
import { MessageConnection } from "./connection.ts";
import type { ControlHandlers, RequestContext } from "./control.ts";
import { handle } from "./local.ts";
import { type AboutOf, type AnswerOf, type ControlMethod, type QuestionKind, questions } from "./methods.ts";
import { controlLimits, controlVersion, type FromClient, fromClient, type FromKernel } from "./wire.ts";

/** Requests that only look on; they do not keep a kernel from leaving. */
const onlookers: ReadonlySet<ControlMethod> = new Set([
  "events.watch",
  "jobs.watch",
  "runs.watch",
  "runs.logs",
]);

/** What a server is made with. */
export interface ControlServerOptions {
  readonly handlers: ControlHandlers;
  /** Whoever may open the socket acts as this one: the socket's directory is for its owner only. */
  readonly principal: string;
}

/** Serves a listening socket. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #sessions = new Set<Session>();
  readonly #listener: Deno.Listener;
  readonly #accepting: Promise<void>;
  #work = 0;
  #leaving = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(listener: Deno.Listener, options: ControlServerOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#accepting = this.#accept();
  }

  /** Requests under way that the kernel must not leave behind. */
  get work(): number {
    return this.#work;
  }

  /** Resolves when no request is under way but those that only look on. */
  async idle(): Promise<void> {
    while (this.#work > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
  }

  /** Takes no more requests, says so to everybody, and closes. */
  async close(): Promise<void> {
    this.#leaving = true;
    this.#listener.close();
    await this.#accepting;
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        const session = new Session(conn, {
          ...this.#options,
          admit: (method) => this.#admit(method),
        });
        this.#sessions.add(session);
        session.ended.finally(() => this.#sessions.delete(session));
      }
    } catch (error) {
      // Closing the listener ends the loop in either way.
      if (!this.#leaving) throw error;
    }
  }

  /** Counts a request in; disposing counts it out. `undefined` where the kernel leaves. */
  #admit(method: ControlMethod): Disposable | undefined {
    if (this.#leaving) return undefined;
    if (onlookers.has(method)) return { [Symbol.dispose]: () => {} };
    this.#work++;
    return {
      [Symbol.dispose]: () => {
        if (--this.#work > 0) return;
        this.#idle?.resolve();
        this.#idle = undefined;
      },
    };
  }
}

interface SessionOptions extends ControlServerOptions {
  readonly admit: (method: ControlMethod) => Disposable | undefined;
}

/** One client. */
class Session {
  readonly ended: Promise<void>;
  readonly #connection: MessageConnection<FromClient, FromKernel>;
  readonly #options: SessionOptions;
  readonly #requests = new Map<number, AbortController>();
  readonly #questions = new Map<number, (answer: unknown) => void>();
  #questionCount = 0;
  #greeted = false;

  constructor(conn: Deno.Conn, options: SessionOptions) {
    this.#connection = new MessageConnection(conn, fromClient);
    this.#options = options;
    this.ended = this.#serve();
  }

  async close(): Promise<void> {
    await this.#connection.send({ t: "bye" });
    await this.#connection.close();
    await this.ended;
  }

  async #serve(): Promise<void> {
    try {
      for await (const message of this.#connection.messages()) {
        if (!await this.#receive(message)) break;
      }
    } catch {
      // A client that breaks the protocol is dropped; it cannot be told in a way that it would understand.
    } finally {
      for (const request of this.#requests.values()) {
        request.abort(new VirtError("cancelled", "The client has gone"));
      }
      for (const answer of this.#questions.values()) answer(undefined);
      await this.#connection.close();
    }
  }

  /** Whether the client may go on. */
  async #receive(message: FromClient): Promise<boolean> {
    if (!this.#greeted) {
      if (message.t !== "hello") return false;
      await this.#connection.send({ t: "hello", version: controlVersion, pid: Deno.pid });
      this.#greeted = message.version === controlVersion;
      return this.#greeted;
    }
    switch (message.t) {
      case "hello":
        return false;
      case "request":
        if (this.#requests.has(message.id) || this.#requests.size >= controlLimits.pending) return false;
        await this.#begin(message);
        return true;
      case "cancel":
        this.#requests.get(message.id)?.abort(new VirtError("cancelled", "Cancelled by the caller"));
        return true;
      case "answer": {
        const answer = this.#questions.get(message.question);
        this.#questions.delete(message.question);
        answer?.(message.answer);
        return true;
      }
    }
  }

  async #begin(message: Extract<FromClient, { readonly t: "request" }>): Promise<void> {
    const { id, method, params, prompts } = message;
    const admitted = this.#options.admit(method);
    if (admitted === undefined) return;
    const aborter = new AbortController();
    this.#requests.set(id, aborter);
    await this.#connection.send({ t: "taken", id });
    const context: RequestContext<ControlMethod> = {
      principal: this.#options.principal,
      signal: aborter.signal,
      send: (item) => this.#connection.send({ t: "item", id, item }),
      ...(prompts.includes("permission")
        ? { ask: (about) => this.#ask(id, { kind: "permission", about, signal: aborter.signal }) }
        : {}),
      ...(prompts.includes("secret")
        ? {
          askSecret: async (about) =>
            (await this.#ask(id, { kind: "secret", about, signal: aborter.signal }))?.value,
        }
        : {}),
      ...(prompts.includes("credentials")
        ? {
          person: {
            // Their terminal is not this process's.
            atTerminal: false,
            credentials: async (about, signal) =>
              await this.#ask(id, {
                kind: "credentials",
                about,
                signal: AbortSignal.any([signal, aborter.signal]),
              }) ?? undefined,
          },
        }
        : {}),
    };
    handle(this.#options.handlers, { method, params, context })
      .then((result) => this.#connection.send({ t: "result", id, result }))
      .catch((error) => this.#connection.send({ t: "error", id, error: toErrorData(error) }))
      .finally(() => {
        this.#requests.delete(id);
        admitted[Symbol.dispose]();
      });
  }

  /** Asks the person; what is no answer of the kind counts as none. */
  async #ask<K extends QuestionKind>(
    id: number,
    { kind, about, signal }: { readonly kind: K; readonly about: AboutOf<K>; readonly signal: AbortSignal },
  ): Promise<AnswerOf<K>> {
    signal.throwIfAborted();
    const number = this.#questionCount++;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#questions.set(number, resolve);
    const onAbort = (): void => {
      this.#questions.delete(number);
      void this.#connection.send({ t: "unask", question: number });
      resolve(undefined);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#connection.send({ t: "ask", id, question: number, kind, about });
      const answer = questions[kind].answer.safeParse(await promise);
      // The schema that has just checked it is the one that the type is made from.
      return (answer.success ? answer.data : questions[kind].unanswered) as AnswerOf<K>;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
