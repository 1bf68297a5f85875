/**
 * A server for TLS within the process, which looks at certificates as libvirtd does.
 *
 * @module
 */
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";

/** What the server does with who has shaken hands; the default lets in whoever has a right certificate. */
export type Welcome = (socket: TLSSocket) => void;

/** A listening server. */
export class TlsServer implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  /** Starts one on loopback. */
  static async start(options: TlsOptions, welcome: Welcome = letInWhoeverIsRight): Promise<TlsServer> {
    const server = createServer({ requestCert: true, rejectUnauthorized: false, ...options }, (socket) => {
      socket.on("error", () => {});
      welcome(socket);
    });
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    });
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port");
    return new TlsServer(address.port, async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** One byte says that the client is welcome; everybody else is sent away without a word. */
function letInWhoeverIsRight(socket: TLSSocket): void {
  if (socket.authorized) socket.write(new Uint8Array([1]));
  else socket.destroy();
}
