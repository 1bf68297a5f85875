/**
 * An archive that Linux unpacks when it boots: cpio in the form "newc", as the kernel's documentation of the initramfs buffer
 * format describes it.
 *
 * @module
 */

/** A file of the archive. Folders above it come by themselves. */
export interface ArchiveFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Uint8Array<ArrayBuffer> | string;
  /** Permission bits. @default 0o644 */
  readonly mode?: number;
}

const regular = 0o100000;
const folder = 0o040000;

/** An entry: a header of hexadecimal numbers, the name, the content, each filled up to four bytes. */
function entry(
  name: string,
  { inode, mode, content }: { inode: number; mode: number; content: Uint8Array<ArrayBuffer> },
): Uint8Array<ArrayBuffer>[] {
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const head = new TextEncoder().encode(`${header}${name}\0`);
  const pad = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array((4 - length % 4) % 4);
  return [head, pad(head.length), content, pad(content.length)];
}

/** All folders that lead to a path, outermost first. */
function above(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/**
 * Packs files, compressed.
 *
 * @param folders that are to be there, empty
 */
export async function packInitramfs(
  files: readonly ArchiveFile[],
  folders: readonly string[],
): Promise<Uint8Array> {
  const none = new Uint8Array();
  const allFolders = new Set([
    ...folders.flatMap((path) => [...above(path), path]),
    ...files.flatMap(({ path }) => above(path)),
  ]);
  const entries = [
    ...[...allFolders].map((name) => ({ name, mode: folder | 0o755, content: none })),
    ...files.map(({ path, content, mode = 0o644 }) => ({
      name: path,
      mode: regular | mode,
      content: typeof content === "string" ? new TextEncoder().encode(content) : content,
    })),
    { name: "TRAILER!!!", mode: 0, content: none },
  ];
  const blob = new Blob(
    entries.flatMap(({ name, ...rest }, inode) => entry(name, { inode: inode + 1, ...rest })),
  );
  return new Uint8Array(
    await new Response(blob.stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
  );
}
