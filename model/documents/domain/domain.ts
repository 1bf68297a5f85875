/**
 * The domain document. Facts: libvirt formatdomain.
 *
 * @module
 */
import {
  attribute,
  content,
  document,
  element,
  elements,
  enumeration,
  foreign,
  integer,
  kibibytes,
  shape,
  text,
  uuid,
  type ValueOf,
} from "../language/mod.ts";
import type { Description } from "../language/mod.ts";
import { blockIoTune } from "./blkiotune.ts";
import { clock } from "./clock.ts";
import { cpu } from "./cpu.ts";
import { cpuTune } from "./cputune.ts";
import { devices } from "./devices.ts";
import { checkDomain } from "./domain_checks.ts";
import {
  isTranslated,
  storedPlacement,
  withExistingVcpus,
  withinMemory,
  withIoThreads,
  withMemory,
  withOs,
  withPlacement,
} from "./domain_defaults.ts";
import { features } from "./features.ts";
import { idMap } from "./idmap.ts";
import {
  noDevices,
  withEmptyDrives,
  withFirstConsole,
  withImplicitDevices,
  withPrimaryVideo,
} from "./implicit_devices.ts";
import { defaultIoThread, ioThreadIds } from "./iothreads.ts";
import { throttleGroups } from "./iotune.ts";
import { keyWrap, launchSecurity } from "./launch_security.ts";
import { lifecycleFields, perf, powerManagement } from "./lifecycle.ts";
import { maxMemory, memory, memoryBacking, memoryTune } from "./memory.ts";
import { namespaceFields } from "./namespaces.ts";
import { numaTune } from "./numa.ts";
import { os } from "./os.ts";
import { resource } from "./resource.ts";
import { securityLabel } from "./seclabel.ts";
import { sysinfo } from "./sysinfo.ts";
import { vcpu, vcpus } from "./vcpu.ts";

const domainType = enumeration(
  ...["none", "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv"] as const,
  ...["vbox", "phyp", "parallels", "vz", "bhyve", "hvf"] as const,
);

const domainShape = shape({
  type: attribute(domainType),
  id: attribute(integer({ min: -1, max: 2 ** 31 - 1 })).optional().transient(),
  name: element(text({ pattern: /^[^\n]+$/, expected: "a name without line breaks" })),
  uuid: element(uuid()).optional(),
  hwuuid: element(uuid()).optional(),
  genid: element({ uuid: content({ ...uuid(), emptyIsAbsent: true }).optional() }).optional(),
  title: element(text({ pattern: /^[^\n]+$/, expected: "a title without line breaks" })).optional(),
  description: element(text()).optional(),
  metadata: element(foreign()).optional(),
  maxMemory: element(maxMemory).optional(),
  memory: element(memory).default({ kibibytes: 0 }),
  currentMemory: element(kibibytes()).optional(),
  blkiotune: element(blockIoTune).omittingEmpty(),
  memtune: element(memoryTune).omittingEmpty(),
  memoryBacking: element(memoryBacking).omittingEmpty(),
  vcpu: element(vcpu).default({ placement: "static", count: 1 }),
  vcpus: element(vcpus).omittingEmpty(),
  iothreads: element(integer({ max: 2 ** 32 - 1 })).omitting(0),
  iothreadids: element(ioThreadIds).omittingEmpty(),
  defaultiothread: element(defaultIoThread).omittingEmpty(),
  throttlegroups: element(throttleGroups).omittingEmpty(),
  cputune: element(cpuTune).omittingEmpty(),
  numatune: element(numaTune).omittingEmpty(),
  iommufd: element({
    enabled: attribute(enumeration("yes", "no")),
    fdgroup: attribute(text()).optional(),
  }).optional(),
  resource: element(resource).omittingEmpty(),
  sysinfos: elements("sysinfo", sysinfo),
  bootloader: element(text()).optional(),
  bootloaderArgs: element("bootloader_args", text()).optional(),
  os: element(os).optional(),
  idmap: element(idMap).omittingEmpty(),
  features: element(features).omittingEmpty(),
  cpu: element(cpu).omittingEmpty(),
  clock: element(clock).default({ offset: "utc", timers: [] }),
  ...lifecycleFields,
  pm: element(powerManagement).omittingEmpty(),
  perf: element(perf).omittingEmpty(),
  devices: element(devices).default(noDevices),
  seclabels: elements("seclabel", securityLabel),
  keywrap: element(keyWrap).omittingEmpty(),
  launchSecurity: element(launchSecurity).optional(),
  ...namespaceFields,
}).normalise((domain, reading) => {
  const placed = withPlacement(withIoThreads(withMemory(domain, reading)), reading);
  const whole = withOs(placed, reading);
  const { newUuid } = reading.context;
  const named = whole.uuid === undefined && newUuid !== undefined ? { ...whole, uuid: newUuid() } : whole;
  const of = { type: named.type, machine: named.os?.type?.name, arch: named.os?.type?.arch };
  return { ...named, devices: withImplicitDevices(named.devices, of, reading) };
}).check(checkDomain).stored((domain) => {
  const { bootloaderArgs: _, ...unloaded } = domain;
  // Arguments are those of a loader that there is.
  const loaded = domain.bootloader === undefined ? unloaded : domain;
  const seclabels = domain.seclabels.filter((label) => label.type !== undefined);
  const within = storedPlacement(withExistingVcpus(withinMemory({ ...loaded, seclabels })));
  if (isTranslated(within)) return within;
  const videos = withPrimaryVideo(withEmptyDrives(within.devices));
  return { ...within, devices: within.os?.type?.name === "hvm" ? withFirstConsole(videos) : videos };
});

/** A domain: the definition of a virtual machine or a container. */
export interface Domain extends ValueOf<typeof domainShape> {}

/** `<domain>`. */
export const domain: Description<Domain> = document("domain", domainShape, { title: "domain" });
