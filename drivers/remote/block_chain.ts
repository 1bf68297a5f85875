/**
 * The images of a disk: the one in use, those behind it, and a copy in the making.
 *
 * @module
 */
import { findDisk, sourceOf } from "../device.ts";
import { attributeOf, childOf, type XmlElement } from "../xml_span.ts";
import type { RemoteObject } from "./object.ts";

/** One image of a disk. */
export interface DiskImage {
  /** The number in `vda[2]`; absent where the far side tells none. */
  readonly index: string | undefined;
  readonly source: string | undefined;
}

/** A copy in the making. */
export interface DiskMirror {
  readonly source: string | undefined;
  /** It has caught up with the guest, and waits for a decision. */
  readonly ready: boolean;
}

/** A disk as the definition of a running domain shows it. */
export interface LiveDisk {
  readonly target: string;
  /** From the one in use downwards. */
  readonly chain: readonly DiskImage[];
  readonly mirror: DiskMirror | undefined;
}

/**
 * A disk by its target or the path of its source.
 *
 * @throws {VirtError} `invalid-argument` where there is none.
 */
export function liveDisk(
  domain: RemoteObject,
  { xml, disk }: { readonly xml: string; readonly disk: string },
): LiveDisk {
  const found = findDisk(domain, { xml, disk });
  const mirror = childOf(found, "mirror");
  return {
    target: attributeOf(found, "dev", "target") ?? disk,
    chain: chainOf(found),
    mirror: mirror === undefined ? undefined : {
      // Before there were elements for it the path was an attribute. Source: libvirt formatdomain, <mirror>.
      source: sourceOf(mirror) ?? mirror.attributes.get("file"),
      ready: mirror.attributes.get("ready") === "yes",
    },
  };
}

function chainOf(disk: XmlElement): readonly DiskImage[] {
  const images: DiskImage[] = [];
  for (let each: XmlElement | undefined = disk; each !== undefined; each = childOf(each, "backingStore")) {
    // The chain ends with an element that has nothing in it.
    if (each !== disk && childOf(each, "source") === undefined) break;
    images.push({ index: attributeOf(each, "index", "source"), source: sourceOf(each) });
  }
  return images;
}

/** Whether an image, named by its path or as `vda[2]`, is among those of a disk. */
export function isInChain({ target, chain }: LiveDisk, image: string): boolean {
  return chain.some(({ source, index }) =>
    source === image || (index !== undefined && image === `${target}[${index}]`)
  );
}

/** Whether an image is the last one of a disk, with nothing behind it. */
export function endsChain({ target, chain }: LiveDisk, image: string | undefined): boolean {
  if (image === undefined) return chain.length === 1;
  const next = chain[1];
  return chain.length === 2 && next !== undefined &&
    (next.source === image || (next.index !== undefined && image === `${target}[${next.index}]`));
}
