/**
 * Domains: devices.
 *
 * @module
 */
import { affected, affectFlags, requireRunning } from "../dispatch/affect.ts";
import { refTo } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Of changes of a device: also where the guest may notice. */
const force = 4;

/** Of the size of a disk: in bytes, not in KiB. Source: libvirt, virDomainBlockResizeFlags. */
const inBytes = 1;

const absent = "VIR_ERR_DEVICE_MISSING";

/** The rows. */
export const domainDevice = {
  domainAttachDevice: answers(async ({ dom, xml }, session) => {
    requireRunning(dom, session);
    await session.run("domain.attachDevice", { target: refTo("domain", dom), input: { xml, live: true } });
    return undefined;
  }),
  domainAttachDeviceFlags: calls("domain.attachDevice", {
    flags: affectFlags,
    input: ({ xml, flags }) => ({ xml, ...affected(flags) }),
  }),
  domainDetachDevice: answers(async ({ dom, xml }, session) => {
    requireRunning(dom, session);
    await session.run("domain.detachDevice", { target: refTo("domain", dom), input: { xml, live: true } });
    return undefined;
  }),
  domainDetachDeviceFlags: calls("domain.detachDevice", {
    absent,
    flags: affectFlags,
    input: ({ xml, flags }) => ({ xml, ...affected(flags) }),
  }),
  domainDetachDeviceAlias: calls("domain.detachDevice", {
    absent,
    flags: affectFlags,
    input: ({ alias, flags }) => ({ alias, ...affected(flags) }),
  }),
  domainUpdateDeviceFlags: calls("domain.updateDevice", {
    absent,
    flags: affectFlags | force,
    input: ({ xml, flags }) => ({ xml, ...affected(flags) }),
  }),
  domainBlockResize: calls("domain.resizeBlock", {
    flags: inBytes,
    input: ({ disk, size, flags }) => ({
      disk,
      sizeBytes: Number((flags & inBytes) === 0 ? size * 1024n : size),
    }),
  }),
} satisfies Family;
