/**
 * Video cards. Facts: libvirt formatdomain, "Video devices".
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields, virtioFields } from "./device.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });

const modelShape = shape({
  type: attribute(enumeration(
    ...["default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels", "virtio", "gop"] as const,
    ...["none", "bochs", "ramfb"] as const,
  )).optional(),
  ram: attribute(unsigned).omitting(0),
  vram: attribute(unsigned).omitting(0),
  vram64: attribute(unsigned).omitting(0),
  vgamem: attribute(unsigned).omitting(0),
  heads: attribute(unsigned).omitting(0),
  primary: attribute(yesNo()).omitting(false),
  blob: attribute(onOff()).optional(),
  edid: attribute(onOff()).optional(),
  acceleration: element({
    accel2d: attribute(yesNo()).optional(),
    accel3d: attribute(yesNo()).optional(),
    rendernode: attribute(text()).optional(),
  }).omittingEmpty(),
  resolution: element({ x: attribute(unsigned), y: attribute(unsigned) }).optional(),
}).check((model, { refuse }) => {
  if (model.type === "qxl") return;
  for (const key of ["ram", "vram64", "vgamem"] as const) {
    if (model[key] !== undefined) refuse(key, `Only a "qxl" card has "${key}"`);
  }
});

/** What kind of card it is, with sizes in KiB. */
export interface VideoModel extends ValueOf<typeof modelShape> {}
const model: Shape<VideoModel> = modelShape;

/** What libvirt gives a card that does not say, in KiB. */
const usualVram: Readonly<Record<string, number>> = {
  vga: 16384,
  cirrus: 16384,
  vmvga: 16384,
  xen: 4096,
  qxl: 65536,
  bochs: 16384,
};

/** The next power of two, as QEMU needs it. */
function roundedUp(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

const videoShape = shape({
  driver: element({
    name: attribute(enumeration("qemu", "vhostuser")).optional(),
    vgaconf: attribute(enumeration("io", "on", "off")).optional(),
    ...virtioFields,
  }).omittingEmpty(),
  model: element(model).optional(),
  ...deviceFields,
}).stored((video) => {
  const { model } = video;
  if (model === undefined) return video;
  if (model.type === "none") return { ...video, model: { type: "none" } };
  return {
    ...video,
    model: {
      ...model,
      ...(model.ram === undefined ? {} : { ram: roundedUp(model.ram) }),
      ...(model.vram === undefined ? {} : { vram: roundedUp(model.vram) }),
    },
  };
});

/** A video card. */
export interface Video extends ValueOf<typeof videoShape> {}

/** `<video>`. */
export const video: Shape<Video> = videoShape;

/** A card with what libvirt gives it where the document does not say, of the usual type; sizes in KiB. */
export function completedVideo(video: Video, usualType: VideoModel["type"]): Video {
  const type = video.model?.type ?? usualType;
  if (type === undefined || type === "none") return video;
  const model = { ...video.model, type };
  const vram = model.vram ?? usualVram[model.type];
  const ram = model.ram ?? (model.type === "qxl" ? 65536 : undefined);
  return {
    ...video,
    model: {
      ...model,
      ...(vram === undefined ? {} : { vram }),
      ...(ram === undefined ? {} : { ram }),
      heads: model.heads ?? 1,
    },
  };
}
