/**
 * An outside for commands that only exists in a test.
 *
 * @module
 */
import type { Io, ProcessSignal, Sink } from "../../../cli/io.ts";
import type { ClientMachine } from "../../../protocol/client_machine.ts";

/** A stream that remembers what was written to it. */
export class MemorySink implements Sink {
  text = "";
  readonly terminal: boolean;
  readonly #columns: number;

  constructor(
    { terminal = false, columns = 100 }: { readonly terminal?: boolean; readonly columns?: number } = {},
  ) {
    this.terminal = terminal;
    this.#columns = columns;
  }

  columns(): number {
    return this.#columns;
  }

  write(text: string): void {
    this.text += text;
  }

  writeBytes(bytes: Uint8Array): void {
    this.text += new TextDecoder("latin1").decode(bytes);
  }
}

/** How a fake outside is made. */
export interface FakeIoOptions {
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** What is typed, once somebody listens to the keyboard. */
  readonly keys?: AsyncIterable<Uint8Array>;
  /** Files of libvirt's settings, by path. The user is called nobody. */
  readonly files?: Readonly<Record<string, string>>;
}

/** An outside that can be looked at. */
export class FakeIo implements Io {
  readonly stdout: MemorySink;
  readonly stderr: MemorySink;
  readonly stdin: Io["stdin"];
  readonly machine: ClientMachine;
  /** Whether the keyboard is somebody's key by key. */
  raw = false;
  readonly #env: Readonly<Record<string, string>>;
  readonly #listeners: { readonly signal: ProcessSignal; readonly action: () => void }[] = [];

  constructor(options: FakeIoOptions = {}) {
    this.stdout = new MemorySink(options);
    this.stderr = new MemorySink(options);
    this.stdin = {
      terminal: options.terminal ?? false,
      readAll: () => Promise.resolve(new TextEncoder().encode(options.stdin)),
      async *pieces(bytes): AsyncGenerator<Uint8Array> {
        const all = new TextEncoder().encode(options.stdin);
        for (let from = 0; from < all.length; from += bytes) yield all.subarray(from, from + bytes);
      },
      keys: () => {
        if (options.keys === undefined) throw new Error("The test has no keyboard");
        this.raw = true;
        const { keys } = options;
        return {
          [Symbol.asyncIterator]: () => keys[Symbol.asyncIterator](),
          [Symbol.dispose]: () => void (this.raw = false),
        };
      },
    };
    this.#env = { HOME: "/home/nobody", DROVER_STATE_DIR: "/nowhere", ...options.env };
    const files = options.files ?? {};
    this.machine = {
      uid: 65534,
      home: "/home/nobody",
      environment: (name) => this.#env[name] || undefined,
      exists: (path) => Object.hasOwn(files, path),
      readText: (path) => files[path],
    };
  }

  env(name: string): string | undefined {
    return this.#env[name];
  }

  onSignal(signal: ProcessSignal, action: () => void): Disposable {
    const listener = { signal, action };
    this.#listeners.push(listener);
    return { [Symbol.dispose]: () => void this.#listeners.splice(this.#listeners.indexOf(listener), 1) };
  }

  /** Whether somebody listens to the signal. */
  listens(signal: ProcessSignal): boolean {
    return this.#listeners.some((listener) => listener.signal === signal);
  }

  /** Sends a signal. */
  raise(signal: ProcessSignal): void {
    for (const listener of this.#listeners.filter((each) => each.signal === signal)) listener.action();
  }
}
