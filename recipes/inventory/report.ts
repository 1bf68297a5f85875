/**
 * What the inventory consists of.
 *
 * @module
 */

/** A domain in the inventory. */
export interface DomainRow {
  readonly name: string;
  readonly state: string;
  /** Why it is in that state. */
  readonly reason: string;
  readonly vcpus: number;
  readonly memoryKib: number;
  readonly persistent: boolean;
  readonly autostart: boolean;
  readonly snapshots: number;
  readonly addresses: readonly string[];
}

/** A storage pool in the inventory. */
export interface PoolRow {
  readonly name: string;
  readonly state: string;
  readonly type: string;
  readonly path?: string;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
  readonly volumes: number;
}

/** A network in the inventory. */
export interface NetworkRow {
  readonly name: string;
  readonly active: boolean;
  readonly autostart: boolean;
  readonly bridge?: string;
}

/** The inventory of one host. */
export interface Inventory {
  /** When it was made, as ISO 8601 in UTC. */
  readonly at: string;
  readonly host: {
    readonly hostname: string;
    readonly uri: string;
    readonly driver: string;
    readonly version: string;
    readonly cpus?: number;
    readonly memoryKib?: number;
    readonly freeMemoryKib?: number;
  };
  readonly domains: readonly DomainRow[];
  readonly pools: readonly PoolRow[];
  readonly networks: readonly NetworkRow[];
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size for people, in binary units with at most one digit after the point. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${Number(size.toFixed(1))} ${units[unit]}`;
}
