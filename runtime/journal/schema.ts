/**
 * The journal's tables, and how an older journal becomes a present one.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { VirtError } from "../../model/error.ts";

/** Says that a database is a journal of ours: `DROV` in ASCII. */
const applicationId = 0x44524f56;

/**
 * One step per version, never changed once released. Times are milliseconds since 1970. `facts` and `body` are JSON: what
 * is never searched for.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE runs (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created_at REAL NOT NULL,
    ended_at REAL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_state ON runs (state);

  -- What is large stands here once, by the SHA-256 of its text.
  CREATE TABLE blobs (hash TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    operation TEXT,
    effect TEXT NOT NULL,
    target TEXT NOT NULL,
    label TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    input TEXT,
    input_blob TEXT REFERENCES blobs (hash),
    facts TEXT NOT NULL,
    intent TEXT,
    outcome TEXT CHECK (outcome IN ('done', 'not-done', 'unknown')),
    settled_at REAL,
    error TEXT,
    assumed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE deliveries (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    body TEXT,
    blob TEXT REFERENCES blobs (hash),
    PRIMARY KEY (run, sequence),
    CHECK ((body IS NULL) <> (blob IS NULL))
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE leases (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX leases_by_run ON leases (run);

  CREATE TABLE uncertain (key TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (ordinal INTEGER PRIMARY KEY, at REAL NOT NULL, run TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX audit_by_run ON audit (run);

  CREATE TABLE logs (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX steps_by_blob ON steps (input_blob) WHERE input_blob IS NOT NULL;
  CREATE INDEX deliveries_by_blob ON deliveries (blob) WHERE blob IS NOT NULL;
  `,
  `
  -- Only retention takes entries away, the oldest first.
  CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
  BEGIN SELECT raise(ABORT, 'entries of the audit log are never changed'); END;
  `,
  `
  CREATE TABLE schedules (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;

  -- That a due time has fired is that there is a row of its identity.
  CREATE TABLE firings (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    schedule TEXT NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    identity TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at REAL NOT NULL,
    ended_at REAL,
    facts TEXT NOT NULL,
    UNIQUE (schedule, identity)
  ) STRICT;
  CREATE INDEX firings_by_state ON firings (state);
  CREATE INDEX firings_by_schedule ON firings (schedule, ordinal);

  CREATE TABLE notices (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    firing TEXT NOT NULL REFERENCES firings (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    not_before REAL NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX notices_by_firing ON notices (firing);
  CREATE INDEX notices_open ON notices (not_before) WHERE state = 'open';
  `,
];

/** The version of the tables that this program writes. */
export const schemaVersion = migrations.length;

/**
 * Brings the tables of an open database up to date.
 *
 * @throws {VirtError} `unsupported` where a later program wrote the journal; `invalid-argument` where the file is no
 *   journal; `operation-failed` where it is damaged.
 */
export function migrate(db: DatabaseSync, path: string): void {
  const version = pragma(db, "user_version");
  const application = pragma(db, "application_id");
  if (version > schemaVersion) {
    throw new VirtError(
      "unsupported",
      `Cannot open the journal "${path}": it has version ${version}, and this program knows versions up to ${schemaVersion}`,
      { hint: "Use the version of Drover that wrote it, or a later one" },
    );
  }
  const empty = version === 0 && application === 0 && tableCount(db) === 0;
  if (!empty && application !== applicationId) {
    throw new VirtError(
      "invalid-argument",
      `Cannot open the journal "${path}": the file is not a journal of Drover`,
    );
  }
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    db.exec("BEGIN IMMEDIATE");
    db.exec(step);
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

/**
 * Looks whether the file is sound.
 *
 * @throws {VirtError} `operation-failed` where it is not.
 */
export function checkIntegrity(db: DatabaseSync, path: string): void {
  const row = db.prepare("PRAGMA quick_check(1)").get();
  const verdict = String(row?.["quick_check"]);
  if (verdict === "ok") return;
  throw new VirtError("operation-failed", `Cannot use the journal "${path}": it is damaged (${verdict})`, {
    hint: "Restore the file from a backup, or move it away to begin with an empty journal",
  });
}

function pragma(db: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

function tableCount(db: DatabaseSync): number {
  return Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] ?? 0);
}
