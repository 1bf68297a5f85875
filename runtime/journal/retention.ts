/**
 * What the journal forgets: the oldest ended runs, with what only they held.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { pruneSchedules } from "./schedule_tables.ts";
import type { Retention } from "./store.ts";

/** How many entries of the audit are kept; the oldest go first. */
const auditLimit = 500_000;

/** Ended runs that hold nothing any more, oldest first. */
const forgettable = `
  SELECT id, ended_at FROM runs
  WHERE state IN ('done', 'failed', 'cancelled', 'abandoned') AND ended_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.run = runs.id AND leases.state IN ('held', 'undoing', 'stuck'))
    AND NOT EXISTS (SELECT 1 FROM uncertain WHERE json_extract(uncertain.facts, '$.run') = runs.id)
  ORDER BY ended_at`;

const dropOrphanBlobs = `
  DELETE FROM blobs
  WHERE NOT EXISTS (SELECT 1 FROM steps WHERE steps.input_blob = blobs.hash)
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.blob = blobs.hash)`;

/** Throws away what is old, then what is too much. Returns how many runs went. */
export function pruneJournal(db: DatabaseSync, retention: Retention & { readonly now: number }): number {
  const runs = db.prepare(forgettable).all();
  const drop = db.prepare("DELETE FROM runs WHERE id = ?");
  let dropped = 0;
  for (const run of runs) {
    const old = Number(run["ended_at"]) < retention.now - retention.keepMs;
    if (!old && usedBytes(db) <= retention.maxBytes) break;
    drop.run(String(run["id"]));
    if (!old) db.exec(dropOrphanBlobs);
    dropped++;
  }
  if (dropped > 0) db.exec(dropOrphanBlobs);
  pruneSchedules(db, retention.now - retention.keepMs);
  db.prepare("DELETE FROM audit WHERE at < ? OR ordinal <= (SELECT max(ordinal) FROM audit) - ?")
    .run(retention.now - retention.keepMs, auditLimit);
  return dropped;
}

/** The size of what is in use, without the pages that are free. */
function usedBytes(db: DatabaseSync): number {
  const number = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  return (number("page_count") - number("freelist_count")) * number("page_size");
}
