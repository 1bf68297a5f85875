/**
 * Serial and parallel ports, consoles and channels. Facts: libvirt formatdomain, "Consoles, serial, parallel & channel
 * devices", "Guest interface".
 *
 * @module
 */
import { attribute, element, enumeration, integer, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { chardevTypes, checkChardev, checkChardevWithPath, normaliseChardev } from "./chardev.ts";
import { deviceFields } from "./device.ts";

const port = integer({ max: 2 ** 32 - 1 });

/** The terminal of the host while the domain runs. */
const tty = attribute(text()).optional().transient();

const serialTargetShape = shape({
  type: attribute(enumeration(
    ...["isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial"] as const,
    ...["sclp-serial", "isa-debug"] as const,
  )).optional(),
  port: attribute(port).optional(),
  model: element({
    name: attribute(enumeration(
      ...["isa-serial", "usb-serial", "pci-serial", "spapr-vty", "pl011", "16550a"] as const,
      ...["sclpconsole", "sclplmconsole", "isa-debugcon"] as const,
    )),
  }).optional(),
});

/** What the guest sees of a serial port. */
export interface SerialTarget extends ValueOf<typeof serialTargetShape> {}
const serialTarget: Shape<SerialTarget> = serialTargetShape;

const serialShape = shape({ tty, target: element(serialTarget).optional(), ...deviceFields })
  .by("type", chardevTypes, { default: "pty", after: "tty" })
  .normalise(normaliseChardev)
  .check(checkChardevWithPath);

/** A serial port. */
export type Serial = ValueOf<typeof serialShape>;
/** `<serial>`. */
export const serial: Shape<Serial> = serialShape;

const parallelShape = shape({
  tty,
  target: element(shape({ port: attribute(port).optional() }).ignoring("@type", "model")).optional(),
  ...deviceFields,
}).by("type", chardevTypes, { default: "pty", after: "tty" })
  .normalise(normaliseChardev)
  .check(checkChardevWithPath);

/** A parallel port. */
export type Parallel = ValueOf<typeof parallelShape>;
/** `<parallel>`. */
export const parallel: Shape<Parallel> = parallelShape;

const consoleTargetShape = shape({
  type: attribute(enumeration("serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm"))
    .optional(),
  port: attribute(port).optional(),
}).ignoring("model");

/** What the guest sees of a console. */
export interface ConsoleTarget extends ValueOf<typeof consoleTargetShape> {}
const consoleTarget: Shape<ConsoleTarget> = consoleTargetShape;

const consoleShape = shape({ tty, target: element(consoleTarget).optional(), ...deviceFields })
  .by("type", chardevTypes, { default: "pty", after: "tty" })
  .normalise(normaliseChardev)
  .check(checkChardevWithPath);

/** A console. */
export type Console = ValueOf<typeof consoleShape>;
/** `<console>`. */
export const consoleDevice: Shape<Console> = consoleShape;

const channelTargetShape = shape({}).by("type", {
  virtio: {
    name: attribute(text()).optional(),
    state: attribute(enumeration("connected", "disconnected")).optional().transient(),
  },
  xen: {
    name: attribute(text()).optional(),
    state: attribute(enumeration("connected", "disconnected")).optional().transient(),
  },
  guestfwd: {
    address: attribute(text({ pattern: /^\d{1,3}(\.\d{1,3}){3}$/, expected: "an IPv4 address" })),
    port: attribute(integer({ max: 65535 })),
  },
});

/** What the guest sees of a channel. */
export type ChannelTarget = ValueOf<typeof channelTargetShape>;
const channelTarget: Shape<ChannelTarget> = channelTargetShape;

const channelShape = shape({ tty, target: element(channelTarget), ...deviceFields })
  .by("type", chardevTypes, { default: "pty", after: "tty" })
  .normalise(normaliseChardev)
  .check((channel, reading) => {
    const named = channel.target.type === "virtio" || channel.target.type === "xen";
    if (named) checkChardev(channel, reading);
    else checkChardevWithPath(channel, reading);
  });

/** A channel between host and guest. */
export type Channel = ValueOf<typeof channelShape>;
/** `<channel>`. */
export const channel: Shape<Channel> = channelShape;
