/**
 * The documents in which a simulated host describes itself. What they say is what libvirt's test driver says; domain
 * and pool capabilities, which that driver lacks, follow from what this one can do.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { In } from "./operation_types.ts";
import type { HostRecord } from "./world/record.ts";

/** The memory of the two NUMA cells, in KiB. Source: libvirt's test driver. */
export const cellKib = [2 * 1024 ** 2, 4 * 1024 ** 2] as const;

/** The emulator of a simulated host. */
const emulator = "/usr/bin/test-hv";

const osTypes = ["hvm", "xen"] as const;
const hugePages = [2048, 1_048_576] as const;

function cell(
  index: number,
  { memoryKib, cpus }: { readonly memoryKib: number; readonly cpus: readonly number[] },
): string[] {
  const pageKib = 4 * (index + 1);
  return [
    `        <cell id='${index}'>`,
    `          <memory unit='KiB'>${memoryKib}</memory>`,
    `          <pages unit='KiB' size='${pageKib}'>${Math.floor(memoryKib / pageKib)}</pages>`,
    ...hugePages.map((size) => `          <pages unit='KiB' size='${size}'>0</pages>`),
    `          <cpus num='${cpus.length}'>`,
    ...cpus.map((id, core) =>
      `            <cpu id='${id}' socket_id='${index}' die_id='0' core_id='${core}' siblings='${id}'/>`
    ),
    "          </cpus>",
    "        </cell>",
  ];
}

function guest(
  osType: string,
  { arch, features }: { readonly arch: string; readonly features: readonly string[] },
): string[] {
  return [
    "  <guest>",
    `    <os_type>${osType}</os_type>`,
    `    <arch name='${arch}'>`,
    "      <wordsize>32</wordsize>",
    `      <emulator>${emulator}</emulator>`,
    "      <domain type='test'/>",
    "    </arch>",
    "    <features>",
    ...features.map((feature) => `      <${feature}/>`),
    "    </features>",
    "  </guest>",
  ];
}

/** The host's capabilities. */
export function capabilitiesXml({ uuid, cpuModel, cpus }: HostRecord): string {
  const perCell = cpus / cellKib.length;
  const features = ["pae", "nonpae"];
  return [
    "<capabilities>",
    "  <host>",
    `    <uuid>${uuid}</uuid>`,
    "    <cpu>",
    `      <arch>${cpuModel}</arch>`,
    "      <features>",
    ...features.map((feature) => `        <${feature}/>`),
    "      </features>",
    ...[4, 8, ...hugePages].map((size) => `      <pages unit='KiB' size='${size}'/>`),
    "    </cpu>",
    "    <power_management/>",
    "    <iommu support='no'/>",
    "    <topology>",
    `      <cells num='${cellKib.length}'>`,
    ...cellKib.flatMap((memoryKib, index) =>
      cell(index, { memoryKib, cpus: Array.from({ length: perCell }, (_, cpu) => index * perCell + cpu) })
    ),
    "      </cells>",
    "    </topology>",
    "    <secmodel>",
    "      <model>testSecurity</model>",
    "      <doi></doi>",
    "    </secmodel>",
    "  </host>",
    ...osTypes.flatMap((osType) => guest(osType, { arch: cpuModel, features })),
    "</capabilities>",
    "",
  ].join("\n");
}

function options(name: string, values: readonly string[]): string[] {
  return [
    `      <enum name='${name}'>`,
    ...values.map((value) => `        <value>${value}</value>`),
    "      </enum>",
  ];
}

/**
 * What a domain on a simulated host may consist of.
 *
 * @throws {VirtError} `invalid-argument` for an emulator, architecture or type that the host does not have.
 */
export function domainCapabilitiesXml(input: In<"connection.domainCapabilities">, maxVcpus: number): string {
  const known = { emulator, arch: "i686", virtType: "test" } as const;
  for (const key of ["emulator", "arch", "virtType"] as const) {
    if (input[key] !== undefined && input[key] !== known[key]) {
      throw new VirtError(
        "invalid-argument",
        `Cannot show domain capabilities: this host has no ${key} "${input[key]}", only "${known[key]}"`,
      );
    }
  }
  return [
    "<domainCapabilities>",
    `  <path>${emulator}</path>`,
    "  <domain>test</domain>",
    ...(input.machine === undefined ? [] : [`  <machine>${input.machine.replace(/[<>&'"]/g, "")}</machine>`]),
    "  <arch>i686</arch>",
    `  <vcpu max='${maxVcpus}'/>`,
    "  <os supported='yes'>",
    "    <loader supported='no'/>",
    "  </os>",
    "  <cpu>",
    "    <mode name='host-passthrough' supported='no'/>",
    "    <mode name='host-model' supported='no'/>",
    "    <mode name='custom' supported='no'/>",
    "  </cpu>",
    "  <devices>",
    "    <disk supported='yes'>",
    ...options("diskDevice", ["disk", "cdrom", "floppy"]),
    ...options("bus", ["ide", "fdc", "scsi", "virtio", "xen", "usb", "sata"]),
    "    </disk>",
    "    <graphics supported='yes'>",
    ...options("type", ["vnc", "spice", "sdl"]),
    "    </graphics>",
    "    <hostdev supported='no'/>",
    "  </devices>",
    "  <features>",
    "    <gic supported='no'/>",
    "    <vmcoreinfo supported='no'/>",
    "    <genid supported='no'/>",
    "    <backingStoreInput supported='no'/>",
    "    <backup supported='no'/>",
    "  </features>",
    "</domainCapabilities>",
    "",
  ].join("\n");
}

/** Types of storage pools. Source: libvirt formatstorage. */
const poolTypes = [
  "dir",
  "fs",
  "netfs",
  "logical",
  "disk",
  "iscsi",
  "iscsi-direct",
  "scsi",
  "mpath",
  "rbd",
  "sheepdog",
  "gluster",
  "zfs",
  "vstorage",
] as const;

/** Which types of storage pools the host can have: it takes every one and treats it as a directory. */
export function poolCapabilitiesXml(): string {
  return [
    "<storagepoolCapabilities>",
    ...poolTypes.map((type) => `  <pool type='${type}' supported='yes'/>`),
    "</storagepoolCapabilities>",
    "",
  ].join("\n");
}

/** The host's SMBIOS information. */
export function sysinfoXml(): string {
  return [
    "<sysinfo type='smbios'>",
    "  <bios>",
    "    <entry name='vendor'>LENOVO</entry>",
    "    <entry name='version'>G4ETA1WW (2.61 )</entry>",
    "    <entry name='date'>05/07/2014</entry>",
    "    <entry name='release'>2.61</entry>",
    "  </bios>",
    "</sysinfo>",
    "",
  ].join("\n");
}
