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
  const { uses, links } = disksStorage(disksOf(xml), owner, places);
  return { uses: [...uses, ...filesOf(readXml(xml), owner)], links };
}

/** Files beside its disks that a domain starts with, or shows to its guest: what boots it, its firmware, its seeds. */
function filesOf(root: XmlElement, { label, domain }: Owner): readonly ImageUse[] {
  const devices = childOf(root, "devices");
  const sourceFile = (device: XmlElement): string | undefined =>
    attributeOf(device, "file", "source") ?? attributeOf(device, "dev", "source");
  const found: readonly (readonly [string | undefined, string])[] = [
    ...["kernel", "initrd", "dtb", "loader", "nvram"].map((what) =>
      [textOf(root, "os", what), what] as const
    ),
    ...childrenOf(root, "sysinfo").flatMap((info) =>
      childrenOf(info, "entry").map((entry) =>
        [entry.attributes.get("file"), "data of its firmware"] as const
      )
    ),
    ...childrenOf(devices, "filesystem").map((each) => [sourceFile(each), "file system"] as const),
    ...childrenOf(devices, "memory").map((each) => [textOf(each, "source", "path"), "memory"] as const),
  ];
  return found.flatMap(([path, what]) =>
    path === undefined || path === "" ? [] : [{ path: plainPath(path), by: `${label}, ${what}`, domain }]
  );
}

/** A path without detours that are only spelling: `//`, `.` and `..`. */
export function plainPath(path: string): string {
  if (!path.startsWith("/")) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
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
  if (place === undefined) return undefined;
  return protocol === undefined ? plainPath(place) : `${protocol}:${place}`;
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
  const said = textOf(root, "target", "path");
  const path = said === undefined ? undefined : plainPath(said);
  const base = textOf(root, "backingStore", "path");
  return {
    path,
    links: path === undefined || base === undefined || base === ""
      ? []
      : [{ overlay: path, base: backingPath(base, path) }],
  };
}

/**
 * Where a backing file is that an image names in its own words: beside itself, or as JSON. Source: QEMU, qemu-block-drivers;
 * docs/interop/qcow2.
 */
export function backingPath(name: string, overlay: string): string {
  if (name.startsWith("/")) return plainPath(name);
  if (name.startsWith("json:")) {
    const file = fileIn(name.slice("json:".length));
    return file === undefined ? name : backingPath(file, overlay);
  }
  if (name.startsWith("file:")) return backingPath(name.slice("file:".length), overlay);
  if (/^[a-z][a-z0-9+]*:/i.test(name)) return name;
  return plainPath(`${overlay.slice(0, overlay.lastIndexOf("/"))}/${name}`);
}

/** The file that a description of a block device ends at. */
function fileIn(json: string): string | undefined {
  let each: unknown;
  try {
    each = JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  while (typeof each === "object" && each !== null) {
    if ("filename" in each && typeof each.filename === "string") return each.filename;
    if ("file.filename" in each && typeof each["file.filename"] === "string") return each["file.filename"];
    each = "file" in each ? each.file : undefined;
  }
  return undefined;
}
