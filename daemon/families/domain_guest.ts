/**
 * Domains: what is in the guest, mostly by its agent.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { refTo } from "../dispatch/objects.ts";
import { type Parameters, typedParameters } from "../dispatch/parameters.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { addressSources, keyCodeSets } from "../../protocol/words/domain.ts";
import { addressFamilies } from "../../protocol/words/network.ts";

/** Source: libvirt, virDomainGuestInfoTypes. */
const infoFlag = {
  users: 1,
  os: 2,
  timezone: 4,
  hostname: 8,
  filesystems: 16,
  disks: 32,
  interfaces: 64,
} as const;

/** Source: libvirt, virDomainGetHostnameFlags. */
const hostnameFlag = { lease: 1, agent: 2 } as const;

const encrypted = 1;
const synchronized = 1;

function codesetOf(number: number): typeof keyCodeSets[number] {
  const found = keyCodeSets[number];
  if (found !== undefined) return found;
  throw new VirtError("unsupported", `cannot translate keycodes of codeset ${number}`, {
    remoteCode: "VIR_ERR_ARGUMENT_UNSUPPORTED",
  });
}

type GuestInfo = OutputOf<Operations["domain.guestInfo"]>;

/** What the guest tells, as libvirt names it. */
function told(info: GuestInfo, types: number): Parameters {
  const has = (flag: number): boolean => types === 0 || (types & flag) !== 0;
  const found: Record<string, number | string | boolean | undefined> = {};
  if (has(infoFlag.users)) {
    found["user.count"] = info.users.length;
    info.users.forEach(({ name, loginTime }, index) => {
      found[`user.${index}.name`] = name;
      found[`user.${index}.login-time`] = loginTime;
    });
  }
  if (has(infoFlag.os)) {
    const { id, name, version, kernelRelease, machine } = info.os;
    Object.assign(found, {
      "os.id": id,
      "os.name": name,
      "os.version": version,
      "os.kernel-release": kernelRelease,
      "os.machine": machine,
    });
  }
  if (has(infoFlag.timezone)) {
    Object.assign(found, { "timezone.name": info.timezone.name, "timezone.offset": info.timezone.offsetS });
  }
  if (has(infoFlag.hostname)) found["hostname"] = info.hostname;
  if (has(infoFlag.filesystems)) {
    found["fs.count"] = info.filesystems.length;
    info.filesystems.forEach(({ mountpoint, name, type, disks }, index) => {
      Object.assign(found, {
        [`fs.${index}.name`]: name,
        [`fs.${index}.mountpoint`]: mountpoint,
        [`fs.${index}.fstype`]: type,
        [`fs.${index}.disk.count`]: disks.length,
      });
      disks.forEach((disk, at) => found[`fs.${index}.disk.${at}.alias`] = disk);
    });
  }
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}

function guestKind(name: string): "uint" | "ullong" | "int" | "string" {
  if (name.endsWith(".count")) return "uint";
  if (name.endsWith(".login-time")) return "ullong";
  return name === "timezone.offset" ? "int" : "string";
}

function givenMountpoints(mountpoints: readonly string[]): { mountpoints?: string[] } {
  return mountpoints.length === 0 ? {} : { mountpoints: [...mountpoints] };
}

/** The rows. */
export const domainGuest = {
  domainInterfaceAddresses: calls("domain.addresses", {
    input: ({ source }) => {
      const found = addressSources[source];
      if (found === undefined) {
        throw new VirtError("unsupported", `Unknown IP address data source ${source}`, {
          remoteCode: "VIR_ERR_ARGUMENT_UNSUPPORTED",
        });
      }
      return { source: found };
    },
    result: (interfaces) => ({
      ifaces: interfaces.map(({ interface: name, mac, addresses }) => ({
        name,
        hwaddr: mac,
        addrs: addresses.map(({ family, address, prefix }) => ({
          type: addressFamilies.indexOf(family),
          addr: address,
          prefix,
        })),
      })),
    }),
  }),
  domainGetHostname: calls("domain.hostname", {
    flags: hostnameFlag.lease | hostnameFlag.agent,
    input: ({ flags }) => {
      const source = (flags & hostnameFlag.agent) !== 0
        ? "agent" as const
        : (flags & hostnameFlag.lease) !== 0
        ? "lease" as const
        : undefined;
      return source === undefined ? {} : { source };
    },
    result: ({ hostname }) => ({ hostname }),
  }),
  domainGetTime: calls("domain.time", {
    result: ({ seconds, nanoseconds }) => ({ seconds: BigInt(seconds), nseconds: nanoseconds }),
  }),
  domainSetTime: calls("domain.setTime", {
    flags: synchronized,
    input: ({ seconds, flags }) =>
      (flags & synchronized) === 0 ? { seconds: Number(seconds) } : { sync: true },
  }),
  domainFsfreeze: answers(async ({ dom, mountpoints }, session) => {
    const input = givenMountpoints(mountpoints);
    const { frozen = 0 } = await session.run("domain.freeze", { target: refTo("domain", dom), input });
    return { filesystems: frozen };
  }),
  domainFsthaw: answers(async ({ dom, mountpoints }, session) => {
    const input = givenMountpoints(mountpoints);
    const { thawed = 0 } = await session.run("domain.thaw", { target: refTo("domain", dom), input });
    return { filesystems: thawed };
  }),
  domainFstrim: calls("domain.trim", {
    input: ({ mountPoint, minimum }) => ({
      ...(mountPoint === undefined ? {} : { mountpoint: mountPoint }),
      minimumBytes: Number(minimum),
    }),
  }),
  domainGetFsinfo: calls("domain.guestInfo", {
    result: ({ filesystems }) => ({
      info: filesystems.map(({ mountpoint, name, type, disks }) => ({
        mountpoint,
        name,
        fstype: type,
        devAliases: disks,
      })),
      ret: filesystems.length,
    }),
  }),
  domainGetGuestInfo: calls("domain.guestInfo", {
    result: (info, { args: { types } }) => ({
      params: typedParameters(told(info, types), { kindOf: guestKind }),
    }),
  }),
  domainSetUserPassword: calls("domain.setPassword", {
    flags: encrypted,
    input: ({ user, password, flags }) => ({
      user: user ?? "",
      password: password ?? "",
      encrypted: (flags & encrypted) !== 0,
    }),
  }),
  domainSendKey: calls("domain.sendKey", {
    input: ({ codeset, holdtime, keycodes }) => ({
      codeset: codesetOf(codeset),
      holdMs: holdtime,
      keys: [...keycodes],
    }),
  }),
  domainSendProcessSignal: calls("domain.sendSignal", {
    input: ({ pidValue, signum }) => ({ pid: Number(pidValue), signal: signum }),
  }),
  domainGetGuestVcpus: calls("domain.guestVcpus", {
    result: ({ vcpus, online, offlinable }) => ({
      params: typedParameters({ vcpus, online, offlinable }, { kindOf: () => "string" }),
    }),
  }),
  domainSetGuestVcpus: calls("domain.setGuestVcpus", {
    input: ({ cpumap, state }) => ({ vcpus: cpumap, online: state !== 0 }),
  }),
  domainAuthorizedSshKeysGet: calls("domain.authorizedKeys", {
    input: ({ user }) => ({ user }),
    result: (keys) => ({ keys }),
  }),
  domainAuthorizedSshKeysSet: calls("domain.setAuthorizedKeys", {
    flags: 1 | 2,
    input: ({ user, keys, flags }) => ({
      user,
      keys: [...keys],
      how: (flags & 2) !== 0 ? "remove" as const : (flags & 1) !== 0 ? "append" as const : "replace" as const,
    }),
  }),
} satisfies Family;
