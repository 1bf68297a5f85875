/**
 * Operations on domains: screen and keyboard.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { byteArray, nothing } from "./shape.ts";

export const domainScreenshot = operation("domain.screenshot", {
  summary: "Take a picture of a running domain's screen",
  permission: "domain:screenshot",
  job: "query",
  effect: "read",
  aliases: ["screenshot"],
  input: z.object({
    screen: z.int().min(0).max(15).default(0).describe("Which screen, where there are several"),
  }),
  output: z.object({ mime: z.string(), image: byteArray }),
});

export const domainSendKey = operation("domain.sendKey", {
  summary: "Press keys of a running domain all at once, and release them",
  permission: "domain:send_input",
  job: "modify",
  effect: "write",
  reconcile: "never",
  aliases: ["send-key"],
  input: z.object({
    keys: z.array(z.union([z.int().min(0).max(65_535), z.string().regex(/^KEY_\w+$/).max(64)])).min(1).max(16)
      .describe("Key codes, or names of Linux's: KEY_LEFTCTRL"),
    codeset: z.enum(["linux", "xt", "atset1", "atset2", "atset3", "osx", "xt_kbd", "usb", "win32", "qnum"])
      .default("linux"),
    holdMs: z.int().min(0).max(60_000).default(0).describe("How long the keys stay pressed, in milliseconds"),
  }),
  output: nothing,
});

export const domainSendSignal = operation("domain.sendSignal", {
  summary: "Send a signal to a process of a running domain",
  permission: "domain:send_signal",
  job: "modify",
  effect: "write",
  reconcile: "never",
  aliases: ["send-process-signal"],
  input: z.object({
    pid: z.int().min(1).describe("The process in the guest"),
    signal: z.int().min(0).max(64).describe("The signal's number"),
  }),
  output: nothing,
});

export const domainDisplays = operation("domain.displays", {
  summary: "Show where a running domain's screens can be reached",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["domdisplay", "vncdisplay"],
  input: nothing,
  output: z.array(z.object({
    type: z.string().describe("vnc, spice, rdp, …"),
    listen: z.string().optional().describe("The address that it listens on"),
    port: z.int().optional(),
    tlsPort: z.int().optional(),
    socket: z.string().optional().describe("The socket's path on the host"),
  })),
});

export const domainReloadGraphics = operation("domain.reloadGraphics", {
  summary: "Have a running domain read its screens' certificates again",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "never",
  input: z.object({ type: z.enum(["any", "vnc"]).default("any") }),
  output: nothing,
});
