/**
 * What the environment says where no flag does.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type ClientConfig, loadClientConfig, resolveConnectionName } from "../protocol/client_config.ts";
import type { Io } from "./io.ts";

/** The connection of those who name none: the simulated hypervisor. */
const builtInUri = "test:///default";

/**
 * The URI of the connection that is meant: the flag's, `DROVER_DEFAULT_URI`, `LIBVIRT_DEFAULT_URI`, `uri_default` in
 * libvirt.conf, or the simulated hypervisor. Each may be one of the aliases in libvirt.conf.
 *
 * @throws {VirtError} `invalid-argument` for a name that is neither, and where libvirt.conf cannot be understood.
 */
export function connectionUri(io: Io, flag?: string): string {
  const named = [flag, io.env("DROVER_DEFAULT_URI"), io.env("LIBVIRT_DEFAULT_URI")]
    .find((name) => name !== undefined && name !== "");
  // No alias has a colon: whoever gives a URI needs no settings, not even ones that can be understood.
  if (named?.includes(":") === true) return resolveConnectionName(named, { config: noSettings }) ?? named;
  const { machine } = io;
  const config = loadClientConfig(machine);
  const uri = resolveConnectionName(named, { machine, config }) ?? builtInUri;
  if (!uri.includes(":")) throw unknownName(uri, config);
  return uri;
}

const noSettings: ClientConfig = { aliases: new Map() };

function unknownName(name: string, { aliases }: ClientConfig): VirtError {
  const known = [...aliases.keys()];
  return new VirtError(
    "invalid-argument",
    `Cannot connect to "${name}": it is neither a connection URI nor an alias in libvirt.conf`,
    {
      hint: known.length === 0
        ? "Connection URIs look like test:///default or qemu+ssh://host/system; uri_aliases in libvirt.conf gives them short names"
        : `Aliases there: ${known.join(", ")}`,
    },
  );
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

/** Connections by name, as `-c` gives them: `URI`, or `NAME=URI` for recipes with several; aliases for either. */
export function namedConnections(io: Io, flags: readonly string[]): Record<string, string> {
  const connections: Record<string, string> = {};
  for (const flag of flags) {
    // No URI and no alias has "=" behind nothing but letters and digits.
    const [, name = "host", wanted = flag] = /^([A-Za-z][A-Za-z0-9_]{0,63})=(.*)$/s.exec(flag) ?? [];
    const uri = connectionUri(io, wanted);
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
  return Object.keys(connections).length === 0 ? { host: connectionUri(io) } : connections;
}
