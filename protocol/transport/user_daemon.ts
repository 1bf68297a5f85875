/**
 * A user's own daemon, which nobody starts but the first client that wants it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ClientMachine } from "../client_machine.ts";
import type { ConnectionClock } from "../clock.ts";
import { daemonProgram, type DaemonSocket } from "../daemon_socket.ts";
import type { UnixLink } from "../link.ts";
import { messageOf } from "../wording.ts";

/** Until the next look whether it listens, in milliseconds. */
const pauseMs = 20;

/** How long one that has ended is forgiven: another client's may be on its way. In milliseconds. */
const graceMs = 2_000;

/** Whether the daemon at the other end is to be started where nobody listens; `LIBVIRT_AUTOSTART=0` forbids it. */
export function startsOnDemand(
  link: UnixLink,
  machine: ClientMachine,
): link is UnixLink & { readonly socket: DaemonSocket } {
  return link.socket?.owner === "user" && machine.environment("LIBVIRT_AUTOSTART") !== "0";
}

/** How to wait for the daemon. */
export interface AwaitOptions {
  readonly clock: ConnectionClock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Whether a failure only means that the daemon does not listen yet. */
  readonly isEarly: (error: unknown) => boolean;
}

/** A daemon that has been started and may not listen yet. It stays when this is disposed. */
export class StartingDaemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #uri: string;
  readonly #program: string;
  #end: Deno.CommandStatus | undefined;

  constructor(
    child: Deno.ChildProcess,
    { uri, program }: { readonly uri: string; readonly program: string },
  ) {
    this.#child = child;
    this.#uri = uri;
    this.#program = program;
    child.status.then((end) => this.#end = end, () => {});
  }

  /**
   * Tries until it works.
   *
   * @throws {VirtError} `unreachable` where the daemon has ended and nobody else's listens.
   */
  async until<T>(attempt: () => Promise<T>, { clock, signal, isEarly }: AwaitOptions): Promise<T> {
    let endedAt: number | undefined;
    while (true) {
      try {
        return await attempt();
      } catch (error) {
        if (!isEarly(error)) throw error;
      }
      if (this.#end !== undefined) endedAt ??= clock.now();
      if (endedAt !== undefined && clock.now() - endedAt >= graceMs) throw this.#failure();
      await pause({ clock, signal });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    // It serves others when this process has long gone, and ends by itself when nobody needs it.
    this.#child.unref();
    return Promise.resolve();
  }

  #failure(): VirtError {
    return new VirtError(
      "unreachable",
      `Cannot connect to "${this.#uri}": "${this.#program}" was started and ended with ${this.#end?.code}`,
      { hint: `Start it by hand and look what it says: ${this.#program} --timeout=120` },
    );
  }
}

async function pause({ clock, signal }: Pick<AwaitOptions, "clock" | "signal">): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  using _timer = clock.after(pauseMs, resolve);
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  await promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/**
 * Starts a user's daemon. It ends by itself two minutes after the last client and the last guest.
 *
 * @throws {VirtError} `unreachable` where its program is not there.
 */
export function startDaemon(
  { daemon }: DaemonSocket,
  { uri, machine }: { readonly uri: string; readonly machine: ClientMachine },
): StartingDaemon {
  const program = daemonProgram(daemon, machine);
  try {
    const child = new Deno.Command(program, {
      args: ["--timeout=120"],
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
      // It must not end with whatever ends this process.
      detached: true,
    }).spawn();
    return new StartingDaemon(child, { uri, program });
  } catch (cause) {
    throw new VirtError(
      "unreachable",
      `Cannot connect to "${uri}": nobody listens, and "${program}" cannot be started: ${messageOf(cause)}`,
      { hint: "Install the daemon (Debian: libvirt-daemon), or name its socket with ?socket=PATH", cause },
    );
  }
}
