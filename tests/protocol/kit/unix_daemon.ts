/**
 * Fake servers behind a socket of this machine, for clients that are programs or go through some.
 *
 * @module
 */
import { welcomingDaemon } from "./daemon.ts";
import type { FakeServer } from "./fake_server.ts";

/** A listening socket; each connection is one of a server of its own. */
export class UnixDaemon implements AsyncDisposable {
  readonly path: string;
  readonly #listener: Deno.UnixListener;
  readonly #serving: Promise<void>;

  /** Listens at a path; `make` makes the server for a connection. */
  constructor(path: string, make: () => FakeServer = welcomingDaemon) {
    this.path = path;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#serving = this.#serve(make);
  }

  async #serve(make: () => FakeServer): Promise<void> {
    const connections: Promise<void>[] = [];
    for await (const socket of this.#listener) connections.push(relay(socket, make()));
    await Promise.all(connections);
  }

  /** Stops listening, and waits until the last client has left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

/** Passes bytes between a socket and a server until the client leaves. */
async function relay(socket: Deno.UnixConn, { transport }: FakeServer): Promise<void> {
  const answering = (async (): Promise<void> => {
    const piece = new Uint8Array(65_536);
    for (let length = await transport.read(piece); length !== null; length = await transport.read(piece)) {
      for (let sent = 0; sent < length;) sent += await socket.write(piece.subarray(sent, length));
    }
  })().catch(() => {});
  const piece = new Uint8Array(65_536);
  try {
    for (let length = await socket.read(piece); length !== null; length = await socket.read(piece)) {
      await transport.write(piece.subarray(0, length));
    }
  } catch {
    // The client was cut off.
  }
  await transport.close();
  await answering;
  socket.close();
}
