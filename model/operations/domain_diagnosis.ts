/**
 * Operations on domains: looking into a running one.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { byteArray, nothing, parameters, secretField } from "./shape.ts";

export const domainPeekMemory = operation("domain.peekMemory", {
  summary: "Read from a running domain's memory",
  permission: "domain:mem_read",
  job: "query",
  effect: "read",
  input: z.object({
    offsetBytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe("The address, in bytes"),
    sizeBytes: z.int().min(1).max(4 * 1024 * 1024),
    addresses: z.enum(["virtual", "physical"]).default("physical").describe(
      "Virtual ones as the first processor sees them",
    ),
  }),
  output: z.object({ data: byteArray }),
});

export const domainMessages = operation("domain.messages", {
  summary: "Show what the hypervisor has to say about a domain: what taints it, what is deprecated",
  permission: "domain:read",
  job: "none",
  effect: "read",
  input: nothing,
  output: z.array(z.string()),
});

export const domainSecurityLabels = operation("domain.securityLabels", {
  summary: "Show under which labels a running domain is confined",
  permission: "domain:read",
  job: "none",
  effect: "read",
  input: nothing,
  output: z.array(z.object({ label: z.string(), enforcing: z.boolean() })),
});

export const domainLaunchSecurity = operation("domain.launchSecurity", {
  summary: "Show the measurement and the policy of a domain whose memory is encrypted",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["domlaunchsecinfo"],
  input: nothing,
  output: parameters,
});

export const domainSetLaunchSecurity = operation("domain.setLaunchSecurity", {
  summary: "Give a secret to a domain whose memory is encrypted",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "never",
  secretInput: ["secret"],
  aliases: ["domsetlaunchsecstate"],
  input: z.object({
    header: z.string().min(1).max(65_536).describe("The secret's header, in base64"),
    secret: secretField(z.string().min(1).max(65_536)).describe("The secret, encrypted, in base64"),
    address: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe("Where in memory, in bytes"),
  }),
  output: nothing,
});

export const domainMeasureDirtyRate = operation("domain.measureDirtyRate", {
  summary: "Begin to measure how fast a running domain writes to its memory; statistics tell what was found",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "never",
  aliases: ["domdirtyrate-calc"],
  input: z.object({
    seconds: z.int().min(1).max(60).default(1).describe("For how many seconds"),
    mode: z.enum(["page-sampling", "dirty-bitmap", "dirty-ring"]).default("page-sampling"),
  }),
  output: nothing,
});
