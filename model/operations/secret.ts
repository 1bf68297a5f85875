/**
 * Operations on secrets: passwords and keys that definitions refer to.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { byteArray, lookupName, nothing, secretField, xmlText } from "./shape.ts";

/** The largest value of a secret, in bytes: libvirt's limit. */
export const secretValueBytes = 65_536;

/** What secrets are for. */
export const secretUsageTypes = ["none", "volume", "ceph", "iscsi", "tls", "vtpm"] as const;

/** A secret in a list. */
export const secretEntry = z.object({
  secret: refSchema("secret"),
  usageType: z.enum(secretUsageTypes),
  usage: z.string(),
  private: z.boolean().describe("Whether its value can be read by nobody but the hypervisor"),
  ephemeral: z.boolean().describe("Whether it is kept in memory only"),
  hasValue: z.boolean().optional().describe("Absent where the host does not tell without showing it"),
});

export const secretList = operation("secret.list", {
  summary: "List secrets",
  permission: "connect:search_secrets",
  filter: "secret:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listSecrets",
  aliases: ["secret-list"],
  input: z.object({ private: z.boolean().optional(), ephemeral: z.boolean().optional() }),
  output: z.array(secretEntry),
});

export const secretLookup = operation("secret.lookup", {
  summary: "Find a secret by UUID or by what it is for",
  permission: "secret:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "secret",
  input: z.object({
    name: lookupName.describe("UUID, or the usage: a volume's path, a Ceph or iSCSI name"),
    by: z.enum(["uuid", "usage"]).optional().describe("Which of them it is; the first that fits"),
    usageType: z.enum(secretUsageTypes).optional().describe("Only one for this type of usage"),
  }),
  output: refSchema("secret"),
});

export const secretDefine = operation("secret.define", {
  summary: "Define a secret from XML, or change its definition; its value stays",
  permission: "secret:write",
  also: [{ permission: "secret:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineSecret",
  reaches: { field: "xml", document: "secret" },
  aliases: ["secret-define"],
  undo: "secret.undefine",
  input: z.object({ xml: xmlText.describe("A <secret> document") }),
  output: refSchema("secret"),
});

export const secretSetValue = operation("secret.setValue", {
  summary: "Set a secret's value",
  permission: "secret:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  secretInput: ["value"],
  aliases: ["secret-set-value"],
  input: z.object({
    value: secretField(z.union([
      z.string().max(secretValueBytes),
      byteArray.refine((data) => data.length <= secretValueBytes, {
        error: `A secret has at most ${secretValueBytes} bytes`,
      }),
    ])).describe("At most 64 KiB"),
  }),
  output: nothing,
});

export const secretGetValue = operation("secret.value", {
  summary: "Read a secret's value; a private one's cannot be read",
  permission: "secret:read_secure",
  job: "none",
  effect: "read",
  secretOutput: true,
  aliases: ["secret-get-value"],
  input: nothing,
  output: z.object({ value: byteArray }),
});

export const secretUndefine = operation("secret.undefine", {
  summary: "Remove a secret with its value",
  permission: "secret:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["secret-undefine"],
  input: nothing,
  output: nothing,
});

export const secretXml = operation("secret.xml", {
  summary: "Show a secret's definition as XML, without its value",
  permission: "secret:read",
  job: "none",
  effect: "read",
  aliases: ["secret-dumpxml"],
  input: nothing,
  output: z.string().describe("A <secret> document"),
});
