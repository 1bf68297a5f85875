/**
 * Moving domains to other hosts.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { nothing, xmlText } from "./shape.ts";

/**
 * Where the source's own libvirtd finds the other host. Transports that run a program or open a file there are left out:
 * whoever may migrate a domain may not therefore run programs on its host.
 */
const destinationUri = z.string().max(1024).regex(
  /^[a-z][a-z0-9.-]*(\+(tls|tcp|ssh|libssh|libssh2))?:\/\/([A-Za-z0-9_.][\w.-]*@)?([A-Za-z0-9_.][\w.-]*|\[[0-9a-f:.]+\])(:\d{1,5})?(\/[\w.\/-]*)?$/i,
  "a URI with a host, over tls, tcp or ssh, without parameters",
);

/** Where hypervisors reach each other with what a guest consists of. */
const migrateUri = z.string().max(1024).regex(
  /^(tcp|rdma):(\/\/)?([A-Za-z0-9_.][\w.-]*|\[[0-9a-f:.]+\])(:\d{1,5})?\/?$/i,
  "tcp://HOST or tcp://HOST:PORT",
);

const bytesPerS = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const percent = z.int().min(1).max(99);

export const domainMigrate = operation("domain.migrate", {
  summary: "Move a domain to another host",
  permission: "domain:migrate",
  job: "async:migration-out",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  peer: "to",
  reaches: { field: "xml", document: "domain" },
  // Whoever may migrate a guest may not therefore send its memory anywhere.
  places: { destinationUri: "network", migrateUri: "network", listenAddress: "network" },
  timeoutMs: 3_600_000,
  aliases: ["migrate"],
  input: z.object({
    to: z.string().min(1).max(64).describe("The connection to the other host, by its name in the run"),
    live: z.boolean().default(true).describe("Let it run meanwhile; else it is paused"),
    offline: z.boolean().default(false).describe("Move only the definition of a domain that does not run"),
    persistent: z.boolean().optional().describe(
      "Keep its definition on the other host; as here where not given",
    ),
    undefineSource: z.boolean().default(true).describe("Remove its definition here when it has arrived"),
    paused: z.boolean().default(false).describe("Leave it paused there"),
    xml: xmlText.optional().describe("Its definition on the other host, where it must differ"),
    bandwidthMibPerS: z.int().min(1).max(2 ** 31).optional().describe("MiB per second that it may take"),
    via: z.enum(["direct", "peer-to-peer", "tunnelled"]).default("direct").describe(
      "Who steers it: Drover, with both hosts; or the source's host, which reaches the other one by itself, and with " +
        "tunnelled sends the guest through that same connection",
    ),
    destinationUri: destinationUri.optional().describe(
      "For peer-to-peer and tunnelled: how the source's host reaches the other one; the connection's own URI where that " +
        "has a host",
    ),
    migrateUri: migrateUri.optional().describe(
      "How the hypervisors reach each other; they find out where not given",
    ),
    listenAddress: z.string().max(255).regex(/^[0-9a-zA-Z.:_-]+$/).optional().describe(
      "The address on which the other host's hypervisor waits",
    ),
    copyStorage: z.enum(["none", "all", "incremental"]).default("none").describe(
      "Copy disks that the hosts do not share, whole or what the top image holds; images must exist there",
    ),
    disks: z.array(z.string().min(1).max(256)).max(256).optional().describe(
      "Copy these only, by their targets",
    ),
    disksPort: z.int().min(1).max(65_535).optional().describe("The port on which the other host takes disks"),
    synchronousWrites: z.boolean().default(false).describe(
      "Of copied disks: the guest's writes wait for both",
    ),
    postCopy: z.boolean().default(false).describe("Allow startPostCopy"),
    resumePostCopy: z.boolean().default(false).describe("Take up a post-copy phase whose connection broke"),
    postCopyBandwidthMibPerS: z.int().min(1).max(2 ** 31).optional(),
    compressed: z.boolean().default(false),
    compression: z.array(z.enum(["xbzrle", "mt", "zlib", "zstd"])).max(4).optional().describe(
      "How it is compressed; the hypervisor chooses where not given",
    ),
    autoConverge: z.boolean().default(false).describe(
      "Slow the guest down where it writes faster than it is sent",
    ),
    autoConvergeInitialPercent: percent.optional().describe("By how much at first, in percent"),
    autoConvergeIncrementPercent: percent.optional().describe("By how much more each time, in percent"),
    parallelConnections: z.int().min(1).max(255).optional().describe(
      "Send it over so many connections at once",
    ),
    maxDowntimeMs: z.int().min(1).max(2 ** 31 - 1).optional().describe("How long it may stand still"),
    tls: z.boolean().default(false).describe("Encrypt it as the hosts are set up to"),
    tlsDestination: z.string().max(255).optional().describe("The name in the other host's certificate"),
    unsafe: z.boolean().default(false).describe("Although the hypervisor thinks that disks may be damaged"),
    abortOnError: z.boolean().default(false).describe("Stop at the guest's first I/O error"),
  }),
  output: refSchema("domain"),
});

export const domainStartPostCopy = operation("domain.startPostCopy", {
  summary: "Let a domain that is being migrated run on the other host before all of it has arrived",
  permission: "domain:migrate",
  job: "migration-op",
  effect: "write",
  reconcile: "never",
  aliases: ["migrate-postcopy"],
  input: nothing,
  output: nothing,
});

export const domainMigrationSettings = operation("domain.migrationSettings", {
  summary: "Show what migrations of a domain may take",
  permission: "domain:migrate",
  job: "query",
  effect: "read",
  aliases: ["migrate-getspeed", "migrate-getmaxdowntime"],
  input: nothing,
  output: z.object({
    bandwidthBytesPerS: z.number().optional().describe("Absent where the hypervisor does not tell"),
    postCopyBandwidthBytesPerS: z.number().optional(),
    maxDowntimeMs: z.int().optional(),
    compressionCacheBytes: z.number().optional(),
  }),
});

export const domainSetMigration = operation("domain.setMigration", {
  summary: "Change what a domain's migration may take, also while it goes on",
  permission: "domain:migrate",
  job: "migration-op",
  effect: "write",
  reconcile: "by-state",
  aliases: ["migrate-setspeed", "migrate-setmaxdowntime", "migrate-compcache"],
  input: z.object({
    bandwidthBytesPerS: bytesPerS.optional().describe("Bytes per second; whole MiB"),
    postCopyBandwidthBytesPerS: bytesPerS.optional().describe("In the post-copy phase; whole MiB"),
    maxDowntimeMs: z.int().min(1).max(2 ** 31 - 1).optional().describe("How long it may stand still"),
    compressionCacheBytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  }),
  output: nothing,
});
