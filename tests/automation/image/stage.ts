/**
 * What fetching works through in tests: hops that just go, and a clock whose pauses are over at once.
 *
 * @module
 */
import type { FetchFunction } from "../../../automation/image/download.ts";
import type { Steps } from "../../../automation/image/steps.ts";
import { systemClock } from "../../../runtime/clock.ts";

/** From here on a time is one after which somebody is given up, and not a pause. */
const patienceMs = 60_000;

/** How steps go in a test. */
export interface StageOptions {
  /** Whether patience runs out whenever nothing else happens. @default false */
  readonly impatient?: boolean;
  readonly signal?: AbortSignal;
  /** What a clock says. @default the machine's */
  readonly now?: () => number;
}

/** Steps for a test, and which were gone. */
export function stage(options: StageOptions = {}): Steps & { readonly gone: readonly string[] } {
  const { impatient = false, signal = new AbortController().signal, now = systemClock.now } = options;
  const gone: string[] = [];
  return {
    gone,
    clock: {
      ...systemClock,
      now,
      after(ms, action): Disposable {
        const timer = ms < patienceMs || impatient ? setTimeout(action) : undefined;
        return { [Symbol.dispose]: () => clearTimeout(timer) };
      },
    },
    hop: (where, fn) => {
      gone.push(where);
      return fn(signal);
    },
    passed: () => {},
  };
}

/** A request as a server sees it. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** A server that sends just what it is told to, and closes. */
export class RawServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;

  constructor(answer: (asked: Asked, count: number) => readonly (string | Uint8Array)[]) {
    this.#serving = this.#serve(answer);
  }

  url(path = "/disk.img"): URL {
    return new URL(`http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  async #serve(answer: (asked: Asked, count: number) => readonly (string | Uint8Array)[]): Promise<void> {
    for await (const conn of this.#listener) {
      using connection = conn;
      const buffer = new Uint8Array(16_384);
      const length = await connection.read(buffer) ?? 0;
      const text = new TextDecoder().decode(buffer.subarray(0, length));
      const header = (name: string): string | undefined =>
        new RegExp(`^${name}: (.*?)\r$`, "im").exec(text)?.[1];
      const asked = {
        path: text.split(" ")[1] ?? "",
        range: header("range"),
        ifRange: header("if-range"),
      };
      this.asked.push(asked);
      for (const part of answer(asked, this.asked.length)) {
        const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
        for (let sent = 0; sent < bytes.length;) {
          sent += await connection.write(bytes.subarray(sent)).catch(() => Infinity);
        }
      }
    }
  }
}

/** The head of an answer. */
export function head(status: string, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ connection: "close", ...headers }).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}

/** A server that answers as the function says, without any network. */
export function answering(answer: (url: URL, headers: Headers) => Response): FetchFunction {
  return (url, { headers }) => Promise.resolve(answer(url, new Headers(headers)));
}
