/**
 * Which of a domain's two definitions a call concerns, in libvirt's bits.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { RemoteDomain } from "../../protocol/procedures/mod.ts";
import type { HostSession } from "../host_session.ts";
import { refTo } from "./objects.ts";

/** Source: libvirt, virDomainModificationImpact. */
export const affectFlag = { live: 1, config: 2 } as const;

/** Both bits. */
export const affectFlags: number = affectFlag.live | affectFlag.config;

/** What a change concerns; nothing said is what runs if it runs, else the definition. */
export function affected(flags: number): { live?: true; config?: true } {
  return {
    ...((flags & affectFlag.live) === 0 ? {} : { live: true }),
    ...((flags & affectFlag.config) === 0 ? {} : { config: true }),
  };
}

/** What a question may be about, and of which domain. */
interface Asked {
  readonly dom: RemoteDomain;
  readonly flags?: number;
}

/**
 * What a question is about.
 *
 * @throws {VirtError} `invalid-argument` where it is about both; `wrong-state` where it is about what runs and nothing does.
 */
export function asked({ dom, flags = 0 }: Asked, session: HostSession): { config: boolean } {
  if ((flags & affectFlags) === affectFlags) {
    throw new VirtError(
      "invalid-argument",
      "flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive",
      { remoteCode: "VIR_ERR_INVALID_ARG" },
    );
  }
  if ((flags & affectFlag.live) !== 0) requireRunning(dom, session);
  return { config: (flags & affectFlag.config) !== 0 };
}

/**
 * Refuses what needs a running domain where it does not run.
 *
 * @throws {VirtError} `wrong-state`; `not-found`
 */
export function requireRunning(dom: RemoteDomain, session: HostSession): void {
  if (session.find(refTo("domain", dom)).live !== undefined) return;
  throw new VirtError("wrong-state", "domain is not running", { remoteCode: "VIR_ERR_OPERATION_INVALID" });
}
