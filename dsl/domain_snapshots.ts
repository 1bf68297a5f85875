/**
 * A domain's snapshots, as recipes use them.
 *
 * @module
 */
import type { CallOptions, MakeOptions } from "./call_options.ts";
import { type ObjectHandle, objectsOf } from "./handle.ts";
import type { Snapshot } from "./handles.ts";
import type { AnswerOf, GivenTo, Made } from "./method.ts";

/** A snapshot as lists show it: its handle, and what is known without asking further. */
export type SnapshotEntry = AnswerOf<"snapshot.list">[number];

/** How a snapshot guards some work. */
export interface DuringOptions {
  /** The snapshot's name; a domain has it once. */
  readonly name: string;
  /** What the snapshot is for, for people. */
  readonly description?: string;
  /**
   * When the snapshot stays: after work that failed, always, or never.
   * @default "on-failure"
   */
  readonly keep?: "on-failure" | "always" | "never";
  /**
   * Whether the domain goes back to the snapshot when the work fails.
   * @default "never"
   */
  readonly revert?: "on-failure" | "never";
  /** Without the running domain's memory. @default false */
  readonly diskOnly?: boolean;
}

/** The snapshots of one domain. Needs `domain:snapshot` to take and delete, `domain:read` to list. */
export class DomainSnapshots {
  readonly #vm: ObjectHandle<"domain">;

  /** Use `vm.snapshots`. */
  constructor(vm: ObjectHandle<"domain">) {
    this.#vm = vm;
  }

  /**
   * Takes a snapshot.
   *
   * @param input its name, or more than that; the seconds since 1970 name it where nothing else does
   * @throws {VirtError} `already-exists` where the domain has one of that name.
   *
   * @example
   * ```ts
   * import type { Domain, Snapshot } from "drover";
   *
   * export async function before(vm: Domain): Promise<Snapshot> {
   *   return await vm.snapshots.create({ name: "before-upgrade", description: "by Drover" });
   * }
   * ```
   */
  create<const O extends MakeOptions = MakeOptions>(
    input: GivenTo<"snapshot.create"> = {},
    options?: O,
  ): Promise<Made<Snapshot, O>> {
    // Whether it can be given back follows from `temporary`, and the type says so.
    return objectsOf(this.#vm).invoke("snapshot.create", this.#vm, input, options) as Promise<
      Made<Snapshot, O>
    >;
  }

  /** Lists the snapshots, each after the one that it was taken after. */
  list(input: GivenTo<"snapshot.list"> = {}, options?: CallOptions): Promise<SnapshotEntry[]> {
    return objectsOf(this.#vm).invoke("snapshot.list", this.#vm, input, options);
  }

  /**
   * One snapshot by its name.
   *
   * @throws {VirtError} `not-found`.
   */
  get(name: string, options?: CallOptions): Promise<Snapshot> {
    return objectsOf(this.#vm).invoke("snapshot.lookup", this.#vm, { name }, options);
  }

  /**
   * The current snapshot: the one that the domain went on from last.
   *
   * @throws {VirtError} `not-found` where there is none.
   */
  current(options?: CallOptions): Promise<Snapshot> {
    return objectsOf(this.#vm).invoke("snapshot.current", this.#vm, {}, options);
  }

  /**
   * Works under the guard of a snapshot: takes it, does the work, and deletes it when that went well. Where the work fails,
   * the snapshot stays, and its error is what this throws.
   *
   * @param guard the snapshot's name, or more than that
   * @throws {VirtError} `already-exists` where the domain has a snapshot of that name; whatever the work throws.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function upgrade(vm: Domain): Promise<void> {
   *   await vm.snapshots.during({ name: "before-upgrade", revert: "on-failure" }, async () => {
   *     const { exitCode } = await vm.guestExec({ path: "/usr/bin/apt-get", arguments: ["-y", "upgrade"] });
   *     if (exitCode !== 0) throw new Error(`apt-get left with ${exitCode}`);
   *   });
   * }
   * ```
   */
  async during<T>(
    guard: DuringOptions | string,
    work: (snapshot: Snapshot) => T | Promise<T>,
  ): Promise<T> {
    const { keep = "on-failure", revert = "never", name, description, diskOnly } = typeof guard === "string"
      ? { name: guard }
      : guard;
    const input = {
      name,
      ...(description === undefined ? {} : { description }),
      ...(diskOnly === undefined ? {} : { diskOnly }),
    };
    if (keep === "never") {
      // The lease takes it back however the run ends, also when the machine fails meanwhile.
      await using snapshot = await this.create(input, { temporary: true });
      return await this.#guarded(snapshot, { work, revert });
    }
    const snapshot = await this.create(input);
    const value = await this.#guarded(snapshot, { work, revert });
    if (keep === "on-failure") await objectsOf(snapshot).invoke("snapshot.delete", snapshot, {});
    return value;
  }

  async #guarded<T>(
    snapshot: Snapshot,
    { work, revert }: {
      readonly work: (snapshot: Snapshot) => T | Promise<T>;
      readonly revert: "on-failure" | "never";
    },
  ): Promise<T> {
    try {
      return await work(snapshot);
    } catch (error) {
      const { session } = objectsOf(snapshot);
      if (revert === "on-failure" && !session.signal.aborted) {
        try {
          await objectsOf(snapshot).invoke("snapshot.revert", snapshot, {});
        } catch (failed) {
          throw new SuppressedError(
            failed,
            error,
            `${snapshot} could not be reverted to after the work failed`,
          );
        }
      }
      throw error;
    }
  }
}
