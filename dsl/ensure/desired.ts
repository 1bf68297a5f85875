/**
 * Builders: what somebody wants objects to be.
 *
 * @module
 */
import type { DesiredByKind, DesiredDomain, DesiredKind } from "../../model/desired/mod.ts";

/** What somebody wants one object to be: made by a builder, given to `host.plan` or `host.ensure`. */
export interface Desired<K extends DesiredKind = DesiredKind> {
  /** The kind of object. */
  readonly kind: K;
  /** What is wanted of it. */
  readonly spec: DesiredByKind[K];
}

/**
 * A domain as it shall be. Only what is written here is compared with what is there; a new domain gets good defaults for the
 * rest.
 *
 * @example
 * ```ts
 * import { domain, recipe } from "drover";
 *
 * export default recipe({
 *   summary: "Keep one web server as it shall be",
 *   needs: ["domain:getattr,read,write,save,start", "connect:getattr,read"],
 *   run: ({ host }) =>
 *     host.ensure(domain({
 *       name: "web-1",
 *       memory: "2GiB",
 *       vcpus: 2,
 *       disks: [{ volume: { pool: "default", name: "web-1.qcow2" } }],
 *       interfaces: ["default"],
 *       state: "running",
 *     })),
 * });
 * ```
 */
export function domain(spec: DesiredDomain): Desired<"domain"> {
  return { kind: "domain", spec };
}
