/**
 * Which trace something is part of, as callers say it (W3C Trace Context, level 1).
 *
 * @module
 */
import { randomBytes } from "node:crypto";

/** A place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether whoever began the trace keeps it. */
  readonly sampled: boolean;
  /** What others have put there for themselves; handed on as it is. */
  readonly state?: string;
}

/** The longest `tracestate` that is handed on, in characters; the specification asks for 512 at least. */
const maxState = 512;

/** Reads the headers of a caller; nothing where they say nothing that can be understood. */
export function parseTraceContext(
  traceparent: string | string[] | undefined,
  tracestate: string | string[] | undefined,
): TraceContext | undefined {
  if (typeof traceparent !== "string") return undefined;
  const [, version = "", traceId = "", spanId = "", flags = "", rest = ""] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(traceparent.trim()) ?? [];
  // Later versions may say more behind these parts; version ff is none.
  if (version === "" || version === "ff" || (version === "00" && rest !== "")) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const state = (Array.isArray(tracestate) ? tracestate.join(",") : tracestate ?? "").trim();
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    ...(state === "" || state.length > maxState || !/^[\x20-\x7e]+$/.test(state) ? {} : { state }),
  };
}

/** A place in a trace as the header says it. */
export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** A new trace's number. */
export function newTraceId(): string {
  return randomBytes(16).toString("hex");
}

/** A new span's number. */
export function newSpanId(): string {
  return randomBytes(8).toString("hex");
}
