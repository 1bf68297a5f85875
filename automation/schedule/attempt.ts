/**
 * One attempt of a firing: its run is begun, or taken up where a dead daemon left it, and carried to its end.
 *
 * @module
 */
import { type ErrorData, toErrorData } from "../../model/error.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import { canonicalText, sha256 } from "../../runtime/journal/json.ts";
import type { FiringRecord, ScheduleRecord } from "../../runtime/journal/schedule_record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import type { RunManager } from "../../runtime/run/manager.ts";
import { unsettledWrites } from "../../runtime/run/recovery.ts";
import { type Verdict, verdictOf } from "./outcome.ts";
import { givenBy, type PreparePlaybook, prepareWork } from "./work.ts";

/** How often a resume is tried whose host cannot be reached, and the first pause, which doubles, in milliseconds. */
const resumeAttempts = 6;
const resumePauseMs = 5_000;

/** What schedules need of the runs. */
export type ScheduledRuns = Pick<RunManager, "start" | "resume" | "active" | "cancel" | "abandon">;

/** What an attempt works with. */
export interface AttemptOptions {
  readonly schedule: ScheduleRecord;
  readonly store: Store;
  readonly clock: Clock;
  readonly runs: ScheduledRuns;
  readonly playbook: PreparePlaybook;
  /** Aborts when the process leaves. */
  readonly signal: AbortSignal;
}

/**
 * Carries the present attempt of a firing to its end, and answers what came of it.
 *
 * @throws {VirtError} where its run cannot begin.
 * @throws the signal's reason: the next process goes on with it then.
 */
export async function attempt(firing: FiringRecord, options: AttemptOptions): Promise<Verdict> {
  const { store, runs, schedule, signal } = options;
  const run = firing.runs.at(-1) ?? "";
  const before = await store.run(run);
  let trouble: ErrorData | undefined;
  if (before === undefined) await start(firing, { ...options, run });
  else if (before.state === "interrupted" && schedule.spec.resume) trouble = await resume(run, options);
  else await runs.active(run)?.ended;
  signal.throwIfAborted();
  const record = await store.run(run);
  if (record === undefined) throw new Error(`Run ${run} is on no record`);
  const { timedOut } = await store.firing(firing.id) ?? {};
  const verdict = verdictOf(trouble === undefined ? record : { ...record, error: trouble }, { timedOut });
  return verdict.kind === "interrupted" ? await interrupted(verdict, { ...options, firing }) : verdict;
}

async function start(
  firing: FiringRecord,
  { run, schedule, runs, playbook, signal }: AttemptOptions & { readonly run: string },
): Promise<void> {
  const { spec, principal } = schedule;
  const given = givenBy(spec, firing);
  const prepared = await prepareWork(spec, { given, principal, signal, playbook });
  signal.throwIfAborted();
  const active = await runs.start({
    ...prepared,
    grants: spec.grants,
    secrets: spec.secrets,
    sandbox: spec.sandbox,
    principal,
    asked: { id: run, request: sha256(canonicalText([schedule.id, firing.id, firing.attempt])) },
  });
  await active.ended;
}

/** Takes a run up again; answers why that could not be done. */
async function resume(
  run: string,
  { runs, clock, signal }: AttemptOptions,
): Promise<ErrorData | undefined> {
  for (let tried = 0;; tried++) {
    let trouble: ErrorData | undefined;
    try {
      const { state, error } = await (await runs.resume(run)).ended;
      if (state !== "interrupted") return undefined;
      trouble = error;
    } catch (error) {
      trouble = toErrorData(error);
    }
    signal.throwIfAborted();
    if (trouble?.code !== "unreachable" || tried >= resumeAttempts) return trouble;
    await sleep(clock, resumePauseMs * 2 ** tried, signal);
  }
}

/**
 * A run that stopped in the middle stands in the way of another attempt: it holds what it holds. Where every outcome is
 * known it is given up, so that there can be one; else that is for a person to decide.
 */
async function interrupted(
  verdict: Extract<Verdict, { readonly kind: "interrupted" }>,
  { firing, schedule: { spec }, store, runs }: AttemptOptions & { readonly firing: FiringRecord },
): Promise<Verdict> {
  const { run } = verdict;
  const reason = spec.resume
    ? `its run was interrupted and could not be taken up again: ${verdict.reason}`
    : "the daemon ended while it ran, and its schedule says not to take it up again";
  if (firing.attempt <= spec.retries.most && unsettledWrites(await store.steps(run)).length === 0) {
    try {
      await runs.abandon(run);
      return { kind: "failed", exit: verdict.exit, again: true, reason };
    } catch {
      // Whatever stands against it, a person has to see to the run.
    }
  }
  return { ...verdict, reason };
}
