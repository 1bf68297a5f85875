/**
 * Inside the guest, mostly through its agent: file systems, time, passwords, addresses, keys.
 *
 * @module
 */
import { hyper, int, list, optional, uhyper, uint } from "../xdr/mod.ts";
import { addressesFromAgent, whenField } from "./access.ts";
import { limits } from "./limits.ts";
import { domain, filesystemInfo, guestInterface, text, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** Inside the guest, mostly through its agent: file systems, time, passwords, addresses, keys. */
export const domainGuestProcedures = {
  domainGetHostname: procedure(277, {
    args: { dom: domain, flags: uint },
    result: { hostname: text },
    acl: ["domain:write"],
  }),
  domainFstrim: procedure(294, {
    args: { dom: domain, mountPoint: optional(text), minimum: uhyper, flags: uint },
    acl: ["domain:fs_trim"],
  }),
  domainFsfreeze: procedure(335, {
    args: { dom: domain, mountpoints: list(text, limits.domainFsfreezeMountpoints), flags: uint },
    result: { filesystems: int },
    acl: ["domain:fs_freeze"],
  }),
  domainFsthaw: procedure(336, {
    args: { dom: domain, mountpoints: list(text, limits.domainFsfreezeMountpoints), flags: uint },
    result: { filesystems: int },
    acl: ["domain:fs_freeze"],
  }),
  domainGetTime: procedure(337, {
    args: { dom: domain, flags: uint },
    result: { seconds: hyper, nseconds: uint },
    acl: ["domain:write"],
  }),
  domainSetTime: procedure(338, {
    args: { dom: domain, seconds: hyper, nseconds: uint, flags: uint },
    acl: ["domain:set_time"],
  }),
  domainGetFsinfo: procedure(349, {
    args: { dom: domain, flags: uint },
    result: { info: list(filesystemInfo, limits.domainFsinfo), ret: uint },
    acl: ["domain:fs_freeze"],
  }),
  domainInterfaceAddresses: procedure(353, {
    args: { dom: domain, source: uint, flags: uint },
    result: { ifaces: list(guestInterface, limits.domainInterface) },
    acl: ["domain:read", whenField("domain:write", { name: "source", equals: addressesFromAgent })],
  }),
  domainSetUserPassword: procedure(357, {
    args: { dom: domain, user: optional(text), password: optional(text), flags: uint },
    acl: ["domain:set_password"],
  }),
  domainGetGuestVcpus: procedure(371, {
    args: { dom: domain, flags: uint },
    result: { params: typedParameters(limits.domainGuestVcpuParams) },
    acl: ["domain:write"],
  }),
  domainSetGuestVcpus: procedure(372, {
    args: { dom: domain, cpumap: text, state: int, flags: uint },
    acl: ["domain:write"],
  }),
  domainGetGuestInfo: procedure(418, {
    args: { dom: domain, types: uint, flags: uint },
    result: { params: typedParameters(limits.domainGuestInfoParams) },
    acl: ["domain:write"],
  }),
  domainAgentSetResponseTimeout: procedure(420, {
    args: { dom: domain, timeout: int, flags: uint },
    result: { result: int },
    acl: ["domain:write"],
  }),
  domainAuthorizedSshKeysGet: procedure(424, {
    args: { dom: domain, user: text, flags: uint },
    result: { keys: list(text, limits.domainAuthorizedSshKeys) },
    acl: ["domain:write"],
  }),
  domainAuthorizedSshKeysSet: procedure(425, {
    args: { dom: domain, user: text, keys: list(text, limits.domainAuthorizedSshKeys), flags: uint },
    acl: ["domain:write"],
  }),
};
