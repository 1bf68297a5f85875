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
    path: percentDecode(path, text),
    parameters: new Map(parseParameters(query, text)),
  };
}

/** Everything behind a `%`, undone. Unlike in forms of the Web, `+` is itself. */
function percentDecode(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new VirtError(
      "invalid-argument",
      `Cannot connect to "${text}": "${part}" has a "%" that is not followed by two digits of UTF-8 text`,
      { cause, hint: "Write a percent sign as %25" },
    );
  }
}

/** Parameters in order. Of two with the same name the later counts. A name alone has the value "". */
function* parseParameters(query: string, text: string): Generator<[name: string, value: string]> {
  const sections = query.split("&");
  // libvirt lets `;` stand between parameters too, wherever no `&` follows.
  for (const section of [...sections.slice(0, -1), ...(sections.at(-1) ?? "").split(";")]) {
    const [name = "", ...value] = section.split("=");
    if (name !== "") yield [percentDecode(name, text), percentDecode(value.join("="), text)];
  }
}

function parseAuthority(text: string, authority: string): { user?: string; host?: string; port?: number } {
  if (/:.*@/.test(authority)) {
    // Whoever writes a password into a URI finds it in logs, process lists and histories; not in this message.
    throw new VirtError(
      "invalid-argument",
      "Cannot connect: the connection URI has a password, or a colon in the user's name",
      {
        hint:
          "Put passwords into libvirt's auth.conf, or use keys or certificates; write a colon in a name as %3A",
      },
    );
  }
  const match = /^(?:([^@]*)@)?(\[[0-9a-f:.]+(?:%[\w.~%-]+)?\]|[^:[\]]*)(?::(\d{1,5}))?$/i.exec(authority);
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  if (match === null || (port !== undefined && (port < 1 || port > 65535))) {
    throw new VirtError(
      "invalid-argument",
      `Cannot connect to "${text}": "${authority}" is not [user@]host[:port]`,
    );
  }
  // The zone of a link-local address is written %25eth0 (RFC 6874) and, by many people, %eth0.
  const host = match[2]?.replace(/^\[|\]$/g, "").replace(/%25/, "%");
  return {
    ...(match[1] === undefined ? {} : { user: percentDecode(match[1], text) }),
    ...(host === undefined || host === "" ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  };
}
