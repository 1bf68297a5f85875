/**
 * Operations on a connection: the host itself.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";

/** Who and what answers at the other end of a connection. */
export const connectionInfo: z.ZodObject<{
  hostname: z.ZodString;
  hostUuid: z.ZodGUID;
  driver: z.ZodString;
  uri: z.ZodString;
  hypervisorVersion: z.ZodString;
}> = z.object({
  hostname: z.string(),
  hostUuid: z.guid(),
  driver: z.string(),
  uri: z.string(),
  hypervisorVersion: z.string().describe("Major, minor and release, with dots"),
});

export const connectionGetInfo = operation("connection.info", {
  summary: "Show what a connection leads to",
  permission: "connect:getattr",
  job: "none",
  effect: "read",
  aliases: ["hostname", "version", "uri"],
  input: z.object({}),
  output: connectionInfo,
});
