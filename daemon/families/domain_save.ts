/**
 * Domains: saving, restoring, dumping.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { dumpFormats } from "../../protocol/words/domain.ts";
import { refTo } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Source: libvirt, virDomainSaveRestoreFlags. */
const saveFlag = { bypassCache: 1, running: 2, paused: 4 } as const;
const saveFlags = saveFlag.bypassCache | saveFlag.running | saveFlag.paused;

/** Source: libvirt, virDomainCoreDumpFlags. */
const dumpFlag = { crash: 1, live: 2, bypassCache: 4, reset: 8, memoryOnly: 16 } as const;
const dumpFlags = dumpFlag.crash | dumpFlag.live | dumpFlag.bypassCache | dumpFlag.reset |
  dumpFlag.memoryOnly;

const secure = 1;

/** Whether the domain is to be paused then; nothing said leaves it as it is. */
function state(flags: number): { paused?: boolean } {
  const { running, paused } = saveFlag;
  if ((flags & running) !== 0 && (flags & paused) !== 0) {
    throw new VirtError(
      "invalid-argument",
      "flags 'VIR_DOMAIN_SAVE_RUNNING' and 'VIR_DOMAIN_SAVE_PAUSED' are mutually exclusive",
      { remoteCode: "VIR_ERR_INVALID_ARG" },
    );
  }
  return (flags & (running | paused)) === 0 ? {} : { paused: (flags & paused) !== 0 };
}

function refuseOtherDefinition(dxml: string | undefined): void {
  if (dxml === undefined) return;
  throw new VirtError("unsupported", "xml modification unsupported", {
    remoteCode: "VIR_ERR_ARGUMENT_UNSUPPORTED",
  });
}

function dumped(flags: number): {
  afterwards: "goes-on" | "crashes" | "resets";
  live: boolean;
  memoryOnly: boolean;
  bypassCache: boolean;
} {
  if ((flags & dumpFlag.crash) !== 0 && (flags & dumpFlag.live) !== 0) {
    throw new VirtError(
      "invalid-argument",
      "flags 'VIR_DUMP_CRASH' and 'VIR_DUMP_LIVE' are mutually exclusive",
      { remoteCode: "VIR_ERR_INVALID_ARG" },
    );
  }
  return {
    afterwards: (flags & dumpFlag.crash) !== 0
      ? "crashes"
      : (flags & dumpFlag.reset) !== 0
      ? "resets"
      : "goes-on",
    live: (flags & dumpFlag.live) !== 0,
    memoryOnly: (flags & dumpFlag.memoryOnly) !== 0,
    bypassCache: (flags & dumpFlag.bypassCache) !== 0,
  };
}

/** A file that is not there is the system's to tell. */
const absent = "VIR_ERR_SYSTEM_ERROR";

/** The rows. */
export const domainSave = {
  domainSave: calls("domain.save", { input: ({ to }) => ({ path: to }) }),
  domainSaveFlags: calls("domain.save", {
    flags: saveFlags,
    input: ({ to, dxml, flags }) => {
      refuseOtherDefinition(dxml);
      return { path: to, bypassCache: (flags & saveFlag.bypassCache) !== 0, ...state(flags) };
    },
  }),
  domainRestore: calls("domain.restore", { absent, input: ({ from }) => ({ path: from }) }),
  domainRestoreFlags: calls("domain.restore", {
    absent,
    flags: saveFlags,
    input: ({ from, dxml, flags }) => {
      refuseOtherDefinition(dxml);
      return { path: from, ...state(flags) };
    },
  }),
  domainSaveImageGetXmlDesc: calls("domain.savedXml", {
    absent,
    flags: secure,
    input: ({ file }) => ({ path: file }),
    result: (xml) => ({ xml }),
  }),
  domainSaveImageDefineXml: calls("domain.defineSaved", {
    absent,
    flags: saveFlag.running | saveFlag.paused,
    input: ({ file, dxml }) => ({ path: file, xml: dxml }),
  }),
  domainManagedSave: calls("domain.managedSave", {
    flags: saveFlags,
    input: ({ flags }) => ({ bypassCache: (flags & saveFlag.bypassCache) !== 0, ...state(flags) }),
  }),
  domainHasManagedSaveImage: calls("domain.info", {
    result: ({ managedSave }) => ({ result: managedSave ? 1 : 0 }),
  }),
  domainManagedSaveRemove: calls("domain.removeManagedSave"),
  domainManagedSaveGetXmlDesc: calls("domain.managedSaveXml", {
    flags: secure,
    input: ({ flags }) => ({ secure: (flags & secure) !== 0 }),
    result: (xml) => ({ xml }),
  }),
  domainManagedSaveDefineXml: answers(async ({ dom, dxml }, session) => {
    const target = refTo("domain", dom);
    if (dxml !== undefined) await session.run("domain.defineManagedSave", { target, input: { xml: dxml } });
    return undefined;
  }, { flags: saveFlag.running | saveFlag.paused }),
  domainCoreDump: calls("domain.dump", {
    flags: dumpFlags,
    input: ({ to, flags }) => ({ path: to, ...dumped(flags) }),
  }),
  domainCoreDumpWithFormat: calls("domain.dump", {
    flags: dumpFlags,
    input: ({ to, dumpformat, flags }) => {
      const format = dumpFormats[dumpformat];
      if (format === undefined) {
        throw new VirtError("invalid-argument", `dumpformat '${dumpformat}' is unknown`, {
          remoteCode: "VIR_ERR_INVALID_ARG",
        });
      }
      return { path: to, format, ...dumped(flags) };
    },
  }),
} satisfies Family;
