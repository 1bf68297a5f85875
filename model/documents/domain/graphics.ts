/**
 * How a guest's screen is seen. Facts: libvirt formatdomain, "Graphical framebuffers".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { checkListens, completed, graphicsListen, isOverTcp, storedListens } from "./graphics_listen.ts";

const port = attribute(integer({ min: -1, max: 65535 })).optional();

/** Until when a password is good: `2010-04-09T15:51:00`, in UTC. */
const passwordFields = {
  passwd: attribute(text()).optional(),
  passwdValidTo: attribute(
    text({ pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/, expected: "a time such as 2010-04-09T15:51:00" }),
  ).optional(),
};

const listening = {
  listen: attribute(text()).optional(),
  socket: attribute(text()).optional(),
  listens: elements("listen", graphicsListen),
};

const rendering = {
  enable: attribute(yesNo()).optional(),
  rendernode: attribute(text()).optional(),
};

const audio = element({ id: attribute(integer({ min: 1, max: 2 ** 32 - 1 })) }).optional();

const channelMode = enumeration("any", "secure", "insecure");
const often = enumeration("auto", "never", "always");

const spice = {
  port,
  tlsPort: port,
  autoport: attribute(yesNo()).optional(),
  listen: listening.listen,
  keymap: attribute(text()).optional(),
  defaultMode: attribute(channelMode).omitting("any"),
  ...passwordFields,
  connected: attribute(enumeration("fail", "disconnect", "keep")).optional(),
  listens: listening.listens,
  channels: elements("channel", {
    name: attribute(enumeration(
      ...["main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir"] as const,
    )),
    mode: attribute(channelMode),
  }),
  image: element({
    compression: attribute(enumeration("auto_glz", "auto_lz", "quic", "glz", "lz", "off")),
  }).optional(),
  jpeg: element({ compression: attribute(often) }).optional(),
  zlib: element({ compression: attribute(often) }).optional(),
  playback: element({ compression: attribute(onOff()) }).optional(),
  streaming: element({ mode: attribute(enumeration("filter", "all", "off")) }).optional(),
  mouse: element({ mode: attribute(enumeration("server", "client")) }).optional(),
  clipboard: element({ copypaste: attribute(yesNo()) }).optional(),
  filetransfer: element({ enable: attribute(yesNo()) }).optional(),
  gl: element(rendering).optional(),
};

const vnc = {
  port,
  autoport: attribute(yesNo()).optional(),
  websocket: attribute(integer({ min: -1, max: 65535 })).optional(),
  websocketGenerated: attribute(yesNo()).optional().transient(),
  listen: listening.listen,
  socket: listening.socket,
  keymap: attribute(text()).optional(),
  sharePolicy: attribute(enumeration("allow-exclusive", "force-shared", "ignore")).optional(),
  powerControl: attribute(yesNo()).optional(),
  wait: attribute(yesNo()).optional(),
  ...passwordFields,
  connected: attribute(enumeration("keep")).optional(),
  listens: listening.listens,
  audio,
};

const rdp = {
  port,
  autoport: attribute(yesNo()).optional(),
  replaceUser: attribute(yesNo()).omitting(false),
  multiUser: attribute(yesNo()).omitting(false),
  listen: listening.listen,
  username: attribute(text()).optional(),
  ...passwordFields,
  listens: listening.listens,
};

const kindsShape = shape({}).by("type", {
  vnc,
  spice,
  rdp,
  sdl: {
    display: attribute(text()).optional(),
    xauth: attribute(text()).optional(),
    fullscreen: attribute(yesNo()).omitting(false),
    gl: element({ enable: attribute(yesNo()) }).optional(),
  },
  dbus: {
    address: attribute(text()).optional(),
    p2p: attribute(yesNo()).omitting(false),
    gl: element(rendering).omittingEmpty(),
    audio,
  },
  desktop: {
    display: attribute(text()).optional(),
    fullscreen: attribute(yesNo()).omitting(false),
  },
  "egl-headless": { gl: element({ rendernode: attribute(text()).optional() }).omittingEmpty() },
});

/** How a guest's screen is seen. */
export type Graphics = ValueOf<typeof kindsShape>;

/** `<graphics>`. */
export const graphics: Shape<Graphics> = kindsShape.check((graphics, reading) => {
  if (isListening(graphics)) checkListens(graphics, reading);
}).normalise((graphics) => {
  switch (graphics.type) {
    case "vnc":
      return withVncPort({ ...graphics, ...completed(graphics) });
    case "spice":
      if (graphics.listens.length === 0 && !hasSpicePort(graphics)) {
        return { ...graphics, listens: [{ type: "none" }] };
      }
      return withSpicePorts({ ...graphics, ...completed(graphics) });
    case "rdp":
      return withRdpPort({ ...graphics, ...completed(graphics) });
    default:
      return graphics;
  }
}).stored((graphics) => {
  if (!isListening(graphics)) return graphics;
  const { listen: _, ...rest } = graphics;
  // SPICE without ports is for clients that are handed a connection.
  const closed = graphics.type === "spice" && !hasSpicePort(graphics) &&
    graphics.listens[0]?.type === "address";
  const stored = closed
    ? { ...graphics, listens: [{ type: "none" }] as const }
    : { ...rest, ...storedListens(graphics) };
  // Only clients that come over TCP need ports.
  return storedSession(isOverTcp(stored) ? storedPorts(stored) : withoutPorts(stored));
});

type Of<T extends Graphics["type"]> = Extract<Graphics, { readonly type: T }>;

type ListeningGraphics = Of<"vnc" | "spice" | "rdp">;

function isListening(graphics: Graphics): graphics is ListeningGraphics {
  return graphics.type === "vnc" || graphics.type === "spice" || graphics.type === "rdp";
}

/** No port and -1 ask for one to be chosen. */
function withVncPort(vnc: Of<"vnc">): Of<"vnc"> {
  if (!isOverTcp(vnc)) return vnc;
  const chosen = vnc.autoport ?? (vnc.port === undefined || vnc.port === -1);
  return { ...vnc, autoport: chosen, ...(chosen ? { port: vnc.port ?? -1 } : {}) };
}

function hasSpicePort({ port = 0, tlsPort = 0, autoport }: Of<"spice">): boolean {
  return port !== 0 || tlsPort !== 0 || autoport === true;
}

function withSpicePorts(spice: Of<"spice">): Of<"spice"> {
  if (!isOverTcp(spice)) return spice;
  return { ...spice, autoport: spice.autoport ?? (spice.port === -1 && spice.tlsPort === -1) };
}

function withRdpPort(rdp: Of<"rdp">): Of<"rdp"> {
  if (!isOverTcp(rdp)) return rdp;
  const chosen = rdp.autoport === true || rdp.port === undefined || rdp.port <= 0;
  return { ...rdp, port: rdp.port ?? 0, ...(chosen ? { autoport: true } : {}) };
}

/** What is said of a password goes with it, and channels that are as all are go without saying. */
function storedSession(graphics: ListeningGraphics): ListeningGraphics {
  const channels = graphics.type === "spice"
    ? { channels: graphics.channels.filter((channel) => channel.mode !== "any") }
    : {};
  if (graphics.type === "rdp" || graphics.passwd !== undefined) return { ...graphics, ...channels };
  const { passwdValidTo: _, connected: __, ...rest } = graphics;
  return { ...rest, ...channels };
}

/** Ports that were chosen when the domain started are not stored, nor are zeroes. */
function storedPorts(graphics: ListeningGraphics): ListeningGraphics {
  const { port, ...rest } = graphics;
  switch (rest.type) {
    case "vnc":
      if (rest.autoport === true) return { ...rest, port: -1 };
      return port === 0 || port === undefined ? rest : { ...rest, port };
    case "rdp":
      return { ...rest, port: rest.autoport === true ? 0 : port ?? 0 };
    case "spice": {
      const { tlsPort, ...others } = rest;
      if (rest.autoport === true) return others;
      return {
        ...others,
        ...(port === undefined || port === 0 ? {} : { port }),
        ...(tlsPort === undefined || tlsPort === 0 ? {} : { tlsPort }),
      };
    }
  }
}

function withoutPorts(graphics: ListeningGraphics): ListeningGraphics {
  const { port: _, autoport: __, ...rest } = graphics;
  if (rest.type !== "spice") return rest;
  const { tlsPort: ___, ...others } = rest;
  return others;
}
