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
import { deviceSecurityLabel } from "./seclabel.ts";
import { reconnect } from "./socket.ts";

const mode = attribute(enumeration("bind", "connect")).default("connect");
const seclabels = elements("seclabel", deviceSecurityLabel);

const ptyShape = shape({ path: attribute(text()).optional().transient(), seclabels });
/** libvirt reads over this where it says nothing of the type at hand. */
const ignoredMode = attribute(text()).optional().transient();

const pathShape = shape({ mode: ignoredMode, path: attribute(text()), seclabels });
const fileShape = shape({
  mode: ignoredMode,
  path: attribute(text()),
  append: attribute(onOff()).optional(),
  seclabels,
});

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

const pty: Shape<ChardevPtySource> = ptyShape;
const path: Shape<ChardevPathSource> = pathShape;
const file: Shape<ChardevFileSource> = fileShape;
const unix: Shape<ChardevUnixSource> = unixShape;
const tcp: Shape<ChardevTcpSource> = tcpShape;
const udp: Shape<ChardevUdpSource> = udpShape;

const vdagentShape = shape({
  clipboard: element({ copypaste: attribute(yesNo()) }).optional(),
  mouse: element({ mode: attribute(enumeration("server", "client")) }).optional(),
});

/** What the agent of a SPICE client may do without SPICE. */
export interface ChardevVdagentSource extends ValueOf<typeof vdagentShape> {}
const vdagent: Shape<ChardevVdagentSource> = vdagentShape;

const logShape = shape({ file: attribute(text()), append: attribute(onOff()).optional() });

/** A file into which all output is written too. */
export interface ChardevLog extends ValueOf<typeof logShape> {}
const log: Shape<ChardevLog> = logShape;

const protocolName = attribute(enumeration("raw", "telnet", "telnets", "tls")).default("raw");

const logged = { log: element(log).optional() };

const common = {
  // Only TCP has protocols; libvirt reads over others.
  protocol: element({ type: protocolName }).optional().transient(),
  ...logged,
};

/** libvirt reads over the source of a device that has none. */
const sourceless = {
  source: element({ path: attribute(text()).optional() }).optional().transient(),
  ...common,
};

const pathSource = { source: element(path).single(), ...common };

/** What a character device says of its host side, by its type. */
export const chardevTypes = {
  null: sourceless,
  vc: sourceless,
  pty: { source: element(pty).omittingEmpty().single(), ...common },
  dev: pathSource,
  file: { source: element(file).single(), ...common },
  pipe: pathSource,
  stdio: sourceless,
  udp: { sources: elements("source", udp).atLeast(1), ...common },
  tcp: {
    source: element(tcp).single(),
    protocol: element({ type: protocolName }).default({ type: "raw" }),
    ...logged,
  },
  // libvirt chooses the path of some sockets and stores nothing of them.
  unix: {
    source: element(unix).optional().transient((socket) => socket.path === undefined).single(),
    ...common,
  },
  spicevmc: sourceless,
  spiceport: { source: element({ channel: attribute(text()) }).single(), ...common },
  nmdm: {
    // bhyve makes up names where there are none.
    source: element({ master: attribute(text()), slave: attribute(text()) }).optional().single(),
    ...common,
  },
  "qemu-vdagent": { source: element(vdagent).omittingEmpty().single(), ...common },
  // QEMU's driver makes up a channel where there is none.
  dbus: { source: element({ channel: attribute(text()) }).optional().single(), ...common },
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
