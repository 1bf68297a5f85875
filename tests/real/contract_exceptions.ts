/**
 * What of the contract does not hold on real hypervisors, with the reason for each. These lists only shrink.
 *
 * @module
 */

/** Names of tests, and why they cannot hold. */
export type Exceptions = Readonly<Record<string, string>>;

/** libvirt's own test driver, which is simpler than any hypervisor. */
export const testExceptions: Exceptions = {};

/** QEMU with a domain that has no operating system in it. */
export const qemuExceptions: Exceptions = {};
