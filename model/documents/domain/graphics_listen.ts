/**
 * Where graphics wait for clients. Facts: libvirt formatdomain, "Graphical framebuffers", `<listen>`.
 *
 * @module
 */
import { attribute, shape, text, type ValueOf } from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";

const listenShape = shape({}).by("type", {
  none: {},
  address: { address: attribute(text()).omitting("") },
  network: {
    network: attribute(text()),
    address: attribute(text()).omitting("").transient(),
  },
  socket: { socket: attribute(text()).omitting("") },
}).check((listen, { refuse }) => {
  if (listen.type === "network" && listen.network === "") {
    refuse("network", "The name of the network is missing", { expected: 'the attribute "network"' });
  }
});

/** Where graphics wait for clients. */
export type GraphicsListen = ValueOf<typeof listenShape>;

/** `<listen>`. */
export const graphicsListen: Shape<GraphicsListen> = listenShape;

/** Graphics that wait for clients, as hooks see them. */
export interface Listening {
  readonly port?: number;
  readonly tlsPort?: number;
  readonly autoport?: boolean;
  readonly listen?: string;
  readonly socket?: string;
  readonly listens: readonly GraphicsListen[];
}

/** The attributes `listen` and `socket` must say the same as the first `<listen>`. */
export function checkListens(graphics: Listening, { refuse }: Reading): void {
  const [first] = graphics.listens;
  const { listen, socket } = graphics;
  if (
    first?.type === "address" && listen !== undefined && first.address !== undefined &&
    listen !== first.address
  ) {
    refuse("listen", `The graphics listen at "${listen}", their first <listen> at "${first.address}"`, {
      expected: "the same address",
    });
  }
  if (
    first?.type === "socket" && socket !== undefined && first.socket !== undefined && socket !== first.socket
  ) {
    refuse("socket", `The graphics have the socket "${socket}", their first <listen> has "${first.socket}"`, {
      expected: "the same socket",
    });
  }
}

/**
 * Brings attributes and elements together, as libvirt does: the elements say all, and the attribute repeats the first
 * address for programs that know no better.
 */
export function withListens<G extends Listening>(graphics: G): G {
  const listens = listensOf(graphics);
  const { listen: _, ...rest } = graphics;
  const address = listens[0]?.type === "address" ? listens[0].address : undefined;
  // Everything but the address and the elements is what it was.
  return { ...rest, ...(address === undefined ? {} : { listen: address }), listens } as unknown as G;
}

function listensOf({ listen, socket, listens }: Listening): readonly GraphicsListen[] {
  const [first, ...others] = listens;
  if (socket !== undefined && socket !== "") {
    return first?.type === "socket" ? [{ ...first, socket }, ...others] : [{ type: "socket", socket }];
  }
  if (first === undefined) {
    return [{ type: "address", ...(listen === undefined || listen === "" ? {} : { address: listen }) }];
  }
  if (first.type !== "address" || first.address !== undefined || listen === undefined) return listens;
  return [{ ...first, address: listen }, ...others];
}
