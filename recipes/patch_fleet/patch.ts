/**
 * Patching one domain under the guard of a snapshot.
 *
 * @module
 */
import { type Domain, isVirtError, type Log, type RunTools, type Snapshot, VirtError } from "drover";
import { runProgram, untilHealthy, type Words } from "./program.ts";

/** What is done in each guest. */
export interface Patch {
  readonly command: Words;
  readonly alsoGood: readonly number[];
  readonly health: Words | undefined;
  readonly restart: boolean;
  readonly snapshot: "full" | "disk-only" | "none";
  readonly snapshotName: string;
  /** In milliseconds. */
  readonly agentWithin: number;
  readonly commandWithin: number;
  readonly healthWithin: number;
}

/** A domain that was taken back to its snapshot. */
export interface RolledBack {
  readonly domain: string;
  readonly host: string;
  /** Why. */
  readonly why: string;
  /** Whether it is healthy again. */
  readonly healthy: boolean;
}

/** A domain that has been patched. */
export interface Patched {
  readonly domain: string;
  readonly host: string;
  /** The end of what the patch printed. */
  readonly out: string;
  /** A snapshot that could not be deleted. */
  readonly snapshotLeft?: string;
}

/** Patches domains, and takes back what does not go well. */
export class Patcher {
  readonly patched = new Map<string, Patched>();
  readonly rolledBack: RolledBack[] = [];
  readonly #patch: Patch;
  readonly #tools: Pick<RunTools, "sleep" | "now" | "signal"> & { readonly log: Log };
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(patch: Patch, tools: Pick<RunTools, "log" | "sleep" | "now" | "signal">) {
    this.#patch = patch;
    this.#tools = tools;
  }

  /**
   * Takes a snapshot, runs the patch, and waits until the guest is healthy; where it is not, the domain goes back to the
   * snapshot. A guest that was ill before is left as it is.
   */
  async patch(vm: Domain): Promise<void> {
    const { command, alsoGood, commandWithin, restart, snapshot, snapshotName } = this.#patch;
    await this.#beforehand(vm);
    if (snapshot !== "none") {
      const description = `Before the patch by Drover: ${command.join(" ")}`;
      const taken = await vm.snapshots.create({
        name: snapshotName,
        description: description.slice(0, 1_000),
        ...(snapshot === "disk-only" ? { diskOnly: true } : {}),
      });
      this.#snapshots.set(keyOf(vm), taken);
    }
    await this.#orBack(vm, async () => {
      const out = await runProgram(vm, command, { what: "patch", within: commandWithin, alsoGood });
      if (restart) await this.#restart(vm);
      await this.#healthy(vm);
      this.patched.set(keyOf(vm), { domain: vm.name, host: vm.connection, out });
    });
  }

  /** After the soak: what is healthy still loses its snapshot, what is not goes back to it. */
  async confirm(vm: Domain, { looksAgain }: { readonly looksAgain: boolean }): Promise<void> {
    if (looksAgain) await this.#orBack(vm, () => this.#healthy(vm));
    const snapshot = this.#snapshots.get(keyOf(vm));
    if (snapshot === undefined) return;
    try {
      await snapshot.delete();
      this.#snapshots.delete(keyOf(vm));
    } catch (error) {
      if (isVirtError(error, "outcome-unknown") || this.#tools.signal.aborted) throw error;
      // It is patched and well: a snapshot that stays is no reason to call it failed, and none to be silent.
      this.#tools.log.warn(`snapshot "${snapshot.name}" stays: ${messageOf(error)}`, { vm });
      const patched = this.patched.get(keyOf(vm));
      if (patched !== undefined) this.patched.set(keyOf(vm), { ...patched, snapshotLeft: snapshot.name });
    }
  }

  async #beforehand(vm: Domain): Promise<void> {
    const { health, agentWithin } = this.#patch;
    const { state } = await vm.info();
    if (state !== "running") {
      throw new VirtError("wrong-state", `Cannot patch ${vm}: it is ${state}`, { target: vm.toString() });
    }
    await vm.until.agent({ within: agentWithin });
    if (health === undefined) return;
    try {
      await runProgram(vm, health, { what: "health check", within: agentWithin });
    } catch (error) {
      if (isVirtError(error, "outcome-unknown") || this.#tools.signal.aborted) throw error;
      throw new VirtError("wrong-state", `${vm} was not healthy before, and was left as it is`, {
        target: vm.toString(),
        cause: error,
      });
    }
  }

  async #healthy(vm: Domain): Promise<void> {
    const { health, healthWithin: within } = this.#patch;
    const { sleep, now } = this.#tools;
    await untilHealthy(vm, health, { within, sleep, now });
  }

  async #restart(vm: Domain): Promise<void> {
    await vm.shutdown({ within: this.#patch.healthWithin, otherwise: "destroy" });
    await vm.start();
  }

  /** Does something; where it fails, the domain goes back to its snapshot, and the error says so. */
  async #orBack(vm: Domain, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // What nobody knows is not undone blindly, and a cancelled run undoes nothing: its snapshot stays.
      if (isVirtError(error, "outcome-unknown") || this.#tools.signal.aborted) throw error;
      this.patched.delete(keyOf(vm));
      throw await this.#back(vm, error);
    }
  }

  async #back(vm: Domain, error: unknown): Promise<Error> {
    const { log } = this.#tools;
    const snapshot = this.#snapshots.get(keyOf(vm));
    const why = messageOf(error);
    if (snapshot === undefined) {
      return new VirtError("operation-failed", `${why}; there is no snapshot to go back to`, {
        cause: error,
      });
    }
    log.warn(`is taken back to "${snapshot.name}": ${why}`, { vm });
    try {
      await snapshot.revert({ running: true });
    } catch (failed) {
      const message = `${vm} could not be taken back to its snapshot "${snapshot.name}", which stays`;
      return new SuppressedError(failed, error, `${message}: ${messageOf(failed)}; the patch: ${why}`);
    }
    const healthy = await this.#isWell(vm);
    this.rolledBack.push({ domain: vm.name, host: vm.connection, why, healthy });
    if (healthy) {
      await this.#drop(vm, snapshot);
      return new VirtError("operation-failed", `${why}; it was taken back, and is healthy again`, {
        cause: error,
      });
    }
    const message = `${why}; it was taken back, and is not healthy; its snapshot "${snapshot.name}" stays`;
    return new VirtError("operation-failed", message, { cause: error });
  }

  async #isWell(vm: Domain): Promise<boolean> {
    try {
      await this.#healthy(vm);
      return true;
    } catch (error) {
      if (isVirtError(error, "outcome-unknown") || this.#tools.signal.aborted) throw error;
      this.#tools.log.error(messageOf(error), { vm });
      return false;
    }
  }

  async #drop(vm: Domain, snapshot: Snapshot): Promise<void> {
    try {
      await snapshot.delete();
      this.#snapshots.delete(keyOf(vm));
    } catch (error) {
      if (isVirtError(error, "outcome-unknown") || this.#tools.signal.aborted) throw error;
      this.#tools.log.warn(`snapshot "${snapshot.name}" stays: ${messageOf(error)}`, { vm });
    }
  }
}

function keyOf({ connection, id }: Domain): string {
  return `${connection}/${id}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
