/**
 * What somebody wants a domain to be.
 *
 * @module
 */
import { z } from "zod";
import { type SizeText, sizeText } from "./size.ts";

/** A volume of a pool, as a disk's bytes. */
export interface DesiredVolumeSource {
  /** The pool's name. */
  readonly pool: string;
  /** The volume's name. */
  readonly name: string;
}

/** A kernel of the host's that a domain boots. */
export interface DesiredKernel {
  /** Its path. */
  readonly path: string;
  /** The path of its initial file system. */
  readonly initrd?: string | undefined;
  /** What it is told. */
  readonly arguments?: string | undefined;
}

/** A disk of a domain. Exactly one of `file`, `block` and `volume` says where its bytes are; a drive may be empty. */
export interface DesiredDisk {
  /** What the guest calls it. @default `vda`, `vdb`, … in the order of the list; `sda`, … for drives */
  readonly target?: string | undefined;
  /** The path of an image. */
  readonly file?: string | undefined;
  /** The path of a block device. */
  readonly block?: string | undefined;
  /** A volume of a pool. */
  readonly volume?: DesiredVolumeSource | undefined;
  /** What the guest takes it for. @default "disk" */
  readonly device?: "disk" | "cdrom" | "floppy" | "lun" | undefined;
  /** What it is plugged into. @default "virtio" for disks, "sata" for drives */
  readonly bus?: string | undefined;
  /** What its bytes mean. @default by the file's name: "qcow2" for `.qcow2`, else "raw" */
  readonly format?: string | undefined;
  /** Whether the guest may only read it. */
  readonly readonly?: boolean | undefined;
  /** How the host caches it: `none`, `writeback`, … */
  readonly cache?: string | undefined;
  /** Whether freed blocks are given back: `unmap`, `ignore`. */
  readonly discard?: string | undefined;
  /** Limits by libvirt's names: `total_iops_sec`, `read_bytes_sec`, … */
  readonly limits?: Readonly<Record<string, number>> | undefined;
}

/** A network interface of a domain. Exactly one of `network`, `bridge` and `direct` says what it is plugged into. */
export interface DesiredInterface {
  /** A virtual network. */
  readonly network?: string | undefined;
  /** A bridge of the host. */
  readonly bridge?: string | undefined;
  /** A network device of the host, shared through macvtap. */
  readonly direct?: string | undefined;
  /** Its hardware address. @default one that the hypervisor makes up, or the present one */
  readonly mac?: string | undefined;
  /** What the guest sees. @default "virtio" */
  readonly model?: string | undefined;
  /** Whether its cable is plugged in. */
  readonly link?: "up" | "down" | undefined;
  /** A network filter. */
  readonly filter?: string | undefined;
}

/** What a domain shall be. Only what is written here is compared; the defaults are those of a new domain. */
export interface DesiredDomain {
  /** Its name, by which it is found. */
  readonly name: string;
  /** A domain of this UUID under another name is renamed. */
  readonly uuid?: string | undefined;
  /** What it shall do; left as it is where not said. A new domain is off. */
  readonly state?: "running" | "off" | "absent" | undefined;
  /** Whether it starts with its host. */
  readonly autostart?: boolean | undefined;
  /** One line about it; an empty one takes it away. */
  readonly title?: string | undefined;
  /** Text about it; an empty one takes it away. */
  readonly description?: string | undefined;
  /** How it is run. @default what the host does best: `kvm` where it can */
  readonly type?: string | undefined;
  /** Its architecture: `x86_64`. @default the host's */
  readonly arch?: string | undefined;
  /** Its machine type: `q35`. @default the hypervisor's */
  readonly machine?: string | undefined;
  /** What starts it. @default the hypervisor's */
  readonly firmware?: "bios" | "efi" | undefined;
  /** What it has. @default "1GiB" */
  readonly memory?: SizeText | undefined;
  /** What it can be given while it runs. @default `memory` */
  readonly maxMemory?: SizeText | undefined;
  /** What it has. @default 1 */
  readonly vcpus?: number | undefined;
  /** What it can be given while it runs. @default `vcpus` */
  readonly maxVcpus?: number | undefined;
  /** What its processors look like. @default "host-model" under KVM */
  readonly cpu?: "host-passthrough" | "host-model" | "maximum" | { readonly model: string } | undefined;
  /** What it boots from, in this order. */
  readonly boot?: readonly ("hd" | "cdrom" | "network" | "fd")[] | undefined;
  /** Boots this kernel of the host's, and not what its disks hold. */
  readonly kernel?: DesiredKernel | undefined;
  /** All its disks: one that is not in the list is taken away. A text is the path of an image. */
  readonly disks?: readonly (string | DesiredDisk)[] | undefined;
  /** All its network interfaces: one that is not in the list is taken away. A text is the name of a network. */
  readonly interfaces?: readonly (string | DesiredInterface)[] | undefined;
  /** Its screen. @default "none" */
  readonly graphics?: "vnc" | "spice" | "none" | undefined;
  /** Whether it has a channel for the guest's agent. @default true */
  readonly agent?: boolean | undefined;
  /** Anything else, as a `<domain>` document that holds no more than what shall be so; it stands above the rest. */
  readonly xml?: string | undefined;
}

const name = z.string().min(1).max(255);
const hostPath = z.string().startsWith("/").max(4096);
const word = z.string().min(1).max(128);

const disk = z.strictObject({
  target: z.string().regex(/^[a-z]+[a-z0-9]*$/).max(32).optional(),
  file: hostPath.optional(),
  block: hostPath.optional(),
  volume: z.strictObject({ pool: name, name }).optional(),
  device: z.enum(["disk", "cdrom", "floppy", "lun"]).optional(),
  bus: word.optional(),
  format: word.optional(),
  readonly: z.boolean().optional(),
  cache: word.optional(),
  discard: word.optional(),
  limits: z.record(z.string().regex(/^[a-z_]+$/).max(64), z.int().min(0)).optional(),
}).refine(
  ({ file, block, volume }) => [file, block, volume].filter((each) => each !== undefined).length <= 1,
  "A disk's bytes are in one place: file, block or volume",
);

const networkInterface = z.strictObject({
  network: name.optional(),
  bridge: word.optional(),
  direct: word.optional(),
  mac: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/).optional(),
  model: word.optional(),
  link: z.enum(["up", "down"]).optional(),
  filter: name.optional(),
}).refine(
  ({ network, bridge, direct }) =>
    [network, bridge, direct].filter((each) => each !== undefined).length === 1,
  "An interface is plugged into one thing: network, bridge or direct",
);

/** What a domain shall be. */
export const desiredDomain: z.ZodType<DesiredDomain, DesiredDomain> = z.strictObject({
  name,
  uuid: z.guid().optional(),
  state: z.enum(["running", "off", "absent"]).optional(),
  autostart: z.boolean().optional(),
  title: z.string().max(1024).optional(),
  description: z.string().max(65_536).optional(),
  type: word.optional(),
  arch: word.optional(),
  machine: word.optional(),
  firmware: z.enum(["bios", "efi"]).optional(),
  memory: sizeText.optional(),
  maxMemory: sizeText.optional(),
  vcpus: z.int().min(1).max(16_384).optional(),
  maxVcpus: z.int().min(1).max(16_384).optional(),
  cpu: z.union([
    z.enum(["host-passthrough", "host-model", "maximum"]),
    z.strictObject({ model: word }),
  ]).optional(),
  boot: z.array(z.enum(["hd", "cdrom", "network", "fd"])).min(1).max(8).optional(),
  kernel: z.strictObject({
    path: hostPath,
    initrd: hostPath.optional(),
    arguments: z.string().max(65_536).optional(),
  }).optional(),
  disks: z.array(z.union([hostPath, disk])).max(1024).optional(),
  interfaces: z.array(z.union([name, networkInterface])).max(1024).optional(),
  graphics: z.enum(["vnc", "spice", "none"]).optional(),
  agent: z.boolean().optional(),
  xml: z.string().min(1).max(1024 * 1024).optional(),
});
