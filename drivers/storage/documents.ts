/**
 * What documents say about images. Sources: libvirt formatdomain, <disk>; formatsnapshot, <disks>; formatstorage,
 * <backingStore>.
 *
 * @module
 */
import { disksOf, sourceOf } from "../device.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf, type XmlElement } from "../xml_span.ts";
import type { BackingLink, ImageUse, StorageFacts } from "./graph.ts";

/** Whose document it is. */
export interface Owner {
  readonly domain: string;
  /** `domain "web-1"`. */
  readonly label: string;
}

/** Where volumes are, by pool and name, for disks that name them so. */
export type VolumePlaces = ReadonlyMap<string, string>;

/** How a volume is named in {@linkcode VolumePlaces}. */
export function volumePlace(pool: string, volume: string): string {
  return `${pool}/${volume}`;
}

/** What a domain's document says. */
export function domainStorage(xml: string, owner: Owner, places: VolumePlaces): StorageFacts {
  return disksStorage(disksOf(xml), owner, places);
}

function disksStorage(disks: readonly XmlElement[], owner: Owner, places: VolumePlaces): StorageFacts {
  const uses: ImageUse[] = [];
  const links: BackingLink[] = [];
  for (const disk of disks) {
    const chain = chainOf(disk, places);
    const [top] = chain;
    if (top === undefined) continue;
    const target = attributeOf(disk, "dev", "target") ?? "";
    uses.push({ path: top, by: `${owner.label}, disk ${target}`, domain: owner.domain });
    const mirror = childOf(disk, "mirror");
    const copy = mirror === undefined ? undefined : placeOf(mirror, places);
    if (copy !== undefined) {
      uses.push({ path: copy, by: `${owner.label}, copy of disk ${target}`, domain: owner.domain });
    }
    for (const [index, base] of chain.entries()) {
      const overlay = chain[index - 1];
      if (overlay !== undefined) links.push({ overlay, base, domain: owner.domain });
    }
  }
  return { uses, links };
}

/** A disk's images, from the one in use downwards. */
export function chainOf(disk: XmlElement, places: VolumePlaces): readonly string[] {
  const chain: string[] = [];
  for (let each: XmlElement | undefined = disk; each !== undefined; each = childOf(each, "backingStore")) {
    const place = placeOf(each, places);
    if (place === undefined) break;
    chain.push(place);
  }
  return chain;
}

function placeOf(element: XmlElement, places: VolumePlaces): string | undefined {
  const source = childOf(element, "source");
  const [pool, volume] = ["pool", "volume"].map((name) => source?.attributes.get(name));
  if (pool !== undefined && volume !== undefined) {
    return places.get(volumePlace(pool, volume)) ?? `volume "${volume}" of pool "${pool}"`;
  }
  const protocol = source?.attributes.get("protocol");
  const place = sourceOf(element);
  return place === undefined || protocol === undefined ? place : `${protocol}:${place}`;
}

/** What a snapshot's document says: what its domain consisted of then, and which images were begun on top of that. */
export function snapshotStorage(
  xml: string,
  { owner, name, places }: { readonly owner: Owner; readonly name: string; readonly places: VolumePlaces },
): StorageFacts {
  const label = `snapshot "${name}" of ${owner.label}`;
  const root = readXml(xml, "snapshot");
  const disks = ["domain", "inactiveDomain"].flatMap((each) =>
    childrenOf(childOf(root, each, "devices"), "disk")
  );
  const then = disksStorage(disks, { ...owner, label }, places);
  const links = overlaysOf(root, places).flatMap(({ overlay, base }) =>
    base === undefined ? [] : [{ overlay, base, domain: owner.domain }]
  );
  return { uses: then.uses, links: [...then.links, ...links] };
}

/** The images that a snapshot began, each with the one that it was begun on. */
export function overlaysOf(
  root: XmlElement,
  places: VolumePlaces,
): readonly { readonly overlay: string; readonly base: string | undefined }[] {
  const bases = new Map(
    childrenOf(childOf(root, "domain", "devices"), "disk").map((disk) => [
      attributeOf(disk, "dev", "target"),
      placeOf(disk, places),
    ]),
  );
  return childrenOf(childOf(root, "disks"), "disk").flatMap((disk) => {
    const overlay = disk.attributes.get("snapshot") === "external" ? placeOf(disk, places) : undefined;
    return overlay === undefined ? [] : [{ overlay, base: bases.get(disk.attributes.get("name")) }];
  });
}

/** What a volume's document says: its path, and what it is made of. */
export function volumeStorage(
  xml: string,
): { readonly path: string | undefined; readonly links: readonly BackingLink[] } {
  const root = readXml(xml, "volume");
  const path = textOf(root, "target", "path");
  const base = textOf(root, "backingStore", "path");
  return {
    path,
    links: path === undefined || base === undefined || base === "" ? [] : [{ overlay: path, base }],
  };
}
