/**
 * Where the control socket is, and how it is opened so that only its owner reaches it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** The longest path that a socket address holds (Linux sun_path, 108 bytes with the final zero). */
const maxSocketPath = 107;

/** Beside the journal, in a directory of its own that is for its owner only. */
function besideJournal(stateDirectory: string): string {
  return `${stateDirectory}/control/socket`;
}

/**
 * The path of a state directory's socket: beside the journal, or, where that path is too long for an address, in a
 * directory named by its hash under the user's runtime directory.
 */
export async function socketPath(stateDirectory: string): Promise<string> {
  const path = besideJournal(stateDirectory);
  const bytes = new TextEncoder().encode(path);
  if (bytes.length <= maxSocketPath) return path;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const runtime = Deno.env.get("XDG_RUNTIME_DIR") ?? `/tmp/drover-${Deno.uid() ?? 0}`;
  return `${runtime}/drover-${digest.subarray(0, 12).toHex()}/socket`;
}

/**
 * Listens. To be called by the holder of the directory's lock only: whatever socket is there is that of a dead kernel.
 *
 * @throws {VirtError} `operation-failed` where the directory is not ours alone.
 */
export async function listenOn(path: string): Promise<Deno.Listener> {
  const directory = path.slice(0, path.lastIndexOf("/"));
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await Deno.lstat(directory);
  if (!found.isDirectory || (found.uid !== null && found.uid !== Deno.uid())) {
    throw new VirtError(
      "operation-failed",
      `Cannot listen in "${directory}": it is not a directory of this user`,
    );
  }
  if (((found.mode ?? 0) & 0o077) !== 0) await Deno.chmod(directory, 0o700);
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // The socket must never be open to others, not even for a moment. Nothing else of this process runs in between.
  const before = Deno.umask(0o177);
  try {
    return Deno.listen({ transport: "unix", path });
  } finally {
    Deno.umask(before);
  }
}

/** No socket, one of a dead kernel, and one whose kernel left before it took the connection. */
const noListener = [
  Deno.errors.NotFound,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
] as const;

/** Connects; `undefined` where nobody listens. */
export async function connectTo(path: string): Promise<Deno.Conn | undefined> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    if (noListener.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}
