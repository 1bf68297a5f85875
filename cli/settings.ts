/**
 * What the environment says where no flag does.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { Io } from "./io.ts";

/** The connection of those who name none: the simulated hypervisor. */
const builtInUri = "test:///default";

/** The connection to use: the flag's, `DROVER_DEFAULT_URI`, `LIBVIRT_DEFAULT_URI`, or the simulated hypervisor. */
export function defaultUri(io: Io, flag?: string): string {
  return [flag, io.env("DROVER_DEFAULT_URI"), io.env("LIBVIRT_DEFAULT_URI")]
    .find((uri) => uri !== undefined && uri !== "") ?? builtInUri;
}

/**
 * The state directory: the flag's, `DROVER_STATE_DIR`, or `drover` in the state home of the XDG base directory
 * specification.
 *
 * @throws {VirtError} `invalid-argument` where nothing says where home is.
 */
export function stateDirectory(io: Io, flag?: string): string {
  const named = [flag, io.env("DROVER_STATE_DIR")].find((path) => path !== undefined && path !== "");
  if (named !== undefined) return named;
  const home = io.env("HOME");
  // The specification has relative paths in XDG_STATE_HOME ignored.
  const stateHome = io.env("XDG_STATE_HOME");
  if (stateHome?.startsWith("/") === true) return `${stateHome}/drover`;
  if (home === undefined || home === "") {
    throw new VirtError("invalid-argument", "Cannot find the state directory: HOME is not set", {
      hint: "Name a directory with --state-dir or DROVER_STATE_DIR",
    });
  }
  return `${home}/.local/state/drover`;
}

/** Connections by name, as `-c` gives them: `URI`, or `NAME=URI` for recipes with several. */
export function namedConnections(io: Io, flags: readonly string[]): Record<string, string> {
  const connections: Record<string, string> = {};
  for (const flag of flags) {
    const match = /^([A-Za-z][A-Za-z0-9_]{0,63})=([a-z][a-z0-9.+-]*:.*)$/is.exec(flag);
    const [name, uri] = match === null ? ["host", flag] : [match[1] ?? "host", match[2] ?? flag];
    if (Object.hasOwn(connections, name)) {
      throw new VirtError(
        "invalid-argument",
        `Cannot connect "${name}" twice: to "${connections[name]}" and to "${uri}"`,
        {
          hint: "Give each connection a name of its own: -c source=URI -c target=URI",
        },
      );
    }
    connections[name] = uri;
  }
  return Object.keys(connections).length === 0 ? { host: defaultUri(io) } : connections;
}
