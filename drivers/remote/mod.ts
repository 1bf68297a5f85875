/**
 * The remote driver: hypervisors behind somebody's libvirtd.
 *
 * @module
 */
export { createRemoteDriver, type OpenRpc, remoteDriver } from "./driver.ts";
export { schemes, servesRemotely } from "./schemes.ts";
