/**
 * The ways in which a job reaches the far side.
 *
 * Writing a family of operations:
 *
 * 1. A file per family, which exports a part of the driver's map, `satisfies DriverMap`; it is spread into
 *    `implementations.ts`. A driver function awaits nothing but the functions of this file.
 * 2. What only reads: {@linkcode ask}, or {@linkcode askTogether} for several calls at once. Make those that do not need
 *    each other's answers in one `Promise.all`: they travel together. `line.maybe` is for what a hypervisor may lack.
 * 3. What changes something: {@linkcode act}, or {@linkcode actTogether}. The job's object (and its target) is looked at
 *    within the same hop and taken over as the job's own doing; what else has changed or was made goes into `also`. Nothing
 *    in memory is to be changed by hand.
 * 4. Lists and look-ups: {@linkcode listObjects} and {@linkcode lookUpObject}; they take over what they find. How a class is
 *    looked at is in `look.ts`.
 * 5. Every write that declares `reconcile: "by-state"` has a `reconcile`: `byState` in `reconcile.ts`.
 * 6. Names for slots, where an operation is on the connection and makes something: `claim.ts`.
 *
 * Errors of the far side come out as `Cannot DOING LABEL: what it said`, with its text as the cause; `doing` says what was
 * being done. libvirt's time-out of its own lock is tried again until the job's deadline. A link that breaks before anything
 * was sent is waited for; what was in flight is reconciled by the kernel.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ArgumentsOf, ProcedureName, ResultOf } from "../../protocol/procedures/mod.ts";
import { sleep } from "../../runtime/clock.ts";
import type { HopOptions, Job } from "../../runtime/driver.ts";
import { connectionOf, type RemoteConnection } from "./connection.ts";
import type { Line } from "./line.ts";
import type { Identity, RemoteJob, RemoteObject, Sighting } from "./object.ts";
import { identityOf } from "./object.ts";
import { isLockTimeout, refusal } from "./refusal.ts";
import { type Doer, keyOf, type ListScope } from "./table.ts";

/** How something is asked. */
export interface AskOptions extends HopOptions {
  /** What is being done, for errors: `Cannot start domain "web-1": …`. @default the operation's name */
  readonly doing?: string;
  /** What it is about, for errors. @default the call's target, else the job's object */
  readonly target?: { readonly label: string };
  /** What to do about a refusal, where that is known. */
  readonly hint?: (error: VirtError) => string | undefined;
}

/** How something is done. */
export interface ActOptions<T> extends AskOptions {
  /** Does not wait behind calls that are stuck: for kills. @default false */
  readonly urgent?: boolean;
  /** What else to look at afterwards, by what was answered: what was made, above all. */
  readonly also?: (answer: T) => readonly Identity[];
}

/** The pause before libvirt is asked again for its lock, in milliseconds; it has waited 30 s itself by then. */
const lockPauseMs = 250;

/**
 * Asks the far side something.
 *
 * @throws {VirtError} what it answers; `unreachable` where it cannot be reached in time.
 */
export function ask<P extends ProcedureName>(
  job: Job,
  procedure: P,
  args: ArgumentsOf<P>,
  options: AskOptions = {},
): Promise<ResultOf<P>> {
  return askTogether(job, procedure, (line) => line.call(procedure, args), options);
}

/**
 * Asks the far side several things in one hop.
 *
 * @throws {VirtError} as {@linkcode ask}
 */
export async function askTogether<T>(
  job: Job,
  where: string,
  questions: (line: Line) => Promise<T>,
  options: AskOptions = {},
): Promise<T> {
  const connection = connectionOf(job);
  const hop: HopOptions = { acts: false, offline: true, ...options };
  let broken = false;
  return await untilUnlocked(job, options, async () => {
    while (true) {
      try {
        return await job.hop(where, async (signal) => await questions(await connection.line(signal)), hop);
      } catch (error) {
        // A question changes nothing: it is asked once more. Twice could mean that it breaks whoever answers.
        if (!isVirtError(error, "unreachable") || broken || job.signal.aborted) throw error;
        broken = true;
      }
    }
  });
}

/**
 * Has the far side do something, and looks at what has become of the job's object.
 *
 * @throws {VirtError} what it answers, and then nothing has happened; `unreachable`; what a hop throws.
 */
export function act<P extends ProcedureName>(
  job: Job,
  procedure: P,
  args: ArgumentsOf<P>,
  options: ActOptions<ResultOf<P>> = {},
): Promise<ResultOf<P>> {
  return actTogether(job, procedure, (line) => line.call(procedure, args), options);
}

/**
 * Has the far side do something that takes several calls within one hop: looks first, streams, compares. The deed itself
 * is one call of them, and the last that may be refused: a refusal means that nothing has happened.
 *
 * @throws {VirtError} as {@linkcode act}
 */
export function actTogether<T>(
  job: Job,
  where: string,
  deeds: (line: Line) => Promise<T>,
  options: ActOptions<T> = {},
): Promise<T> {
  return untilUnlocked(job, options, () => actOnce(job, where, { deeds, options }));
}

/** What a look has found. */
interface Look {
  readonly identity: Identity;
  readonly object: RemoteObject | undefined;
  readonly askedAt: number;
  /** Absent where nothing is there any more. */
  readonly sighting: Sighting | undefined;
}

async function actOnce<T>(
  job: Job,
  where: string,
  { deeds, options }: { readonly deeds: (line: Line) => Promise<T>; readonly options: ActOptions<T> },
): Promise<T> {
  const connection = connectionOf(job);
  const objects = objectsOf(job);
  const { generation } = job.object;
  let occupied: Disposable | undefined;
  try {
    const { answer, seen } = await job.hop(where, async (signal) => {
      const { urgent = false } = options;
      const line = await connection.line(signal, { urgent });
      // While the link was down the world may have moved: the job is told so, and nothing is sent.
      if (options.offline !== true && job.object.generation !== generation) throw movedMeanwhile();
      occupied = connection.occupy(objects);
      const answer = await deeds(line).catch((error: unknown) => {
        // What was answered before the link broke may have been the deed itself.
        throw line.answered > 0 && isVirtError(error, "unreachable") ? inDoubt(error) : error;
      });
      const things = thingsOf(objects, options.also?.(answer) ?? []);
      // Behind something long the session may have another connection by now.
      const again = urgent ? line.again(connection.table.moment()) : undefined;
      return { answer, seen: await lookAfter(connection, { signal, line: again, things }) };
    }, options);
    takeOver(connection, { seen, doer: connection.doerOf(job as RemoteJob) });
    return answer;
  } catch (error) {
    occupied?.[Symbol.dispose]();
    // It may have happened all the same: what is there now is seen as something that came from elsewhere.
    if (occupied !== undefined) { for (const object of objects) connection.hear(identityOf(object)); }
    throw error;
  } finally {
    occupied?.[Symbol.dispose]();
  }
}

/** The objects that a job acts on. */
function objectsOf({ object, target }: Job): readonly RemoteObject[] {
  return [object, ...(target === undefined || target === object ? [] : [target])]
    .filter(({ objectClass }) => objectClass !== "connection") as RemoteObject[];
}

/** Something to be looked at; `object` where the driver has one that may not be in the table yet. */
interface Thing {
  readonly identity: Identity;
  readonly object: RemoteObject | undefined;
}

async function lookAt(
  connection: RemoteConnection,
  { line, things }: { readonly line: Line; readonly things: readonly Thing[] },
): Promise<readonly Look[]> {
  return await Promise.all(things.map(async ({ identity, object }) => ({
    identity,
    object,
    askedAt: line.askedAt,
    sighting: await connection.sight(line, identity, { definition: true }),
  })));
}

/** What has become of things after an act. The act has happened: what fails here leaves doubt, never "not done". */
async function lookAfter(
  connection: RemoteConnection,
  { signal, line, things }: {
    readonly signal: AbortSignal;
    readonly line: Line | undefined;
    readonly things: readonly Thing[];
  },
): Promise<readonly Look[]> {
  try {
    return await lookAt(connection, { line: line ?? await connection.line(signal), things });
  } catch (error) {
    // What the far side refuses to show is no doubt about what it did.
    if (isVirtError(error) && error.remoteCode !== undefined) return [];
    // Whoever was stopped wants to hear of that; it leaves as much doubt.
    throw signal.aborted && isVirtError(signal.reason) ? signal.reason : inDoubt(error);
  }
}

function inDoubt(cause: unknown): VirtError {
  return new VirtError("unreachable", "The connection broke before it could be seen what has become of it", {
    detail: { mayHaveActed: true },
    cause,
  });
}

/** Everything that an act is to be followed by a look at, once each. */
function thingsOf(objects: readonly RemoteObject[], others: readonly Identity[]): readonly Thing[] {
  const things = new Map<string, Thing>();
  for (const identity of others) things.set(keyOf(identity), { identity, object: undefined });
  for (const object of objects) {
    const identity = identityOf(object);
    things.set(keyOf(identity), { identity, object });
  }
  return [...things.values()];
}

function takeOver(
  { table }: RemoteConnection,
  { seen, doer }: { readonly seen: readonly Look[]; readonly doer: Doer },
): void {
  for (const { identity, object, askedAt, sighting } of seen) {
    if (sighting !== undefined) table.absorb(sighting, { askedAt, doer }, object);
    else table.absorbGone(identity, { askedAt, doer }, object);
  }
}

function movedMeanwhile(): VirtError {
  return new VirtError("unreachable", "The connection was broken, and the world has moved meanwhile", {
    detail: { mayHaveActed: false },
  });
}

/** Asks again while libvirt says that somebody else holds its lock on the object. */
async function untilUnlocked<T>(
  job: Job,
  options: AskOptions,
  attempt: (job: Job) => Promise<T>,
): Promise<T> {
  const { doing = job.operation, target = job.target ?? job.object, hint } = options;
  const isNamed = options.doing !== undefined || target.label !== job.connection.self.label;
  const refused = {
    doing,
    // A question about the host says itself what it is about.
    ...(isNamed ? { target } : {}),
    ...(hint === undefined ? {} : { hint }),
  };
  while (true) {
    try {
      return await attempt(job);
    } catch (error) {
      if (!isLockTimeout(error)) throw refusal(error, refused);
      await rest(job, { busy: error, refused: { doing, target } });
    }
  }
}

async function rest(
  job: Job,
  { busy, refused: { doing, target } }: {
    readonly busy: VirtError;
    readonly refused: { readonly doing: string; readonly target: { readonly label: string } };
  },
): Promise<void> {
  try {
    await job.hop("wait for the host's own lock", (signal) => sleep(job.clock, lockPauseMs, signal), {
      acts: false,
    });
  } catch (error) {
    if (!isVirtError(error, "timed-out")) throw error;
    throw new VirtError(
      "slot-timeout",
      `Cannot ${doing} ${target.label}: somebody else works on it at the host, and has not ended in time`,
      {
        target: target.label,
        ...(busy.remoteCode === undefined ? {} : { remoteCode: busy.remoteCode }),
        hint: "Another program holds libvirt's lock on it: see what it does with virsh domjobinfo",
        cause: busy,
      },
    );
  }
}

/** What a list found, with whatever else was asked for it. */
export interface Listed<T> {
  readonly sightings: readonly Sighting[];
  readonly rest: T;
}

/**
 * Lists objects: asks, and takes over what is there. What was known in the scope and is not in the answer is gone.
 *
 * @returns the objects in the order of the answer, and the rest of what was asked.
 */
export async function listObjects<T>(
  job: Job,
  scope: ListScope,
  list: (line: Line) => Promise<Listed<T>>,
  options: AskOptions = {},
): Promise<{ readonly objects: readonly RemoteObject[]; readonly rest: T }> {
  const { table, outsider } = connectionOf(job);
  const { sightings, rest, askedAt } = await askTogether(
    job,
    `list ${scope.objectClass}`,
    async (line) => ({ ...await list(line), askedAt: line.askedAt }),
    options,
  );
  return { objects: table.absorbAll(scope, sightings, { askedAt, doer: outsider }), rest };
}

/** Looks one object up: asks, and takes over what is there. `undefined` where the far side finds nothing. */
export async function lookUpObject(
  job: Job,
  where: string,
  look: (line: Line) => Promise<Sighting | undefined>,
  options: AskOptions = {},
): Promise<RemoteObject | undefined> {
  const { table, outsider } = connectionOf(job);
  const { sighting, askedAt } = await askTogether(job, where, async (line) => {
    try {
      return { sighting: await look(line), askedAt: line.askedAt };
    } catch (error) {
      if (!isVirtError(error, "not-found")) throw error;
      return { sighting: undefined, askedAt: line.askedAt };
    }
  }, options);
  return sighting === undefined ? undefined : table.absorb(sighting, { askedAt, doer: outsider });
}

/** Looks at the job's objects, and at others, without having done anything; what is seen came from elsewhere. */
export async function lookAgain(job: Job, others: readonly Identity[] = []): Promise<void> {
  const connection = connectionOf(job);
  const things = thingsOf(objectsOf(job), others);
  const seen = await askTogether(
    job,
    "look",
    (line) => lookAt(connection, { line, things }),
  );
  takeOver(connection, { seen, doer: connection.outsider });
}
