/**
 * The files of a simulated host: owners, labels, extended attributes, locks, processes that die, and boots.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { FileAspect, FileLock, HostFileSystem } from "../../runtime/file_system.ts";

/** What a simulated file is made with. */
export interface SimulatedFile {
  readonly owner?: string;
  readonly label?: string;
  /** Whether its file system keeps extended attributes. @default true */
  readonly attributes?: boolean;
  /** Whether its metadata can be locked. @default true */
  readonly lockable?: boolean;
}

interface File {
  owner: string;
  label: string;
  readonly attributes: Map<string, string> | undefined;
  readonly lockable: boolean;
}

interface Lock {
  readonly process: string;
  readonly waiters: (() => void)[];
}

/** A host's files. */
export class SimulatedFiles {
  readonly #files = new Map<string, File>();
  readonly #locks = new Map<string, Lock>();
  readonly #dead = new Set<string>();
  #boots = 1;

  /** Makes a file. */
  add(
    path: string,
    { owner = "+0:+0", label = "unlabeled", attributes = true, lockable = true }: SimulatedFile = {},
  ): void {
    this.#files.set(path, { owner, label, lockable, attributes: attributes ? new Map() : undefined });
  }

  /** Everything that can be seen of a file from outside. */
  look(
    path: string,
  ): {
    readonly owner: string;
    readonly label: string;
    readonly attributes: Readonly<Record<string, string>>;
  } {
    const { owner, label, attributes } = this.#file(path);
    return { owner, label, attributes: Object.fromEntries([...attributes ?? []].sort()) };
  }

  /** Somebody on the host changes an owner or a label. */
  change(path: string, aspect: FileAspect, value: string): void {
    this.#file(path)[aspect] = value;
  }

  /** How many locks are held. */
  get locks(): number {
    return this.#locks.size;
  }

  /** A process ends, in whatever it was doing; the host gives back its locks. */
  kill(process: string): void {
    this.#dead.add(process);
    for (const [path, lock] of [...this.#locks]) if (lock.process === process) this.#unlock(path, lock);
  }

  /** The host starts anew: nothing runs, nothing is locked, and files are as they were. */
  boot(): void {
    this.#boots++;
    this.#locks.clear();
  }

  /** The files as a process sees them. */
  asSeenBy(process: string): HostFileSystem {
    const alive = <T>(action: () => T): Promise<T> => {
      if (this.#dead.has(process)) return new Promise(() => {});
      return Promise.try(action);
    };
    return {
      lock: (path, signal) => this.#lock(path, { process, signal }),
      attribute: (path, name) => alive(() => this.#attributes(path).get(name)),
      setAttribute: (path, name, value) =>
        alive(() => {
          const attributes = this.#attributes(path);
          if (value === undefined) attributes.delete(name);
          else attributes.set(name, value);
        }),
      read: (path, aspect) => alive(() => this.#file(path)[aspect]),
      write: (path, aspect, value) => alive(() => void (this.#file(path)[aspect] = value)),
      bootTimes: () => alive(() => [`boot ${this.#boots}`]),
    };
  }

  #file(path: string): File {
    const file = this.#files.get(path);
    if (file === undefined) throw new VirtError("not-found", `There is no file "${path}"`);
    return file;
  }

  #attributes(path: string): Map<string, string> {
    const { attributes } = this.#file(path);
    if (attributes === undefined) {
      throw new VirtError("unsupported", `"${path}" keeps no extended attributes`);
    }
    return attributes;
  }

  async #lock(
    path: string,
    { process, signal }: { readonly process: string; readonly signal: AbortSignal },
  ): Promise<FileLock | undefined> {
    signal.throwIfAborted();
    if (this.#files.get(path)?.lockable !== true) return undefined;
    for (let held = this.#locks.get(path); held !== undefined; held = this.#locks.get(path)) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      held.waiters.push(resolve);
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      await promise.finally(() => signal.removeEventListener("abort", onAbort));
    }
    const lock: Lock = { process, waiters: [] };
    this.#locks.set(path, lock);
    return { [Symbol.dispose]: () => this.#unlock(path, lock) };
  }

  #unlock(path: string, lock: Lock): void {
    if (this.#locks.get(path) !== lock) return;
    this.#locks.delete(path);
    for (const wake of lock.waiters) wake();
  }
}
