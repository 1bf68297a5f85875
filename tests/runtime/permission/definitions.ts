import type { Reaches } from "../../../model/operation.ts";
import { type Finding, reachesOf } from "../../../runtime/permission/reach.ts";

/** Storage that is granted. */
export const pools: readonly string[] = ["/var/lib/libvirt/images", "/dev/vg0"];

/** What a definition reaches. */
export function reaches(xml: string, document: Reaches["document"]): Finding[] {
  return reachesOf(xml, { document, grantedPaths: pools });
}

/** A domain with something in it. */
export function domain(inside: string, attributes = "type='kvm'"): string {
  return `<domain ${attributes}><name>web-1</name><memory unit='MiB'>512</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os>${inside}</domain>`;
}

/** A domain with a device. */
export function device(inside: string): string {
  return domain(`<devices>${inside}</devices>`);
}

/** A domain with a disk. */
export function disk(inside: string, type = "file"): string {
  return device(`<disk type='${type}' device='disk'>${inside}<target dev='vdb' bus='virtio'/></disk>`);
}
