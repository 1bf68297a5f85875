/**
 * Addresses from which something is fetched.
 *
 * @module
 */

/** An address in its one spelling, or why it is none that is fetched. */
export type WebAddress =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads an address of http or https. What is behind `#` is dropped: it is never sent. A name and password in it are
 * refused: they would stand in journals and logs.
 *
 * @example
 * ```ts
 * import { webAddress } from "./web_address.ts";
 * const address = webAddress("HTTPS://Example.org/a/../disk.qcow2#x");
 * address.ok && address.url.href; // "https://example.org/disk.qcow2"
 * ```
 */
export function webAddress(text: string): WebAddress {
  const url = URL.parse(text);
  if (url === null) return { ok: false, problem: "something in it that makes it no address" };
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return {
      ok: false,
      problem: `the scheme "${url.protocol}" in it, and only http: and https: are fetched`,
    };
  }
  if (url.username !== "" || url.password !== "") {
    return { ok: false, problem: "a name or password in it, which would be logged" };
  }
  url.hash = "";
  return { ok: true, url };
}

/**
 * Whether a host is, by its name or address alone, one of the machine itself or of a network around it: RFC 6761, RFC 1918,
 * RFC 3927, RFC 4193, RFC 4291. What a name resolves to is not looked at.
 */
export function isNearby(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name.startsWith("[")) {
    const inner = name.slice(1, -1);
    return /^(?:::1?$|f[cd]|fe[89ab]|::ffff:)/.test(inner);
  }
  if (name === "localhost" || name.endsWith(".localhost") || !name.includes(".")) return true;
  return /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./
    .test(name) &&
    /^\d+(?:\.\d+){3}$/.test(name);
}
