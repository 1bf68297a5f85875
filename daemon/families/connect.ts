/**
 * The connection itself: opening, closing, features, versions, notices.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { hypervisorName } from "../dispatch/hypervisor_name.ts";
import { answers, answersEarly, calls, type Family } from "../dispatch/row.ts";
import { notOpen } from "../session.ts";

/** What clients ask a daemon for by number. Source: libvirt, virDrvFeature. */
const feature = {
  remote: 2,
  fdPassing: 8,
  typedParameterStrings: 9,
  keepalive: 10,
  eventCallbacks: 14,
  closeCallback: 15,
  networkUpdateOrder: 16,
} as const;

/** The bit of the flags of opening that means something here: only to look. */
const openFlag = { readonly: 1 } as const;

/** The version of libvirt whose protocol is spoken, as clients are told it. */
const libraryVersion = 11_003_000n;

/** libvirt's number of a version: `1.2.3` is 1002003. */
function versionNumber(text: string): bigint {
  const [major = 0, minor = 0, release = 0] = text.split(".").map(Number);
  return BigInt(major) * 1_000_000n + BigInt(minor) * 1_000n + BigInt(release);
}

function alreadyWatched(how: "already" | "not"): VirtError {
  return new VirtError("invalid-argument", `close callback ${how} registered`, {
    remoteCode: "VIR_ERR_OPERATION_INVALID",
    detail: { from: "VIR_FROM_RPC" },
  });
}

/** The rows. */
export const connect = {
  connectOpen: answersEarly(async ({ name, flags }, session) => {
    await session.openHost(name === "" ? undefined : name, { readonly: (flags & openFlag.readonly) !== 0 });
    return undefined;
    // libvirt's clients send bits of their own too, such as that they started the daemon; libvirtd passes over what it does not know.
  }, { flags: ~0 }),
  connectClose: answersEarly((_args, session) => {
    session.connection.part();
    return undefined;
  }),
  connectSupportsFeature: answersEarly(({ feature: number }, session) => {
    switch (number) {
      case feature.keepalive:
        session.connection.startKeepalive();
        return { supported: 1 };
      case feature.eventCallbacks:
      case feature.closeCallback:
        return { supported: 1 };
      case feature.fdPassing:
        // Nothing here can receive an open file from somebody else's process.
        return { supported: 0 };
    }
    if (session.host === undefined) throw notOpen();
    const isEverywhere = number === feature.remote || number === feature.typedParameterStrings ||
      number === feature.networkUpdateOrder;
    return { supported: isEverywhere ? 1 : 0 };
  }),
  connectRegisterCloseCallback: answers((_args, session) => {
    if (session.events.watchesClose) throw alreadyWatched("already");
    session.events.watchesClose = true;
    return undefined;
  }),
  connectUnregisterCloseCallback: answers((_args, session) => {
    if (!session.events.watchesClose) throw alreadyWatched("not");
    session.events.watchesClose = false;
    return undefined;
  }),
  // Of one driver, libvirt tells clients in capitals what it tells its policies otherwise.
  connectGetType: answers((_args, { connection: { driver } }) => ({
    type: driver === "test" ? "TEST" : hypervisorName(driver),
  })),
  connectGetVersion: calls("connection.info", {
    result: ({ hypervisorVersion }) => ({ hvVer: versionNumber(hypervisorVersion) }),
  }),
  connectGetLibVersion: answers(() => ({ libVer: libraryVersion })),
  connectGetUri: answers((_args, { uri }) => ({ uri })),
  connectGetHostname: calls("connection.info", { result: ({ hostname }) => ({ hostname }) }),
  connectGetMaxVcpus: calls("connection.info", { result: ({ maxVcpus }) => ({ maxVcpus }) }),
  connectIsSecure: calls("connection.info", { result: ({ secure }) => ({ secure: secure ? 1 : 0 }) }),
  connectSetIdentity: answers(() => {
    throw new VirtError("permission-denied", "Cannot take the word of a client for who somebody else is", {
      remoteCode: "VIR_ERR_ACCESS_DENIED",
    });
  }),
} satisfies Family;
