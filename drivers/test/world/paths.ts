/**
 * Where a simulated hypervisor keeps things, and where it listens.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The longest path that a unix socket can have on Linux, without its end mark. Source: unix(7). */
const pathLimit = 107;

/** The socket of the hypervisor of a directory: in it, or, where its path is too long, under `/tmp`. */
export function socketPath(directory: string): string {
  const path = `${directory}/socket`;
  if (new TextEncoder().encode(path).length <= pathLimit) return path;
  return `/tmp/drover-test-${createHash("sha256").update(directory).digest("hex").slice(0, 32)}`;
}

/** Where things are in a state directory. */
export function worldPaths(
  directory: string,
): { readonly database: string; readonly log: string; readonly lock: string } {
  return {
    database: `${directory}/world.sqlite`,
    log: `${directory}/effects.log`,
    lock: `${directory}/lock`,
  };
}
