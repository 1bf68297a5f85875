/**
 * Builders: what somebody wants objects to be.
 *
 * @module
 */
import type {
  DesiredByKind,
  DesiredDomain,
  DesiredKind,
  DesiredNetwork,
  DesiredPool,
  DesiredSecret,
  DesiredSnapshot,
  DesiredVolume,
} from "../../model/desired/mod.ts";
import type { GivenTo } from "../method.ts";

/** What somebody wants one object to be: made by a builder, given to `host.plan` or `host.ensure`. */
export interface Desired<K extends DesiredKind = DesiredKind> {
  /** The kind of object. */
  readonly kind: K;
  /** What is wanted of it. */
  readonly spec: DesiredByKind[K];
  /** For a secret: its value, which is in no plan. */
  readonly value?: SecretValue;
}

/** The value of a secret: text, bytes, or what stands for a value that the recipe does not learn. */
export type SecretValue = GivenTo<"secret.setValue">["value"];

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

/**
 * A virtual network as it shall be. A new one is behind NAT unless something else is said.
 *
 * @example
 * ```ts
 * import { type Host, network } from "drover";
 *
 * export async function lab(host: Host): Promise<boolean> {
 *   const { changed } = await host.ensure(network({
 *     name: "lab",
 *     address: "192.168.50.1/24",
 *     range: { start: "192.168.50.100", end: "192.168.50.200" },
 *     hosts: [{ mac: "52:54:00:00:00:01", ip: "192.168.50.10", name: "web-1" }],
 *     state: "active",
 *     autostart: true,
 *   }));
 *   return changed;
 * }
 * ```
 */
export function network(spec: DesiredNetwork): Desired<"network"> {
  return { kind: "network", spec };
}

/**
 * A storage pool as it shall be. The directory of a new one is made when it is started.
 *
 * @example
 * ```ts
 * import { type Host, pool } from "drover";
 *
 * export async function images(host: Host): Promise<boolean> {
 *   const { changed } = await host.ensure(pool({ name: "images", path: "/srv/images", state: "active" }));
 *   return changed;
 * }
 * ```
 */
export function pool(spec: DesiredPool): Desired<"pool"> {
  return { kind: "pool", spec };
}

/**
 * A volume of a storage pool as it shall be. One that is too small grows; one that cannot be changed is refused, unless
 * `replace` says that what it holds may go.
 *
 * @example
 * ```ts
 * import { type Host, volume } from "drover";
 *
 * export async function disk(host: Host): Promise<boolean> {
 *   const { changed } = await host.ensure(volume({ pool: "default", name: "web-1.qcow2", capacity: "20GiB" }));
 *   return changed;
 * }
 * ```
 */
export function volume(spec: DesiredVolume): Desired<"volume"> {
  const { backing } = spec;
  if (backing === undefined) return { kind: "volume", spec };
  // An image of a pool has more about it than a plan is made of.
  const { path, format, capacityBytes } = backing;
  return { kind: "volume", spec: { ...spec, backing: { path, format, capacityBytes } } };
}

/**
 * A secret that the host keeps, as it shall be. Its value is set where it has none, or each time with `setValue: "always"`:
 * what it is now is never read.
 *
 * @example
 * ```ts
 * import { type Host, secret } from "drover";
 *
 * export async function passphrase(host: Host, value: string): Promise<boolean> {
 *   const usage = { type: "volume", name: "/srv/images/vault.img" } as const;
 *   const { changed } = await host.ensure(secret({ usage, private: true, value }));
 *   return changed;
 * }
 * ```
 */
export function secret(
  { value, ...spec }: DesiredSecret & {
    /** Its value; left as it is where not given. */
    readonly value?: SecretValue;
  },
): Desired<"secret"> {
  if (value === undefined) return { kind: "secret", spec };
  return { kind: "secret", spec: { setValue: "once", ...spec }, value };
}

/**
 * A snapshot that a domain shall have. It is taken where it is not there.
 *
 * @example
 * ```ts
 * import { type Host, snapshot } from "drover";
 *
 * export async function baseline(host: Host): Promise<boolean> {
 *   const { changed } = await host.ensure(snapshot({ domain: "web-1", name: "baseline" }));
 *   return changed;
 * }
 * ```
 */
export function snapshot(spec: DesiredSnapshot): Desired<"snapshot"> {
  return { kind: "snapshot", spec };
}
