/**
 * The inventory as tables of text.
 *
 * @module
 */
import { type Inventory, sizeText } from "./report.ts";

/** The inventory for a terminal. */
export function inventoryTable({ at, host, domains, pools, networks }: Inventory): string {
  const facts = [
    host.version === "" ? host.driver : `${host.driver} ${host.version}`,
    ...(host.cpus === undefined ? [] : [`${host.cpus} CPUs`]),
    ...(host.memoryKib === undefined ? [] : [sizeText(host.memoryKib * 1024)]),
    ...(host.freeMemoryKib === undefined ? [] : [`${sizeText(host.freeMemoryKib * 1024)} free`]),
  ];
  return [
    `${host.hostname} (${host.uri}), ${at}`,
    facts.join(", "),
    "",
    table(
      ["DOMAIN", "STATE", "VCPUS", "MEMORY", "AUTOSTART", "SNAPSHOTS", "ADDRESSES"],
      domains.map((domain) => [
        domain.name,
        domain.state,
        String(domain.vcpus),
        sizeText(domain.memoryKib * 1024),
        domain.autostart ? "yes" : "no",
        String(domain.snapshots),
        domain.addresses.join(", "),
      ]),
    ),
    "",
    table(
      ["POOL", "STATE", "TYPE", "VOLUMES", "USED", "CAPACITY"],
      pools.map((pool) => [
        pool.name,
        pool.state,
        pool.type,
        String(pool.volumes),
        sizeText(pool.allocationBytes),
        sizeText(pool.capacityBytes),
      ]),
    ),
    "",
    table(
      ["NETWORK", "STATE", "AUTOSTART", "BRIDGE"],
      networks.map(({ name, active, autostart, bridge }) => [
        name,
        active ? "active" : "inactive",
        autostart ? "yes" : "no",
        bridge ?? "",
      ]),
    ),
  ].join("\n");
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length))
  );
  return [heads, ...rows]
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
    .join("\n");
}
