/**
 * The HTTP API over a kernel of its own, in this process, and clients of it.
 *
 * @module
 */
import { connect } from "node:net";
import { openSchedules } from "../../../../automation/schedule/mod.ts";
import { openHttp } from "../../../../daemon/http/open.ts";
import type { RequestWatch } from "../../../../daemon/http/server.ts";
import { makeToken, type NewToken } from "../../../../daemon/http/token.ts";
import { changeTokens, defaultTokenFile } from "../../../../daemon/http/token_file.ts";
import type { HttpServer } from "../../../../daemon/http/server.ts";
import type { LogFields } from "../../../../daemon/log.ts";
import { parseDaemonSettings } from "../../../../daemon/settings.ts";
import { createTestDriver } from "../../../../drivers/test/mod.ts";
import type { Driver } from "../../../../runtime/driver.ts";
import { type Host, type HostOptions, openHost } from "../../../../runtime/host.ts";
import { openLibc } from "../../../../runtime/posix/libc.ts";
import { InProcessEndpoint } from "../../../../testing/in_process.ts";

// It stays open as long as the process. Whichever test comes first would seem to leave it behind.
openLibc();

/** How an API is made. */
export interface ApiOptions {
  /** The text of its settings. */
  readonly settings?: string;
  /** What every recipe is. */
  readonly recipe?: unknown;
  readonly drivers?: readonly Driver[];
  /** The directory, where another one is to be taken over. */
  readonly directory?: string;
  readonly host?: Partial<HostOptions>;
  readonly watch?: RequestWatch;
  readonly metrics?: () => string;
}

/** How something is asked. */
export interface AskOptions {
  readonly method?: string;
  /** `null` for none. @default one that may do everything */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An answer, read. */
export interface Said {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- whatever JSON the API answers with, which each test looks at itself
  readonly body: any;
  readonly text: string;
}

/** An HTTP API. */
export class Api implements AsyncDisposable {
  readonly directory: string;
  readonly host: Host;
  readonly server: HttpServer;
  readonly base: string;
  readonly port: number;
  readonly log: { readonly level: string; readonly message: string; readonly fields?: LogFields }[];
  /** Goes on by other settings. */
  readonly reread: (settings: string) => void;
  /** A token that may do everything. */
  readonly token: string;

  private constructor(
    made: Pick<Api, "directory" | "host" | "server" | "port" | "log" | "reread" | "token">,
  ) {
    this.directory = made.directory;
    this.host = made.host;
    this.server = made.server;
    this.port = made.port;
    this.base = `http://127.0.0.1:${made.port}`;
    this.log = made.log;
    this.reread = made.reread;
    this.token = made.token;
  }

  static async open(options: ApiOptions = {}): Promise<Api> {
    const directory = options.directory ?? await Deno.makeTempDir({ prefix: "drover-http-" });
    const { recipe, drivers = [createTestDriver()], settings = "" } = options;
    const host = await openHost({
      stateDirectory: `${directory}/state`,
      drivers,
      version: "0.0.0",
      launch: ({ recipe: path }) =>
        Promise.resolve({ endpoint: new InProcessEndpoint(recipe), recipe: path, hash: "hash" }),
      ...options.host,
    });
    if (host === undefined) throw new Error("The state directory is somebody else's");
    const log: Api["log"] = [];
    const { server, places, change } = await openHttp({
      host,
      settings: parseDaemonSettings(settings, "test.conf").settings,
      log: (level, message, fields) =>
        void log.push({ level, message, ...(fields === undefined ? {} : { fields }) }),
      version: "0.0.0",
      schedules: openSchedules({
        host,
        playbook: () => Promise.reject(new Error("No playbooks are run here")),
      }).schedules,
      places: [{ kind: "tcp", host: "127.0.0.1", port: 0 }, { kind: "unix", path: `${directory}/http` }],
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    });
    const [place] = places;
    const port = place?.kind === "tcp" ? place.port : 0;
    const reread = (text: string): void => change(parseDaemonSettings(text, "test.conf").settings);
    const api = new Api({ directory, host, server, port, log, reread, token: "" });
    const token = await api.addToken({
      name: `root`,
      grants: ["all,host"],
      rights: ["observe", "run", "manage"],
    });
    return new Api({ directory, host, server, port, log, reread, token });
  }

  /** A token; the file's line is written as the command writes it. */
  async addToken(options: Partial<NewToken> = {}): Promise<string> {
    const { token, stored } = makeToken({
      name: "test",
      grants: [],
      rights: [],
      now: Date.now(),
      ...options,
    });
    await changeTokens(this.tokenFile, (tokens) => [...tokens, stored]);
    return token;
  }

  get tokenFile(): string {
    return defaultTokenFile(`${this.directory}/state`);
  }

  /** Asks, without reading the answer. */
  async fetch(path: string, options: AskOptions = {}): Promise<Response> {
    const { body, token = this.token, headers = {}, signal } = options;
    const { method = body === undefined ? "GET" : "POST" } = options;
    return await fetch(`${this.base}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Asks. */
  async ask(path: string, options: AskOptions = {}): Promise<Said> {
    const response = await this.fetch(path, options);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  }

  /** Says bytes as they are, and hears everything until the other side hangs up. */
  raw(text: string | Uint8Array): Promise<string> {
    return new Promise((resolve) => {
      let heard = "";
      const socket = connect(this.port, "127.0.0.1", () => socket.write(text));
      socket.on("data", (data) => heard += String(data));
      socket.on("error", () => {});
      socket.on("close", () => resolve(heard));
    });
  }

  /** Closes it, and keeps its directory. */
  async leave(): Promise<void> {
    await this.server.close();
    await this.host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** An event of a stream. */
export interface HeardEvent {
  readonly id?: string;
  readonly type: string;
  // deno-lint-ignore no-explicit-any -- whatever JSON the API answers with, which each test looks at itself
  readonly data: any;
}

/** Reads events until `enough` says so, or the stream ends. */
export async function eventsIn(
  response: Response,
  enough: (events: readonly HeardEvent[]) => boolean = (): boolean => false,
): Promise<readonly HeardEvent[]> {
  const events: HeardEvent[] = [];
  if (response.body === null) return events;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const fields = new Map(
        part.split("\n").map((line) => {
          const colon = line.indexOf(": ");
          return [line.slice(0, colon), line.slice(colon + 2)] as const;
        }),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      const id = fields.get("id");
      events.push({
        type: fields.get("event") ?? "message",
        data: JSON.parse(data),
        ...(id === undefined ? {} : { id }),
      });
      // Breaking out of the loop ends the stream.
      if (enough(events)) return events;
    }
  }
  return events;
}
