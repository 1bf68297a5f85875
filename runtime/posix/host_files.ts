/**
 * The files of this host: locks as libvirt takes them, extended attributes, owners and labels.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { VirtError } from "../../model/error.ts";
import { type Clock, sleep } from "../clock.ts";
import type { FileAspect, FileLock, HostFileSystem } from "../file_system.ts";
import { bootTimeIn, bootTimesFrom } from "./boot_time.ts";
import { type ByteRange, type Libc, openLibc, SystemCallError } from "./libc.ts";

/** What the files of a host are reached with. */
export interface HostFilesOptions {
  readonly clock: Clock;
  /** How long to wait for a lock, in milliseconds. @default 10000, as libvirt does */
  readonly lockTimeoutMs?: number;
  /** The host's record of logins, which knows when it was booted. @default "/run/utmp" */
  readonly logins?: string;
}

/** The byte that libvirt locks (its security_manager.c, METADATA_OFFSET and METADATA_LEN). */
const metadata: ByteRange = { offset: 1, length: 1 };

/** How long to wait before a lock is tried again, in milliseconds: shortly at first. */
const firstPauseMs = 1;
const longestPauseMs = 20;

/** Where SELinux keeps a file's label. It ends with a zero. Source: libselinux's setfilecon. */
const labelAttribute = "security.selinux";

/** File systems that several hosts may use at once. Source: linux/magic.h, and libvirt's virfile.c for which count. */
const sharedFileSystems: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x01161970, // GFS2
  0x7461636f, // OCFS2
  0x5346414f, // AFS
  0x6b414653, // the kernel's AFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x00c36400, // CephFS
  0x47504653, // GPFS
]);

/** A lock that somebody has. */
class HeldLock implements FileLock {
  readonly fd: number;
  /** Device and number of the file. */
  readonly identity: string;
  readonly #giveBack: () => void;
  #given = false;

  constructor({ fd, identity, giveBack }: {
    readonly fd: number;
    readonly identity: string;
    readonly giveBack: () => void;
  }) {
    this.fd = fd;
    this.identity = identity;
    this.#giveBack = giveBack;
  }

  [Symbol.dispose](): void {
    if (this.#given) return;
    this.#given = true;
    this.#giveBack();
  }
}

/**
 * The files of this host.
 *
 * While a file is locked, whatever is done with its path is done with the very file that was locked, so that nobody can put
 * another one, or a link to one, in its place meanwhile.
 *
 * @example
 * ```ts
 * import { systemClock } from "../clock.ts";
 * import { HostFiles } from "./host_files.ts";
 * async function ownerOf(path: string): Promise<string> {
 *   return await new HostFiles({ clock: systemClock }).read(path, "owner"); // "+64055:+108"
 * }
 * ```
 */
export class HostFiles implements HostFileSystem {
  readonly #clock: Clock;
  readonly #libc: Libc;
  readonly #lockTimeoutMs: number;
  readonly #logins: string;
  readonly #locked = new Map<string, HeldLock>();

  /**
   * @throws {VirtError} `unsupported` elsewhere than on Linux, `permission-denied` where foreign functions are not permitted
   * to this process.
   */
  constructor({ clock, lockTimeoutMs = 10_000, logins = "/run/utmp" }: HostFilesOptions) {
    this.#clock = clock;
    this.#libc = openLibc();
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#logins = logins;
  }

  async lock(
    path: string,
    signal: AbortSignal,
    held: readonly FileLock[] = [],
  ): Promise<FileLock | undefined> {
    const deadline = this.#clock.now() + this.#lockTimeoutMs;
    let pauseMs = firstPauseMs;
    while (true) {
      signal.throwIfAborted();
      const found = this.#tryLock(path, held);
      if (found !== "busy") return found;
      if (this.#clock.now() >= deadline) {
        throw new VirtError(
          "timed-out",
          `Cannot lock "${path}": somebody has changed its owner or label for ${
            this.#lockTimeoutMs / 1000
          } s`,
          { target: path, hint: "See who holds it in /proc/locks" },
        );
      }
      await sleep(this.#clock, pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  async attribute(path: string, name: string): Promise<string | undefined> {
    const value = await this.#call(
      { path, doing: `read ${name} of` },
      (at) => this.#libc.getAttribute(at, name),
    );
    return value === undefined ? undefined : new TextDecoder().decode(value);
  }

  async setAttribute(path: string, name: string, value: string | undefined): Promise<void> {
    await this.#call({ path, doing: `set ${name} of` }, (at) => {
      if (value === undefined) this.#libc.removeAttribute(at, name);
      else this.#libc.setAttribute(at, name, new TextEncoder().encode(value));
    });
  }

  async read(path: string, aspect: FileAspect): Promise<string> {
    if (aspect === "owner") {
      return await this.#call({ path, doing: "see who owns" }, (at) => {
        const { uid, gid } = Deno.statSync(at);
        return `+${uid}:+${gid}`;
      });
    }
    const label = await this.attribute(path, labelAttribute);
    if (label !== undefined) return label.replace(/\0$/, "");
    throw new VirtError("unsupported", `Cannot read the label of "${path}": it has none`, { target: path });
  }

  async write(path: string, aspect: FileAspect, value: string): Promise<void> {
    if (aspect === "label") return await this.setAttribute(path, labelAttribute, `${value}\0`);
    const [, uid, gid] = /^\+(\d{1,10}):\+(\d{1,10})$/.exec(value) ?? [];
    if (uid === undefined || gid === undefined) {
      throw new VirtError(
        "invalid-argument",
        `Cannot give "${path}" the owner "${value}": it is not +UID:+GID`,
      );
    }
    await this.#call({ path, doing: "change the owner of" }, (at) => {
      try {
        Deno.chownSync(at, Number(uid), Number(gid));
      } catch (error) {
        if (!keepsNoOwner(error, path)) throw error;
      }
    });
  }

  async bootTimes(): Promise<readonly string[]> {
    const record = await Deno.readFile(this.#logins).catch(() => undefined);
    const noted = record === undefined ? undefined : bootTimeIn(record);
    if (noted !== undefined) return [`${noted}`];
    const uptime = await Deno.readTextFile("/proc/uptime").catch(() => "");
    const times = bootTimesFrom(uptime, this.#clock.now());
    if (times.length > 0) return times.map(String);
    throw new VirtError("unsupported", "Cannot tell when this host was booted: /proc/uptime does not say");
  }

  /** One try, at once. */
  #tryLock(path: string, held: readonly FileLock[]): FileLock | undefined | "busy" {
    const fd = this.#open(path);
    if (fd === undefined) return undefined;
    let lock: HeldLock | undefined;
    try {
      const identity = identityOf(`/proc/self/fd/${fd}`);
      // Under another name it is the same file, and whoever holds it would wait for himself.
      const same = held.find((one) => one instanceof HeldLock && one.identity === identity);
      if (!(same instanceof HeldLock)) {
        if (!this.#libc.tryLock(fd, metadata)) return "busy";
        // While it was opened somebody may have put another one in its place.
        if (identityOf(path) !== identity) return "busy";
      }
      const own = same instanceof HeldLock ? same.fd : fd;
      lock = new HeldLock({
        fd: own,
        identity,
        giveBack: () => this.#giveBack(path, own === fd ? fd : undefined),
      });
      this.#locked.set(path, lock);
      return lock;
    } catch (error) {
      throw this.#wrong(error, { path, doing: "lock" });
    } finally {
      // What is not kept, or is kept under its other name, goes; its lock goes with it.
      if (lock?.fd !== fd) this.#libc.close(fd);
    }
  }

  /** Opens a file that can be locked. */
  #open(path: string): number | undefined {
    let isSocket = false;
    try {
      const found = Deno.statSync(path);
      // Writing is what a lock takes, and nobody writes a folder.
      if (found.isDirectory) return undefined;
      isSocket = found.isSocket === true;
      return this.#libc.open(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || isCode(error, "ENOENT", "EROFS", "ENOTDIR")) {
        return undefined;
      }
      if (isSocket || isShared(path)) return undefined;
      throw this.#wrong(error, { path, doing: "open" });
    }
  }

  #giveBack(path: string, fd: number | undefined): void {
    this.#locked.delete(path);
    if (fd === undefined) return;
    // Its other names are not locked by what is closed now.
    for (const [name, lock] of this.#locked) if (lock.fd === fd) this.#locked.delete(name);
    try {
      // A child that was just being made may have the file open for another moment.
      this.#libc.unlock(fd, metadata);
    } finally {
      this.#libc.close(fd);
    }
  }

  /** Does something with a file: the one that was locked under the path, else the one that is there. */
  #call<T>(what: Doing, action: (path: string) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const lock = this.#locked.get(what.path);
    try {
      resolve(action(lock === undefined ? what.path : `/proc/self/fd/${lock.fd}`));
    } catch (error) {
      reject(this.#wrong(error, what));
    }
    return promise;
  }

  #wrong(error: unknown, { path, doing }: Doing): unknown {
    const what = `Cannot ${doing} "${path}"`;
    if (error instanceof Deno.errors.NotFound || isCode(error, "ENOENT", "ENOTDIR")) {
      return new VirtError("not-found", `${what}: there is no such file`, { target: path, cause: error });
    }
    if (isCode(error, "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) {
      return new VirtError("unsupported", `${what}: its file system does not have that`, {
        target: path,
        cause: error,
      });
    }
    const denied = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
    if (denied || isCode(error, "EPERM", "EACCES")) {
      return new VirtError("permission-denied", `${what}: the system does not allow it`, {
        target: path,
        hint: "Owners are changed and remembered by root with CAP_CHOWN and CAP_SYS_ADMIN only; " +
          "others have to run without remembering them",
        cause: error,
      });
    }
    if (error instanceof VirtError) return error;
    const why = error instanceof Error ? error.message : String(error);
    return new VirtError("operation-failed", `${what}: ${why}`, { target: path, cause: error });
  }
}

/** What is being done with which file. */
interface Doing {
  readonly path: string;
  readonly doing: string;
}

function identityOf(path: string): string {
  const { dev, ino } = Deno.statSync(path);
  return `${dev}:${ino}`;
}

/** The system's name for what went wrong, whoever asked it. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof SystemCallError) return error.code;
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = codeOf(error);
  return code !== undefined && codes.includes(code);
}

/** Whether a file system has no owners, or none that could be changed: then nobody needs another one. Source: libvirt. */
function keepsNoOwner(error: unknown, path: string): boolean {
  if (isCode(error, "EROFS", "ENOTSUP", "EOPNOTSUPP", "EINVAL")) return true;
  return isCode(error, "EPERM") && isShared(path);
}

/** Whether other hosts may use a file too: there root may be nobody. */
function isShared(path: string): boolean {
  try {
    return sharedFileSystems.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}
