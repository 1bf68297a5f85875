/**
 * Bytes that came and went over sockets.
 *
 * @module
 */
import type { Socket } from "node:net";

/** Counts the bytes of sockets, also of those that have been closed. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #received = 0;
  #sent = 0;

  /** Counts a socket's. */
  watch(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
    });
  }

  /** What has come. */
  get received(): number {
    return this.#open.values().reduce((sum, { bytesRead }) => sum + bytesRead, this.#received);
  }

  /** What has been sent. */
  get sent(): number {
    return this.#open.values().reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#sent);
  }
}
