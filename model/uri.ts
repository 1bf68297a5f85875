/**
 * Connection URIs, in libvirt's grammar: `driver[+transport]://[user@][host][:port]/[path][?parameters]`.
 *
 * @module
 */
import { VirtError } from "./error.ts";

/** A connection URI, taken apart. */
export interface ConnectionUri {
  /** The URI as it was given. */
  readonly text: string;
  /** `qemu`, `test`, … */
  readonly driver: string;
  /** `ssh`, `tls`, `unix`, `tcp`, `libssh2`, `libssh`, `ext`; absent where none was named. */
  readonly transport?: string;
  readonly user?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const grammar = /^([a-z][a-z0-9.-]*)(?:\+([a-z][a-z0-9]*))?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i;

/**
 * Takes a connection URI apart.
 *
 * @throws {VirtError} `invalid-argument` where the text is not of the grammar.
 *
 * @example
 * ```ts
 * import { parseUri } from "./uri.ts";
 * parseUri("qemu+ssh://root@host-1/system").transport; // "ssh"
 * ```
 */
export function parseUri(text: string): ConnectionUri {
  const match = grammar.exec(text);
  if (match === null) {
    throw new VirtError("invalid-argument", `Cannot connect to "${text}": it is not a connection URI`, {
      hint: "Connection URIs look like test:///default or qemu+ssh://host/system",
    });
  }
  const [, driver = "", transport, authority = "", path = "", query = ""] = match;
  const { user, host, port } = parseAuthority(text, authority);
  return {
    text,
    driver: driver.toLowerCase(),
    ...(transport === undefined ? {} : { transport: transport.toLowerCase() }),
    ...(user === undefined ? {} : { user }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    path: decodeURIComponent(path),
    parameters: new Map(new URLSearchParams(query)),
  };
}

function parseAuthority(text: string, authority: string): { user?: string; host?: string; port?: number } {
  const match = /^(?:([^@]*)@)?(\[[0-9a-f:.%]+\]|[^:[\]]*)(?::(\d{1,5}))?$/i.exec(authority);
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  if (match === null || (port !== undefined && (port < 1 || port > 65535))) {
    throw new VirtError(
      "invalid-argument",
      `Cannot connect to "${text}": "${authority}" is not [user@]host[:port]`,
    );
  }
  const host = match[2]?.replace(/^\[|\]$/g, "");
  return {
    ...(match[1] === undefined ? {} : { user: decodeURIComponent(match[1]) }),
    ...(host === undefined || host === "" ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  };
}
