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
import { checkListens, graphicsListen, type Listening, withListens } from "./graphics_listen.ts";

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

const graphicsShape = shape({}).by("type", {
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
    p2p: attribute(yesNo()).optional(),
    gl: element(rendering).omittingEmpty(),
    audio,
  },
  desktop: {
    display: attribute(text()).optional(),
    fullscreen: attribute(yesNo()).omitting(false),
  },
  "egl-headless": { gl: element({ rendernode: attribute(text()).optional() }).omittingEmpty() },
}).check((graphics, reading) => {
  if (graphics.type === "vnc" || graphics.type === "spice" || graphics.type === "rdp") {
    checkListens(graphics, reading);
  }
}).normalise((graphics) => {
  switch (graphics.type) {
    case "vnc":
      return withVncPort(withListens(graphics));
    case "spice":
      return withSpicePorts(withListens(graphics));
    case "rdp":
      return withRdpPort(withListens(graphics));
    default:
      return graphics;
  }
});

/** How a guest's screen is seen. */
export type Graphics = ValueOf<typeof graphicsShape>;

/** `<graphics>`. */
export const graphics: Shape<Graphics> = graphicsShape;

type Of<T extends Graphics["type"]> = Extract<Graphics, { readonly type: T }>;

/** Whether clients come over TCP; for others, ports mean nothing and are not written. */
function hasPorts({ listens: [first] }: Listening): boolean {
  return first?.type === "address" || first?.type === "network";
}

/** No port and -1 ask for one to be chosen. */
function withVncPort(vnc: Of<"vnc">): Of<"vnc"> {
  const { port, autoport, ...rest } = vnc;
  if (!hasPorts(vnc)) return rest;
  const chosen = autoport === true || port === -1 || (port === undefined && autoport === undefined);
  if (chosen) return { ...rest, port: -1, autoport: true };
  return { ...rest, ...(port === undefined || port === 0 ? {} : { port }), autoport: false };
}

function withSpicePorts(spice: Of<"spice">): Of<"spice"> {
  const { port = 0, tlsPort = 0, autoport, ...rest } = spice;
  if (!hasPorts(spice)) return rest;
  if (autoport === true || (port === -1 && tlsPort === -1)) return { ...rest, autoport: true };
  return {
    ...rest,
    ...(port === 0 ? {} : { port }),
    ...(tlsPort === 0 ? {} : { tlsPort }),
    autoport: false,
  };
}

function withRdpPort(rdp: Of<"rdp">): Of<"rdp"> {
  const { port, autoport, ...rest } = rdp;
  const chosen = port === undefined || port <= 0 || autoport === true;
  return chosen ? { ...rest, port: 0, autoport: true } : { ...rest, port };
}
