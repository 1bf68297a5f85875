/**
 * Requests that act: each is a run, and one that is sent again with the same key is the same run.
 *
 * The id of such a run follows from who asks and the key, so that the journal itself says whether there was one, whatever
 * has died meanwhile.
 *
 * @module
 */
import type { Outcome } from "../../model/outcome.ts";
import { VirtError } from "../../model/error.ts";
import { canonicalText, sha256 } from "../../runtime/journal/json.ts";
import type { RunRecord } from "../../runtime/journal/record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { drivenStates } from "../../runtime/run/recovery.ts";
import { Refusal } from "./problem.ts";

/** A request that acts, as the run that it is. */
export interface AskedAction {
  /** The id of the run. */
  readonly id: string;
  /** A hash over what is asked. */
  readonly request: string;
}

/** A single operation that goes on. */
export interface OperationUnderWay {
  readonly outcome: Promise<Outcome>;
  /** Ends it where it can be ended. */
  cancel(reason: string): void;
}

/** What makes a request the same as another one. */
export interface ActionFacts {
  readonly principal: string;
  /** The client's key. A request without one is like no other. */
  readonly key: string | undefined;
  readonly what: string;
  readonly body: unknown;
}

/**
 * The run that a request is.
 *
 * @throws {Refusal} 400 for a key that is none.
 */
export function askedAction({ principal, key, what, body }: ActionFacts): AskedAction {
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Refusal(400, "Cannot understand the Idempotency-Key: keys have 1 to 255 letters of ASCII");
  }
  const seed = key === undefined ? crypto.randomUUID() : `${principal}\n${key}`;
  // Who knows the journal does not learn from the hash what was asked: the key is in it too.
  return {
    id: sha256(`run\n${seed}`).slice(0, 32),
    request: sha256(`request\n${seed}\n${what}\n${canonicalText(body)}`),
  };
}

/** The requests that act. */
export class ActingRequests {
  readonly #store: Pick<Store, "run">;
  readonly #starting = new Map<string, { readonly request: string; readonly started: Promise<unknown> }>();
  readonly #underWay = new Map<string, OperationUnderWay>();

  constructor(store: Pick<Store, "run">) {
    this.#store = store;
  }

  /** How many single operations go on. */
  get size(): number {
    return this.#underWay.size;
  }

  /**
   * Begins what is asked, or finds it where it was asked before.
   *
   * @throws {Refusal} 422 where the same key was used for something else; what beginning fails with.
   */
  async once<T>(asked: AskedAction, { begin, found }: {
    /** Resolves when the run is on record. */
    readonly begin: () => Promise<T>;
    readonly found: (record: RunRecord) => T | Promise<T>;
  }): Promise<{ readonly value: T; readonly replayed: boolean }> {
    const { id, request } = asked;
    const earlier = this.#starting.get(id);
    if (earlier !== undefined) {
      refuseOther(request, earlier.request);
      // Whether it could begin is the other request's to say.
      await earlier.started.catch(() => {});
      return await this.once(asked, { begin, found });
    }
    const starting = (async (): Promise<{ readonly value: T; readonly replayed: boolean }> => {
      const record = await this.#store.run(id);
      if (record === undefined) return { value: await begin(), replayed: false };
      refuseOther(request, record.request);
      return { value: await found(record), replayed: true };
    })();
    this.#starting.set(id, { request, started: starting });
    try {
      return await starting;
    } finally {
      this.#starting.delete(id);
    }
  }

  /** Remembers an operation until it has ended. */
  goesOn(id: string, operation: OperationUnderWay): void {
    this.#underWay.set(id, operation);
    const forget = (): void => void this.#underWay.delete(id);
    operation.outcome.then(forget, forget);
  }

  /** An operation that goes on. */
  underWay(id: string): OperationUnderWay | undefined {
    return this.#underWay.get(id);
  }

  /** Ends an operation where it can be ended; whether there was one. */
  cancel(id: string, reason: string): boolean {
    const operation = this.#underWay.get(id);
    operation?.cancel(reason);
    return operation !== undefined;
  }
}

function refuseOther(request: string, before: string | undefined): void {
  if (request === before) return;
  throw new Refusal(422, "Cannot do this under that Idempotency-Key: it stands for another request", {
    hint: "Use a key once, and the same key only to send the very same request again",
  });
}

/** How a run of one operation has ended, by its record; `undefined` where it goes on. */
export function recordedOutcome(
  { id, state, result, error, unknownOutcome }: RunRecord,
): Outcome | undefined {
  if (state === "done") return { kind: "done", value: result };
  if (state === "interrupted") {
    return {
      kind: "unknown",
      error: {
        code: "outcome-unknown",
        message: "The daemon ended in the middle of it, and nobody has found out yet what became of it",
        hint: `Have it found out, and done where it was not, with: POST /v1/runs/${id}/resume`,
      },
    };
  }
  if (drivenStates.some((each) => each === state)) return undefined;
  const said = error ?? {
    code: "cancelled" as const,
    message: "The run was given up before anybody knew how it ended",
  };
  return { kind: unknownOutcome ? "unknown" : "not-done", error: said };
}

/** Why an operation is cancelled. */
export function cancelReason(reason: string): VirtError {
  return new VirtError("cancelled", reason);
}
