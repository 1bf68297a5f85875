/**
 * A short session of every kind of packet, and what a client has of it.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../../model/error.ts";
import type { RpcStream } from "../../../protocol/connection.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { type Stage, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const range = {
  vol: { pool: "images", name: "disk", key: "/images/disk" },
  offset: 0n,
  length: 0n,
  flags: 1,
};

/** What became of something that a client waited for. */
export type Fate = { readonly value: unknown } | { readonly error: unknown } | "waiting";

/** A client in the middle of a session, to which any bytes may come. */
export interface Client extends AsyncDisposable {
  readonly it: Stage;
  /** What became of each thing that it waits for, by name. */
  readonly fates: Readonly<Record<string, Fate>>;
  /** The events that it heard of. */
  readonly events: readonly string[];
}

/** Starts a client that waits for three calls and a stream, and listens. */
export function startClient(): Client {
  const it = stage();
  const { connection } = it;
  const fates: Record<string, Fate> = {};
  const events: string[] = [];
  const await_ = (name: string, promise: Promise<unknown>): void => {
    fates[name] = "waiting";
    promise.then((value) => fates[name] = { value }, (error) => fates[name] = { error });
  };
  connection.on("domainEventCallbackLifecycle", ({ msg }) => void events.push(msg.dom.name));
  await_("found", connection.call("domainLookupByName", { name: "test" }));
  await_("refused", connection.call("domainLookupByName", { name: "web" }));
  await_("stream", readAll(connection.open("storageVolDownload", range)));
  await_("described", connection.call("domainGetXmlDesc", { dom, flags: 0 }));
  await_("closed", connection.closed);
  return { it, fates, events, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}

async function readAll(opening: Promise<RpcStream<undefined>>): Promise<string> {
  const stream = await opening;
  let seen = "";
  for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
    seen += "data" in piece ? `data ${piece.data.join(" ")};` : `hole ${piece.hole};`;
  }
  return seen;
}

/** What such a client has when everything has gone well. */
export const whole = {
  found: { dom },
  stream: "data 1 2 3;hole 65536;data 4 5;",
  described: { xml: "<domain/>" },
  events: ["first", "second"],
};

/** All that a server sends to such a client. */
export async function recordSession(): Promise<Uint8Array> {
  await using client = startClient();
  const { server } = client.it;
  const recorded: number[] = [];
  const push = server.link.push.bind(server.link);
  server.link.push = (...pieces) => {
    for (const piece of pieces) recorded.push(...piece);
    push(...pieces);
  };
  const event = (name: string): void =>
    server.event("domainEventCallbackLifecycle", {
      callbackID: 1,
      msg: { dom: { ...dom, name }, event: 2, detail: 0 },
    });
  const [found, refused, stream, described] = [
    await server.next(),
    await server.next(),
    await server.next(),
    await server.next(),
  ];
  event("first");
  stream.data(new Uint8Array([1, 2, 3]));
  stream.reply("storageVolDownload", undefined);
  server.ping();
  described.reply("domainGetXmlDesc", { xml: "<domain/>" });
  stream.sendHole(65_536n);
  refused.fail(new VirtError("not-found", "Domain not found", { remoteCode: "VIR_ERR_NO_DOMAIN" }));
  event("second");
  stream.data(new Uint8Array([4, 5]));
  stream.end();
  found.reply("domainLookupByName", { dom });
  await settled();
  return new Uint8Array(recorded);
}

/** Whether every fate is known, and every error one of ours. */
export function allAreSettled(fates: Readonly<Record<string, Fate>>): boolean {
  return Object.values(fates).every((fate) =>
    fate !== "waiting" && (!("error" in fate) || isVirtError(fate.error))
  );
}
