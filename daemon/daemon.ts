/**
 * The daemon: listens, lets clients in, and leaves in good order.
 *
 * @module
 */
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, Server as TlsServer, TLSSocket } from "node:tls";
import { isVirtError, VirtError } from "../model/error.ts";
import type { ConnectionClock } from "../protocol/clock.ts";
import { ServerConnection } from "../protocol/server/mod.ts";
import { inSentence, messageOf } from "../protocol/wording.ts";
import type { AuditedClient, AuditTrail } from "./audit.ts";
import { ServerAuthentication } from "./authentication/authentication.ts";
import type { SaslServer } from "./authentication/sasl.ts";
import { type ClientLimits, type ClientPlace, ClientTable } from "./client_table.ts";
import { Handshakes } from "./handshakes.ts";
import { type ClientTransport, type Identity, principalOf } from "./identity.ts";
import { addressText, type ListenAddress } from "./listen_address.ts";
import type { Log, LogFields } from "./log.ts";
import { ClientSession, type DispatchTable, type HostOpener } from "./session.ts";
import type { AuthenticationSetting, DaemonSettings } from "./settings.ts";
import type { InheritedSocket } from "./transport/inherited.ts";
import { keepFromPrograms } from "./transport/descriptor.ts";
import { peerProcess } from "./transport/peer_process.ts";
import { SocketTransport } from "./transport/socket.ts";
import { Traffic } from "./transport/traffic.ts";
import type { ServerCredentials } from "./transport/tls_credentials.ts";
import { listenUnix } from "./transport/unix_listener.ts";

/** What libvirt's clients wait for after the handshake of TLS: their certificate is accepted. */
const accepted = new Uint8Array([1]);

/** How long a handshake of TLS may take, in milliseconds. */
const handshakeMs = 30_000;

/** What a daemon is made with. */
export interface DaemonOptions {
  readonly settings: DaemonSettings;
  readonly clock: ConnectionClock;
  readonly hosts: HostOpener;
  readonly dispatch: DispatchTable;
  readonly log: Log;
  /** For clients that come by TLS; nobody can where absent. */
  readonly credentials?: ServerCredentials;
  /** Who was not let in is on record there. */
  readonly audit?: AuditTrail;
  /** Begins a conversation in which a client proves who it is; absent where nobody is known. */
  readonly sasl?: (transport: ClientTransport) => SaslServer;
}

/** A socket that is listened on, as far as it decides about clients. */
interface Door {
  readonly transport: ClientTransport;
  readonly readonly: boolean;
  readonly authentication: AuthenticationSetting;
  readonly name: string;
}

/** A client that is served. */
interface Served {
  readonly connection: ServerConnection;
  readonly session: ClientSession;
  readonly ended: Promise<void>;
}

/** A daemon. */
export class Daemon implements AsyncDisposable {
  #options: DaemonOptions;
  readonly #clients: ClientTable;
  readonly #served = new Set<Served>();
  readonly #waiting = new Set<Socket>();
  readonly #handshakes: Handshakes;
  /** Bytes that came from clients and went to them. */
  readonly traffic: Traffic = new Traffic();
  readonly #servers: { readonly server: Server; readonly door: Door; readonly path?: string }[] = [];
  #leaving = false;
  #closed: Promise<void> | undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#handshakes = new Handshakes({
      clock: options.clock,
      most: options.settings.max_queued_clients,
      withinMs: handshakeMs,
    });
    this.#clients = new ClientTable(limitsIn(options.settings));
  }

  /** Goes on by other settings. Where it listens does not change, and whoever is there keeps what he came with. */
  change(changed: Pick<DaemonOptions, "settings" | "credentials" | "sasl">): void {
    const { credentials: _credentials, sasl: _sasl, ...kept } = this.#options;
    this.#options = { ...kept, ...changed };
    this.#clients.limit(limitsIn(changed.settings));
    for (const { server } of this.#servers) {
      if (server instanceof TlsServer && changed.credentials !== undefined) {
        server.setSecureContext(changed.credentials.options);
      }
    }
  }

  /** Clients that are served now. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Streams of clients that go on. */
  get streams(): number {
    return this.#served.values().reduce((sum, { connection }) => sum + connection.streams, 0);
  }

  /** Clients that wait to be served. */
  get queued(): number {
    return this.#clients.queued;
  }

  /** Hears that clients have come or gone. */
  onClients(listener: () => void): void {
    this.#clients.onChange(listener);
  }

  /**
   * Listens in one more place.
   *
   * @returns where it listens, with the port that the system chose where 0 was given
   * @throws {VirtError} where it cannot.
   */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    const door = this.#doorOf(address.kind, {
      readonly: address.kind === "unix" && address.readonly,
      name: addressText(address),
    });
    const server = this.#serverFor(door);
    const backlog = this.#options.settings.max_queued_clients;
    if (address.kind === "unix") {
      await listenUnix(server, address, backlog);
      this.#servers.push({ server, door, path: address.path });
      this.#listens(door);
      return address;
    }
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        const { host, port } = address;
        server.listen({ port, backlog, ...(host === undefined ? {} : { host }) }, resolve);
      });
    } catch (cause) {
      throw new VirtError("operation-failed", `Cannot listen on "${door.name}": ${messageOf(cause)}`, {
        cause,
      });
    }
    this.#servers.push({ server, door });
    const bound = server.address();
    const found = bound !== null && typeof bound === "object" ? { ...address, port: bound.port } : address;
    this.#listens({ ...door, name: addressText(found) });
    return found;
  }

  /**
   * Listens on a socket that was handed over.
   *
   * @throws {VirtError} where it cannot.
   */
  async inherit({ fd, kind, readonly, name }: InheritedSocket): Promise<void> {
    const door = this.#doorOf(kind, { readonly, name: name === "" ? `descriptor ${fd}` : name });
    const server = this.#serverFor(door);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ fd }, resolve);
    });
    this.#servers.push({ server, door });
    this.#listens(door);
  }

  /** Lets nobody in any more, lets calls end, and then ends all connections. May be called more than once. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#leaving = true;
    const { settings, clock, log } = this.#options;
    for (const { server, path } of this.#servers) {
      // What closes a socket of this machine removes its file too; somebody else's may stand there by now.
      server.close();
      if (path !== undefined) log("info", "stopped listening", { place: path });
    }
    for (const socket of this.#waiting) socket.destroy();
    this.#handshakes.close();
    for (const { connection } of this.#served) connection.part();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    using _timer = clock.after(settings.shutdown_timeout * 1000, resolve);
    const all = Promise.all([...this.#served].map(({ ended }) => ended));
    await Promise.race([all, late]);
    if (this.#served.size > 0) log("warn", "calls did not end in time", { clients: this.#served.size });
    // The kernel is closed behind this one; what goes on there is on its record.
    await Promise.all([...this.#served].map(({ connection }) => connection.close()));
    this.#options.audit?.[Symbol.dispose]();
  }

  #listens({ name, readonly, authentication }: Door): void {
    this.#options.log("info", "listening", { place: name, readonly, authentication });
  }

  #doorOf(
    transport: ClientTransport,
    { readonly, name }: { readonly readonly: boolean; readonly name: string },
  ): Door {
    const { settings, sasl, credentials } = this.#options;
    const authentication = transport === "tcp"
      ? settings.auth_tcp
      : transport === "tls"
      ? settings.auth_tls
      : readonly
      ? settings.auth_unix_ro
      : settings.auth_unix_rw;
    if (authentication === "sasl" && sasl === undefined) {
      throw new VirtError("invalid-argument", `Cannot listen on "${name}": nobody could prove who they are`, {
        hint:
          "Name a file of users with sasl_user_file in the settings, and put users into it with: drover daemon password",
      });
    }
    if (transport === "tcp" && authentication === "sasl" && settings.tcp_min_ssf > 0) {
      throw new VirtError(
        "invalid-argument",
        `Cannot listen on "${name}": SASL is to protect what is said there by ${settings.tcp_min_ssf} bits (tcp_min_ssf), ` +
          "and what is known here proves names only",
        { hint: "Listen for TLS; or set tcp_min_ssf = 0 where nobody can listen in between" },
      );
    }
    if (transport === "tls" && credentials === undefined) {
      throw new VirtError("invalid-argument", `Cannot listen on "${name}": there is no certificate for TLS`);
    }
    return { transport, readonly, authentication, name };
  }

  #serverFor(door: Door): Server {
    const { credentials } = this.#options;
    const options = { allowHalfOpen: false, noDelay: door.transport !== "unix", pauseOnConnect: true };
    if (door.transport !== "tls" || credentials === undefined) {
      return createPlainServer(options, (socket) => this.#arrived(socket, door));
    }
    const server = createTlsServer(
      // The time that it may take is watched beside it: what fails in its own time is told, and stays open.
      { ...credentials.options, handshakeTimeout: 2 * handshakeMs },
      (socket) => {
        this.#handshakes.end(socket);
        socket.setNoDelay(true);
        this.#arrived(socket, door);
      },
    );
    server.on("connection", (socket: Socket) => this.#handshakes.begin(socket));
    server.on("tlsClientError", (error, socket) => {
      this.#handshakes.fail(socket);
      this.#options.log("info", "no handshake", { place: door.name, why: messageOf(error) });
    });
    return server;
  }

  /** Somebody has connected. */
  #arrived(socket: Socket, door: Door): void {
    const peer = peerOf(socket, door);
    // A socket without anybody who listens to its errors ends the process.
    socket.on("error", () => {});
    if (door.transport === "unix") keepFromPrograms(socket);
    if (this.#leaving) return void socket.destroy();
    this.traffic.watch(socket);
    let identity: Identity;
    try {
      identity = this.#identify(socket, door);
    } catch (error) {
      const why = messageOf(error);
      this.#options.log("warn", "refused", { from: peer, place: door.name, why });
      this.#refused({ principal: `anonymous:${door.transport}`, from: `${door.transport} ${peer}` }, why);
      return void socket.destroy();
    }
    socket.pause();
    this.#waiting.add(socket);
    const waiting = this.#clients.arrive({
      anonymous: door.authentication !== "none",
      begin: (place) => {
        this.#waiting.delete(socket);
        this.#serve(socket, { door, identity, place, peer });
      },
    });
    if (waiting === undefined) {
      this.#waiting.delete(socket);
      this.#options.log("warn", "too many clients wait", { from: peer, place: door.name });
      return void socket.destroy();
    }
    socket.once("close", () => {
      this.#waiting.delete(socket);
      waiting[Symbol.dispose]();
    });
  }

  /**
   * What is known of somebody before a word is said.
   *
   * @throws {VirtError} `permission-denied` for whose certificate is not accepted.
   */
  #identify(socket: Socket, { transport }: Door): Identity {
    if (transport === "tls" && socket instanceof TLSSocket) {
      const { name } = this.#options.credentials?.check(socket) ?? {};
      return { transport, ...(name === undefined ? {} : { x509Name: name }), anonymous: name === undefined };
    }
    const process = transport === "unix" ? peerProcess(socket) : undefined;
    return { transport, ...(process === undefined ? {} : { process }), anonymous: process === undefined };
  }

  #serve(
    socket: Socket,
    { door, identity, place, peer }: {
      readonly door: Door;
      readonly identity: Identity;
      readonly place: ClientPlace;
      readonly peer: string;
    },
  ): void {
    const { settings, clock, log, sasl, dispatch, hosts } = this.#options;
    const said = (fields: LogFields = {}): LogFields => ({ client: place.id, ...fields });
    if (door.transport === "tls") socket.write(accepted);
    const authentication = new ServerAuthentication({
      identity,
      ...(door.authentication === "none" || sasl === undefined ? {} : { sasl: () => sasl(door.transport) }),
      passed: (proved) => {
        place.known();
        log("info", "client is known", said({ principal: principalOf(proved) }));
      },
      refused: (why) => {
        log("warn", "client did not prove who it is", said({ why }));
        this.#refused({ principal: principalOf(identity), from: `${door.transport} ${peer}` }, why);
        // It hears so, and may come again.
        connection.part();
      },
    });
    let session: ClientSession | undefined;
    const connection: ServerConnection = new ServerConnection(new SocketTransport(socket, peer), {
      clock,
      maxRequests: settings.max_client_requests,
      maxStreams: settings.max_client_streams,
      keepalive: {
        intervalMs: settings.keepalive_interval * 1000,
        count: Math.max(0, settings.keepalive_count),
      },
      service: (connection) =>
        session = new ClientSession({
          id: place.id,
          connection,
          dispatch,
          hosts,
          authentication,
          readonly: door.readonly,
          events: { maxRegistrations: settings.max_client_registrations },
        }),
    });
    // The service is made while the connection is.
    if (session === undefined) throw new VirtError("internal", "A connection was made without its service");
    log("info", "client connected", said({ from: peer, place: door.name, principal: principalOf(identity) }));
    const timer = authentication.done
      ? undefined
      : clock.after(settings.authentication_timeout * 1000, () => {
        if (!authentication.done) void connection.close();
      });
    const served: Served = {
      connection,
      session,
      ended: this.#seeOff({ connection, session, place, timer, said }).then(() =>
        void this.#served.delete(served)
      ),
    };
    this.#served.add(served);
    if (this.#leaving) connection.part();
  }

  #refused(client: AuditedClient, why: string): void {
    this.#options.audit?.of(client).refused({ operation: "authenticate", why });
  }

  /** Gives back what a client has had, when it has left and its last call has ended. Never rejects. */
  async #seeOff(
    { connection, session, place, timer, said }: {
      readonly connection: ServerConnection;
      readonly session: ClientSession;
      readonly place: ClientPlace;
      readonly timer: Disposable | undefined;
      readonly said: (fields: LogFields) => LogFields;
    },
  ): Promise<void> {
    const { log } = this.#options;
    const why = await connection.closed;
    timer?.[Symbol.dispose]();
    place[Symbol.dispose]();
    log("info", "client left", said({ why }));
    await connection.settled();
    try {
      await session.close();
    } catch (error) {
      const what = isVirtError(error) ? inSentence(error.message) : messageOf(error);
      log("error", "cannot give back what a client had", said({ why: what }));
    }
  }
}

/** How many clients there may be. */
function limitsIn(settings: DaemonSettings): ClientLimits {
  return {
    maxClients: settings.max_clients,
    maxQueued: settings.max_queued_clients,
    maxAnonymous: settings.max_anonymous_clients,
  };
}

/** A client as the log calls it. */
function peerOf(socket: Socket, { name }: Door): string {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? name : `${remoteAddress}:${remotePort}`;
}
