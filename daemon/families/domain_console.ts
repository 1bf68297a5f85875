/**
 * Domains: consoles, channels and screens.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import { consolePieceBytes, consoleWaitMs } from "../../model/operations/domain_channel.ts";
import type { OpenedStream, ServerStream } from "../../protocol/server/mod.ts";
import { refTo } from "../dispatch/objects.ts";
import { type Family, opens } from "../dispatch/row.ts";
import type { HostSession } from "../host_session.ts";

/** Source: libvirt, virDomainConsoleFlags. */
const consoleFlag = { force: 1, safe: 2 } as const;

/** Which console or channel is meant. */
type Device = { readonly console?: string } | { readonly channel?: string };

/** A console that was opened for one client. */
interface OpenConsole {
  readonly session: HostSession;
  readonly target: ObjectRef;
  readonly device: Device;
  readonly reader: string;
}

/** Opens a console or channel for a client, and moves what goes over it both ways until one side ends. */
async function openConsole(
  session: HostSession,
  { target, device, flags }: { readonly target: ObjectRef; readonly device: Device; readonly flags: number },
): Promise<OpenedStream<undefined>> {
  const input = {
    ...device,
    force: (flags & consoleFlag.force) !== 0,
    safe: (flags & consoleFlag.safe) !== 0,
  };
  const { reader, session: place, at } = await session.run("domain.openConsole", { target, input });
  const open: OpenConsole = { session, target, device, reader };
  return {
    result: undefined,
    run: async (stream) => {
      try {
        // Whichever ends first ends both: the domain is off, or the client has had enough.
        await Promise.race([receive(open, { stream, place, at }), send(open, stream)]);
      } finally {
        await session.run("domain.closeConsole", { target, input: { ...device, reader } }).catch(() => {});
      }
    },
  };
}

/** From the domain to the client. */
async function receive(
  { session, target, device, reader }: OpenConsole,
  { stream, place, at }: { readonly stream: ServerStream; readonly place: string; readonly at: number },
): Promise<void> {
  let [from, known] = [at, place];
  while (!stream.signal.aborted) {
    const piece = await session.run("domain.readConsole", {
      target,
      input: { ...device, reader, session: known, from, waitMs: consoleWaitMs, maxBytes: consolePieceBytes },
      signal: stream.signal,
    });
    from = piece.to;
    known = piece.session;
    if (piece.data.length > 0) await stream.write(piece.data);
    if (piece.ended) return;
  }
}

/** From the client to the domain. */
async function send({ session, target, device, reader }: OpenConsole, stream: ServerStream): Promise<void> {
  for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
    if (!("data" in piece)) continue;
    for (let at = 0; at < piece.data.length; at += consolePieceBytes) {
      const bytes = piece.data.subarray(at, at + consolePieceBytes);
      await session.run("domain.writeConsole", { target, input: { ...device, reader, bytes } });
    }
  }
}

/** The rows. */
export const domainConsole = {
  domainOpenConsole: opens(({ dom, devName, flags }, session) =>
    openConsole(session, {
      target: refTo("domain", dom),
      device: devName === undefined ? {} : { console: devName },
      flags,
    }), { flags: consoleFlag.force | consoleFlag.safe }),
  domainOpenChannel: opens(({ dom, name, flags }, session) =>
    openConsole(session, {
      target: refTo("domain", dom),
      device: name === undefined ? {} : { channel: name },
      flags,
    }), { flags: consoleFlag.force }),
  domainScreenshot: opens(async ({ dom, screen }, session) => {
    const { mime, image } = await session.run("domain.screenshot", {
      target: refTo("domain", dom),
      input: { screen },
    });
    return { result: { mime }, run: (stream) => stream.write(image) };
  }),
} satisfies Family;
