/**
 * Sockets as they are: of this machine, and TCP without protection.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import { type ClientMachine, reasonOf, thisMachine } from "../client_machine.ts";
import type { ConnectionClock } from "../clock.ts";
import type { TcpLink, UnixLink } from "../link.ts";
import type { Transport } from "../transport.ts";
import { messageOf } from "../wording.ts";
import { startDaemon, startsOnDemand } from "./user_daemon.ts";

/** What opening a transport needs to know. */
export interface OpenOptions {
  /** The connection URI, for messages. */
  readonly uri: string;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** A connected socket. */
class SocketTransport implements Transport {
  readonly peer: string;
  readonly #socket: Deno.Conn;
  #closed = false;

  constructor(socket: Deno.Conn, peer: string) {
    this.#socket = socket;
    this.peer = peer;
  }

  async read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.#socket.read(into);
    } catch (error) {
      if (this.#closed) return null;
      throw error;
    }
  }

  async write(data: Uint8Array): Promise<void> {
    let sent = await this.#socket.write(data);
    while (sent < data.length) sent += await this.#socket.write(data.subarray(sent));
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#socket.close();
    }
    return Promise.resolve();
  }
}

/**
 * Connects to a socket of this machine. A daemon of the user's own is started where it does not run, as libvirt's clients
 * do.
 *
 * @throws {VirtError} `unreachable` where nobody listens, `permission-denied` where this user may not, with what to do.
 * @throws the signal's reason once it aborts.
 */
export async function openUnix(
  link: UnixLink,
  { uri, signal, clock, machine = thisMachine }: OpenOptions & {
    readonly clock: ConnectionClock;
    readonly machine?: ClientMachine;
  },
): Promise<Transport> {
  const connect = async (): Promise<Transport> => {
    const connecting = Deno.connect({ transport: "unix", path: link.path });
    return new SocketTransport(await unlessAborted(connecting, signal), link.path);
  };
  try {
    return await connect().catch(async (error) => {
      if (!isNobodyThere(error) || !startsOnDemand(link, machine)) throw error;
      await using starting = startDaemon(link.socket, { uri, machine });
      return await starting.until(connect, { clock, signal, isEarly: isNobodyThere });
    });
  } catch (error) {
    signal.throwIfAborted();
    throw isVirtError(error) ? error : unixFailure(error, { uri, link });
  }
}

function isNobodyThere(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused;
}

/**
 * Connects by TCP.
 *
 * @throws {VirtError} `unreachable` where the host is not known, not there or nobody listens, with what to do.
 * @throws the signal's reason once it aborts.
 */
export async function openTcp(link: TcpLink, { uri, signal }: OpenOptions): Promise<Transport> {
  signal.throwIfAborted();
  const { host, port } = link;
  try {
    const socket = await Deno.connect({ hostname: host, port, signal });
    // Calls are small and wait for their answers.
    socket.setNoDelay(true);
    return new SocketTransport(socket, hostAndPort(link));
  } catch (error) {
    signal.throwIfAborted();
    throw tcpFailure(error, { uri, link });
  }
}

/** `host:port`, with an address of IPv6 in brackets. */
export function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** A socket that comes too late is closed. */
async function unlessAborted(connecting: Promise<Deno.Conn>, signal: AbortSignal): Promise<Deno.Conn> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([connecting, promise]);
  } catch (error) {
    connecting.then((late) => late.close(), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Why a socket of this machine cannot be used. */
export function unixFailure(
  error: unknown,
  { uri, link: { path, socket } }: { readonly uri: string; readonly link: UnixLink },
): VirtError {
  const cannot = `Cannot connect to "${uri}"`;
  const cause = error;
  const unit = socket?.owner === "user" ? "systemctl --user status" : "systemctl status";
  const look = socket === undefined
    ? `Look whether the daemon runs and which socket it listens on: ss -xl | grep libvirt`
    : `Is the daemon running? ${unit} ${socket.daemon}.socket ${socket.daemon}`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return new VirtError("permission-denied", `${cannot}: this user may not use the socket "${path}"`, {
      hint: socket?.owner === "system"
        ? `Join the group that owns it (usermod -aG libvirt USER, then log in again), or use the daemon of this user with a path of /session`
        : `Look at the owner and mode of the socket and of the folders above it: namei -l ${path}`,
      cause,
    });
  }
  if (error instanceof Deno.errors.NotFound) {
    return new VirtError("unreachable", `${cannot}: there is no socket "${path}"`, { hint: look, cause });
  }
  if (error instanceof Deno.errors.ConnectionRefused) {
    return new VirtError("unreachable", `${cannot}: nobody listens on the socket "${path}"`, {
      hint: look,
      cause,
    });
  }
  return new VirtError("unreachable", `${cannot} by the socket "${path}": ${messageOf(error)}`, {
    hint: look,
    cause,
  });
}

/** Why a host cannot be reached by TCP, with and without protection. */
export function tcpFailure(
  error: unknown,
  { uri, link }: {
    readonly uri: string;
    readonly link: { readonly kind: "tcp" | "tls" } & Omit<TcpLink, "kind">;
  },
): VirtError {
  const cannot = `Cannot connect to "${uri}"`;
  const where = `"${hostAndPort(link)}"`;
  const reason = reasonOf(error);
  const unit = link.kind === "tls" ? "libvirtd-tls.socket (or virtproxyd-tls.socket)" : "libvirtd-tcp.socket";
  const setting = link.kind === "tls" ? "listen_tls" : "listen_tcp";
  const listens =
    `Does the daemon there listen? systemctl status ${unit}; without sockets of systemd it needs ${setting} in libvirtd.conf and the option --listen. Is the port open in the firewall?`;
  const failure = (what: string, hint: string): VirtError =>
    new VirtError("unreachable", `${cannot}: ${what}`, { hint, cause: error });
  if (error instanceof Deno.errors.ConnectionRefused || reason === "ECONNREFUSED") {
    return failure(`nobody listens on ${where}`, listens);
  }
  if (/lookup address|name resolution|ENOTFOUND|EAI_AGAIN/i.test(`${reason} ${messageOf(error)}`)) {
    return failure(`the host "${link.host}" is not known`, `Check the name: getent hosts ${link.host}`);
  }
  if (/ETIMEDOUT|timed out/i.test(`${reason} ${messageOf(error)}`)) {
    return failure(`no answer from ${where}`, listens);
  }
  return failure(`${where} cannot be reached: ${messageOf(error)}`, listens);
}
