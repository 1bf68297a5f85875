/**
 * A daemon as people start it: `drover daemon` in a process of its own, with directories of its own.
 *
 * @module
 */

/** How it is started. */
export interface RunningDaemonOptions {
  /** The text of its settings. @default the daemon's own */
  readonly settings?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Further arguments of Deno's own. */
  readonly denoArgs?: readonly string[];
  /** Where it keeps everything, and the one after it finds it. @default a directory of its own, which goes with it */
  readonly directory?: string;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A line of its log. */
export interface LogLine {
  readonly message: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;

/** Starts `drover` with the same Deno. */
export function drover(args: readonly string[], stdin?: string): Promise<Deno.CommandOutput> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", main, ...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin === undefined) return child.output();
  const writer = child.stdin.getWriter();
  return writer.write(new TextEncoder().encode(stdin)).then(() => writer.close()).then(() => child.output());
}

/** A daemon that runs. */
export class RunningDaemon implements AsyncDisposable {
  readonly directory: string;
  /** The socket for everything. */
  readonly socket: string;
  /** The socket for looking only. */
  readonly readonlySocket: string;
  /** What it has said so far. */
  readonly log: LogLine[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #wake: () => void = () => {};
  #ended = false;

  readonly #kept: boolean;

  private constructor(
    directory: string,
    { settings, args = [], denoArgs = [], env = {}, directory: given }: RunningDaemonOptions,
  ) {
    this.directory = directory;
    this.#kept = given !== undefined;
    this.socket = `${directory}/sock`;
    this.readonlySocket = `${directory}/sock-ro`;
    const file = `${directory}/daemon.conf`;
    Deno.writeTextFileSync(file, settings ?? "");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--quiet", ...denoArgs, main, "daemon", "--config", file],
        ...["--state-dir", `${directory}/state`],
        ...["--listen", `unix:${this.socket}`, "--listen", `unix-ro:${this.readonlySocket}`],
        ...args,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { ...env },
    }).spawn();
    this.#reading = this.#read();
  }

  /** Starts one, and waits until it is ready. */
  static async start(options: RunningDaemonOptions = {}): Promise<RunningDaemon> {
    const directory = options.directory ?? await Deno.makeTempDir({ prefix: "drover-daemon-" });
    const daemon = new RunningDaemon(directory, options);
    try {
      await daemon.said("ready");
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The number of its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The URI of the test driver's host behind it. */
  uri(path = "/default"): string {
    return `test+unix://${path}?socket=${this.socket}`;
  }

  /** Resolves with the first line that says so, which may have come before. */
  said(message: string): Promise<LogLine> {
    return this.until((log) => log.find((each) => each.message === message));
  }

  /** Resolves with what is found in its log, now or as soon as there is more of it. */
  async until<T>(find: (log: readonly LogLine[]) => T | undefined): Promise<T> {
    while (true) {
      const found = find(this.log);
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`The daemon has ended: ${JSON.stringify(this.log)}`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Asks it to leave, and resolves with how it did. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    if (!this.#ended) this.#child.kill(signal);
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    if (!this.#kept) await Deno.remove(this.directory, { recursive: true });
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.log.push(lineOf(line));
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }
}

/** A line, also where the daemon ended before it had a log. */
function lineOf(text: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed && "level" in parsed) {
      return { ...parsed, message: String(parsed.message), level: String(parsed.level) };
    }
  } catch {
    // It is no line of the log.
  }
  return { level: "text", message: text };
}
