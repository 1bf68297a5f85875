/**
 * A client's end of the control socket: asking the kernel of another process.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import { MessageConnection } from "./connection.ts";
import type { RequestOptions } from "./control.ts";
import {
  type ControlMethod,
  controlMethods,
  type ParamsOf,
  type QuestionKind,
  questions,
  type ResultOf,
} from "./methods.ts";
import { controlVersion, type FromClient, type FromKernel, fromKernel } from "./wire.ts";

/** The kernel left before it took the request: nothing has happened, and the next kernel may be asked. */
export class NotTaken extends Error {
  override readonly name = "NotTaken";
}

interface Pending {
  readonly method: ControlMethod;
  taken: boolean;
  /** Items are handed on one after the other. */
  delivering: Promise<void>;
  readonly receive: (item: unknown) => void | Promise<void>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whom to put which questions to. */
  readonly askers: Askers;
}

type Asked = Extract<FromKernel, { readonly t: "ask" }>;

/** Puts a question of a kind to a person, and answers for them. */
type Askers = { readonly [K in QuestionKind]?: (about: unknown, signal: AbortSignal) => Promise<unknown> };

function askersOf({ ask, askSecret, askCredentials }: RequestOptions<ControlMethod>): Askers {
  return {
    ...(ask === undefined
      ? {}
      : { permission: (about, signal) => ask(questions.permission.about.parse(about), signal) }),
    ...(askSecret === undefined ? {} : {
      secret: async (about, signal) => {
        const { description, variable, ...asked } = questions.secret.about.parse(about);
        const value = await askSecret({
          ...asked,
          ...(description === undefined ? {} : { description }),
          ...(variable === undefined ? {} : { variable }),
        }, signal);
        return value === undefined ? null : { value };
      },
    }),
    ...(askCredentials === undefined ? {} : {
      credentials: async (about, signal) => {
        const { user, ...asked } = questions.credentials.about.parse(about);
        return await askCredentials({ ...asked, ...(user === undefined ? {} : { user }) }, signal) ?? null;
      },
    }),
  };
}

/** A session with a kernel. */
export class ControlClient implements AsyncDisposable {
  readonly pid: number;
  readonly #connection: MessageConnection<FromKernel, FromClient>;
  readonly #pending = new Map<number, Pending>();
  readonly #questions = new Map<number, AbortController>();
  readonly #reading: Promise<void>;
  #count = 0;
  #ended: "bye" | "broken" | undefined;

  private constructor(
    connection: MessageConnection<FromKernel, FromClient>,
    { pid, messages }: {
      readonly pid: number;
      readonly messages: AsyncGenerator<FromKernel, void, undefined>;
    },
  ) {
    this.#connection = connection;
    this.pid = pid;
    this.#reading = this.#read(messages);
  }

  /**
   * Greets the kernel behind a connection.
   *
   * @throws {NotTaken} where it leaves instead of greeting.
   * @throws {VirtError} `protocol` where it speaks another version.
   */
  static async greet(conn: Deno.Conn): Promise<ControlClient> {
    const connection = new MessageConnection<FromKernel, FromClient>(conn, fromKernel);
    try {
      await connection.send({ t: "hello", version: controlVersion });
      const messages = connection.messages();
      const first = await messages.next();
      if (first.done === true || first.value.t !== "hello") throw new NotTaken("The kernel is leaving");
      const { version, pid } = first.value;
      if (version !== controlVersion) {
        throw new VirtError(
          "protocol",
          `Cannot talk to the kernel in process ${pid}: it speaks version ${version}, and this is ${controlVersion}`,
          { hint: "Wait until it has ended, or use the same version of drover" },
        );
      }
      return new ControlClient(connection, { pid, messages });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Whether the kernel has left, in whatever way. */
  get gone(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Asks.
   *
   * @throws {NotTaken} where the kernel left before it took the request.
   * @throws {VirtError} what the kernel answered; `unreachable` where it went away meanwhile.
   */
  async request<M extends ControlMethod>(
    method: M,
    params: ParamsOf<M>,
    options: RequestOptions<M> = {},
  ): Promise<ResultOf<M>> {
    const { signal, onItem } = options;
    signal?.throwIfAborted();
    if (this.#ended !== undefined) throw new NotTaken("The kernel has left");
    const id = this.#count++;
    const itemSchema: { parse(value: unknown): unknown } | undefined = "item" in controlMethods[method]
      ? controlMethods[method].item
      : undefined;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const askers = askersOf(options);
    this.#pending.set(id, {
      method,
      taken: false,
      delivering: Promise.resolve(),
      // The method's own schema has just checked the item.
      receive: (item) => onItem?.(itemSchema?.parse(item) as Parameters<NonNullable<typeof onItem>>[0]),
      resolve,
      reject,
      askers,
    });
    const onAbort = (): void => void this.#connection.send({ t: "cancel", id });
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const prompts = Object.keys(askers) as QuestionKind[];
      await this.#connection.send({ t: "request", id, method, params, prompts });
      const result = await promise;
      // As above: checked by the schema that the type is made from.
      return controlMethods[method].result.parse(result) as ResultOf<M>;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
    await this.#reading;
  }

  async #read(messages: AsyncGenerator<FromKernel, void, undefined>): Promise<void> {
    let broken: unknown;
    try {
      for await (const message of messages) {
        if (message.t === "bye") {
          this.#ended = "bye";
          break;
        }
        this.#receive(message);
      }
    } catch (error) {
      broken = error;
    }
    this.#ended ??= "broken";
    for (const question of this.#questions.values()) question.abort();
    for (const { method, taken, reject } of this.#pending.values()) {
      reject(
        !taken && this.#ended === "bye"
          ? new NotTaken("The kernel left")
          : new VirtError("unreachable", `Lost the kernel in process ${this.pid} during ${method}`, {
            hint: "See what became of it with: drover runs list --all",
            ...(broken === undefined ? {} : { cause: broken }),
          }),
      );
    }
    this.#pending.clear();
    await this.#connection.close();
  }

  #receive(message: Exclude<FromKernel, { readonly t: "bye" }>): void {
    switch (message.t) {
      case "hello":
        return;
      case "unask":
        this.#questions.get(message.question)?.abort();
        return;
      case "taken": {
        const pending = this.#pending.get(message.id);
        if (pending !== undefined) pending.taken = true;
        return;
      }
      case "item": {
        const pending = this.#pending.get(message.id);
        if (pending === undefined) return;
        pending.delivering = pending.delivering.then(() => pending.receive(message.item));
        pending.delivering.catch((error) => this.#settle(message.id, ({ reject }) => reject(error)));
        return;
      }
      case "ask":
        void this.#answer(message);
        return;
      case "result":
        this.#settle(message.id, ({ delivering, resolve, reject }) => {
          delivering.then(() => resolve(message.result), reject);
        });
        return;
      case "error":
        this.#settle(message.id, ({ delivering, reject }) => {
          delivering.then(() => reject(fromErrorData(message.error)), reject);
        });
        return;
    }
  }

  #settle(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending !== undefined) settle(pending);
  }

  async #answer({ id, question, kind, about }: Asked): Promise<void> {
    const moot = new AbortController();
    this.#questions.set(question, moot);
    const asker = this.#pending.get(id)?.askers[kind];
    const answer = await asker?.(about, moot.signal).catch(() => null) ?? null;
    this.#questions.delete(question);
    if (!moot.signal.aborted) await this.#connection.send({ t: "answer", question, answer });
  }
}
