/**
 * Moving domains to other hosts.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { xmlText } from "./shape.ts";

export const domainMigrate = operation("domain.migrate", {
  summary: "Move a domain to another host",
  permission: "domain:migrate",
  job: "async:migration-out",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  peer: "to",
  reaches: { field: "xml", document: "domain" },
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
  }),
  output: refSchema("domain"),
});
