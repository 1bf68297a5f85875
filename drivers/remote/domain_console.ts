/**
 * Domains: serial consoles and channels, over the protocol's streams.
 *
 * Each console has a connection of its own. Streams have no window: a guest that prints as fast as it can, or that never
 * reads what was typed, would hold up every answer behind it.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { RpcConnection, RpcStream } from "../../protocol/connection.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import {
  consoleInUse,
  consoleOperations,
  type ConsoleWish,
  type Dialling,
  noSuchDevice,
} from "../console/operations.ts";
import type { ConsoleLine, ConsoleReceiver } from "../console/session.ts";
import { attributeOf, childOf, childrenOf, readXml } from "../xml_span.ts";
import { connectionOf, type RemoteConnection } from "./connection.ts";
import { definitionOf } from "./domain_affect.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { refusal } from "./refusal.ts";
import { wireDomain } from "./wire.ts";

/** How a console is opened. Source: libvirt, virDomainConsoleFlags and virDomainChannelFlags. */
const flags = { force: 1, safe: 2 } as const;

/** The pause between two answers to one reader, in milliseconds: at most 3 MiB a second. */
const paceMs = 20;

/** The pause before a connection is tried again, in milliseconds. */
const againMs = 250;

/** How often a terminal is tried again that cannot be opened: that of a guest that ends is gone before its domain is off. */
const mostTries = 9;

/** Opens a line to a guest's console: what the guest prints from now on comes over it. */
async function dial(dialling: Dialling): Promise<ConsoleLine> {
  for (let tries = 1;; tries++) {
    try {
      return await dialOnce(dialling);
    } catch (error) {
      // Source: libvirt, virReportSystemError of virFDStreamOpenFileInternal.
      const isGone = isVirtError(error) && error.remoteCode === "VIR_ERR_SYSTEM_ERROR";
      if (!isGone || tries >= mostTries) throw error;
    }
    await sleep(dialling.job.clock, againMs, dialling.signal);
  }
}

async function dialOnce(dialling: Dialling): Promise<ConsoleLine> {
  const { receiver, signal } = dialling;
  const job: RemoteJob = dialling.job;
  const connection = connectionOf(job);
  const { line, rpc } = await reach(connection, { clock: job.clock, signal });
  try {
    const stream = await openStream(rpc, { ...dialling, job });
    void listen(stream, receiver).finally(() => rpc.close());
    return {
      write: (data, signal) => stream.write(data, signal),
      // The end of the connection ends the stream, whether the far side answers or not.
      close: () => rpc.close(),
    };
  } catch (error) {
    await rpc.close();
    throw await whyNot(error, { line, object: job.object, wish: dialling });
  }
}

/** A connection for a console. Where the link is down it is waited for: a console's may break before the main one does. */
async function reach(
  connection: RemoteConnection,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<{ readonly line: Line; readonly rpc: RpcConnection }> {
  while (true) {
    const line = await connection.line(signal);
    try {
      return { line, rpc: await connection.apart(signal) };
    } catch (error) {
      if (!isVirtError(error, "unreachable") || signal.aborted) throw error;
    }
    await sleep(clock, againMs, signal);
  }
}

function openStream(
  rpc: RpcConnection,
  { job, kind, name, force, safe, signal }: ConsoleWish & {
    readonly job: RemoteJob;
    readonly signal: AbortSignal;
  },
): Promise<RpcStream<unknown>> {
  const dom = wireDomain(job.object);
  const set = (force ? flags.force : 0) | (safe && kind === "console" ? flags.safe : 0);
  return kind === "console"
    ? rpc.open("domainOpenConsole", { dom, devName: name, flags: set }, { signal })
    : rpc.open("domainOpenChannel", { dom, name, flags: set }, { signal });
}

/** Hands on what comes, until nothing comes any more. */
async function listen(stream: RpcStream<unknown>, receiver: ConsoleReceiver): Promise<void> {
  try {
    for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
      if ("data" in piece) receiver.take(piece.data);
    }
    receiver.end("the hypervisor has closed it");
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) {
      // A stream that another one displaced fails like one that broke over there.
      receiver.end(`somebody else took it, or it broke: ${error.message}`);
    } else {
      receiver.drop(error instanceof Error ? error.message : String(error));
    }
  }
}

/** The error for a console that could not be opened. The far side's own says little, and no code of its own. */
async function whyNot(
  error: unknown,
  { line, object, wish }: {
    readonly line: Line;
    readonly object: RemoteObject;
    readonly wish: ConsoleWish;
  },
): Promise<unknown> {
  if (!isVirtError(error) || error.remoteCode === undefined) return error;
  const { kind, name } = wish;
  // Source: libvirt, qemuDomainOpenConsole and qemuDomainOpenChannel.
  if (/\bactive (?:console session|channel stream) exists\b/i.test(error.message)) {
    return consoleInUse(object, wish);
  }
  if (error.remoteCode === "VIR_ERR_INTERNAL_ERROR") {
    const there = await devicesOf(line, { object, kind }).catch(() => undefined);
    const isThere = name === undefined ? there?.length !== 0 : there?.includes(name) === true;
    if (there !== undefined && !isThere) return noSuchDevice(object, { wish, there });
  }
  return refusal(error, { doing: `open the ${kind} of`, target: object });
}

/** The names by which the consoles or channels of a running domain can be opened. */
async function devicesOf(
  line: Line,
  { object, kind }: { readonly object: RemoteObject; readonly kind: ConsoleWish["kind"] },
): Promise<readonly string[]> {
  const devices = childOf(readXml(await definitionOf(line, object, { config: false })), "devices");
  const names = kind === "channel"
    ? childrenOf(devices, "channel").map((each) => attributeOf(each, "name", "target"))
    : ["console", "serial", "parallel"].flatMap((name) =>
      childrenOf(devices, name).map((each) => attributeOf(each, "name", "alias"))
    );
  return [...new Set(names.filter((name) => name !== undefined))];
}

export const domainConsole = consoleOperations(dial, { pace: paceMs }) satisfies DriverMap;
