/**
 * Files of a machine that may be killed or lose its power: what was not synced may be lost, in whole or in part, and names may
 * be as they were.
 *
 * @module
 */
import type { StateFileSystem } from "../../runtime/state/durable_file.ts";

/** Where the machine stops. */
export interface Stop {
  /** The number of the write at which it stops. */
  readonly at: number;
  /** Whether that one is still done. */
  readonly done: boolean;
}

/** What is lost of what was not synced. */
export interface Loss {
  /** How many of the names that were given or taken since the folder was synced are kept, from the first on. */
  readonly namesKept: number;
  /** How much of a file's content is kept that was not synced: from none (0) to all (1). */
  readonly contentKept: number;
}

/** A file: what processes read, and what is on the disk. */
interface Inode {
  content: Uint8Array;
  synced: Uint8Array | undefined;
}

/** The machine has stopped. */
export class Stopped extends Error {}

/** The files of a machine. */
export class ForgetfulFiles implements StateFileSystem {
  /** The writes so far. */
  writes = 0;
  readonly #stop: Stop | undefined;
  readonly #names = new Map<string, Inode>();
  /** Names as they are on the disk, and what was done to them since. */
  #syncedNames = new Map<string, Inode>();
  #changes: { readonly name: string; readonly inode: Inode | undefined }[][] = [];
  #stopped = false;

  constructor(stop?: Stop) {
    this.#stop = stop;
  }

  /** A file that has long been on the disk. */
  place(path: string, content: string): void {
    const bytes = new TextEncoder().encode(content);
    const inode = { content: bytes, synced: bytes };
    this.#names.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  /** What is there after the process was killed: everything that it has done. */
  afterKill(): ForgetfulFiles {
    const next = new ForgetfulFiles();
    for (const [path, { content }] of this.#names) next.place(path, new TextDecoder().decode(content));
    return next;
  }

  /** What is there after the power was gone. */
  afterPowerLoss({ namesKept, contentKept }: Loss): ForgetfulFiles {
    const next = new ForgetfulFiles();
    const names = new Map(this.#syncedNames);
    for (const change of this.#changes.slice(0, namesKept)) {
      for (const { name, inode } of change) {
        if (inode === undefined) names.delete(name);
        else names.set(name, inode);
      }
    }
    for (const [path, { content, synced }] of names) {
      const kept = synced ?? content.slice(0, Math.floor(content.length * contentKept));
      next.place(path, new TextDecoder().decode(kept));
    }
    return next;
  }

  write(path: string, data: Uint8Array): Promise<void> {
    return this.#act(() => {
      const inode: Inode = { content: data, synced: undefined };
      this.#names.set(path, inode);
      this.#changes.push([{ name: path, inode }]);
    });
  }

  sync(path: string): Promise<void> {
    return this.#act(() => {
      const inode = this.#names.get(path);
      if (inode === undefined) throw new Error(`There is no file "${path}"`);
      inode.synced = inode.content;
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#act(() => {
      const inode = this.#names.get(from);
      if (inode === undefined) throw new Error(`There is no file "${from}"`);
      this.#names.delete(from);
      this.#names.set(to, inode);
      this.#changes.push([{ name: from, inode: undefined }, { name: to, inode }]);
    });
  }

  syncFolder(): Promise<void> {
    return this.#act(() => {
      this.#syncedNames = new Map(this.#names);
      this.#changes = [];
    });
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#names.get(path)?.content);
  }

  #act(action: () => void): Promise<void> {
    return Promise.try(() => {
      if (this.#stopped) throw new Stopped();
      const stops = this.writes++ === this.#stop?.at;
      this.#stopped = stops;
      if (!stops || this.#stop?.done === true) action();
      if (stops) throw new Stopped();
    });
  }
}
