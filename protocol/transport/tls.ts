/**
 * TCP protected by TLS, with certificates on both sides.
 *
 * @module
 */
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { VirtError } from "../../model/error.ts";
import { type ClientMachine, reasonOf } from "../client_machine.ts";
import type { TlsLink } from "../link.ts";
import { lengthBytes } from "../packet.ts";
import type { Transport } from "../transport.ts";
import { messageOf } from "../wording.ts";
import { hostAndPort, type OpenOptions, tcpFailure } from "./socket.ts";
import { loadTlsCredentials, type TlsCredentials } from "./tls_credentials.ts";
import { distrust } from "./tls_distrust.ts";

/** What a server sends once it has looked at our certificate and address (libvirt, daemon side of TLS). */
const accepted = 1;

/** As much as may lie here unread before the far side has to wait, in bytes. */
const roomBytes = 1 << 20;

/** A TLS session as a pair of byte streams. */
class TlsTransport implements Transport {
  readonly peer: string;
  readonly #socket: TLSSocket;
  readonly #gone: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  /** How much of the packet that is being sent is still to come. */
  #owed = 0;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket, peer: string) {
    this.#socket = socket;
    this.peer = peer;
    const gone = Promise.withResolvers<void>();
    this.#gone = gone.promise;
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > roomBytes) socket.pause();
      this.#wake?.();
    });
    socket.on("error", (error) => {
      this.#failure ??= error;
      end();
    });
    socket.on("end", end);
    socket.on("close", () => {
      end();
      gone.resolve();
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    return this.#take(into);
  }

  /**
   * Sends packets one by one, each in records of its own: a libvirtd (up to 11.3 at least) that finds a second packet in
   * a record that it has opened leaves it there until more arrives, which may be never.
   */
  async write(data: Uint8Array): Promise<void> {
    for (let sent = 0; sent < data.length;) {
      if (this.#owed === 0) this.#owed = packetLength(data.subarray(sent));
      const length = Math.min(this.#owed, data.length - sent);
      await this.#send(data.subarray(sent, sent + length));
      this.#owed -= length;
      sent += length;
    }
  }

  async close(): Promise<void> {
    this.#chunks.length = 0;
    this.#failure = undefined;
    this.#socket.destroy();
    await this.#gone;
  }

  async #send(data: Uint8Array): Promise<void> {
    // A session that has ended calls back late or never.
    if (this.#ended) throw this.#failure ?? new Error("The far side has ended the session");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onClose = (): void => reject(this.#failure ?? new Error("The session has ended"));
    this.#socket.once("close", onClose);
    this.#socket.write(data, (error) => error ? reject(error) : resolve());
    await promise.finally(() => this.#socket.off("close", onClose));
  }

  #take(into: Uint8Array): number {
    let taken = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined && taken < into.length; chunk = this.#chunks[0]) {
      const part = chunk.subarray(0, into.length - taken);
      into.set(part, taken);
      taken += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#waitingBytes -= taken;
    if (this.#waitingBytes <= roomBytes / 2) this.#socket.resume();
    return taken;
  }
}

/** The length of the packet that begins here; it stands in front. */
function packetLength(data: Uint8Array): number {
  if (data.length < lengthBytes) return data.length;
  return Math.max(lengthBytes, new DataView(data.buffer, data.byteOffset, lengthBytes).getUint32(0));
}

/** What TLS needs beside the link. */
export interface TlsOptions extends OpenOptions {
  /** The machine whose certificates are used. @default the one that this runs on */
  readonly machine?: ClientMachine;
}

/**
 * Connects by TLS: shakes hands, looks at the server's certificate, and waits until the server has looked at ours.
 *
 * @throws {VirtError} `unreachable` where nobody listens; `permission-denied` where the server's certificate is not
 * right, or ours not for it; `protocol` where it speaks something else; as {@linkcode loadTlsCredentials} does.
 * @throws the signal's reason once it aborts.
 */
export async function openTls(link: TlsLink, options: TlsOptions): Promise<Transport> {
  const { signal } = options;
  signal.throwIfAborted();
  const credentials = loadTlsCredentials(link, options);
  const { authorities, identity } = credentials;
  const socket = connect({
    host: link.host,
    port: link.port,
    // An address is looked for in the certificate too, but not announced.
    ...(isIP(link.host) === 0 ? { servername: link.host } : {}),
    ...(authorities === undefined ? {} : { ca: [...authorities.trusted] }),
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
    minVersion: "TLSv1.2",
    // The handshake may end, so that the certificate can be looked at and it can be said what is wrong with it. That
    // the server holds the certificate's key is checked in any case; nothing is sent before `authorized` is.
    rejectUnauthorized: false,
  });
  socket.setNoDelay(true);
  const transport = new TlsTransport(socket, hostAndPort(link));
  const onAbort = (): void => void transport.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await handshake(socket, { ...options, link, credentials });
    const refused = distrust(socket, { ...options, link, credentials });
    if (refused !== undefined) throw refused;
    await waitUntilAccepted(transport, { ...options, link, credentials });
    signal.throwIfAborted();
    return transport;
  } catch (error) {
    await transport.close();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What the steps of a session's beginning share. */
interface Beginning extends TlsOptions {
  readonly link: TlsLink;
  readonly credentials: TlsCredentials;
}

async function handshake(socket: TLSSocket, { uri, link, credentials }: Beginning): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("The connection was closed")));
  let connected = false;
  socket.once("connect", () => connected = true);
  try {
    await promise;
  } catch (error) {
    throw connected ? handshakeFailure(error, { uri, link, credentials }) : tcpFailure(error, { uri, link });
  } finally {
    socket.off("secureConnect", resolve);
    socket.off("error", reject);
  }
}

function handshakeFailure(
  error: unknown,
  { uri, link, credentials }: Pick<Beginning, "uri" | "link" | "credentials">,
): VirtError {
  const reason = `${reasonOf(error)} ${messageOf(error)}`;
  const where = `"${hostAndPort(link)}"`;
  if (isAlertAboutUs(reason)) return refusedByServer(error, { uri, credentials });
  if (/WRONG_VERSION_NUMBER|corrupt message/.test(reason)) {
    return new VirtError("protocol", `Cannot connect to "${uri}": ${where} does not speak TLS`, {
      hint: `libvirtd listens for TLS on port 16514; port 16509 is the one without protection`,
      cause: error,
    });
  }
  if (/UNSUPPORTED_PROTOCOL/.test(reason) && credentials.identity !== undefined) {
    const { keyFile, certificateFile } = credentials.identity;
    return new VirtError(
      "invalid-argument",
      `Cannot connect to "${uri}": the key "${keyFile}" cannot be used with "${certificateFile}"`,
      { hint: "The key must belong to the certificate and be RSA, ECDSA or Ed25519 in PEM", cause: error },
    );
  }
  if (/ECONNRESET|closed|disconnected|EPIPE/.test(reason)) {
    return new VirtError("unreachable", `Cannot connect to "${uri}": ${where} ended the handshake of TLS`, {
      hint:
        "Is it the port for TLS, 16514, and our certificate one that the server knows? Look into the daemon's log there: journalctl -u libvirtd -u virtproxyd",
      cause: error,
    });
  }
  return new VirtError(
    "protocol",
    `Cannot connect to "${uri}": TLS with ${where} failed: ${messageOf(error)}`,
    {
      hint: `Try by hand: openssl s_client -connect ${hostAndPort(link)}`,
      cause: error,
    },
  );
}

/** The alerts with which a server turns down a client's certificate (RFC 8446, section 6.2). */
function isAlertAboutUs(reason: string): boolean {
  return /alert/i.test(reason) &&
    /Certificate|UnknownCA|AccessDenied|DecryptError|certificate required|unknown ca|access denied/i.test(
      reason,
    );
}

async function waitUntilAccepted(transport: Transport, beginning: Beginning): Promise<void> {
  const byte = new Uint8Array(1);
  let length: number | null;
  try {
    length = await transport.read(byte);
  } catch (error) {
    // With TLS 1.3 the server looks at our certificate after the handshake has ended on this side.
    throw isAlertAboutUs(`${reasonOf(error)} ${messageOf(error)}`)
      ? refusedByServer(error, beginning)
      : handshakeFailure(error, beginning);
  }
  if (length !== 1 || byte[0] !== accepted) throw refusedByServer(undefined, beginning);
}

function refusedByServer(
  cause: unknown,
  { uri, credentials }: Pick<Beginning, "uri" | "credentials">,
): VirtError {
  const { identity, identityPlace } = credentials;
  const what = identity === undefined
    ? `the server wants a certificate of ours, and there is none with its key at "${identityPlace}"`
    : `the server does not accept our certificate, "${identity.subject}" of "${identity.certificateFile}"`;
  return new VirtError("permission-denied", `Cannot connect to "${uri}": ${what}`, {
    hint: identity === undefined
      ? "Have one signed by the authority that the server trusts and put it and its key there, or into a folder with ?pkipath=FOLDER"
      : "It must be signed by the authority of the server's ca_file, be valid now and for clients, and fit tls_allowed_dn_list in its libvirtd.conf",
    ...(cause === undefined ? {} : { cause }),
  });
}
