/**
 * Reports what is on a host: its resources, domains, pools and networks. As a table for people, as JSON for programs, or as
 * one HTML page that needs nothing from elsewhere.
 *
 *     drover run recipes/inventory.ts -c qemu:///system --allow all
 *     drover run recipes/inventory.ts -c qemu:///system --allow all --input format=html --output-file inventory.html
 *
 * @module
 */
import { type Domain, type ErrorCode, type Host, isVirtError, type Pool, recipe, z } from "drover";
import { inventoryPage } from "./inventory/page.ts";
import type { DomainRow, Inventory, PoolRow } from "./inventory/report.ts";
import { inventoryTable } from "./inventory/table.ts";

/** What a driver, or a domain in its present state, may not have, and what may vanish while we look. */
const absences: readonly ErrorCode[] = ["unsupported", "not-found", "wrong-state", "operation-failed"];

/** What an answer is, or `undefined` where there is none. */
async function ifThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (absences.some((code) => isVirtError(error, code))) return undefined;
    throw error;
  }
}

async function domainRow(vm: Domain): Promise<DomainRow> {
  const info = await vm.info();
  const found = info.state === "running" ? await ifThere(() => vm.addresses()) : undefined;
  return {
    name: info.name,
    state: info.state,
    reason: info.reason,
    vcpus: info.vcpus,
    memoryKib: info.memoryKib,
    persistent: info.persistent,
    autostart: info.autostart,
    snapshots: info.snapshots,
    addresses: (found ?? []).flatMap(({ addresses }) => addresses.map(({ address }) => address)),
  };
}

async function poolRow(pool: Pool): Promise<PoolRow> {
  const { state, type, path, capacityBytes, allocationBytes, volumes } = await pool.info();
  return {
    name: pool.name,
    state,
    type,
    ...(path === undefined ? {} : { path }),
    capacityBytes,
    allocationBytes,
    volumes,
  };
}

async function inventory(host: Host, at: number): Promise<Inventory> {
  const info = await host.info();
  const node = await ifThere(() => host.nodeInfo());
  const free = await ifThere(() => host.freeMemory());
  const domains = await host.domains();
  const pools = await host.pools();
  const rows: { domains: DomainRow[]; pools: PoolRow[] } = { domains: [], pools: [] };
  await domains.forEach(async (vm) => {
    const row = await ifThere(() => domainRow(vm));
    if (row !== undefined) rows.domains.push(row);
  });
  await pools.forEach(async (pool) => {
    const row = await ifThere(() => poolRow(pool));
    if (row !== undefined) rows.pools.push(row);
  });
  return {
    at: new Date(at).toISOString(),
    host: {
      hostname: info.hostname,
      uri: info.uri,
      driver: info.driver,
      version: info.hypervisorVersion,
      ...(node === undefined ? {} : { cpus: node.cpus, memoryKib: node.memoryKib }),
      ...(free === undefined ? {} : { freeMemoryKib: free.totalKib }),
    },
    domains: rows.domains.sort((a, b) => a.name < b.name ? -1 : 1),
    pools: rows.pools.sort((a, b) => a.name < b.name ? -1 : 1),
    networks: (await host.listNetworks()).map(({ network, active, autostart, bridge }) => ({
      name: network.name,
      active,
      autostart,
      ...(bridge === undefined ? {} : { bridge }),
    })),
  };
}

export default recipe({
  summary: "Report what is on a host, as a table, as JSON or as a web page",
  input: z.object({
    format: z.enum(["table", "json", "html"]).default("table").describe("How the report looks"),
  }),
  needs: [
    "connect:getattr,read,search_domains,search_networks,search_storage_pools",
    "domain:getattr,read",
    "network:getattr",
    "storage_pool:getattr,read",
  ],
  async run({ host, input, now }): Promise<Inventory | string> {
    const found = await inventory(host, now());
    switch (input.format) {
      case "json":
        return found;
      case "table":
        return inventoryTable(found);
      case "html":
        return inventoryPage(found);
    }
  },
});
