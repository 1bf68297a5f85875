/**
 * Operations on domains: starting, stopping and what lies between.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { domainStatus } from "./domain.ts";
import { nothing } from "./shape.ts";

export const domainStart = operation("domain.start", {
  summary: "Start a defined domain",
  permission: "domain:start",
  job: "async:start",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  aliases: ["start"],
  input: z.object({
    paused: z.boolean().default(false).describe("Leave its processors stopped"),
    forceBoot: z.boolean().default(false).describe(
      "Boot although there is a managed save image, and remove that",
    ),
  }),
  output: domainStatus,
});

export const domainShutdown = operation("domain.shutdown", {
  summary: "Ask a domain's guest to shut down; returns when the guest has been asked",
  permission: "domain:init_control",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["shutdown"],
  input: z.object({
    mode: z.enum(["acpi", "agent", "initctl", "signal", "paravirt"]).optional().describe(
      "How to ask; the hypervisor chooses where not given",
    ),
  }),
  output: domainStatus,
});

export const domainReboot = operation("domain.reboot", {
  summary: "Ask a domain's guest to reboot; returns when the guest has been asked",
  permission: "domain:init_control",
  job: "modify",
  effect: "write",
  reconcile: "never",
  aliases: ["reboot"],
  input: z.object({
    mode: z.enum(["acpi", "agent", "initctl", "signal", "paravirt"]).optional().describe(
      "How to ask; the hypervisor chooses where not given",
    ),
  }),
  output: domainStatus,
});

export const domainReset = operation("domain.reset", {
  summary: "Reset a running domain as its reset button would",
  permission: "domain:reset",
  job: "modify",
  effect: "write",
  reconcile: "never",
  aliases: ["reset"],
  input: nothing,
  output: domainStatus,
});

export const domainDestroy = operation("domain.destroy", {
  summary: "Stop a domain at once, as pulling its power cord would",
  permission: "domain:stop",
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  // A transient domain goes away with its power.
  whenGone: { state: "shutoff", phase: "removed", generation: 0 },
  aliases: ["destroy"],
  input: nothing,
  output: domainStatus,
});

export const domainSuspend = operation("domain.suspend", {
  summary: "Stop a running domain's processors; its memory stays",
  permission: "domain:suspend",
  job: "suspend",
  effect: "write",
  reconcile: "by-state",
  aliases: ["suspend"],
  input: nothing,
  output: domainStatus,
});

export const domainResume = operation("domain.resume", {
  summary: "Let a suspended domain go on",
  permission: "domain:suspend",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["resume"],
  input: nothing,
  output: domainStatus,
});

export const domainSleep = operation("domain.sleep", {
  summary: "Put a domain's guest to sleep by its power management",
  permission: "domain:pm_control",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["dompmsuspend"],
  input: nothing,
  output: domainStatus,
});

export const domainWakeUp = operation("domain.wakeUp", {
  summary: "Wake a domain's guest from its sleep",
  permission: "domain:pm_control",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["dompmwakeup"],
  input: nothing,
  output: domainStatus,
});

export const domainInjectNmi = operation("domain.injectNmi", {
  summary: "Send a non-maskable interrupt to a running domain",
  permission: "domain:inject_nmi",
  job: "modify",
  effect: "write",
  reconcile: "never",
  aliases: ["inject-nmi"],
  input: nothing,
  output: nothing,
});
