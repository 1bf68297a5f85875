/**
 * The way to a simulated hypervisor that is a process of its own.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import type { Link, LinkOptions } from "./link.ts";
import type { EffectInput, EffectName, EffectResult } from "./world/effects.ts";
import type { WorldReply, WorldRequest } from "./world/hypervisor.ts";
import type { Change } from "./world/record.ts";
import { socketPath } from "./world/paths.ts";
import { type ToClient, type ToHypervisor, Wire, wireVersion } from "./world/wire.ts";

/** What a link is made with. */
export interface SocketLinkOptions {
  /** The hypervisor's directory, as its real path. */
  readonly directory: string;
  /** What a new host consists of; libvirt's test host where not given. */
  readonly nodeFile?: string;
  /** Which kernel speaks; epochs are compared within one. */
  readonly owner: string;
  readonly clock: Clock;
}

/** How often to try to reach a hypervisor that is just coming or going, and how long to wait between, in milliseconds. */
const attempts = 40;
const pauseMs = 25;

interface Pending {
  resolve(reply: WorldReply<unknown>): void;
  reject(error: unknown): void;
}

/** One connection to the process. */
interface Session {
  readonly wire: Wire<ToHypervisor, ToClient>;
  readonly hostUuid: string;
  readonly pending: Map<number, Pending>;
}

function unreachable(
  directory: string,
  detail: { readonly mayHaveActed: boolean },
  cause?: unknown,
): VirtError {
  const found = detail.mayHaveActed ? "the link broke before it answered" : "nobody answers there";
  return new VirtError("unreachable", `Cannot reach the simulated hypervisor in "${directory}": ${found}`, {
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A link over a socket. It starts the hypervisor where it does not run, and again where it went away. */
export class SocketLink implements Link {
  readonly hostUuid: string;
  readonly #options: SocketLinkOptions;
  readonly #listeners = new Set<(changes: readonly Change[] | undefined) => void>();
  #session: Promise<Session> | undefined;
  #requests = 0;
  #closed = false;

  private constructor(options: SocketLinkOptions, session: Session) {
    this.#options = options;
    this.hostUuid = session.hostUuid;
    this.#session = Promise.resolve(session);
  }

  /**
   * Reaches the hypervisor of a directory.
   *
   * @throws {VirtError} `unreachable`
   */
  static async open(options: SocketLinkOptions, signal: AbortSignal): Promise<SocketLink> {
    const { session, messages } = await reach(options, signal);
    const link = new SocketLink(options, session);
    void link.#listen(session, messages);
    return link;
  }

  async request<E extends EffectName>(
    effect: E,
    input: EffectInput<E>,
    { token, signal }: LinkOptions,
  ): Promise<WorldReply<EffectResult<E>>> {
    const reply = await this.#ask(
      { effect, input, now: this.#options.clock.now(), token: { owner: this.#options.owner, ...token } },
      signal,
    );
    // The hypervisor is of the same version, so it answers what its effect answers.
    return reply as WorldReply<EffectResult<E>>;
  }

  happen<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    this.#ask({ effect, input, now: this.#options.clock.now() }, new AbortController().signal).catch(
      () => {},
    );
  }

  onChange(listener: (changes: readonly Change[] | undefined) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    const session = await this.#session?.catch(() => undefined);
    session?.wire.close();
    await this.#ended;
  }

  #ended: Promise<void> = Promise.resolve();

  async #ask(request: WorldRequest, signal: AbortSignal): Promise<WorldReply<unknown>> {
    const { pending, wire } = await this.#reachable(signal);
    const id = ++this.#requests;
    const { promise, resolve, reject } = Promise.withResolvers<WorldReply<unknown>>();
    pending.set(id, { resolve, reject });
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      wire.send({ t: "request", id, request }).catch((error: unknown) =>
        reject(unreachable(this.#options.directory, { mayHaveActed: true }, error))
      );
      return await promise;
    } finally {
      pending.delete(id);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** The session that there is, or another one. */
  #reachable(signal: AbortSignal): Promise<Session> {
    if (this.#closed) return Promise.reject(unreachable(this.#options.directory, { mayHaveActed: false }));
    if (this.#session !== undefined) return this.#session;
    const session = reach(this.#options, signal).then(({ session, messages }) => {
      if (session.hostUuid !== this.hostUuid) {
        session.wire.close();
        throw new VirtError(
          "changed-outside",
          `Cannot go on with the host in "${this.#options.directory}": another one has taken its place`,
        );
      }
      void this.#listen(session, messages);
      return session;
    });
    this.#session = session;
    session.catch(() => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  /** Takes in what the hypervisor says, until the link breaks. */
  #listen(session: Session, messages: AsyncIterable<ToClient>): Promise<void> {
    const mine = this.#session;
    this.#ended = this.#takeIn(session, messages).then(() => {
      session.wire.close();
      if (this.#session === mine || mine === undefined) this.#session = undefined;
      for (const { reject } of session.pending.values()) {
        reject(unreachable(this.#options.directory, { mayHaveActed: true }));
      }
      if (!this.#closed) { for (const listener of [...this.#listeners]) listener(undefined); }
    });
    return this.#ended;
  }

  async #takeIn({ pending }: Session, messages: AsyncIterable<ToClient>): Promise<void> {
    try {
      for await (const message of messages) {
        if (message.t === "reply") {
          pending.get(message.id)?.resolve({ result: message.result, changes: message.changes });
        } else if (message.t === "error") pending.get(message.id)?.reject(fromErrorData(message.error));
        else if (message.t === "changes") {
          for (const listener of [...this.#listeners]) listener(message.changes);
        }
      }
    } catch {
      // What cannot be read is a broken link.
    }
  }
}

interface Reached {
  readonly session: Session;
  readonly messages: AsyncIterable<ToClient>;
}

/** Connects, and starts the hypervisor where it does not run. One that is just leaving is waited for. */
async function reach(options: SocketLinkOptions, signal: AbortSignal): Promise<Reached> {
  const { directory, clock } = options;
  let cause: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    signal.throwIfAborted();
    try {
      return await greet(await Deno.connect({ transport: "unix", path: socketPath(directory) }));
    } catch (error) {
      if (error instanceof VirtError && error.code === "protocol") throw error;
      cause = error;
    }
    if (await launch(options) === "busy") await sleep(clock, pauseMs, signal);
  }
  throw unreachable(directory, { mayHaveActed: false }, cause);
}

/** Says hello, and hears who is there. */
async function greet(connection: Deno.Conn): Promise<Reached> {
  const wire = new Wire<ToHypervisor, ToClient>(connection);
  const messages = wire.messages();
  try {
    await wire.send({ t: "hello", version: wireVersion });
    const first = await messages.next();
    if (first.done === true || first.value.t !== "welcome") throw new TypeError("It went away");
    const { version, hostUuid } = first.value;
    if (version !== wireVersion) {
      throw new VirtError(
        "protocol",
        `Cannot speak with the simulated hypervisor: it is of version ${version}, this is ${wireVersion}`,
        { hint: "It leaves by itself a few seconds after its last client" },
      );
    }
    return { session: { wire, hostUuid, pending: new Map() }, messages };
  } catch (error) {
    wire.close();
    throw error;
  }
}

/** Starts the hypervisor so that it outlives this process, however that ends. */
async function launch({ directory, nodeFile }: SocketLinkOptions): Promise<"ready" | "busy"> {
  const main = new URL("./world/main.ts", import.meta.url);
  const command = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-all",
    main.href,
    directory,
    ...(nodeFile === undefined ? [] : [nodeFile]),
  ];
  const child = new Deno.Command("setsid", {
    args: ["--fork", ...command],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const word = await firstLine(child.stdout);
  await child.status;
  if (word === "ready" || word === "busy") {
    await child.stderr.cancel();
    return word;
  }
  throw new VirtError("unreachable", `Cannot start the simulated hypervisor in "${directory}"`, {
    detail: { mayHaveActed: false },
    cause: (await new Response(child.stderr).text()).trim(),
  });
}

/** The first line of a stream, which is not read any further: it stays open as long as the process runs. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (
    const piece of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
  ) {
    text += piece;
    if (text.includes("\n")) break;
  }
  return text.split("\n", 1)[0] ?? "";
}

/**
 * Asks the hypervisor of a directory to leave; it goes when its last client has gone. Nothing happens where none runs.
 */
export async function dismiss(directory: string): Promise<void> {
  let connection: Deno.Conn;
  try {
    connection = await Deno.connect({ transport: "unix", path: socketPath(directory) });
  } catch {
    return;
  }
  const wire = new Wire<ToHypervisor, ToClient>(connection);
  await wire.send({ t: "leave" }).catch(() => {});
  wire.close();
}
