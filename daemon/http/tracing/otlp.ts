/**
 * Spans on their way to a collector: OTLP over HTTP, as JSON.
 *
 * @module
 */
import type { Clock } from "../../../runtime/clock.ts";
import type { Attribute, EndedSpan } from "./tracer.ts";

/** How spans are sent. */
export interface OtlpOptions {
  /** Where the collector is: `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  readonly clock: Pick<Clock, "after">;
  /** The project's version. */
  readonly version: string;
  /** Hears that spans could not be sent, and how many. */
  readonly onLoss?: (spans: number, why: string) => void;
  /** How long spans may wait before they are sent, in milliseconds. @default 1000 */
  readonly lingerMs?: number;
  /** @default the platform's */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** How many spans wait at most; what comes then is lost. And how many are sent at a time. */
const maxWaiting = 8192;
const maxAtOnce = 512;

/** How often sending is tried, how long before the second time, and how long one try may take, in milliseconds. */
const tries = 3;
const againMs = 500;
const timeoutMs = 5000;

/** Sends spans. Whoever makes them never waits for it. */
export class OtlpExporter implements AsyncDisposable {
  readonly #options: OtlpOptions;
  readonly #url: string;
  #waiting: EndedSpan[] = [];
  #timer: Disposable | undefined;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#url = `${options.endpoint.replace(/\/+$/, "")}/v1/traces`;
  }

  /** Takes a span. */
  add(span: EndedSpan): void {
    if (this.#closed) return;
    if (this.#waiting.length >= maxWaiting) return void this.#options.onLoss?.(1, "too many wait");
    this.#waiting.push(span);
    if (this.#waiting.length >= maxAtOnce) this.#send();
    else this.#timer ??= this.#options.clock.after(this.#options.lingerMs ?? 1000, () => this.#send());
  }

  /** Sends what waits, and resolves when that is over. */
  async flush(): Promise<void> {
    this.#send();
    await this.#sending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  #send(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.splice(0, maxAtOnce);
      this.#sending = this.#sending.then(() => this.#deliver(spans));
    }
  }

  async #deliver(spans: readonly EndedSpan[]): Promise<void> {
    const { version, clock, onLoss, fetch: send = fetch } = this.#options;
    const body = JSON.stringify(otlpOf(spans, version));
    let why = "";
    for (let left = tries; left > 0; left--) {
      try {
        const response = await send(this.#url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await response.body?.cancel();
        if (response.ok) return;
        why = `status ${response.status}`;
        // What a collector does not understand it does not understand the next time either (OTLP, "Failures").
        if (![429, 502, 503, 504].includes(response.status)) break;
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
      if (left > 1 && !this.#closed) await new Promise<void>((resolve) => clock.after(againMs, resolve));
    }
    onLoss?.(spans.length, why);
  }
}

/** Spans as OTLP has them in JSON: numbers of 64 bits are texts, ids hexadecimal. */
export function otlpOf(spans: readonly EndedSpan[], version: string): unknown {
  return {
    resourceSpans: [{
      resource: { attributes: attributesOf({ "service.name": "drover", "service.version": version }) },
      scopeSpans: [{
        scope: { name: "drover", version },
        spans: spans.map(({ name, kind, context, parent, start, end, attributes, error }) => ({
          traceId: context.traceId,
          spanId: context.spanId,
          ...(context.state === undefined ? {} : { traceState: context.state }),
          ...(parent === undefined ? {} : { parentSpanId: parent }),
          flags: context.sampled ? 1 : 0,
          name,
          kind,
          startTimeUnixNano: String(start),
          endTimeUnixNano: String(end),
          attributes: attributesOf(attributes),
          status: error === undefined ? {} : { code: 2, message: error },
        })),
      }],
    }],
  };
}

function attributesOf(attributes: Readonly<Record<string, Attribute>>): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: Attribute): unknown {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
