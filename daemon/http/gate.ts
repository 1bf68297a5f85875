/**
 * Keeps web pages out that a person's browser has open: they could have it call this machine.
 *
 * A page of somebody else's is known by its `Origin`, and one that had its own name point here by the `Host` that the
 * browser then says. (OWASP, "DNS rebinding"; Fetch, "`Origin` header".)
 *
 * @module
 */
import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "./place.ts";
import { Refusal } from "./problem.ts";

/** Whom the gate lets through beside those of this machine. */
export interface GateOptions {
  /** Names, without ports. */
  readonly hosts: readonly string[];
  /** Origins, as browsers say them. */
  readonly origins: readonly string[];
}

/**
 * Looks at where a request says that it goes, and where it comes from.
 *
 * @throws {Refusal} 421 for a wrong `Host`, 403 for a wrong `Origin`.
 */
export function checkGate(headers: IncomingHttpHeaders, { hosts, origins }: GateOptions): void {
  const { host, origin } = headers;
  const name = hostIn(host ?? "");
  if (name === undefined || (!isLoopback(name) && !hosts.includes(name))) {
    throw new Refusal(421, `Cannot answer for "${shown(host ?? "")}": this is another host`, {
      hint:
        "Call it by 127.0.0.1 or localhost, or let it have that name with http_allowed_hosts in the settings",
    });
  }
  const site = headers["sec-fetch-site"];
  const isOwn = origin === undefined || origin === `http://${host}` || origins.includes(origin);
  if (!isOwn || (origin === undefined && site === "cross-site")) {
    throw new Refusal(403, `Cannot answer a page of "${shown(origin ?? "another site")}"`, {
      hint: "Pages from elsewhere may use it where http_allowed_origins in the settings names them",
    });
  }
}

/** The name in a `Host` header, without its port. */
function hostIn(text: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

function shown(text: string): string {
  return text.slice(0, 200);
}
