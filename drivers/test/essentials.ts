/**
 * What is asked for often of a definition, read once for each text of it.
 *
 * @module
 */
import { sourceOf } from "../device.ts";
import { guestIdPlace, kibOf } from "../definition.ts";
import type { DomainObject } from "./domain.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf } from "../xml_span.ts";

/** A definition's sizes and devices. */
export interface Essentials {
  readonly osType: string;
  /** Where the id of the guest goes in the text; none where there is one already. */
  readonly guestIdPlace: number | undefined;
  readonly maximumKib: number;
  readonly currentKib: number;
  readonly vcpus: { readonly maximum: number; readonly current: number };
  readonly iothreads: number;
  readonly disks: readonly { readonly target: string; readonly source: string }[];
  readonly nics: readonly { readonly target: string | undefined }[];
}

const known = new WeakMap<DomainObject, { readonly config: string; readonly essentials: Essentials }>();

/** The essentials of the definition in force. */
export function essentialsOf(domain: DomainObject): Essentials {
  const { config } = domain;
  const before = known.get(domain);
  if (before?.config === config) return before.essentials;
  const essentials = read(config);
  known.set(domain, { config, essentials });
  return essentials;
}

function read(xml: string): Essentials {
  const root = readXml(xml);
  const devices = childOf(root, "devices");
  const maximumKib = kibOf(childOf(root, "memory")) ?? 0;
  const maximum = Number(textOf(root, "vcpu") ?? 1);
  return {
    osType: textOf(root, "os", "type") ?? "hvm",
    guestIdPlace: guestIdPlace(root),
    maximumKib,
    currentKib: Math.min(kibOf(childOf(root, "currentMemory")) ?? maximumKib, maximumKib),
    vcpus: { maximum, current: Number(attributeOf(root, "current", "vcpu") ?? maximum) },
    iothreads: Number(textOf(root, "iothreads") ?? 0),
    disks: childrenOf(devices, "disk").map((disk) => ({
      target: attributeOf(disk, "dev", "target") ?? "",
      source: sourceOf(disk) ?? "",
    })),
    nics: childrenOf(devices, "interface").map((nic) => ({ target: attributeOf(nic, "dev", "target") })),
  };
}
