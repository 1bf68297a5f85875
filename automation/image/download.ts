/**
 * Fetching a file over http, a piece at a time: what broke off goes on where it was, as far as the server tells that it still
 * is the same file.
 *
 * Nothing is sent along that could tell who asks: no credentials, no cookies.
 *
 * @module
 */
import type { Hash } from "node:crypto";
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { isNearby, webAddress } from "../../model/web_address.ts";
import { sleep } from "../../runtime/clock.ts";
import type { SplitFile } from "./split_file.ts";
import type { Steps } from "./steps.ts";

/** What asks a server: as the function `fetch`. */
export type FetchFunction = (url: URL, init: RequestInit) => Promise<Response>;

/** What is fetched, and how. */
export interface DownloadOptions {
  readonly url: URL;
  readonly fetch: FetchFunction;
  /** More than this many bytes are refused. */
  readonly maxBytes: number;
  /** Where it goes. What is in it from an earlier try is kept where it may be gone on with. */
  readonly file: SplitFile;
  /** The path of a file that notes what is being fetched. */
  readonly note: string;
  /** Hears all bytes, those of earlier tries too; a new one is made where it begins anew. */
  readonly begun: () => Hash;
}

/** How often a server may fail in a row before it is given up. */
const mostFailures = 4;

/** How often it is asked at all. */
const mostAttempts = 100;

/** The first pause before it is asked again, in milliseconds; each further one is twice as long. */
const pauseMs = 1_000;
const longestPauseMs = 60_000;

/** How long a server may say almost nothing, in milliseconds, and how many bytes are more than that. */
const stallMs = 60_000;
const stallBytes = 4096;

const mostRedirects = 5;

/** What is noted of what is being fetched. */
const noted = z.object({ url: z.string(), etag: z.string() });

/** How one try ended without coming to the file's end. */
interface Broken {
  readonly error: VirtError;
  /** When it may be tried again, in milliseconds from now. */
  readonly afterMs?: number;
}

/** An address as errors name it: what stands behind `?` may be a token. */
export function shownAddress({ origin, pathname, search }: URL): string {
  return `"${origin}${pathname}${search === "" ? "" : "?…"}"`;
}

/**
 * Fetches a file.
 *
 * @returns the checksum's state over all of it
 * @throws {VirtError} `not-found`, `permission-denied`, `budget-exceeded` where it is too large, `unreachable` where the server
 *   cannot be reached, `operation-failed` where it breaks off again and again.
 */
export async function download(steps: Steps, options: DownloadOptions): Promise<Hash> {
  const fetching = new Fetching(steps, options);
  let failures = 0;
  let most = 0;
  await fetching.takeUp();
  for (let attempt = 1;; attempt++) {
    const broken = await fetching.attempt();
    if (broken === undefined) return fetching.hash;
    failures = fetching.size > most ? 1 : failures + 1;
    most = Math.max(most, fetching.size);
    if (failures >= mostFailures || attempt >= mostAttempts) throw broken.error;
    const pause = Math.min(longestPauseMs, broken.afterMs ?? pauseMs * 2 ** (failures - 1));
    await steps.hop("wait for the server", (signal) => sleep(steps.clock, pause, signal));
  }
}

/** Reads a small file whole. */
export async function downloadText(
  steps: Steps,
  { url, fetch, maxBytes }: Pick<DownloadOptions, "url" | "fetch" | "maxBytes">,
): Promise<string> {
  return await steps.hop("fetch checksum file", async (signal) => {
    using watch = new Watch(steps, { signal, name: shownAddress(url) });
    try {
      const response = await follow(url, { fetch, headers: {}, signal: watch.signal });
      refuseStatus(response, url);
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of piecesOf(response, watch.signal)) {
        watch.heard(piece.length);
        size += piece.length;
        if (size > maxBytes) throw tooLarge(url, maxBytes);
        pieces.push(piece);
      }
      return new TextDecoder().decode(await new Blob(pieces as BlobPart[]).arrayBuffer());
    } catch (error) {
      if (watch.cancelled) throw error;
      throw watch.stalled ?? failureOf(error, url);
    }
  });
}

/** One file on its way. */
class Fetching {
  readonly #steps: Steps;
  readonly #options: DownloadOptions;
  readonly #name: string;
  #hash: Hash;
  /** What the server calls the version of the file that is here in part; absent where it cannot be gone on with. */
  #etag: string | undefined;

  constructor(steps: Steps, options: DownloadOptions) {
    this.#steps = steps;
    this.#options = options;
    this.#name = shownAddress(options.url);
    this.#hash = options.begun();
  }

  get hash(): Hash {
    return this.#hash;
  }

  get size(): number {
    return this.#options.file.size;
  }

  /** Takes up what an earlier try has left, where it may be gone on with. */
  async takeUp(): Promise<void> {
    const { file, url, note } = this.#options;
    await this.#steps.hop("read image file", async () => {
      const left = await Deno.readTextFile(note).then(
        (text) => noted.safeParse(JSON.parse(text)).data,
        () => undefined,
      );
      if (left?.url !== url.href) return await this.#restart();
      this.#etag = left.etag;
      for await (const piece of file.pieces()) this.#hash.update(piece);
    });
  }

  /** Tries once; nothing where all of it is here then. */
  async attempt(): Promise<Broken | undefined> {
    return await this.#steps.hop("fetch image file", async (signal) => {
      using watch = new Watch(this.#steps, { signal, name: this.#name });
      try {
        return await this.#receive(watch);
      } catch (error) {
        if (watch.cancelled) throw error;
        if (watch.stalled !== undefined) return { error: watch.stalled };
        // What is ours is final: only what the network fails with may pass.
        if (error instanceof VirtError) throw error;
        const failure = failureOf(error, this.#options.url);
        if (failure.code === "permission-denied") throw failure;
        return { error: failure };
      }
    });
  }

  async #receive(watch: Watch): Promise<Broken | undefined> {
    const { url, fetch, maxBytes, file } = this.#options;
    const from = this.#etag === undefined ? 0 : file.size;
    const response = await follow(url, {
      fetch,
      headers: from === 0 ? {} : { range: `bytes=${from}-`, "if-range": this.#etag ?? "" },
      signal: watch.signal,
    });
    const { status, headers } = response;
    if (status === 416) {
      await response.body?.cancel();
      const isWhole = headers.get("content-range") === `bytes */${from}`;
      if (isWhole) return undefined;
      await this.#restart();
      return {
        error: new VirtError("operation-failed", `Cannot fetch ${this.#name}: the server has less of it`),
      };
    }
    if (status === 429 || status >= 500) {
      await response.body?.cancel();
      const afterMs = secondsIn(headers.get("retry-after"));
      const error = new VirtError(
        "unreachable",
        `Cannot fetch ${this.#name}: the server answers with ${status}`,
      );
      return { error, ...(afterMs === undefined ? {} : { afterMs }) };
    }
    refuseStatus(response, url);
    const isRest = status === 206 && startOf(headers) === from && headers.get("etag") === this.#etag &&
      from > 0;
    if (status === 206 && !isRest) {
      await response.body?.cancel();
      await this.#restart();
      return {
        error: new VirtError(
          "operation-failed",
          `Cannot fetch ${this.#name}: the server sent another part of it`,
        ),
      };
    }
    if (!isRest) await this.#begin(headers);
    const length = lengthIn(headers);
    const total = length === undefined ? undefined : file.size + length;
    if (total !== undefined && total > maxBytes) {
      await response.body?.cancel();
      throw tooLarge(url, maxBytes);
    }
    let cause: unknown;
    try {
      for await (const piece of piecesOf(response, watch.signal)) {
        watch.heard(piece.length);
        if (file.size + piece.length > maxBytes) throw tooLarge(url, maxBytes);
        await file.write(piece);
        this.#hash.update(piece);
        this.#steps.passed(file.size, total);
      }
      if (total === undefined || total === file.size) return undefined;
    } catch (error) {
      if (error instanceof VirtError || watch.signal.aborted) throw error;
      cause = error;
    }
    const came = `${file.size}${total === undefined ? "" : ` of ${total}`} bytes`;
    return {
      error: new VirtError("operation-failed", `Cannot fetch ${this.#name}: it ended after ${came}`, {
        cause,
      }),
    };
  }

  /** Begins with the file's first byte, and notes what it is, where it could be gone on with. */
  async #begin(headers: Headers): Promise<void> {
    const { url, note } = this.#options;
    await this.#restart();
    const etag = headers.get("etag");
    // A weak one says that the content means the same, not that its bytes are the same: RFC 9110, 13.1.5.
    if (etag === null || etag.startsWith("W/")) return;
    this.#etag = etag;
    await Deno.writeTextFile(note, JSON.stringify({ url: url.href, etag }), { mode: 0o600 });
  }

  async #restart(): Promise<void> {
    this.#etag = undefined;
    this.#hash = this.#options.begun();
    await Deno.remove(this.#options.note).catch(() => {});
    await this.#options.file.restart();
  }
}

/** What a server sends, until the signal. */
async function* piecesOf({ body }: Response, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (body === null) return;
  const reader = body.getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (true) {
      const { value, done } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** Ends what has stalled. */
class Watch implements Disposable {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #steps: Steps;
  readonly #outer: AbortSignal;
  #timer: Disposable;
  #heard = 0;
  readonly #error: VirtError;

  constructor(steps: Steps, { signal, name }: { readonly signal: AbortSignal; readonly name: string }) {
    this.#steps = steps;
    this.#outer = signal;
    this.#error = new VirtError(
      "operation-failed",
      `Cannot fetch ${name}: the server sent less than ${stallBytes} bytes in ${stallMs / 1000} s`,
    );
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#timer = this.#set();
  }

  heard(bytes: number): void {
    this.#heard += bytes;
  }

  /** Whether whoever asked has ended it. */
  get cancelled(): boolean {
    return this.#outer.aborted;
  }

  /** Why it was ended here, where it was. */
  get stalled(): VirtError | undefined {
    return this.#controller.signal.aborted ? this.#error : undefined;
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    // What was not read to its end is not to go on arriving.
    this.#controller.abort();
  }

  #set(): Disposable {
    const before = this.#heard;
    return this.#steps.clock.after(stallMs, () => {
      if (this.#heard - before < stallBytes) this.#controller.abort(this.#error);
      else this.#timer = this.#set();
    });
  }
}

/** Asks, and follows where it is sent. */
async function follow(
  address: URL,
  { fetch, headers, signal }: {
    readonly fetch: FetchFunction;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<Response> {
  let url = address;
  for (let redirects = 0;; redirects++) {
    const response = await fetch(url, {
      headers: { ...headers, accept: "*/*", "accept-encoding": "identity" },
      redirect: "manual",
      credentials: "omit",
      signal,
    });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    if (redirects >= mostRedirects) {
      throw new VirtError(
        "operation-failed",
        `Cannot fetch ${shownAddress(address)}: it was redirected more than ${mostRedirects} times`,
      );
    }
    url = redirected(url, { location, address });
  }
}

/** Where a redirect leads. */
function redirected(
  from: URL,
  { location, address }: { readonly location: string; readonly address: URL },
): URL {
  const refused = (why: string): VirtError =>
    new VirtError("permission-denied", `Cannot fetch ${shownAddress(address)}: it is redirected to ${why}`, {
      hint: "Give the address where it is in the end, and grant that",
    });
  const target = webAddress(URL.parse(location, from)?.href ?? location);
  if (!target.ok) throw refused(`an address with ${target.problem}`);
  const { url } = target;
  if (from.protocol === "https:" && url.protocol === "http:") {
    throw refused(`${shownAddress(url)}, which is not protected by TLS any more`);
  }
  if (isNearby(url.hostname) && !isNearby(address.hostname)) {
    throw refused(`${shownAddress(url)}, in this machine's own network`);
  }
  return url;
}

/** @throws {VirtError} where it is not what was asked for. */
function refuseStatus({ status, headers, body }: Response, url: URL): void {
  const name = shownAddress(url);
  const encoding = headers.get("content-encoding");
  if ((status === 200 || status === 206) && (encoding === null || encoding === "identity")) return;
  void body?.cancel();
  if (status === 200 || status === 206) {
    throw new VirtError("unsupported", `Cannot fetch ${name}: the server sends it encoded as "${encoding}"`);
  }
  if (status === 404 || status === 410) {
    throw new VirtError("not-found", `Cannot fetch ${name}: the server does not have it (${status})`, {
      hint: "See whether it has moved: what is called latest or current goes when the next one comes",
    });
  }
  if (status === 401 || status === 403) {
    throw new VirtError(
      "permission-denied",
      `Cannot fetch ${name}: the server does not allow it (${status})`,
      {
        hint: "No credentials are sent; fetch it by other means and give the path of the file",
      },
    );
  }
  throw new VirtError("operation-failed", `Cannot fetch ${name}: the server answers with ${status}`);
}

function tooLarge(url: URL, maxBytes: number): VirtError {
  return new VirtError(
    "budget-exceeded",
    `Cannot fetch ${shownAddress(url)}: it has more than ${maxBytes} bytes, which is the limit`,
    { hint: "Say maxBytes where it may have more" },
  );
}

/** What the network failed with, as an error of ours. */
function failureOf(error: unknown, url: URL): VirtError {
  if (error instanceof VirtError) return error;
  const text = reasonsOf(error).join(": ");
  const name = shownAddress(url);
  if (/certificate|UnknownIssuer/i.test(text)) {
    return new VirtError(
      "permission-denied",
      `Cannot fetch ${name}: the server's certificate is not trusted`,
      {
        hint: "Authorities of your own: DENO_CERT=FILE for the process that is the kernel",
        cause: error,
      },
    );
  }
  return new VirtError("unreachable", `Cannot fetch ${name}: ${text.split(": ").at(-1)}`, { cause: error });
}

/** An error and what led to it; what stands last is what people understand. */
function reasonsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return error === undefined ? [] : [String(error)];
  return [error.message, ...reasonsOf(error.cause)];
}

function startOf(headers: Headers): number | undefined {
  const start = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(headers.get("content-range") ?? "")?.[1];
  return start === undefined ? undefined : Number(start);
}

function lengthIn(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function secondsIn(text: string | null): number | undefined {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}
