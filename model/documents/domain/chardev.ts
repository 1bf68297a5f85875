/**
 * Where the bytes of a character device go on the host. Facts: libvirt formatdomain, "Consoles, serial, parallel &
 * channel devices", "Host interface".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";
import { deviceSecurityLabel, withoutSkipped } from "./seclabel.ts";
import { reconnect } from "./socket.ts";

const mode = attribute(enumeration("bind", "connect")).default("connect");
const seclabels = elements("seclabel", deviceSecurityLabel);

const ptyShape = shape({ path: attribute(text()).optional().transient(), seclabels });
const pathShape = shape({ path: attribute(text()), seclabels });
const fileShape = shape({ path: attribute(text()), append: attribute(onOff()).optional(), seclabels });

const unixShape = shape({
  mode,
  path: attribute(text()).optional(),
  reconnect: element(reconnect).optional(),
  seclabels,
}).check(checkReconnect);

const tcpShape = shape({
  mode,
  host: attribute(text()),
  service: attribute(text()),
  tls: attribute(yesNo()).optional(),
  reconnect: element(reconnect).optional(),
}).check(checkReconnect);

const udpShape = shape({
  mode,
  host: attribute(text()).optional(),
  service: attribute(text()).optional(),
});

/** One direction of a device that speaks UDP: it listens at "bind" and sends to "connect". */
export interface ChardevUdpSource extends ValueOf<typeof udpShape> {}

/** A terminal of the host; its path is known while the domain runs. */
export interface ChardevPtySource extends ValueOf<typeof ptyShape> {}
/** A device or a pipe of the host. */
export interface ChardevPathSource extends ValueOf<typeof pathShape> {}
/** A file of the host. */
export interface ChardevFileSource extends ValueOf<typeof fileShape> {}
/** A UNIX socket. */
export interface ChardevUnixSource extends ValueOf<typeof unixShape> {}
/** A TCP connection. */
export interface ChardevTcpSource extends ValueOf<typeof tcpShape> {}

/** All that sources can hold, most of it for one type only; elsewhere it means nothing. */
const anywhere = [
  ...["@mode", "@path", "@host", "@service", "@channel", "@master", "@slave", "@append", "@tls"],
  ...["reconnect", "seclabel", "clipboard", "mouse"],
];

const pty: Shape<ChardevPtySource> = ptyShape.ignoring(...anywhere).stored(withoutSkipped);
const path: Shape<ChardevPathSource> = pathShape.ignoring(...anywhere).stored(withoutSkipped);
const file: Shape<ChardevFileSource> = fileShape.ignoring(...anywhere).stored(withoutSkipped);
const unix: Shape<ChardevUnixSource> = unixShape.ignoring(...anywhere).stored(withoutSkipped);
const tcp: Shape<ChardevTcpSource> = tcpShape.ignoring(...anywhere);
const udp: Shape<ChardevUdpSource> = udpShape.ignoring(...anywhere);
const port = shape({ channel: attribute(text()) }).ignoring(...anywhere);
const nullModem = shape({ master: attribute(text()), slave: attribute(text()) }).ignoring(...anywhere);

const vdagentShape = shape({
  clipboard: element({ copypaste: attribute(yesNo()) }).optional(),
  mouse: element({ mode: attribute(enumeration("server", "client")) }).optional(),
});

/** What the agent of a SPICE client may do without SPICE. */
export interface ChardevVdagentSource extends ValueOf<typeof vdagentShape> {}
const vdagent: Shape<ChardevVdagentSource> = vdagentShape.ignoring(...anywhere);

const logShape = shape({ file: attribute(text()), append: attribute(onOff()).optional() });

/** A file into which all output is written too. */
export interface ChardevLog extends ValueOf<typeof logShape> {}
const log: Shape<ChardevLog> = logShape;

const protocolName = attribute(enumeration("raw", "telnet", "telnets", "tls")).default("raw");

const logged = { log: element(log).optional() };

const notTcp = {
  // Only TCP has protocols; libvirt stores no others.
  protocol: element({ type: protocolName }).optional().transient(),
  ...logged,
};

const withoutSource = shape(notTcp).ignoring("source");

/** What a character device says of its host side, by its type. */
export const chardevTypes = {
  null: withoutSource,
  vc: withoutSource,
  pty: { source: element(pty).omittingEmpty().single(), ...notTcp },
  dev: { source: element(path).single(), ...notTcp },
  file: { source: element(file).single(), ...notTcp },
  pipe: { source: element(path).single(), ...notTcp },
  stdio: withoutSource,
  udp: { sources: elements("source", udp).atLeast(1), ...notTcp },
  tcp: shape({
    source: element(tcp).single(),
    protocol: element({ type: protocolName }).default({ type: "raw" }),
    ...logged,
  }),
  // libvirt chooses the path of some sockets and stores nothing of them.
  unix: {
    source: element(unix).optional().transient((socket) => socket.path === undefined).single(),
    ...notTcp,
  },
  spicevmc: withoutSource,
  spiceport: { source: element(port).single(), ...notTcp },
  // bhyve makes up names where there are none.
  nmdm: { source: element(nullModem).optional().single(), ...notTcp },
  "qemu-vdagent": { source: element(vdagent).omittingEmpty().single(), ...notTcp },
  // QEMU's driver makes up a channel where there is none.
  dbus: { source: element(port).optional().single(), ...notTcp },
};

/** The host side of a character device as hooks see it. */
interface ChardevSide {
  readonly type?: string | undefined;
  readonly source?: unknown;
  readonly sources?: readonly ChardevUdpSource[];
}

/** What libvirt refuses of any character device. */
export function checkChardev(device: ChardevSide, { refuse }: Reading): void {
  const { sources = [] } = device;
  if (device.type !== "udp") return;
  for (const wanted of ["bind", "connect"] as const) {
    const same = sources.flatMap((each, index) => each.mode === wanted ? [index] : []);
    if (same.length > 1) {
      refuse(`sources.${same[1]}`, `There is a second source to "${wanted}"`, {
        expected: "one of each mode",
      });
    }
  }
  const target = sources.find((each) => each.mode === "connect");
  if (target?.service === undefined) {
    refuse("sources.0", "The service to send to is missing", {
      expected: "<source mode='connect' service='…'/>",
    });
  }
}

/** The same for devices whose socket libvirt does not choose: a path is needed. */
export function checkChardevWithPath(device: ChardevSide, reading: Reading): void {
  checkChardev(device, reading);
  if (device.type !== "unix" || hasPath(device.source)) return;
  reading.refuse("source", "The path of the socket is missing", { expected: "<source path='…'/>" });
}

/** UDP sources in libvirt's order, and no socket without a path. */
export function normaliseChardev<D extends ChardevSide>(device: D): D {
  if (device.type === "udp" && device.sources !== undefined && device.sources[0]?.mode === "connect") {
    return device.sources.length < 2 ? device : { ...device, sources: [...device.sources].reverse() };
  }
  return device;
}

function hasPath(source: unknown): boolean {
  return typeof source === "object" && source !== null && "path" in source && source.path !== undefined;
}

function checkReconnect(
  source: { readonly mode: "bind" | "connect"; readonly reconnect?: unknown },
  { refuse }: Reading,
): void {
  if (source.mode === "bind" && source.reconnect !== undefined) {
    refuse("reconnect", "Only who connects can reconnect", { expected: "mode='connect'" });
  }
}
