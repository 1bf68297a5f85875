/**
 * Sound cards and where their sound goes. Facts: libvirt formatdomain, "Sound devices", "Audio backends".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });

const soundShape = shape({
  model: attribute(
    enumeration("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "ich7", "virtio"),
  ),
  multichannel: attribute(yesNo()).optional(),
  streams: attribute(unsigned).omitting(0),
  codecs: elements("codec", { type: attribute(enumeration("duplex", "micro", "output")) }),
  audio: element({ id: attribute(integer({ min: 1, max: 2 ** 32 - 1 })) }).optional(),
  driver: element(virtioDriver).omittingEmpty(),
  ...deviceFields,
}).stored((sound) => {
  // Only Intel's HD audio has codecs.
  return sound.model === "ich6" || sound.model === "ich9" ? sound : { ...sound, codecs: [] };
});

/** A sound card. */
export interface Sound extends ValueOf<typeof soundShape> {}

/** `<sound>`. */
export const sound: Shape<Sound> = soundShape;

const direction = {
  mixingEngine: attribute(yesNo()).optional(),
  fixedSettings: attribute(yesNo()).optional(),
  voices: attribute(unsigned).omitting(0),
  bufferLength: attribute(unsigned).omitting(0),
};

const settings = element({
  frequency: attribute(unsigned).omitting(0),
  channels: attribute(unsigned).omitting(0),
  format: attribute(enumeration("s8", "u8", "s16", "u16", "s32", "u32", "f32")).optional(),
}).omittingEmpty();

const plainShape = shape({ ...direction, settings });
/** Sound in one direction. */
export interface AudioDirection extends ValueOf<typeof plainShape> {}
const plain: Shape<AudioDirection> = plainShape;

const alsaShape = shape({ ...direction, dev: attribute(text()).optional(), settings });
/** Sound to or from an ALSA device. */
export interface AlsaDirection extends ValueOf<typeof alsaShape> {}
const alsa: Shape<AlsaDirection> = alsaShape;

const bufferedShape = shape({ ...direction, bufferCount: attribute(unsigned).omitting(0), settings });
/** Sound with a number of buffers. */
export interface BufferedDirection extends ValueOf<typeof bufferedShape> {}
const buffered: Shape<BufferedDirection> = bufferedShape;

const jackShape = shape({
  ...direction,
  serverName: attribute(text()).optional(),
  clientName: attribute(text()).optional(),
  connectPorts: attribute(text()).optional(),
  exactName: attribute(yesNo()).optional(),
  settings,
});
/** Sound over JACK. */
export interface JackDirection extends ValueOf<typeof jackShape> {}
const jack: Shape<JackDirection> = jackShape;

const ossShape = shape({
  ...direction,
  dev: attribute(text()).optional(),
  bufferCount: attribute(unsigned).omitting(0),
  tryPoll: attribute(yesNo()).optional(),
  settings,
});
/** Sound over OSS. */
export interface OssDirection extends ValueOf<typeof ossShape> {}
const oss: Shape<OssDirection> = ossShape;

const streamShape = shape({
  ...direction,
  name: attribute(text()).optional(),
  streamName: attribute(text()).optional(),
  latency: attribute(unsigned).omitting(0),
  settings,
});
/** Sound over PulseAudio or PipeWire; the latency is in microseconds. */
export interface StreamDirection extends ValueOf<typeof streamShape> {}
const stream: Shape<StreamDirection> = streamShape;

const both = { input: element(plain).omittingEmpty(), output: element(plain).omittingEmpty() };
const bothBuffered = { input: element(buffered).omittingEmpty(), output: element(buffered).omittingEmpty() };
const bothStream = { input: element(stream).omittingEmpty(), output: element(stream).omittingEmpty() };

const audioShape = shape({
  id: attribute(integer({ min: 1, max: 2 ** 32 - 1 })),
  timerPeriod: attribute(unsigned).omitting(0),
}).by("type", {
  none: both,
  alsa: { input: element(alsa).omittingEmpty(), output: element(alsa).omittingEmpty() },
  coreaudio: bothBuffered,
  jack: { input: element(jack).omittingEmpty(), output: element(jack).omittingEmpty() },
  oss: {
    tryMMap: attribute(yesNo()).optional(),
    exclusive: attribute(yesNo()).optional(),
    dspPolicy: attribute(integer({ min: -1, max: 2 ** 31 - 1 })).optional(),
    input: element(oss).omittingEmpty(),
    output: element(oss).omittingEmpty(),
  },
  pulseaudio: { serverName: attribute(text()).optional(), ...bothStream },
  pipewire: { runtimeDir: attribute(text()).optional(), ...bothStream },
  sdl: { driver: attribute(enumeration("esd", "alsa", "arts", "pulseaudio")).optional(), ...bothBuffered },
  spice: both,
  file: { path: attribute(text()).optional(), ...both },
  dbus: both,
});

/** Where sound goes on the host. */
export type Audio = ValueOf<typeof audioShape>;

/** `<audio>`. */
export const audio: Shape<Audio> = audioShape;
