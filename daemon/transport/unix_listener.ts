/**
 * Listening on a socket of this machine, open to those who may use it and never to anybody else.
 *
 * @module
 */
import type { Server } from "node:net";
import { dirname } from "node:path";
import { VirtError } from "../../model/error.ts";
import { messageOf } from "../../protocol/wording.ts";
import { keepFromPrograms } from "./descriptor.ts";

/** The longest path that a socket's address holds (Linux, sun_path: 108 bytes with the final zero). */
const maxPathBytes = 107;

/** Where to listen, and who may connect. */
export interface UnixPlace {
  readonly path: string;
  readonly mode: number;
  readonly group?: string;
}

/**
 * Begins to listen.
 *
 * @throws {VirtError} `in-use` where somebody listens there already, `permission-denied` and `operation-failed` where the
 * socket cannot be made.
 */
export async function listenUnix(
  server: Server,
  { path, mode, group }: UnixPlace,
  backlog: number,
): Promise<void> {
  if (new TextEncoder().encode(path).length > maxPathBytes) {
    throw new VirtError("invalid-argument", `Cannot listen on "${path}": the path is too long for a socket`, {
      hint: `Sockets have paths of at most ${maxPathBytes} bytes`,
    });
  }
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const gid = group === undefined ? undefined : await groupNumber(group);
    await removeStale(path);
    // Nobody may come before the socket has its mode and its group.
    const before = Deno.umask(0o177);
    try {
      await begin(server, path, backlog);
    } finally {
      Deno.umask(before);
    }
    if (gid !== undefined) await Deno.chown(path, null, gid);
    await Deno.chmod(path, mode);
  } catch (error) {
    if (error instanceof VirtError) throw error;
    const code = error instanceof Deno.errors.PermissionDenied ? "permission-denied" : "operation-failed";
    throw new VirtError(code, `Cannot listen on "${path}": ${messageOf(error)}`, { cause: error });
  }
}

function begin(server: Server, path: string, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, backlog }, () => {
      server.off("error", reject);
      keepFromPrograms(server);
      resolve();
    });
  });
}

/** Removes a socket on which nobody listens any more. */
async function removeStale(path: string): Promise<void> {
  const found = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (found.isSocket !== true) {
    throw new VirtError("in-use", `Cannot listen on "${path}": it is there and no socket`);
  }
  if (await answers(path)) {
    throw new VirtError("in-use", `Cannot listen on "${path}": another daemon listens there`, {
      hint: "Stop it, or choose another place: unix_sock_dir in the settings, or --listen",
    });
  }
  await Deno.remove(path);
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function groupNumber(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const line = (await Deno.readTextFile("/etc/group")).split("\n").find((line) =>
    line.startsWith(`${group}:`)
  );
  const gid = line?.split(":")[2];
  if (gid === undefined) {
    throw new VirtError("not-found", `Cannot give a socket to the group "${group}": there is no such group`, {
      hint: "Make it with: groupadd --system " + group,
    });
  }
  return Number(gid);
}
