/**
 * Holds what calls say against what really happened.
 *
 * @module
 */
import type { Outcome } from "../../model/outcome.ts";
import type { RecordKind, Records } from "../../drivers/test/world/record.ts";
import type { SeenEffect } from "./host.ts";

type AnyRecord = Records[RecordKind];

/** What a call has touched. */
interface Touched {
  readonly before: AnyRecord | undefined;
  /** Whether somebody else changed the same thing since. */
  disturbed: boolean;
}

/** One call that is under way. */
export class Entry {
  readonly operation: string;
  /** The job that acts for it; known from its intent on. */
  job: number | undefined;
  /** Whether its intent is durable. */
  durable = false;
  /** Whether its permission was asked for again, right before it acts. */
  permitted = false;
  /** What it really did, in order. */
  readonly effects: string[] = [];
  readonly touched = new Map<string, Touched>();

  constructor(operation: string) {
    this.operation = operation;
  }
}

/** What is alive of a thing, in its record. */
const alive: ReadonlySet<string> = new Set(["guest", "bridge", "started"]);

/** What an operation is not held to when it fails. */
interface Leniency {
  readonly life: boolean;
  readonly built: boolean;
}

/** What is compared of a record: what somebody asked for, not when and how often. */
function essence(key: string, record: AnyRecord | undefined, { life, built }: Leniency): string {
  if (record === undefined) return "nothing";
  const kept = Object.entries(record).flatMap(([field, value]): readonly [string, unknown][] => {
    if (field === "revision" || field === "stopped") return [];
    if (life && alive.has(field)) return [];
    if (built && field === "built") return [];
    // A delete of several steps that fails in the middle keeps its mark, and the data that is gone is gone.
    if (key.startsWith("snapshot/") && (field === "data" || field === "deleting")) return [];
    if (field === "guest" && typeof value === "object" && value !== null) {
      const { xml, state, incoming } = value as { xml?: unknown; state?: unknown; incoming?: unknown };
      return [[field, { xml, state, incoming }]];
    }
    return [[field, value]];
  });
  return JSON.stringify(kept.sort(([a], [b]) => a < b ? -1 : 1));
}

/** A pool that is neither defined nor started is half made by somebody's create, and goes away with its end. */
function isBeingMade(record: AnyRecord | undefined): boolean {
  return record !== undefined && "built" in record && record.config === undefined &&
    record.started === undefined;
}

/** All calls that are under way, and what they did. */
export class Ledger {
  readonly #open = new Set<Entry>();

  /** A call begins. */
  begin(operation: string): Entry {
    const entry = new Entry(operation);
    this.#open.add(entry);
    return entry;
  }

  /**
   * Something really happened, on behalf of an operation or of nobody.
   *
   * @returns what is wrong with it, if something is
   */
  record(
    { effect, job, changes }: SeenEffect,
    { host, operation }: { readonly host: string; readonly operation: string | undefined },
  ): string | undefined {
    let wrong: string | undefined;
    for (const entry of this.#open) {
      const own = job !== undefined && entry.job === job;
      if (own) {
        entry.effects.push(effect);
        if (!entry.durable) wrong = `${entry.operation} did ${effect} before its intent was durable`;
        if (!entry.permitted) {
          wrong = `${entry.operation} did ${effect} and was not permitted when it got its slot`;
        }
      }
      for (const { key, before } of changes) {
        if (key.startsWith("host/")) continue;
        const place = `${host}/${key}`;
        const touched = entry.touched.get(place);
        if (own && touched === undefined) entry.touched.set(place, { before, disturbed: false });
        // Giving back and finding out are the call's own doing, by other jobs of the same operation.
        else if (!own && touched !== undefined && operation !== entry.operation) touched.disturbed = true;
      }
    }
    return wrong;
  }

  /**
   * A call ends. What it denies must not have happened.
   *
   * @returns what is wrong, if something is
   */
  end(entry: Entry, outcome: Outcome, now: (place: string) => AnyRecord | undefined): string | undefined {
    this.#open.delete(entry);
    if (outcome.kind !== "not-done") return undefined;
    const leniency: Leniency = {
      // A discard stops and then removes: what it has stopped does not start again when the rest fails.
      life: entry.operation.endsWith(".discard"),
      // A start that builds first does not pull down what it has built.
      built: entry.operation === "pool.start" || entry.operation === "pool.create",
    };
    for (const [place, { before, disturbed }] of entry.touched) {
      if (disturbed || isBeingMade(before)) continue;
      const key = place.slice(place.indexOf("/") + 1);
      const [was, is] = [essence(key, before, leniency), essence(key, now(place), leniency)];
      if (was !== is) {
        return `${entry.operation} says that it was not done (${outcome.error.message}) and did ${
          entry.effects.join(", ")
        } to ${place}: it was ${was} and is ${is}`;
      }
    }
    return undefined;
  }
}
