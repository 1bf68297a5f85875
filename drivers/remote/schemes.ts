/**
 * Which URIs lead to a libvirtd.
 *
 * @module
 */
import type { ConnectionUri } from "../../model/uri.ts";

/** The driver's name. */
export const driverName = "remote";

/**
 * The schemes that somebody's libvirtd may answer for. Of `test`, only those with a transport or a host: the rest is
 * simulated here. Source: libvirt, drivers' URI schemes.
 */
export const schemes: readonly string[] = [
  ...["qemu", "lxc", "xen", "bhyve", "ch", "vz", "virtuozzo", "parallels", "openvz", "vbox"],
  ...["vmwareplayer", "vmwarews", "vmwarefusion", "esx", "gsx", "vpx", "hyperv", "test", "remote"],
];

/** Whether a URI leads to a libvirtd: whatever names a way there does, whatever its hypervisor. */
export function servesRemotely({ driver, transport, host }: ConnectionUri): boolean {
  if (transport !== undefined || host !== undefined) return true;
  return driver !== "test" && schemes.includes(driver);
}
