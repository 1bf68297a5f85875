/**
 * What has come on a stream and waits for its reader, or the reader who waits for it.
 *
 * @module
 */
import type { VirtError } from "../model/error.ts";
import type { StreamPiece } from "./connection.ts";

/** What keeping a piece costs beside its bytes, so that a flood of tiny ones is bounded too. */
const pieceBytes = 128;

type Ending = { readonly kind: "end" } | { readonly kind: "error"; readonly error: VirtError };

interface Reader {
  readonly resolve: (piece: StreamPiece | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A queue of pieces, or of readers; never both. */
export class StreamInbox {
  #pieces: (StreamPiece | undefined)[] = [];
  /** Before this index all has been taken. */
  #head = 0;
  #heldBytes = 0;
  #ending: Ending | undefined;
  readonly #readers = new Set<Reader>();

  /** What it holds, in bytes, with what the keeping costs. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether a reader waits for something to come. */
  get awaited(): boolean {
    return this.#readers.size > 0;
  }

  /** Whether nothing more can come. */
  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Takes a piece in, unless nothing more is wanted. */
  push(piece: StreamPiece): void {
    if (this.#ending !== undefined) return;
    for (const reader of this.#readers) {
      this.#readers.delete(reader);
      reader.resolve(piece);
      return;
    }
    this.#pieces.push(piece);
    this.#heldBytes += sizeOf(piece);
  }

  /** Nothing more comes. What is there can still be read. */
  end(): void {
    this.#endBy({ kind: "end" });
  }

  /** Nothing more comes because of an error, which readers get behind what is there. An end before it stays an end. */
  fail(error: VirtError): void {
    this.#endBy({ kind: "error", error });
  }

  /** Forgets what is there. */
  drop(): void {
    this.#pieces = [];
    this.#head = 0;
    this.#heldBytes = 0;
  }

  /** The next piece, `undefined` at the end. */
  read(signal?: AbortSignal, aborted?: (signal: AbortSignal) => VirtError): Promise<StreamPiece | undefined> {
    const piece = this.#take();
    if (piece !== undefined) return Promise.resolve(piece);
    if (this.#ending?.kind === "end") return Promise.resolve(undefined);
    if (this.#ending !== undefined) return Promise.reject(this.#ending.error);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#readers.delete(reader);
        if (signal !== undefined) reject(aborted?.(signal) ?? signal.reason);
      };
      const leave = (): void => signal?.removeEventListener("abort", onAbort);
      const reader: Reader = {
        resolve: (piece) => {
          leave();
          resolve(piece);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort);
      this.#readers.add(reader);
    });
  }

  #take(): StreamPiece | undefined {
    const piece = this.#pieces[this.#head];
    if (piece === undefined) return undefined;
    this.#pieces[this.#head++] = undefined;
    this.#heldBytes -= sizeOf(piece);
    // No more is moved than was taken since the last time.
    if (this.#head * 2 >= this.#pieces.length) {
      this.#pieces.splice(0, this.#head);
      this.#head = 0;
    }
    return piece;
  }

  #endBy(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    for (const reader of this.#readers) {
      if (ending.kind === "end") reader.resolve(undefined);
      else reader.reject(ending.error);
    }
    this.#readers.clear();
  }
}

function sizeOf(piece: StreamPiece): number {
  return pieceBytes + ("data" in piece ? piece.data.length : 0);
}
