/**
 * Domains: starting, stopping and what lies between.
 *
 * @module
 */
import { remoteDomain } from "../dispatch/objects.ts";
import { calls, type Family } from "../dispatch/row.ts";

/** The rows. */
export const domainLifeCycle = {
  domainCreate: calls("domain.start"),
  domainSuspend: calls("domain.suspend"),
  domainResume: calls("domain.resume"),
  domainShutdown: calls("domain.shutdown"),
  domainReboot: calls("domain.reboot"),
  domainReset: calls("domain.reset"),
  domainDestroy: calls("domain.destroy"),
  domainDestroyFlags: calls("domain.destroy", { flags: 1 }),
  domainCreateXml: calls("domain.create", {
    flags: 1,
    input: ({ xmlDesc, flags }) => ({ xml: xmlDesc, paused: (flags & 1) !== 0 }),
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
} satisfies Family;
