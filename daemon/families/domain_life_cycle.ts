/**
 * Domains: starting, stopping and what lies between.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { refTo, remoteDomain } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Source: libvirt, virDomainCreateFlags. */
const startFlag = {
  paused: 1,
  autoDestroy: 2,
  bypassCache: 4,
  forceBoot: 8,
  validate: 16,
  resetNvram: 32,
} as const;

/** Source: libvirt, virDomainUndefineFlagsValues. */
const undefineFlag = {
  managedSave: 1,
  snapshotsMetadata: 2,
  nvram: 4,
  keepNvram: 8,
  checkpointsMetadata: 16,
  tpm: 32,
  keepTpm: 64,
} as const;
const undefineFlags = Object.values(undefineFlag).reduce((all, flag) => all | flag, 0);

/** Ways to ask a guest to shut down, each at the place of its bit. Source: libvirt, virDomainShutdownFlagValues. */
const ways = ["acpi", "agent", "initctl", "signal", "paravirt"] as const;
const wayFlags = (1 << ways.length) - 1;

/** The one way that the bits name; the hypervisor's own choice where they name none. */
function way(flags: number): { mode?: typeof ways[number] } {
  const named = ways.filter((_way, index) => (flags & 1 << index) !== 0);
  const [mode] = named;
  // Of several, the hypervisor is to choose.
  return mode === undefined || named.length > 1 ? {} : { mode };
}

/** Bits that go with a client's connection, which nothing here does. */
function refuseAutoDestroy(flags: number): void {
  if ((flags & startFlag.autoDestroy) === 0) return;
  throw new VirtError("unsupported", "a domain cannot be bound to its client's connection", {
    remoteCode: "VIR_ERR_ARGUMENT_UNSUPPORTED",
  });
}

const startFlags = startFlag.paused | startFlag.autoDestroy | startFlag.forceBoot;

/** The rows. */
export const domainLifeCycle = {
  domainCreate: calls("domain.start"),
  domainCreateWithFlags: answers(async ({ dom, flags }, session) => {
    refuseAutoDestroy(flags);
    const target = refTo("domain", dom);
    await session.run("domain.start", {
      target,
      input: { paused: (flags & startFlag.paused) !== 0, forceBoot: (flags & startFlag.forceBoot) !== 0 },
    });
    return { dom: remoteDomain(target, session) };
  }, { flags: startFlags }),
  domainCreateXml: calls("domain.create", {
    flags: startFlag.paused | startFlag.autoDestroy | startFlag.validate,
    input: ({ xmlDesc, flags }) => {
      refuseAutoDestroy(flags);
      return { xml: xmlDesc, paused: (flags & startFlag.paused) !== 0 };
    },
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
  domainUndefine: calls("domain.undefine"),
  domainUndefineFlags: calls("domain.undefine", {
    flags: undefineFlags,
    input: ({ flags }) => ({
      managedSave: (flags & undefineFlag.managedSave) !== 0,
      snapshotsMetadata: (flags & undefineFlag.snapshotsMetadata) !== 0,
      checkpointsMetadata: (flags & undefineFlag.checkpointsMetadata) !== 0,
      ...((flags & (undefineFlag.nvram | undefineFlag.keepNvram)) === 0
        ? {}
        : { nvram: (flags & undefineFlag.nvram) !== 0 }),
    }),
  }),
  domainSuspend: calls("domain.suspend"),
  domainResume: calls("domain.resume"),
  domainShutdown: calls("domain.shutdown"),
  domainShutdownFlags: calls("domain.shutdown", { flags: wayFlags, input: ({ flags }) => way(flags) }),
  domainReboot: calls("domain.reboot", { flags: wayFlags, input: ({ flags }) => way(flags) }),
  domainReset: calls("domain.reset"),
  domainDestroy: calls("domain.destroy"),
  domainDestroyFlags: calls("domain.destroy", { flags: 1 | 2 }),
  domainPmSuspendForDuration: calls("domain.sleep"),
  domainPmWakeup: calls("domain.wakeUp"),
  domainInjectNmi: calls("domain.injectNmi"),
} satisfies Family;
