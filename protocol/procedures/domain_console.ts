/**
 * Hands and eyes on a domain: console, channels, graphics, screenshots, keys, signals.
 *
 * @module
 */
import { hyper, list, optional, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { domain, text } from "./objects.ts";
import { procedure, streamProcedure } from "./row.ts";

/** Hands and eyes on a domain: console, channels, graphics, screenshots, keys, signals. */
export const domainConsoleProcedures = {
  domainOpenConsole: streamProcedure(201, {
    args: { dom: domain, devName: optional(text), flags: uint },
    stream: "both",
    acl: ["domain:open_device"],
  }),
  domainInjectNmi: procedure(210, { args: { dom: domain, flags: uint }, acl: ["domain:inject_nmi"] }),
  domainScreenshot: streamProcedure(211, {
    args: { dom: domain, screen: uint, flags: uint },
    result: { mime: optional(text) },
    stream: "read",
    acl: ["domain:screenshot"],
  }),
  domainSendKey: procedure(226, {
    args: {
      dom: domain,
      codeset: uint,
      holdtime: uint,
      keycodes: list(uint, limits.domainSendKey),
      flags: uint,
    },
    acl: ["domain:send_input"],
  }),
  domainOpenGraphics: procedure(249, {
    args: { dom: domain, idx: uint, flags: uint },
    files: "sent",
    acl: ["domain:open_graphics"],
  }),
  domainSendProcessSignal: procedure(295, {
    args: { dom: domain, pidValue: hyper, signum: uint, flags: uint },
    acl: ["domain:send_signal"],
  }),
  domainOpenChannel: streamProcedure(296, {
    args: { dom: domain, name: optional(text), flags: uint },
    stream: "both",
    acl: ["domain:open_device"],
  }),
  domainOpenGraphicsFd: procedure(343, {
    args: { dom: domain, idx: uint, flags: uint },
    files: "received",
    acl: ["domain:open_graphics"],
  }),
  domainGraphicsReload: procedure(448, {
    args: { dom: domain, type: uint, flags: uint },
    acl: ["domain:write"],
    since: "10.2",
  }),
};
