/**
 * What processes in a container may do. Facts: libvirt formatdomain, "Hypervisor features", `<capabilities>`, and Linux
 * capabilities(7).
 *
 * @module
 */
import { attribute, element, enumeration, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { featureState } from "./feature_state.ts";

const capabilitiesShape = shape({
  policy: attribute(enumeration("default", "allow", "deny")).default("default"),
  auditControl: element("audit_control", featureState).optional(),
  auditWrite: element("audit_write", featureState).optional(),
  blockSuspend: element("block_suspend", featureState).optional(),
  chown: element(featureState).optional(),
  dacOverride: element("dac_override", featureState).optional(),
  dacReadSearch: element("dac_read_search", featureState).optional(),
  fowner: element(featureState).optional(),
  fsetid: element(featureState).optional(),
  ipcLock: element("ipc_lock", featureState).optional(),
  ipcOwner: element("ipc_owner", featureState).optional(),
  kill: element(featureState).optional(),
  lease: element(featureState).optional(),
  linuxImmutable: element("linux_immutable", featureState).optional(),
  macAdmin: element("mac_admin", featureState).optional(),
  macOverride: element("mac_override", featureState).optional(),
  mknod: element(featureState).optional(),
  netAdmin: element("net_admin", featureState).optional(),
  netBindService: element("net_bind_service", featureState).optional(),
  netBroadcast: element("net_broadcast", featureState).optional(),
  netRaw: element("net_raw", featureState).optional(),
  setgid: element(featureState).optional(),
  setfcap: element(featureState).optional(),
  setpcap: element(featureState).optional(),
  setuid: element(featureState).optional(),
  sysAdmin: element("sys_admin", featureState).optional(),
  sysBoot: element("sys_boot", featureState).optional(),
  sysChroot: element("sys_chroot", featureState).optional(),
  sysModule: element("sys_module", featureState).optional(),
  sysNice: element("sys_nice", featureState).optional(),
  sysPacct: element("sys_pacct", featureState).optional(),
  sysPtrace: element("sys_ptrace", featureState).optional(),
  sysRawio: element("sys_rawio", featureState).optional(),
  sysResource: element("sys_resource", featureState).optional(),
  sysTime: element("sys_time", featureState).optional(),
  sysTtyConfig: element("sys_tty_config", featureState).optional(),
  syslog: element(featureState).optional(),
  wakeAlarm: element("wake_alarm", featureState).optional(),
});

/** Capabilities that are granted or taken away from the policy's. */
export interface ProcessCapabilities extends ValueOf<typeof capabilitiesShape> {}

/** `<capabilities>` among the features. */
export const processCapabilities: Shape<ProcessCapabilities> = capabilitiesShape;
