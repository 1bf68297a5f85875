/**
 * The tests' guest as a domain.
 *
 * @module
 */
import type { RealHost } from "./host.ts";
import { guestImage } from "./guest_image.ts";

/** What the guest has beside processor, memory, serial console and agent. */
export interface GuestOptions {
  /** The path of a qcow2 image for its disk `vda`. */
  readonly disk?: string;
  /** `user` gives it an address of QEMU's own network; another word is the name of a virtual network. */
  readonly network?: string;
  /** MiB. @default 128 */
  readonly memory?: number;
  /** @default 1 */
  readonly vcpus?: number;
  readonly uuid?: string;
  /** Words for the kernel's command line: `ticks` prints a line each second. */
  readonly words?: readonly string[];
  /** A file that the serial console writes to, instead of a terminal that can be opened. */
  readonly consoleFile?: string;
  /** More devices. */
  readonly devices?: string;
}

/** The definition of a guest that boots in seconds without acceleration. */
export async function guestXml(name: string, options: GuestOptions = {}): Promise<string> {
  const { kernel, initrd } = await guestImage();
  const { disk, network, memory = 128, vcpus = 1, uuid, words = [], consoleFile, devices = "" } = options;
  const serial = consoleFile === undefined
    ? `<serial type='pty'/><console type='pty'/>`
    : `<serial type='file'><source path='${consoleFile}'/></serial>`;
  return `<domain type='qemu'>
  <name>${name}</name>
  ${uuid === undefined ? "" : `<uuid>${uuid}</uuid>`}
  <memory unit='MiB'>${memory}</memory>
  <vcpu>${vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${kernel}</kernel>
    <initrd>${initrd}</initrd>
    <cmdline>${["console=ttyS0 quiet panic=-1", `hostname=${name}`, ...words].join(" ")}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${serial}
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    ${
    disk === undefined ? "" : `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
      <source file='${disk}'/><target dev='vda' bus='virtio'/></disk>`
  }
    ${
    network === undefined
      ? ""
      : network === "user"
      ? `<interface type='user'><model type='virtio'/></interface>`
      : `<interface type='network'><source network='${network}'/><model type='virtio'/></interface>`
  }
    ${devices}
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>`;
}

/** Makes an empty image in a host's folder for disks. */
export async function makeDisk(
  host: RealHost,
  name: string,
  { format = "qcow2", size = "16M" }: { readonly format?: "qcow2" | "raw"; readonly size?: string } = {},
): Promise<string> {
  const path = `${host.directory}/lib/images/${name}`;
  const { code, stderr } = await new Deno.Command("qemu-img", {
    args: ["create", "-q", "-f", format, path, size],
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`qemu-img: ${new TextDecoder().decode(stderr)}`);
  return path;
}
