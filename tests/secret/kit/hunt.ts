/**
 * Hunts for values where none may be: files, outputs, processes. It knows nothing of how the runtime conceals them.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";

/** A value that is hunted for: a secret, which may be found nowhere, or a canary, which has to be found. */
export interface Quarry {
  readonly what: string;
  readonly patterns: readonly Uint8Array[];
}

/** A value that nobody could have by chance. Some of its letters are written in other ways by XML, JSON and URLs. */
export function randomValue(): string {
  return `q"'<${crypto.randomUUID().slice(0, 13)}>&%+ü`;
}

/** What is looked for: each form in which a value could lie anywhere. */
export function quarry(value: string, what = value): Quarry {
  const utf8 = new TextEncoder().encode(value);
  // Between letters that others write in their own ways there is a part that nobody does.
  const core = /[0-9a-f-]{13}/.exec(value)?.[0] ?? value;
  const base64 = [0, 1, 2].map((before) => {
    const shifted = new Uint8Array(before + utf8.length);
    shifted.set(utf8, before);
    const text = shifted.toBase64({ omitPadding: true });
    return text.slice(before === 0 ? 0 : 4, text.length - 2);
  });
  const hex = new TextEncoder().encode(core).toHex();
  const texts = [value, core, encodeURIComponent(core), ...base64, hex, hex.toUpperCase()];
  const utf16 = Uint8Array.from([...core].flatMap((char) => [char.charCodeAt(0), 0]));
  return { what, patterns: [...texts.map((text) => new TextEncoder().encode(text)), utf16] };
}

/** Which of them lie in some bytes. */
export function foundIn(bytes: Uint8Array, quarries: readonly Quarry[]): readonly string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return quarries.filter(({ patterns }) => patterns.some((pattern) => buffer.includes(Buffer.from(pattern))))
    .map(({ what }) => what);
}

/** Which of them lie in a text. */
export function foundInText(text: string, quarries: readonly Quarry[]): readonly string[] {
  return foundIn(new TextEncoder().encode(text), quarries);
}

/** Which of them lie in which files of a folder, and in their names. */
export function foundInFolder(folder: string, quarries: readonly Quarry[]): readonly string[] {
  const found: string[] = [];
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    found.push(...foundInText(name, quarries).map((what) => `${what} in the name of ${path}`));
    if (isDirectory) found.push(...foundInFolder(path, quarries));
    if (!isFile) continue;
    found.push(...foundIn(Deno.readFileSync(path), quarries).map((what) => `${what} in ${path}`));
  }
  return found;
}

/** The processes that descend from one, which is not among them. */
export function descendants(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found: number[] = [];
  let generation = [pid];
  while (generation.length > 0) {
    generation = [...parents].filter(([, parent]) => generation.includes(parent)).map(([child]) => child);
    found.push(...generation);
  }
  return found;
}

/** Which of them lie in the memory, the arguments and the environment of a process. */
export function foundInProcess(pid: number, quarries: readonly Quarry[]): readonly string[] {
  const found = new Set<string>();
  for (const file of ["cmdline", "environ"]) {
    for (const what of foundIn(Deno.readFileSync(`/proc/${pid}/${file}`), quarries)) {
      found.add(`${what} in ${file} of ${pid}`);
    }
  }
  using memory = Deno.openSync(`/proc/${pid}/mem`);
  // What may not be written is what lies in files: programs and libraries.
  let readable = 0;
  for (
    const [, from = "", to = ""] of Deno.readTextFileSync(`/proc/${pid}/maps`)
      .matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)
  ) {
    readable += searchRange(
      memory,
      { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) },
      (bytes) => {
        for (const what of foundIn(bytes, quarries)) found.add(`${what} in the memory of ${pid}`);
      },
    );
  }
  assert.ok(readable > 1 << 16, `only ${readable} bytes of process ${pid} could be read`);
  return [...found];
}

const pieceBytes = 4 << 20;
/** What a value may have on both sides of the end of a piece. */
const overlapBytes = 256;

/** Reads what can be read of a range, in pieces, and says how much that was. */
function searchRange(
  memory: Deno.FsFile,
  { from, to }: { readonly from: number; readonly to: number },
  look: (bytes: Uint8Array) => void,
): number {
  let length = 0;
  const piece = new Uint8Array(pieceBytes);
  for (let at = from; at < to; at += pieceBytes - overlapBytes) {
    try {
      memory.seekSync(at, Deno.SeekMode.Start);
      const read = memory.readSync(piece.subarray(0, Math.min(pieceBytes, to - at))) ?? 0;
      look(piece.subarray(0, read));
      length += read;
    } catch {
      // Reserved, and nothing is there.
      break;
    }
  }
  return length;
}
