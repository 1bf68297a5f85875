/**
 * From a connection URI to a connection on which everything can be called.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import type { ConnectionUri } from "../model/uri.ts";
import { authenticate } from "./authentication/authenticate.ts";
import type { AskCredentials } from "./authentication/credentials.ts";
import { ClientConnection, type ClientConnectionOptions } from "./client_connection.ts";
import type { ConnectionClock } from "./clock.ts";
import type { RpcConnection } from "./connection.ts";
import { type Endpoint, endpointOf, type EndpointOptions } from "./endpoint.ts";
import type { KeepaliveSettings } from "./keepalive.ts";
import type { Transport } from "./transport.ts";
import { openTransport, type OpenTransportOptions } from "./transport/open.ts";
import { inSentence } from "./wording.ts";

/** How to connect. */
export interface ConnectOptions extends EndpointOptions, Omit<ClientConnectionOptions, "clock"> {
  /** Times the attempt, and keepalive afterwards. */
  readonly clock: ConnectionClock;
  /** Ends the attempt; a connection that is open stays so. */
  readonly signal?: AbortSignal;
  /**
   * How long everything together may take, in milliseconds; the time in which a person is asked for credentials does not
   * count.
   * @default 30000, or 300000 where ssh may ask a person
   */
  readonly timeoutMs?: number;
  /** Whom to ask for user and password where libvirt's `auth.conf` does not have them. */
  readonly credentials?: AskCredentials;
  /** Whether a person sits at the terminal whom ssh may ask for a passphrase. @default false */
  readonly interactive?: boolean;
  /** The ssh program, where the URI names none. @default "ssh" */
  readonly sshProgram?: string;
  /** How patient to be with a daemon that says nothing. */
  readonly keepalive?: KeepaliveSettings;
  /** Opens what carries the bytes. @default by what the URI says */
  readonly open?: (endpoint: Endpoint, options: OpenTransportOptions) => Promise<Transport>;
}

/** libvirt's numbers for what a daemon can do (`VIR_DRV_FEATURE_…`). */
const feature = { keepalive: 10, eventCallbacks: 14, closeCallback: 15 } as const;

/** libvirt's flag of `connectOpen` for a connection that only reads. */
const openReadonly = 1;

/** The one attempt: its signal, and what it is at, for the message when it takes too long. */
class Attempt implements Disposable {
  readonly #controller = new AbortController();
  readonly #endpoint: Endpoint;
  readonly #clock: ConnectionClock;
  readonly #timeoutMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#outer?.reason);
  /** What it is at; goes on after "while". */
  doing = "reaching the daemon";

  #deadline: Disposable;
  #over = false;

  constructor(endpoint: Endpoint, { clock, signal, interactive, timeoutMs }: ConnectOptions) {
    const mayAsk = interactive === true && endpoint.link.kind === "ssh";
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs ?? (mayAsk ? 300_000 : 30_000);
    this.#outer = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#deadline = this.#limit();
    if (signal?.aborted === true) this.#onAbort();
  }

  /** Lets a person take the time that they need; afterwards the time begins anew. */
  async unhurried<T>(work: () => T | Promise<T>): Promise<T> {
    this.#deadline[Symbol.dispose]();
    try {
      return await work();
    } finally {
      if (!this.#over) this.#deadline = this.#limit();
    }
  }

  #limit(): Disposable {
    const { uri, link } = this.#endpoint;
    const ms = this.#timeoutMs;
    return this.#clock.after(ms, () =>
      this.#controller.abort(
        new VirtError(
          "unreachable",
          `Cannot connect to "${uri}": no answer within ${ms / 1000} s while ${this.doing}`,
          {
            hint: link.kind === "unix"
              ? "The daemon may be stuck, or have as many clients as it takes: look at journalctl -u libvirtd, and virt-admin client-list libvirtd"
              : "Check that the network lets the connection through, and the daemon's log on the host",
          },
        ),
      ));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#deadline[Symbol.dispose]();
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * Connects to the daemon that a URI leads to: transport, TLS, the proof of who we are, keepalive, and opening what the
 * URI names there.
 *
 * @throws {VirtError} `invalid-argument` for a URI that cannot be; `unreachable` where nobody answers in time;
 * `permission-denied` where somebody says no; `unsupported` where the daemon is too old or has no such driver; `protocol`
 * where what answers is no daemon; each with what to do.
 * @throws the signal's reason once it aborts.
 *
 * @example
 * ```ts
 * import { parseUri } from "../model/uri.ts";
 * import type { ConnectionClock } from "./clock.ts";
 * import { connectRpc } from "./connect.ts";
 * async function hostname(uri: string, clock: ConnectionClock): Promise<string> {
 *   await using connection = await connectRpc(parseUri(uri), { clock });
 *   return (await connection.call("connectGetHostname", undefined)).hostname;
 * }
 * ```
 */
export async function connectRpc(uri: ConnectionUri, options: ConnectOptions): Promise<RpcConnection> {
  options.signal?.throwIfAborted();
  const endpoint = endpointOf(uri, options);
  using attempt = new Attempt(endpoint, options);
  const { signal } = attempt;
  const transport = await (options.open ?? openTransport)(endpoint, { ...options, signal });
  const connection = new ClientConnection(transport, options);
  try {
    signal.throwIfAborted();
    await begin(connection, { endpoint, attempt, options });
    return connection;
  } catch (error) {
    await connection.close();
    signal.throwIfAborted();
    throw told(error, endpoint);
  }
}

async function begin(
  connection: ClientConnection,
  { endpoint, attempt, options: { credentials, machine, keepalive } }: {
    readonly endpoint: Endpoint;
    readonly attempt: Attempt;
    readonly options: ConnectOptions;
  },
): Promise<void> {
  const { signal } = attempt;
  attempt.doing = "proving who we are";
  await authenticate({
    connection,
    endpoint,
    signal,
    ...(credentials === undefined ? {} : { ask: (request) => attempt.unhurried(() => credentials(request)) }),
    ...(machine === undefined ? {} : { machine }),
  });
  attempt.doing = `opening "${endpoint.name}"`;
  const supports = async (number: number): Promise<boolean> => {
    const { supported } = await connection.call("connectSupportsFeature", { feature: number }, { signal });
    return supported !== 0;
  };
  const flags = endpoint.readonly ? openReadonly : 0;
  const [keepsAlive] = await Promise.all([
    // A daemon that is asked this begins with questions of its own.
    supports(feature.keepalive),
    connection.call("connectOpen", { name: endpoint.name, flags }, { signal }),
  ]);
  if (keepsAlive) connection.startKeepalive(keepalive);
  const [tellsEvents, tellsClose] = await Promise.all([
    supports(feature.eventCallbacks),
    supports(feature.closeCallback),
  ]);
  if (!tellsEvents) {
    throw new VirtError(
      "unsupported",
      `The daemon is older than libvirt 1.3.3 and cannot tell events as needed`,
      {
        hint: "Update libvirt on the host",
      },
    );
  }
  if (tellsClose) await connection.call("connectRegisterCloseCallback", undefined, { signal });
  connection.opened();
}

/** What went wrong on a connection that was not open yet: the URI in front, and nothing about lost calls. */
function told(error: unknown, { uri, link, name }: Endpoint): unknown {
  if (!isVirtError(error)) return error;
  if (/^(?:Cannot connect to|Connection to) "/.test(error.message)) return error;
  // What the transport knows, such as what ssh printed, says more than that it broke.
  if (error.code === "unreachable" && isVirtError(error.cause)) return error.cause;
  const hint = error.hint !== undefined && error.code !== "unreachable"
    ? error.hint
    : hintFor(error, { link, name });
  // That it was during this call or that serves nobody who only wanted to connect.
  const what = error.message.replace(/^Cannot (?:call|learn what came of) "\w+" on "[^"]*": /, "");
  return new VirtError(error.code, `Cannot connect to "${uri}": ${inSentence(what)}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(error.remoteCode === undefined ? {} : { remoteCode: error.remoteCode, detail: error.detail }),
    cause: error,
  });
}

function hintFor(
  { code, remoteCode }: VirtError,
  { link, name }: Pick<Endpoint, "link" | "name">,
): string | undefined {
  if (remoteCode === "VIR_ERR_NO_CONNECT") {
    return `The daemon has no driver for "${name}": install it there (Debian: libvirt-daemon-driver-…), or correct the URI`;
  }
  if (code === "protocol" && remoteCode === undefined) {
    return link.kind === "tcp"
      ? "What answers there may be no libvirtd, or want TLS: port 16509 is without protection, 16514 for TLS"
      : "What answers there may be no libvirtd";
  }
  if (code !== "unreachable") return undefined;
  switch (link.kind) {
    case "unix":
      return "The daemon ended the connection: look into its log, journalctl -u libvirtd, and at max_clients in libvirtd.conf";
    case "tcp":
      return "Does the daemon want TLS on this port? 16509 is without protection, 16514 for TLS (+tls)";
    default:
      return "The other end broke the connection: look into the daemon's log on the host, journalctl -u libvirtd";
  }
}
