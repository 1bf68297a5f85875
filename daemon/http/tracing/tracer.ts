/**
 * Spans: what took how long, and as a part of what.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { newSpanId, newTraceId, type TraceContext } from "./trace_context.ts";

/** What kind of work a span is, with OTLP's numbers. */
export const spanKind = { internal: 1, server: 2, client: 3 } as const;

/** The value of an attribute. */
export type Attribute = string | number | boolean;

/** A span that has ended. Times are nanoseconds since 1970. */
export interface EndedSpan {
  readonly name: string;
  readonly kind: number;
  readonly context: TraceContext;
  readonly parent?: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Why it failed; absent where it did not. */
  readonly error?: string;
}

/** Takes spans that have ended. */
export type SpanSink = (span: EndedSpan) => void;

/** What a tracer is made with. */
export interface TracerOptions {
  readonly sink: SpanSink;
  /** How many of a hundred traces that begin here are kept. @default 100 */
  readonly samplePercent?: number;
  /** From 0 to 1. @default chance */
  readonly random?: () => number;
  /** Nanoseconds since 1970. @default the machine's clock */
  readonly now?: () => bigint;
}

/** How a span is begun. */
export interface SpanOptions {
  /** What it is a part of. @default what is under way */
  readonly parent?: TraceContext | undefined;
  /** @default internal */
  readonly kind?: number;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A span. */
export class Span {
  readonly context: TraceContext;
  readonly #tracer: { readonly sink: SpanSink; readonly now: () => bigint };
  readonly #name: string;
  readonly #kind: number;
  readonly #parent: string | undefined;
  readonly #start: bigint;
  readonly #attributes: Record<string, Attribute>;
  #ended = false;

  constructor(
    name: string,
    { tracer, context, parent, kind, attributes }: {
      readonly tracer: { readonly sink: SpanSink; readonly now: () => bigint };
      readonly context: TraceContext;
      readonly parent: string | undefined;
      readonly kind: number;
      readonly attributes: Readonly<Record<string, Attribute>>;
    },
  ) {
    this.context = context;
    this.#tracer = tracer;
    this.#name = name;
    this.#kind = kind;
    this.#parent = parent;
    this.#start = tracer.now();
    this.#attributes = { ...attributes };
  }

  /** Says more about it. */
  set(name: string, value: Attribute): void {
    this.#attributes[name] = value;
  }

  /** Ends it; a second time does nothing. */
  end(error?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.context.sampled) return;
    this.#tracer.sink({
      name: this.#name,
      kind: this.#kind,
      context: this.context,
      start: this.#start,
      end: this.#tracer.now(),
      attributes: this.#attributes,
      ...(this.#parent === undefined ? {} : { parent: this.#parent }),
      ...(error === undefined ? {} : { error }),
    });
  }
}

/** What is under way, wherever somebody asks. */
const underWay = new AsyncLocalStorage<{ span: Span }>();

/**
 * The place in the trace of what is under way, to be passed on to whoever is called: `traceparentOf` says it as a header.
 */
export function currentTrace(): TraceContext | undefined {
  return underWay.getStore()?.span.context;
}

/** Begins spans. */
export class Tracer {
  readonly #options: Required<TracerOptions>;

  constructor(options: TracerOptions) {
    this.#options = { samplePercent: 100, random: Math.random, now: nowNs, ...options };
  }

  /** Begins a span. */
  begin(name: string, options: SpanOptions = {}): Span {
    const { parent = currentTrace(), kind = spanKind.internal, attributes = {} } = options;
    const { samplePercent, random } = this.#options;
    const sampled = parent?.sampled ?? random() * 100 < samplePercent;
    const state = parent?.state;
    return new Span(name, {
      tracer: this.#options,
      context: {
        traceId: parent?.traceId ?? newTraceId(),
        spanId: newSpanId(),
        sampled,
        ...(state === undefined ? {} : { state }),
      },
      parent: parent?.spanId,
      kind,
      attributes,
    });
  }

  /** Does something as a part of a span. Whoever has the place may put another span into it meanwhile. */
  within<T>(place: { span: Span }, action: () => T): T {
    return underWay.run(place, action);
  }
}

function nowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
}
