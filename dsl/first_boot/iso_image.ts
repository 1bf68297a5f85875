/**
 * Small read-only file systems that every guest can read: ISO 9660 with Joliet, all files in one folder.
 *
 * The same files give the same bytes: nothing in an image says when or where it was made.
 *
 * Source: ECMA-119 (ISO 9660), and the Joliet specification, for the places of the fields.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** What an image holds. */
export interface IsoOptions {
  /** What guests find it by: at most 16 characters. */
  readonly label: string;
  /** Files by their names: at most 64 characters each. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const sectorBytes = 2048;

/**
 * What is left empty at the end, as programs that make such images leave it: Linux reads ahead of what it is asked for, and busybox
 * takes nothing below 64 KiB for a file system.
 */
const paddingSectors = 150;

/** Sectors before the first descriptor, which are left to boot loaders. */
const systemSectors = 16;

/** The longest name that Joliet has, and the longest label that it can tell. */
const mostNameLength = 64;
const mostLabelLength = 16;

/** Images are for settings, not for data. */
const mostBytes = 64 * 1024 * 1024;

/** Which of its two trees a descriptor leads to: names of eight capitals, or names as they are. */
type Tree = "primary" | "joliet";

/** A file in its place. */
interface Entry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly sector: number;
}

/** Where everything is. */
interface Layout {
  readonly label: string;
  readonly entries: readonly Entry[];
  readonly pathTables: Readonly<Record<Tree, number>>;
  readonly roots: Readonly<Record<Tree, number>>;
  readonly rootBytes: Readonly<Record<Tree, number>>;
  readonly sectors: number;
}

function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / sectorBytes);
}

/**
 * The bytes of an image.
 *
 * @throws {VirtError} `invalid-argument` for a label or name that there cannot be, and for more than 64 MiB.
 */
export function isoImage({ label, files }: IsoOptions): Uint8Array {
  check(label, files);
  const layout = layOut(label, files);
  const image = new Uint8Array(layout.sectors * sectorBytes);
  for (const [index, tree] of (["primary", "joliet"] as const).entries()) {
    image.set(descriptor(layout, tree), (systemSectors + index) * sectorBytes);
    image.set(pathTable(layout, tree, true), layout.pathTables[tree] * sectorBytes);
    image.set(pathTable(layout, tree, false), (layout.pathTables[tree] + 1) * sectorBytes);
    image.set(rootFolder(layout, tree), layout.roots[tree] * sectorBytes);
  }
  image.set(terminator(), (systemSectors + 2) * sectorBytes);
  for (const { data, sector } of layout.entries) image.set(data, sector * sectorBytes);
  return image;
}

function check(label: string, files: IsoOptions["files"]): void {
  const names = Object.keys(files);
  const wrong = names.find((name) => !/^[\w.-]+$/.test(name) || name.length > mostNameLength);
  if (wrong !== undefined) throw refused(`a file cannot be called ${JSON.stringify(wrong)}`);
  if (!/^[\w.-]+$/.test(label) || label.length > mostLabelLength) {
    throw refused(`${JSON.stringify(label)} is no label of at most ${mostLabelLength} letters and digits`);
  }
  const bytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  if (bytes > mostBytes) throw refused(`${bytes} bytes are more than the ${mostBytes} that it may hold`);
}

function refused(why: string): VirtError {
  return new VirtError("invalid-argument", `Cannot make an image: ${why}`);
}

function layOut(label: string, files: IsoOptions["files"]): Layout {
  // Each descriptor, and the one that ends them.
  const pathTables = { primary: systemSectors + 3, joliet: systemSectors + 5 };
  // In the order in which they are looked for.
  const sorted = Object.entries(files).toSorted(([one], [other]) => one < other ? -1 : 1);
  const bytesIn = (tree: Tree): number =>
    folderBytes(["\0", "\x01", ...sorted.map(([name], index) => nameIn(tree, name, index))], tree);
  const rootBytes = { primary: bytesIn("primary"), joliet: bytesIn("joliet") };
  const roots = {
    primary: systemSectors + 7,
    joliet: systemSectors + 7 + sectorsOf(rootBytes.primary),
  };
  let sector = roots.joliet + sectorsOf(rootBytes.joliet);
  const entries = sorted.map(([name, data]) => {
    const entry = { name, data, sector };
    sector += sectorsOf(data.length);
    return entry;
  });
  return { label, entries, pathTables, roots, rootBytes, sectors: sector + paddingSectors };
}

/** A name as a tree has it. The short ones are numbered: nobody who reads Joliet sees them. */
function nameIn(tree: Tree, name: string, index: number): string {
  return tree === "joliet" ? name : `FILE${`${index}`.padStart(4, "0")}.;1`;
}

/** A name's bytes; the folder itself and the one above it have one byte in either tree. */
function nameBytes(name: string, tree: Tree): Uint8Array {
  if (name.length === 1 && name < " ") return Uint8Array.of(name.charCodeAt(0));
  return tree === "joliet" ? utf16(name) : new TextEncoder().encode(name);
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < text.length; index++) view.setUint16(2 * index, text.charCodeAt(index));
  return bytes;
}

/** How long a folder is: no record goes over the end of a sector. */
function folderBytes(names: readonly string[], tree: Tree): number {
  let end = 0;
  for (const name of names) {
    const length = recordBytes(nameBytes(name, tree));
    end = fits(end, length) + length;
  }
  return sectorsOf(end) * sectorBytes;
}

function recordBytes({ length }: Uint8Array): number {
  return 33 + length + (length % 2 === 0 ? 1 : 0);
}

/** Where a record of a length goes: here, or at the next sector's beginning. */
function fits(at: number, length: number): number {
  const left = sectorBytes - at % sectorBytes;
  return left < length ? at + left : at;
}

/** Writes fields that are there in both orders of bytes. */
class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  both16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
    this.#view.setUint16(at + 2, value, false);
  }

  both32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
    this.#view.setUint32(at + 4, value, false);
  }

  one32(at: number, value: number, little: boolean): void {
    this.#view.setUint32(at, value, little);
  }

  set(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at);
  }

  /** Text, and spaces behind it. */
  text(
    at: number,
    { text, length, tree }: { readonly text: string; readonly length: number; readonly tree: Tree },
  ): void {
    this.set(at, nameBytes(text.padEnd(tree === "joliet" ? length >> 1 : length), tree).subarray(0, length));
  }
}

/** What a folder says of a file or folder. */
function record(
  name: Uint8Array,
  { sector, bytes, folder }: { readonly sector: number; readonly bytes: number; readonly folder: boolean },
): Uint8Array {
  const fields = new Fields(recordBytes(name));
  fields.bytes[0] = fields.bytes.length;
  fields.both32(2, sector);
  fields.both32(10, bytes);
  fields.bytes[25] = folder ? 2 : 0;
  fields.both16(28, 1);
  fields.bytes[32] = name.length;
  fields.set(33, name);
  return fields.bytes;
}

function rootFolder({ entries, roots, rootBytes }: Layout, tree: Tree): Uint8Array {
  const folder = new Uint8Array(rootBytes[tree]);
  const self = { sector: roots[tree], bytes: rootBytes[tree], folder: true };
  let end = 0;
  const add = (name: string, what: Parameters<typeof record>[1]): void => {
    const bytes = record(nameBytes(name, tree), what);
    const at = fits(end, bytes.length);
    folder.set(bytes, at);
    end = at + bytes.length;
  };
  add("\0", self);
  add("\x01", self);
  for (const [index, { name, data, sector }] of entries.entries()) {
    add(nameIn(tree, name, index), { sector, bytes: data.length, folder: false });
  }
  return folder;
}

/** There is one folder: the root. */
function pathTable({ roots }: Layout, tree: Tree, little: boolean): Uint8Array {
  const fields = new Fields(10);
  fields.bytes[0] = 1;
  fields.one32(2, roots[tree], little);
  fields.bytes[little ? 6 : 7] = 1;
  return fields.bytes;
}

const standardId = new TextEncoder().encode("CD001");

function descriptor(layout: Layout, tree: Tree): Uint8Array {
  const { label, sectors, pathTables, roots, rootBytes } = layout;
  const fields = new Fields(sectorBytes);
  fields.bytes[0] = tree === "primary" ? 1 : 2;
  fields.set(1, standardId);
  fields.bytes[6] = 1;
  fields.text(8, { text: "", length: 32, tree });
  fields.text(40, { text: tree === "primary" ? label.toUpperCase() : label, length: 32, tree });
  fields.both32(80, sectors);
  // What says that names are of the third level of Joliet.
  if (tree === "joliet") fields.set(88, Uint8Array.of(0x25, 0x2f, 0x45));
  fields.both16(120, 1);
  fields.both16(124, 1);
  fields.both16(128, sectorBytes);
  fields.both32(132, 10);
  fields.one32(140, pathTables[tree], true);
  fields.one32(148, pathTables[tree] + 1, false);
  fields.set(156, record(Uint8Array.of(0), { sector: roots[tree], bytes: rootBytes[tree], folder: true }));
  // Who made it, of what, and where more is said: nobody, nothing and nowhere.
  for (const at of [190, 318, 446, 574]) fields.text(at, { text: "", length: 128, tree });
  for (const at of [702, 739, 776]) fields.text(at, { text: "", length: 37, tree });
  // Dates that are not told: sixteen zeros as digits, and no offset.
  for (const at of [813, 830, 847, 864]) fields.set(at, new TextEncoder().encode("0".repeat(16)));
  fields.bytes[881] = 1;
  return fields.bytes;
}

function terminator(): Uint8Array {
  const bytes = new Uint8Array(sectorBytes);
  bytes[0] = 0xff;
  bytes.set(standardId, 1);
  bytes[6] = 1;
  return bytes;
}
