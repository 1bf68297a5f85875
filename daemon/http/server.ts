/**
 * The HTTP server: listens, lets in who has a token, and answers.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { VirtError } from "../../model/error.ts";
import { messageOf } from "../../protocol/wording.ts";
import { toText } from "../../runtime/journal/json.ts";
import type { AuditTrail } from "../audit.ts";
import type { Log } from "../log.ts";
import type { Traffic } from "../transport/traffic.ts";
import { readBody } from "./body.ts";
import { sendEvents } from "./event_stream.ts";
import { checkGate } from "./gate.ts";
import { HttpListener } from "./listener.ts";
import type { HttpPlace } from "./place.ts";
import { problemOf, Refusal } from "./problem.ts";
import type { Answer } from "./route.ts";
import { type Found, Router } from "./router.ts";
import type { Services } from "./services.ts";
import { principalOf, type StoredToken } from "./token.ts";
import type { TokenBook } from "./token_file.ts";

/** A request, as far as whoever watches is to know of it. */
export interface WatchedRequest {
  readonly method: string;
  /** The route's path with its `{names}`; absent where there is no such route. */
  readonly route?: string;
  readonly headers: IncomingMessage["headers"];
}

/** Stands around every request, to measure or trace it. Answering resolves with the status. */
export type RequestWatch = (request: WatchedRequest, answer: () => Promise<number>) => Promise<void>;

/** What a server is made with. */
export interface HttpServerOptions {
  readonly services: Services;
  readonly tokens: Pick<TokenBook, "find" | "isGood">;
  readonly log: Log;
  /** Writes down what was refused to whom; what is done is a run on record. Taken over. */
  readonly audit: Pick<AuditTrail, "of"> & Disposable;
  /** @default nobody watches */
  readonly watch?: RequestWatch;
}

/** What is known of a request before it is answered. */
interface Asked extends Partial<Found> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Its number. */
  readonly id: string;
  /** Which host it means. */
  readonly host: string | undefined;
  readonly search: string;
}

/** On every answer: it is for this client alone, and nothing in it is to be run. */
const usualHeaders = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'",
};

/** A server. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #router: Router;
  readonly #listener: HttpListener;
  readonly #answering = new Set<Promise<void>>();
  readonly #requestsOf = new Map<string, number>();
  readonly #leaving = new AbortController();
  #streams = 0;
  #closed: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#router = new Router(options.services.routes);
    this.#listener = new HttpListener({
      get settings() {
        return options.services.settings;
      },
      log: options.log,
      onRequest: (request, response) => this.#arrived(request, response),
    });
  }

  /** Connections that are open. */
  get clients(): number {
    return this.#listener.clients;
  }

  /** Bytes that came from clients and went to them. */
  get traffic(): Traffic {
    return this.#listener.traffic;
  }

  /** Event streams that go on. */
  get streams(): number {
    return this.#streams;
  }

  /**
   * Listens in one more place.
   *
   * @returns where it listens, with the port that the system chose where 0 was given
   * @throws {VirtError} where it cannot.
   */
  listen(place: HttpPlace): Promise<HttpPlace> {
    return this.#listener.listen(place);
  }

  /** Lets nobody in any more, ends streams, lets requests end, and then ends all connections. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { services: { settings, host: { kernel } } } = this.#options;
    this.#listener.stop();
    this.#leaving.abort(new VirtError("cancelled", "The daemon is leaving"));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    using _timer = kernel.clock.after(settings.shutdown_timeout * 1000, resolve);
    await Promise.race([Promise.all([...this.#answering]), late]);
    this.#listener.hangUp();
    await Promise.all([...this.#answering]);
    this.#options.audit[Symbol.dispose]();
  }

  #arrived(request: IncomingMessage, response: ServerResponse): void {
    request.on("error", () => {});
    response.on("error", () => {});
    const answering = this.#watched(request, response).catch((error) => {
      this.#options.log("error", "cannot answer", { why: messageOf(error) });
      response.destroy();
    }).finally(() => void this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  async #watched(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    const { path, search, host = headers.host } = targetOf(url);
    const asked = { request, response, id: crypto.randomUUID(), host, search };
    let found: Found | undefined;
    let missing: unknown;
    try {
      found = this.#router.find(method, path);
    } catch (error) {
      missing = error;
    }
    const answer = (): Promise<number> => this.#answer({ ...asked, ...found }, missing);
    const { watch } = this.#options;
    if (watch === undefined) return void await answer();
    await watch({ method, ...(found === undefined ? {} : { route: found.route.path }), headers }, answer);
  }

  async #answer(asked: Asked, missing: unknown): Promise<number> {
    const { request, response, id, route, host } = asked;
    response.setHeaders(new Map(Object.entries({ ...usualHeaders, "x-request-id": id })));
    try {
      const { settings } = this.#options.services;
      checkGate({ ...request.headers, host }, {
        hosts: settings.http_allowed_hosts,
        origins: settings.http_allowed_origins,
      });
      if (route?.for === "anybody") return await this.#carryOut(asked, undefined);
      const token = this.#tokenOf(request);
      using _place = this.#placeFor(token);
      if (missing !== undefined) throw missing;
      return await this.#carryOut(asked, token);
    } catch (error) {
      return this.#fail(asked, error);
    }
  }

  /**
   * Who asks.
   *
   * @throws {Refusal} 401 where nobody that is known does.
   */
  #tokenOf(request: IncomingMessage): StoredToken {
    const { authorization } = request.headers;
    const [, shown] = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? "") ?? [];
    let found: StoredToken | undefined;
    try {
      found = this.#options.tokens.find(shown ?? "");
    } catch (error) {
      this.#options.log("error", "cannot use the tokens", { why: messageOf(error) });
    }
    if (found !== undefined) return found;
    if (authorization !== undefined) {
      const [from, why] = [fromOf(request), "bad token"];
      this.#options.log("warn", "refused", { from, why });
      this.#options.audit.of({ principal: "http", from }).refused({ operation: "authenticate", why });
    }
    throw new Refusal(401, "Cannot answer without a token that is good", {
      hint: "Send it with: Authorization: Bearer TOKEN; tokens are made by: drover daemon token create",
      headers: { "www-authenticate": 'Bearer realm="drover"' },
    });
  }

  /**
   * A place among the requests of a token.
   *
   * @throws {Refusal} 429 where it has too many.
   */
  #placeFor({ id }: StoredToken): Disposable {
    const { http_max_requests: limit } = this.#options.services.settings;
    const count = this.#requestsOf.get(id) ?? 0;
    if (count >= limit) {
      throw new Refusal(429, `Cannot take more than ${limit} requests of one token at a time`, {
        code: "in-use",
        hint: "Wait for the answers of those before; http_max_requests in the settings is the limit",
      });
    }
    this.#requestsOf.set(id, count + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#requestsOf.get(id) ?? 1) - 1;
        if (left > 0) this.#requestsOf.set(id, left);
        else this.#requestsOf.delete(id);
      },
    };
  }

  async #carryOut(asked: Asked, token: StoredToken | undefined): Promise<number> {
    const { request, response, route, params = {}, search } = asked;
    if (route === undefined) throw new VirtError("internal", "A request was carried out without its route");
    const needed = route.for;
    if (token !== undefined && needed !== "token" && needed !== "anybody" && !token.rights.includes(needed)) {
      this.#options.audit.of({ principal: principalOf(token), from: fromOf(request) }).refused({
        operation: `${route.method} ${route.path}`,
        why: `the token has no right to ${needed}`,
      });
      throw new Refusal(403, `Cannot answer this to "${token.name}": its token has no right to ${needed}`, {
        hint: `Use a token made with: drover daemon token create NAME --right ${needed}`,
      });
    }
    const { services } = this.#options;
    const left = new AbortController();
    const onClose = (): void => {
      if (!response.writableFinished) left.abort(new VirtError("cancelled", "The client has left"));
    };
    response.on("close", onClose);
    const answer = await route.handle({
      params,
      query: Object.fromEntries(new URLSearchParams(search)),
      body: route.method === "GET" ? undefined : await readBody(request, services.settings.http_max_body),
      headers: request.headers,
      // Routes for anybody ask for nobody.
      token: token ?? nobody,
      signal: AbortSignal.any([left.signal, this.#leaving.signal]),
      leaving: this.#leaving.signal.aborted,
      services,
    });
    if (!("events" in answer)) return await this.#send(response, answer);
    return await this.#stream(asked, { answer, token, signal: this.#leaving.signal });
  }

  async #stream({ request, response }: Asked, { answer, token, signal }: {
    readonly answer: Extract<Answer, { readonly events: unknown }>;
    readonly token: StoredToken | undefined;
    readonly signal: AbortSignal;
  }): Promise<number> {
    const { services: { settings, host: { kernel } }, tokens } = this.#options;
    if (this.#streams >= settings.http_max_streams) {
      throw new Refusal(503, `Cannot send events: ${settings.http_max_streams} streams go on already`, {
        code: "in-use",
        hint: "http_max_streams in the settings is the limit",
      });
    }
    const last = request.headers["last-event-id"];
    this.#streams++;
    try {
      await sendEvents(response, {
        source: answer.events,
        // Browsers that have none yet leave it out or empty.
        after: typeof last === "string" && last !== "" ? last : undefined,
        signal,
        clock: kernel.clock,
        isGood: () => token !== undefined && tokens.isGood(token),
        stallMs: settings.http_timeout * 1000,
      });
    } finally {
      this.#streams--;
    }
    return response.statusCode;
  }

  #fail({ request, response, id }: Asked, error: unknown): number {
    const { status, problem, headers } = problemOf(error, id);
    if (status === 500 && problem.code === "internal") {
      this.#options.log("error", "cannot answer", { request: id, why: messageOf(error) });
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return status;
    }
    // What of the request has not been read is not read: the connection ends.
    const rest = request.complete ? {} : { connection: "close" };
    const text = toText(problem);
    response.writeHead(status, { "content-type": "application/problem+json", ...headers, ...rest });
    this.#end(response, text);
    return status;
  }

  #send(response: ServerResponse, answer: Exclude<Answer, { readonly events: unknown }>): number {
    const { status = 200 } = answer;
    const [text, type] = "text" in answer
      ? [answer.text, answer.type]
      : [toText(answer.body), "application/json"];
    const headers = "headers" in answer ? answer.headers : {};
    response.writeHead(status, { "content-type": type, ...headers });
    this.#end(response, text);
    return status;
  }

  /** Sends the last of an answer; whoever does not take it in time is left. */
  #end(response: ServerResponse, text: string): void {
    // Who has left takes nothing, and nothing says again that he has.
    if (response.destroyed || response.closed) return;
    const { services: { settings, host: { kernel } } } = this.#options;
    const timer = kernel.clock.after(settings.http_timeout * 1000, () => void response.destroy());
    response.once("close", () => timer[Symbol.dispose]());
    response.end(text);
  }
}

/** Where a client is. */
function fromOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress === undefined ? "unix" : `${socket.remoteAddress}:${socket.remotePort}`;
}

/** What a request's first line means. One for a proxy says the host too, which goes before the header (RFC 9112, 3.2.2). */
function targetOf(url: string): { readonly path: string; readonly search: string; readonly host?: string } {
  const [, host, rest = url] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  const [path = "", search = ""] = rest.split("?", 2);
  return { path: path === "" ? "/" : path, search, ...(host === undefined ? {} : { host }) };
}

const nobody: StoredToken = { id: "", name: "nobody", hash: "", grants: [], rights: [], created: "" };
