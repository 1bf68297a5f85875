/**
 * Where the HTTP API listens: on loopback, or on a socket of this machine. It has no encryption of its own.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** A place to listen. */
export type HttpPlace =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** The port where a place names none. */
const usualPort = 16_580;

/**
 * A place as settings and the command line give it: `127.0.0.1:16580`, `[::1]:0`, `localhost`, `unix:/path`.
 *
 * @throws {VirtError} `invalid-argument` for what is none, or not of this machine.
 */
export function parseHttpPlace(text: string): HttpPlace {
  if (/^unix:\/./.test(text)) return { kind: "unix", path: text.slice("unix:".length) };
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]+))(?::(\d{1,5}))?$/.exec(text) ??
    [];
  const host = bracketed ?? plain;
  const port = Number(digits ?? usualPort);
  if (host === undefined || port > 65_535) {
    throw new VirtError("invalid-argument", `Cannot serve HTTP at "${text}": it is no place to listen`, {
      hint: "Places look like 127.0.0.1:16580, [::1]:16580, unix:/run/drover/http",
    });
  }
  if (!isLoopback(host)) {
    throw new VirtError("invalid-argument", `Cannot serve HTTP at "${text}": it is open to other machines`, {
      hint:
        "Listen on 127.0.0.1, [::1] or a socket, and put a proxy with TLS before it; http_allowed_hosts takes its name",
    });
  }
  return { kind: "tcp", host: host === "localhost" ? "127.0.0.1" : host, port };
}

/** Whether a name or an address is this machine's for itself alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** A place as people call it. */
export function httpPlaceText(place: HttpPlace): string {
  if (place.kind === "unix") return `http+unix:${place.path}`;
  const { host, port } = place;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
