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

/** What attributes and elements say together, as far as one of them is missing. */
export function completed({ listen, socket, listens }: Listening): Pick<Listening, "listen" | "listens"> {
  const [first, ...others] = listens;
  if (first === undefined) {
    if (socket !== undefined && socket !== "") return { listens: [{ type: "socket", socket }] };
    const address = listen === undefined || listen === "" ? {} : { address: listen };
    return { ...(listen === undefined ? {} : { listen }), listens: [{ type: "address", ...address }] };
  }
  if (first.type === "socket" && first.socket === undefined && socket !== undefined) {
    return { listens: [{ ...first, socket }, ...others] };
  }
  if (first.type !== "address") return { listens };
  const address = first.address ?? listen;
  if (address === undefined || address === "") return { listens };
  return { listen: address, listens: [{ ...first, address }, ...others] };
}

/** What is stored: a socket alone, and the attribute only as the first address. */
export function storedListens({ socket, listens }: Listening): Pick<Listening, "listen" | "listens"> {
  const [first] = listens;
  if (socket !== undefined && socket !== "" && first?.type !== "socket") {
    return { listens: [{ type: "socket", socket }] };
  }
  const address = first?.type === "address" ? first.address : undefined;
  return { ...(address === undefined ? {} : { listen: address }), listens };
}

/** Whether clients come over TCP. */
export function isOverTcp({ listens: [first] }: Listening): boolean {
  return first?.type === "address" || first?.type === "network";
}
