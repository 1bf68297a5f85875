/**
 * Mice, keyboards, tablets; USB hubs. Facts: libvirt formatdomain, "Input devices", "Hub devices".
 *
 * @module
 */
import { attribute, element, enumeration, onOff, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { virtioModel } from "./address.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const bus = attribute(enumeration("ps2", "usb", "xen", "parallels", "virtio", "none")).optional();

const plain = { bus, model: attribute(virtioModel).optional() };

const inputShape = shape({ driver: element(virtioDriver).omittingEmpty(), ...deviceFields }).by("type", {
  mouse: plain,
  tablet: plain,
  keyboard: plain,
  passthrough: { ...plain, source: element({ evdev: attribute(text()) }) },
  evdev: shape({
    source: element({
      dev: attribute(text()),
      grab: attribute(enumeration("all")).optional(),
      grabToggle: attribute(enumeration(
        ...["ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"] as const,
      )).optional(),
      repeat: attribute(onOff()).optional(),
    }),
  }).ignoring("@bus", "@model"),
}, { after: "driver" });

/** A mouse, a keyboard, a tablet. */
export type Input = ValueOf<typeof inputShape>;

/** `<input>`. */
export const input: Shape<Input> = inputShape;

const hubShape = shape({ type: attribute(enumeration("usb")), ...deviceFields });

/** A USB hub. */
export interface Hub extends ValueOf<typeof hubShape> {}

/** `<hub>`. */
export const hub: Shape<Hub> = hubShape;
