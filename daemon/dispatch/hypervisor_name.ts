/**
 * What libvirt's drivers call themselves.
 *
 * @module
 */

const names: Readonly<Record<string, string>> = { test: "Test", qemu: "QEMU", lxc: "LXC" };

/**
 * libvirt's name for a driver, as clients are told it.
 *
 * @example
 * ```ts
 * import { hypervisorName } from "./hypervisor_name.ts";
 * hypervisorName("qemu"); // "QEMU"
 * ```
 */
export function hypervisorName(driver: string): string {
  return Object.hasOwn(names, driver) ? names[driver] ?? driver : driver;
}
