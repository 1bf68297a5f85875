/**
 * Owners and labels of files: changed for whoever uses a file, remembered on the file, and put back by the last user.
 *
 * What is remembered stands in three extended attributes per aspect: the original value, how many use the file, and when
 * the host was booted. Their names and forms are libvirt's (its `security_util.c`, 5.6 and later), so that both count
 * together. They are not changed atomically, hence the lock on the file; what a crash of the host left behind is
 * recognised by the boot time and forgotten.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import type { HopOptions, Job } from "./driver.ts";
import { type FileAspect, fileAspects, type FileLock, type HostFileSystem } from "./file_system.ts";

/** A file that somebody is about to use. */
export interface FileUse {
  /** Absolute. */
  readonly path: string;
  /** The owner that its user needs, as `+UID:+GID`. */
  readonly owner?: string;
  /** The label that its user needs. */
  readonly label?: string;
  /**
   * Whether what it was is remembered. libvirt does so for what one guest writes alone, and neither for shared files nor for
   * those that are only read (its security_dac.c).
   * @default true
   */
  readonly remember?: boolean;
}

/** What is needed to change files. */
export interface RememberingOptions {
  readonly files: HostFileSystem;
  /**
   * Whether what files were is remembered on them. Without it they keep what their user needed.
   * @default true
   */
  readonly rememberOwner?: boolean;
  /** How its hops go, such as `{ givesBack: true, offline: true }` where a start has failed. @default {} */
  readonly hops?: HopOptions;
}

/** libvirt's names for the aspects: the security drivers that change them. */
const drivers: Readonly<Record<FileAspect, string>> = { owner: "dac", label: "selinux" };

/** How often taking back is tried. */
const undoTries = 3;

/** One aspect of one file, and its attributes. */
interface Remembered {
  readonly path: string;
  readonly aspect: FileAspect;
  readonly original: string;
  readonly count: string;
  readonly stamp: string;
}

/** What is remembered of one aspect of a file, since the last boot. */
interface Memory {
  readonly users: number;
  /** What it was. Without users: somebody was about to begin or to end when he died. */
  readonly original?: string;
  readonly stamp?: string;
}

function remembered(path: string, aspect: FileAspect): Remembered {
  const driver = drivers[aspect];
  return {
    path,
    aspect,
    original: `trusted.libvirt.security.${driver}`,
    count: `trusted.libvirt.security.ref_${driver}`,
    stamp: `trusted.libvirt.security.timestamp_${driver}`,
  };
}

/**
 * Gives files the owner and the label that their user needs, and remembers what they were. All of them or none.
 *
 * @throws {VirtError} `in-use` where somebody else uses a file with another owner or label; whatever a hop throws.
 *
 * @example
 * ```ts
 * import { claimFiles } from "./remember_owner.ts";
 * import type { Job } from "./driver.ts";
 * import type { HostFileSystem } from "./file_system.ts";
 * async function prepare(job: Job, files: HostFileSystem): Promise<void> {
 *   await claimFiles(job, [{ path: "/images/disk", owner: "+107:+107" }], { files });
 * }
 * ```
 */
export async function claimFiles(
  job: Pick<Job, "hop">,
  uses: readonly FileUse[],
  options: RememberingOptions,
): Promise<void> {
  await changeFiles(job, { uses, options }, async (change) => {
    for (const use of inOrder(uses)) {
      for (const aspect of fileAspects) {
        const wanted = use[aspect];
        if (wanted !== undefined) await change.claim(remembered(use.path, aspect), wanted);
      }
    }
  });
}

/**
 * A user is done with files: the last one puts back what they were. All of them or none.
 *
 * The count does not say who uses a file, so whoever may die in the middle notes durably that it releases before it
 * begins: released twice, a file would be taken from another user; not released, it waits for the next boot.
 *
 * @throws whatever a hop throws.
 */
export async function releaseFiles(
  job: Pick<Job, "hop">,
  uses: readonly FileUse[],
  options: RememberingOptions,
): Promise<void> {
  if (options.rememberOwner === false) return;
  await changeFiles(job, { uses, options }, async (change) => {
    for (const use of inOrder(uses).toReversed()) {
      for (const aspect of fileAspects.toReversed()) {
        if (use[aspect] !== undefined) await change.release(remembered(use.path, aspect));
      }
    }
  });
}

/** By path, each once. */
function inOrder(uses: readonly FileUse[]): readonly FileUse[] {
  const byPath = new Map<string, FileUse>();
  for (const use of uses) byPath.set(use.path, { ...byPath.get(use.path), ...use });
  return [...byPath.values()].sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Changes files under their locks; what fails in the middle is taken back, last change first. */
async function changeFiles(
  job: Pick<Job, "hop">,
  { uses, options }: { readonly uses: readonly FileUse[]; readonly options: RememberingOptions },
  action: (change: FileChange) => Promise<void>,
): Promise<void> {
  using change = new FileChange(job, options);
  if (options.rememberOwner !== false) {
    const remembering = uses.filter(({ remember }) => remember !== false);
    await change.lock(remembering.map(({ path }) => path));
  }
  try {
    await action(change);
  } catch (error) {
    const failures = await change.takeBack();
    if (failures.length === 0) throw error;
    throw new VirtError("operation-failed", "Cannot take back what was changed on files", {
      hint: `Look at the owners, labels and trusted.libvirt attributes of ${
        uses.map(({ path }) => path).join(", ")
      }`,
      detail: { failures: failures.map(String) },
      cause: error,
    });
  }
}

/** Changes to several files. */
class FileChange implements Disposable {
  readonly #job: Pick<Job, "hop">;
  readonly #files: HostFileSystem;
  readonly #hops: HopOptions;
  readonly #locks = new DisposableStack();
  readonly #held = new Set<FileLock>();
  /** The files whose lock is in hand; what others were is not remembered. */
  readonly #locked = new Set<string>();
  readonly #undo: { readonly path: string; readonly undo: () => Promise<void> }[] = [];
  #bootTimes: readonly string[] = [];

  constructor(job: Pick<Job, "hop">, { files, hops = {} }: RememberingOptions) {
    this.#job = job;
    this.#files = files;
    this.#hops = hops;
  }

  /** Locks files, in the order of their paths, so that two who need the same files never wait in a circle. */
  async lock(paths: readonly string[]): Promise<void> {
    for (const path of [...new Set(paths)].sort()) await this.#lock(path);
    this.#bootTimes = await this.#look("read the boot time", () => this.#files.bootTimes());
  }

  /**
   * Takes everything back, last change first. What fails is tried again; where it fails still, the rest of that file
   * stays, so that what it was is not forgotten before it is so again.
   */
  async takeBack(): Promise<readonly unknown[]> {
    const failures = new Map<string, unknown>();
    for (const { path, undo } of this.#undo.splice(0).toReversed()) {
      for (let tries = 1; !failures.has(path) && tries <= undoTries; tries++) {
        const failure = await undo().then(() => undefined, (error: unknown) => ({ error }));
        if (failure === undefined) break;
        if (tries === undoTries) failures.set(path, failure.error);
      }
    }
    return [...failures.values()];
  }

  [Symbol.dispose](): void {
    this.#locks[Symbol.dispose]();
  }

  async claim(file: Remembered, wanted: string): Promise<void> {
    const { path, aspect } = file;
    const memory = await this.#memory(file);
    const present = await this.#read(file);
    const users = memory?.users;
    if (users !== undefined && users > 0 && present !== wanted) {
      throw new VirtError(
        "in-use",
        `Cannot give "${path}" the ${aspect} "${wanted}": it is in use with the ${aspect} "${present}"`,
        { target: path, hint: `Let all who use the file run with the same ${aspect}` },
      );
    }
    if (memory !== undefined) {
      const { users, original, stamp } = memory;
      if (users === 0) {
        // Where somebody died while he gave the file back, what it was is still there, and what it is now is not it.
        if (original === undefined) {
          await this.#set(file, { name: file.original, value: present, before: undefined });
        }
        await this.#set(file, { name: file.stamp, value: this.#bootTimes[0], before: stamp });
      }
      // The count comes last: without it nothing counts as remembered.
      await this.#set(file, {
        name: file.count,
        value: `${users + 1}`,
        before: users === 0 ? undefined : `${users}`,
      });
    }
    if (present !== wanted) await this.#write(file, { value: wanted, before: present });
  }

  async release(file: Remembered): Promise<void> {
    const memory = await this.#memory(file);
    if (memory === undefined) return;
    const { users, original, stamp } = memory;
    if (users > 1) {
      await this.#set(file, { name: file.count, value: `${users - 1}`, before: `${users}` });
      return;
    }
    if (users === 1) await this.#set(file, { name: file.count, value: undefined, before: "1" });
    // What it was is forgotten only when it is so again: whoever dies in between leaves the rest to the next one.
    if (original !== undefined) {
      const present = await this.#read(file);
      if (present !== original) await this.#write(file, { value: original, before: present });
      await this.#set(file, { name: file.original, value: undefined, before: original });
    }
    if (stamp !== undefined) await this.#set(file, { name: file.stamp, value: undefined, before: stamp });
  }

  async #lock(path: string): Promise<void> {
    await this.#look(`lock ${path}`, async (signal) => {
      const lock = await this.#files.lock(path, signal, [...this.#held]);
      if (lock === undefined) return;
      // A lock that comes when nobody waits for it any more goes back.
      if (this.#locks.disposed) lock[Symbol.dispose]();
      else this.#held.add(this.#locks.use(lock));
      this.#locked.add(path);
    });
  }

  /** What is remembered on the file; `undefined` where nothing can be. */
  async #memory(file: Remembered): Promise<Memory | undefined> {
    if (!this.#locked.has(file.path)) return undefined;
    try {
      const count = await this.#attribute(file, file.count) ?? "0";
      const stamp = await this.#attribute(file, file.stamp);
      const isOfThisBoot = stamp !== undefined && this.#bootTimes.includes(stamp);
      if (isOfThisBoot && /^\d{1,10}$/.test(count)) {
        const original = await this.#attribute(file, file.original);
        return { users: Number(count), stamp, ...(original === undefined ? {} : { original }) };
      }
      await this.#forget(file);
      return { users: 0 };
    } catch (error) {
      if (isVirtError(error, "unsupported")) return undefined;
      throw error;
    }
  }

  /** What was remembered before the host was booted, or in a form that nobody writes, says nothing. */
  async #forget(file: Remembered): Promise<void> {
    for (const name of [file.count, file.original, file.stamp]) {
      const before = await this.#attribute(file, name);
      if (before !== undefined) await this.#set(file, { name, value: undefined, before });
    }
  }

  #attribute({ path }: Remembered, name: string): Promise<string | undefined> {
    return this.#look(`read ${name} of ${path}`, () => this.#files.attribute(path, name));
  }

  #read({ path, aspect }: Remembered): Promise<string> {
    return this.#look(`read ${aspect} of ${path}`, () => this.#files.read(path, aspect));
  }

  #look<T>(where: string, fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#job.hop(where, fn, { ...this.#hops, acts: false });
  }

  /** Notes how to take a change back before it is made: whether one that failed was made nobody knows. */
  async #set(
    { path }: Remembered,
    { name, value, before }: {
      readonly name: string;
      readonly value: string | undefined;
      readonly before: string | undefined;
    },
  ): Promise<void> {
    const set = (to: string | undefined, options: HopOptions): Promise<void> =>
      this.#job.hop(`set ${name} of ${path}`, () => this.#files.setAttribute(path, name, to), options);
    this.#undo.push({ path, undo: () => set(before, givesBack) });
    await set(value, this.#hops);
  }

  async #write(
    { path, aspect }: Remembered,
    { value, before }: { readonly value: string; readonly before: string },
  ): Promise<void> {
    const write = (to: string, options: HopOptions): Promise<void> =>
      this.#job.hop(`change ${aspect} of ${path}`, () => this.#files.write(path, aspect, to), options);
    this.#undo.push({ path, undo: () => write(before, givesBack) });
    await write(value, this.#hops);
  }
}

const givesBack: HopOptions = { givesBack: true, offline: true };
