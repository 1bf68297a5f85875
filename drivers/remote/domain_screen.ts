/**
 * Domains: screen, keyboard, and signals to what runs inside.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { keyCode } from "../../model/key_code.ts";
import { keyCodeSets } from "../../protocol/words/domain.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { childOf, childrenOf, readXml, type XmlElement } from "../xml_span.ts";
import { definitionOf } from "./domain_affect.ts";
import type { Line } from "./line.ts";
import { asks, does, done, type Subject } from "./object_call.ts";
import { wireDomain } from "./wire.ts";

/** The largest picture that is taken over, in bytes: four of the largest screens without compression. */
const greatestPicture = 256 * 1024 * 1024;

async function screenshot(
  line: Line,
  { object, input: { screen } }: Subject<"domain.screenshot">,
): Promise<Out<"domain.screenshot">> {
  await using stream = await line.open("domainScreenshot", { dom: wireDomain(object), screen, flags: 0 });
  const pieces: Uint8Array[] = [];
  let size = 0;
  while (true) {
    const piece = await stream.read(line.signal);
    if (piece === undefined) break;
    if ("hole" in piece) continue;
    size += piece.data.length;
    if (size > greatestPicture) {
      throw new VirtError("protocol", `The far side sent a picture of more than ${greatestPicture} bytes`);
    }
    pieces.push(piece.data);
  }
  await stream.finish();
  const image = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    image.set(piece, at);
    at += piece.length;
  }
  return { mime: stream.result.mime ?? "application/octet-stream", image };
}

/**
 * Keys as numbers of their code set.
 *
 * @throws {VirtError} `invalid-argument` where a name is unknown, or of another code set.
 */
function keyCodes({ keys, codeset }: In<"domain.sendKey">): number[] {
  return keys.map((key) => {
    if (typeof key === "number") return key;
    const code = codeset === "linux" ? keyCode(key) : undefined;
    if (code !== undefined) return code;
    throw new VirtError(
      "invalid-argument",
      codeset === "linux"
        ? `Cannot press key "${key}": there is no such key`
        : `Cannot press key "${key}" of code set "${codeset}": only those of "linux" have names`,
      { hint: "Names are Linux's: KEY_LEFTCTRL, KEY_ALT, KEY_F1; or give numbers" },
    );
  });
}

/** Where a screen can be reached, as the definition of a running domain says. */
function display(graphics: XmlElement): Out<"domain.displays">[number] {
  const listen = childOf(graphics, "listen");
  const number = (name: string): number | undefined => {
    const value = Number(graphics.attributes.get(name) ?? -1);
    return value > 0 ? value : undefined;
  };
  const found = {
    listen: listen?.attributes.get("address") ?? graphics.attributes.get("listen"),
    port: number("port"),
    tlsPort: number("tlsPort"),
    socket: listen?.attributes.get("socket") ?? graphics.attributes.get("socket"),
  };
  return {
    type: graphics.attributes.get("type") ?? "unknown",
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
  };
}

export const domainScreen = {
  "domain.screenshot": asks<"domain.screenshot">("take a picture of", screenshot),
  "domain.sendKey": does<"domain.sendKey">({
    doing: "press keys of",
    act: (line, { object, input }) =>
      done(line.call("domainSendKey", {
        dom: wireDomain(object),
        codeset: keyCodeSets.indexOf(input.codeset),
        holdtime: input.holdMs,
        keycodes: keyCodes(input),
        flags: 0,
      })),
    answer: {},
  }),
  "domain.sendSignal": does<"domain.sendSignal">({
    doing: "send a signal to",
    act: (line, { object, input }) =>
      done(line.call("domainSendProcessSignal", {
        dom: wireDomain(object),
        pidValue: BigInt(input.pid),
        signum: input.signal,
        flags: 0,
      })),
    answer: {},
  }),
  "domain.displays": asks<"domain.displays">("find the screens of", async (line, { object }) => {
    const definition = readXml(await definitionOf(line, object, { config: false }));
    return childrenOf(childOf(definition, "devices"), "graphics").map(display);
  }),
  "domain.reloadGraphics": does<"domain.reloadGraphics">({
    doing: "renew the certificates of",
    act: (line, { object, input }) =>
      done(line.call("domainGraphicsReload", {
        dom: wireDomain(object),
        // Source: libvirt, virDomainGraphicsReloadType.
        type: input.type === "vnc" ? 1 : 0,
        flags: 0,
      })),
    answer: {},
  }),
} satisfies DriverMap;
