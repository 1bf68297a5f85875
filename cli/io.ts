/**
 * What the command line has of the outside: streams, environment, signals. Tests give their own.
 *
 * @module
 */

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

/** The outside of a command. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdin: {
    readonly terminal: boolean;
    /** Everything until the end of input. */
    readAll(): Promise<Uint8Array>;
  };
  env(name: string): string | undefined;
  /** Calls `action` at each such signal, instead of ending the process, until disposed. */
  onSignal(signal: CommandSignal, action: () => void): Disposable;
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

/** The process's own streams, environment and signals. */
export function processIo(): Io {
  return {
    stdout: sink(Deno.stdout),
    stderr: sink(Deno.stderr),
    stdin: {
      terminal: Deno.stdin.isTerminal(),
      readAll: () => new Response(Deno.stdin.readable).bytes(),
    },
    env: (name) => Deno.env.get(name),
    onSignal(signal: CommandSignal, action: () => void): Disposable {
      Deno.addSignalListener(signal, action);
      return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, action) };
    },
  };
}
