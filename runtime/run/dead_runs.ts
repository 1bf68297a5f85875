/**
 * The runs that no kernel drives: what they hold is kept for the time in which they can be resumed, and given back after
 * it.
 *
 * @module
 */
import { isVirtError, toErrorData, VirtError } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { DriverConnection } from "../driver.ts";
import type { LeaseRecord, RunRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { Kernel } from "../kernel.ts";
import type { Lease } from "../lease.ts";
import { connectHosts, enumerated, refuseOtherHosts } from "./hosts.ts";
import { RunLeases } from "./leases.ts";
import { unsettledWrites } from "./recovery.ts";
import { kernelAuthority, reconcileStep, type UndoContext } from "./undo.ts";

/** How often it is looked whether a run's time is over, in milliseconds. */
const lookMs = 10 * 60 * 1000;

/** How long a hold waits for a host to be enumerated, and for its objects, in milliseconds. */
const holdMs = 30_000;

/** What the care for dead runs works with. */
export interface DeadRunsOptions {
  readonly kernel: Kernel;
  readonly store: Store;
  /** How long a run keeps what it holds, in milliseconds. */
  readonly windowMs: number;
}

/** The runs that nobody drives. */
export class DeadRuns {
  readonly #options: DeadRunsOptions;
  readonly #held = new Map<string, readonly Lease[]>();
  readonly #holding = new Map<DriverConnection, Promise<void>>();
  readonly #closing = new AbortController();
  #look: Disposable | undefined;

  constructor(options: DeadRunsOptions) {
    this.#options = options;
  }

  /** Holds for interrupted runs what they hold exclusively on a host; once per connection. */
  hold(connection: DriverConnection): Promise<void> {
    return this.#holding.getOrInsertComputed(connection, () => this.#holdOn(connection));
  }

  /** Keeps what a run held that has just been interrupted. */
  keep(id: string, held: readonly Lease[]): void {
    if (held.length > 0) this.#held.set(id, held);
  }

  async #holdOn(connection: DriverConnection): Promise<void> {
    const { store, kernel } = this.#options;
    const interrupted = await store.runs({ states: ["interrupted"] });
    if (interrupted.length === 0) return;
    const open = await store.openLeases();
    for (const run of interrupted) {
      const leases = open.filter((lease) => lease.run === run.id && isOn(lease, connection));
      if (leases.length === 0 || this.#held.has(run.id)) continue;
      const deadline = kernel.clock.now() + holdMs;
      await connection.ready.wait({ clock: kernel.clock, deadline, signal: this.#closing.signal });
      const names = new Set(leases.flatMap(({ objects }) => objects.map((ref) => ref.connection)));
      const connections = new Map([...names].map((name) => [name, connection]));
      const held = new RunLeases(this.#context(run, connections), { records: leases });
      try {
        await held.reacquire(this.#closing.signal, deadline);
      } catch (error) {
        // What cannot be had again must not keep others from the host.
        this.#note(run, error);
      }
      this.keep(run.id, held.held);
    }
  }

  /** Hands what was held for a run to whoever resumes it. */
  hand(id: string): readonly Lease[] {
    const held = this.#held.get(id) ?? [];
    this.#held.delete(id);
    return held;
  }

  /**
   * Gives up an interrupted run: finds out what became of its steps, gives back what it holds, undoes what it made for a
   * time.
   *
   * @throws {VirtError} where something could not be undone; the run stays interrupted then.
   */
  async abandon(run: RunRecord): Promise<void> {
    const { store, kernel } = this.#options;
    const connections = await this.#connect(run);
    const context = this.#context(run, connections);
    let unknown = run.unknownOutcome;
    for (const step of unsettledWrites(await store.steps(run.id))) {
      const outcome = await this.#settle(step, context);
      unknown ||= outcome.kind === "unknown";
      store.changeStep(run.id, step.number, {
        outcome: outcome.kind,
        settledAt: kernel.clock.now(),
        ...(outcome.kind === "done" ? {} : { error: outcome.error }),
      });
    }
    const held = this.#held.get(run.id) ?? [];
    const leases = new RunLeases(context, { records: await store.leases(run.id), held });
    const [failure] = await leases.endAll();
    if (failure !== undefined) {
      throw new VirtError(
        "operation-failed",
        `Cannot abandon run ${run.id}: ${failure.lease.label} stays as it is`,
        {
          target: failure.lease.label,
          hint: "Set right what hinders it, and abandon the run again",
          cause: failure.error,
        },
      );
    }
    this.#held.delete(run.id);
    await kernel.releaseRun(run.id);
    store.changeRun(run.id, {
      state: "abandoned",
      endedAt: kernel.clock.now(),
      unknownOutcome: unknown,
      exit: unknown ? exitCode.unknownOutcome : run.exit ?? exitCode.interrupted,
    });
    await store.flush();
  }

  /**
   * Finds out what became of a single operation whose kernel died, and carries it out where it was not done.
   *
   * @throws {VirtError} `outcome-unknown` where nobody can tell.
   */
  async finishOperation(run: RunRecord, assumed: "done" | "not-done" | undefined): Promise<Outcome> {
    const { store, kernel } = this.#options;
    const connections = await this.#connect(run);
    const context = this.#context(run, connections);
    const [step] = await store.steps(run.id);
    if (step?.operation === undefined) return { kind: "not-done", error: neverBegun(run) };
    const { intent } = step;
    if (intent !== undefined) {
      const found = assumed === undefined
        ? await this.#settle({ ...step, intent }, context)
        : { kind: assumed, value: null } as const;
      if (found.kind !== "unknown") kernel.accept(intent.object);
      if (found.kind === "done") return { kind: "done", value: found.value, reconciled: true };
      if (found.kind === "unknown") throw unknownOperation(run, found.error.message);
    }
    if (step.redacted === true) return { kind: "not-done", error: neverBegun(run) };
    const { outcome } = await kernel.call({
      operation: step.operation,
      connections,
      connection: step.connection ?? "host",
      ...(step.ref === undefined ? {} : { target: step.ref }),
      input: step.input,
      caller: context.caller,
      authority: kernelAuthority,
      rebase: true,
      journal: {
        intent: async (again) => {
          store.changeStep(run.id, 0, { intent: again });
          await store.flush();
        },
      },
      ...(intent === undefined ? {} : { newId: intent.newId }),
    });
    return outcome;
  }

  /** Undoes what is left of runs that have ended, gives up those whose time is over, and looks again from time to time. */
  async settle(isDriven: (id: string) => boolean): Promise<void> {
    const { store, kernel, windowMs } = this.#options;
    const now = kernel.clock.now();
    const open = new Set((await store.openLeases()).map(({ run }) => run));
    for (const run of await store.runs()) {
      if (this.#closing.signal.aborted) return;
      if (isDriven(run.id)) continue;
      try {
        if (run.state === "interrupted") {
          if (now - (run.interruptedAt ?? now) >= windowMs) await this.abandon(run);
        } else if (open.has(run.id)) {
          await this.#endLeft(run);
        }
      } catch (error) {
        this.#note(run, error);
      }
    }
    if (this.#closing.signal.aborted) return;
    this.#look = kernel.clock.after(lookMs, () => void this.settle(isDriven));
  }

  /** Looks no more. */
  close(): void {
    this.#closing.abort(new VirtError("cancelled", "The runtime is closing"));
    this.#look?.[Symbol.dispose]();
  }

  /** Ends the leases that a run could not end itself. */
  async #endLeft(run: RunRecord): Promise<void> {
    const context = this.#context(run, await this.#connect(run));
    const leases = new RunLeases(context, { records: await this.#options.store.leases(run.id) });
    for (const { lease, error } of await leases.endAll()) {
      this.#note(run, new VirtError("operation-failed", `Cannot take back ${lease.label}: ${error.message}`));
    }
    await this.#options.store.flush();
  }

  async #settle(
    step: ReturnType<typeof unsettledWrites>[number],
    context: UndoContext,
  ): Promise<Outcome> {
    if (step.redacted === true) {
      const error = new VirtError(
        "outcome-unknown",
        "its input held a secret value, which is nowhere on record",
      );
      return { kind: "unknown", error: toErrorData(error) };
    }
    return await reconcileStep(step, context);
  }

  async #connect(run: RunRecord): Promise<ReadonlyMap<string, DriverConnection>> {
    const needed = run.hosts.filter(({ host }) => host !== undefined).map(({ name }) => name);
    const connections = await connectHosts(needed, {
      hosts: run.hosts,
      connect: (uri) => this.#options.kernel.connect(uri),
    });
    try {
      refuseOtherHosts(run, connections);
    } catch (error) {
      // A host that lost its state has nothing of the run's any more.
      if (!isVirtError(error, "changed-outside")) throw error;
    }
    const { clock } = this.#options.kernel;
    await enumerated(connections.values(), { clock, signal: this.#closing.signal });
    return connections;
  }

  #context(
    run: RunRecord,
    connections: ReadonlyMap<string, DriverConnection>,
  ): UndoContext & { readonly run: string } {
    const { kernel, store } = this.#options;
    const caller = { principal: run.principal, run: run.id, title: run.title, since: run.createdAt };
    return { kernel, store, caller, connections, run: run.id };
  }

  #note(run: RunRecord, error: unknown): void {
    const { store, kernel } = this.#options;
    store.addAudit({
      at: kernel.clock.now(),
      principal: run.principal,
      run: run.id,
      decision: "not-done",
      operation: "give back",
      detail: toErrorData(error).message,
    });
  }
}

/** Whether a lease is held exclusively on a host: the first part of an object's key is the host's UUID. */
function isOn({ kind, keys }: LeaseRecord, { host }: DriverConnection): boolean {
  return kind === "exclusive" && keys.some((key) => key.startsWith(`${host}/`));
}

function neverBegun({ id }: RunRecord): ReturnType<typeof toErrorData> {
  return toErrorData(
    new VirtError("operation-failed", `Cannot finish run ${id}: what it was asked to do is not on record`, {
      hint: "Ask for the operation again",
    }),
  );
}

function unknownOperation({ id, title }: RunRecord, reason: string): VirtError {
  return new VirtError("outcome-unknown", `Nobody can tell whether ${title} happened: ${reason}`, {
    hint: `Look at it, then: drover runs resume ${id} --assume 0=done|not-done`,
  });
}
