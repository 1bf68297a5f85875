/**
 * Listens for HTTP, and keeps to the limits of connections and of requests as they are read.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { VirtError } from "../../model/error.ts";
import { messageOf } from "../../protocol/wording.ts";
import type { Log } from "../log.ts";
import type { DaemonSettings } from "../settings.ts";
import { Traffic } from "../transport/traffic.ts";
import { listenUnix } from "../transport/unix_listener.ts";
import { type HttpPlace, httpPlaceText } from "./place.ts";

/** Answers where not even a request could be read, by what the reader says is wrong. */
const unread: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/** What a listener is made with. */
export interface HttpListenerOptions {
  readonly settings: DaemonSettings;
  readonly log: Log;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Listens in any number of places. */
export class HttpListener {
  /** Bytes that came from clients and went to them. */
  readonly traffic: Traffic = new Traffic();
  readonly #options: HttpListenerOptions;
  readonly #servers: { readonly server: Server; readonly name: string }[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(options: HttpListenerOptions) {
    this.#options = options;
  }

  /** Connections that are open. */
  get clients(): number {
    return this.#sockets.size;
  }

  /**
   * Listens in one more place.
   *
   * @returns where it listens, with the port that the system chose where 0 was given
   * @throws {VirtError} where it cannot.
   */
  async listen(place: HttpPlace): Promise<HttpPlace> {
    const server = this.#makeServer();
    const { settings } = this.#options;
    const backlog = settings.http_max_clients;
    let found = place;
    if (place.kind === "unix") {
      const { unix_sock_rw_perms: mode, unix_sock_group: group } = settings;
      await listenUnix(server, { path: place.path, mode, ...(group === "" ? {} : { group }) }, backlog);
    } else {
      await listenTcp(server, place, backlog);
      const bound = server.address();
      if (bound !== null && typeof bound === "object") found = { ...place, port: bound.port };
    }
    const name = httpPlaceText(found);
    this.#servers.push({ server, name });
    this.#options.log("info", "listening", { place: name });
    return found;
  }

  /** Lets nobody in any more. */
  stop(): void {
    for (const { server, name } of this.#servers) {
      server.close();
      this.#options.log("info", "stopped listening", { place: name });
    }
  }

  /** Ends all connections. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #makeServer(): Server {
    const { settings, onRequest } = this.#options;
    const { http_max_head: maxHeaderSize, http_timeout: seconds } = settings;
    const timeoutMs = seconds * 1000;
    const server = createServer({
      maxHeaderSize,
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      connectionsCheckingInterval: Math.min(1000, Math.max(50, timeoutMs / 4)),
      keepAliveTimeout: timeoutMs,
      requireHostHeader: true,
    }, onRequest);
    server.on("connection", (socket: Socket) => this.#connected(socket));
    server.on("clientError", (error: Error, socket: Socket) => {
      if (!socket.writable) return void socket.destroy();
      const code = "code" in error && typeof error.code === "string" ? error.code : "";
      const status = unread[code] ?? "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    return server;
  }

  #connected(socket: Socket): void {
    // A socket without anybody who listens to its errors ends the process.
    socket.on("error", () => {});
    if (this.#sockets.size >= this.#options.settings.http_max_clients) {
      return void socket.destroy();
    }
    this.#sockets.add(socket);
    this.traffic.watch(socket);
    socket.once("close", () => void this.#sockets.delete(socket));
  }
}

async function listenTcp(
  server: Server,
  place: Extract<HttpPlace, { readonly kind: "tcp" }>,
  backlog: number,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: place.host, port: place.port, backlog }, resolve);
    });
  } catch (cause) {
    throw new VirtError(
      "operation-failed",
      `Cannot serve HTTP at "${httpPlaceText(place)}": ${messageOf(cause)}`,
      { cause },
    );
  }
}
