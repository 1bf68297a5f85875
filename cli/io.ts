/**
 * What the command line has of the outside: streams, environment, signals. Tests give their own.
 *
 * @module
 */
import { type ClientMachine, thisMachine } from "../protocol/client_machine.ts";

/** A stream that text goes to. */
export interface Sink {
  /** Whether a person reads it: colour, live lines and prompts are for terminals only. */
  readonly terminal: boolean;
  /** Width in characters. */
  columns(): number;
  write(text: string): void;
  writeBytes(bytes: Uint8Array): void;
}

/** The signals that commands listen to. */
export type CommandSignal = "SIGINT" | "SIGTERM";

/** Signals that can be listened to: those, and the one that has settings read again. */
export type ProcessSignal = CommandSignal | "SIGHUP";

/** A keyboard that somebody listens to key by key. */
export interface Keys extends AsyncIterable<Uint8Array>, Disposable {}

/** The outside of a command. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdin: {
    readonly terminal: boolean;
    /** Everything until the end of input. */
    readAll(): Promise<Uint8Array>;
    /** Everything until the end of input, in pieces of so many bytes; only the last may be shorter. */
    pieces(bytes: number): AsyncIterable<Uint8Array>;
    /**
     * What is typed, as it is typed, until disposed of: no line editing, no echo, no signals from keys. Only where it is a
     * terminal.
     */
    keys(): Keys;
  };
  env(name: string): string | undefined;
  /** The machine whose settings of libvirt's clients count. */
  readonly machine: ClientMachine;
  /** Calls `action` at each such signal, instead of ending the process, until disposed. */
  onSignal(signal: ProcessSignal, action: () => void): Disposable;
}

/** The width to assume where nobody says. */
const defaultColumns = 80;

function sink(stream: typeof Deno.stdout | typeof Deno.stderr): Sink {
  const encoder = new TextEncoder();
  let closed = false;
  function writeBytes(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0 && !closed) {
      try {
        rest = rest.subarray(stream.writeSync(rest));
      } catch (error) {
        // The reader has left (`drover … | head`): nothing more to say, and no reason to fail.
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        closed = true;
      }
    }
  }
  return {
    terminal: stream.isTerminal(),
    columns(): number {
      try {
        return Deno.consoleSize().columns || defaultColumns;
      } catch {
        return defaultColumns;
      }
    },
    write: (text) => writeBytes(encoder.encode(text)),
    writeBytes,
  };
}

/** Reads a file in pieces of one length. */
async function* inPieces(
  input: { read(into: Uint8Array): Promise<number | null> },
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let ended = false; !ended;) {
    const piece = new Uint8Array(length);
    let filled = 0;
    while (filled < length && !ended) {
      const read = await input.read(piece.subarray(filled));
      if (read === null) ended = true;
      else filled += read;
    }
    if (filled > 0) yield piece.subarray(0, filled);
  }
}

/** The keyboard in raw mode. */
function rawKeys(): Keys {
  Deno.stdin.setRaw(true);
  let raw = true;
  return {
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
      const buffer = new Uint8Array(1 << 12);
      for (let read = await Deno.stdin.read(buffer); read !== null; read = await Deno.stdin.read(buffer)) {
        yield buffer.slice(0, read);
      }
    },
    [Symbol.dispose](): void {
      if (raw) Deno.stdin.setRaw(false);
      raw = false;
    },
  };
}

/** The process's own streams, environment and signals. */
export function processIo(): Io {
  return {
    stdout: sink(Deno.stdout),
    stderr: sink(Deno.stderr),
    stdin: {
      terminal: Deno.stdin.isTerminal(),
      readAll: () => new Response(Deno.stdin.readable).bytes(),
      pieces: (bytes) => inPieces(Deno.stdin, bytes),
      keys: rawKeys,
    },
    env: (name) => Deno.env.get(name),
    machine: thisMachine,
    onSignal(signal: ProcessSignal, action: () => void): Disposable {
      Deno.addSignalListener(signal, action);
      return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, action) };
    },
  };
}
