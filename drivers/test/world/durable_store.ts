/**
 * A world that outlives its process: records, images and secrets in a database, and the log of effects in a file of
 * its own that only grows.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { VirtError } from "../../../model/error.ts";
import type { Done, WorldStore } from "./hypervisor.ts";
import type { ImageStore } from "./image.ts";
import { worldPaths } from "./paths.ts";
import { type Change, recordKinds } from "./record.ts";

/** The form of the database. One that is newer is refused. */
const formatVersion = 1;

const schema = `
  CREATE TABLE records (kind TEXT, id TEXT, revision INTEGER, record TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
  CREATE TABLE chunks (image TEXT, number INTEGER, bytes BLOB, PRIMARY KEY (image, number)) WITHOUT ROWID;
  CREATE TABLE secrets (id TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
  CREATE TABLE effects (sequence INTEGER PRIMARY KEY, line TEXT);
  PRAGMA user_version = ${formatVersion};
`;

/** Keeps a world in a directory. What is committed is on the disk when `commit` returns. */
export class DurableStore implements WorldStore {
  readonly images: ImageStore;
  readonly #database: DatabaseSync;
  readonly #log: Deno.FsFile;
  readonly #statements: Readonly<Record<"put" | "remove" | "keep" | "forget" | "effect", StatementSync>>;
  #inTransaction = false;

  /** Opens the world in a directory, which gets `content` where it is new. */
  constructor(directory: string, content: () => readonly Change[]) {
    const paths = worldPaths(directory);
    this.#database = new DatabaseSync(paths.database);
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
    this.#migrate(paths.database, content);
    this.#statements = {
      put: this.#database.prepare("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)"),
      remove: this.#database.prepare("DELETE FROM records WHERE kind = ? AND id = ?"),
      keep: this.#database.prepare("INSERT OR REPLACE INTO secrets VALUES (?, ?)"),
      forget: this.#database.prepare("DELETE FROM secrets WHERE id = ?"),
      effect: this.#database.prepare("INSERT INTO effects (line) VALUES (?)"),
    };
    this.images = this.#imageStore();
    this.#log = Deno.openSync(paths.log, { read: true, write: true, create: true });
    this.#catchUp();
  }

  *load(): Iterable<Change> {
    for (const { kind, id, revision, record } of this.#database.prepare("SELECT * FROM records").iterate()) {
      const known = recordKinds.find((each) => each === kind);
      if (known === undefined || typeof record !== "string") continue;
      // The store reads back what it wrote.
      yield { kind: known, id, revision, record: JSON.parse(record) } as Change;
    }
  }

  *secrets(): Iterable<readonly [string, string]> {
    for (const { id, value } of this.#database.prepare("SELECT * FROM secrets").iterate()) {
      yield [String(id), String(value)];
    }
  }

  commit({ changes, secrets, line }: Done): void {
    this.#begin();
    try {
      for (const { kind, id, revision, record } of changes) {
        if (record === undefined) this.#statements.remove.run(kind, id);
        else this.#statements.put.run(kind, id, revision, JSON.stringify(record));
      }
      for (const [id, value] of secrets) {
        if (value === undefined) this.#statements.forget.run(id);
        else this.#statements.keep.run(id, value);
      }
      this.#statements.effect.run(JSON.stringify(line));
      this.#database.exec("COMMIT");
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.#inTransaction = false;
    this.#catchUp();
  }

  rollback(): void {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    this.#database.exec("ROLLBACK");
  }

  [Symbol.dispose](): void {
    this.#log.close();
    this.#database.close();
  }

  #begin(): void {
    if (this.#inTransaction) return;
    this.#database.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
  }

  /** Makes a new database with all that belongs into it, or nothing of it. */
  #migrate(path: string, content: () => readonly Change[]): void {
    const version = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
    if (version > formatVersion) {
      throw new VirtError(
        "unsupported",
        `Cannot open "${path}": it is of version ${version}, newer than ${formatVersion}`,
      );
    }
    if (version === formatVersion) return;
    const records = content();
    this.#database.exec(`BEGIN IMMEDIATE; ${schema}`);
    const put = this.#database.prepare("INSERT INTO records VALUES (?, ?, ?, ?)");
    for (const { kind, id, revision, record } of records) {
      if (record !== undefined) put.run(kind, id, revision, JSON.stringify(record));
    }
    this.#database.exec("COMMIT");
  }

  /** Writes to the log what the database has and the log has not: normally the last effect. */
  #catchUp(): void {
    const size = this.#log.seekSync(0, Deno.SeekMode.End);
    const logged = this.#lastLogged(size);
    let text = logged.torn ? "\n" : "";
    const missing = this.#database.prepare(
      "SELECT sequence, line FROM effects WHERE sequence > ? ORDER BY sequence",
    );
    for (const { sequence, line } of missing.iterate(logged.sequence)) {
      text += `${JSON.stringify({ sequence, ...JSON.parse(String(line)) })}\n`;
    }
    if (text === "") return;
    writeAll(this.#log, new TextEncoder().encode(text));
    this.#log.syncDataSync();
  }

  #logged: number | undefined;

  /** The sequence of the last whole line. It is read once; from then on this process writes the log alone. */
  #lastLogged(size: number): { readonly sequence: number; readonly torn: boolean } {
    const known = this.#logged;
    const next = Number(
      this.#database.prepare("SELECT max(sequence) AS last FROM effects").get()?.["last"] ?? 0,
    );
    this.#logged = next;
    if (known !== undefined) return { sequence: known, torn: false };
    const tail = new Uint8Array(Math.min(size, 65_536));
    this.#log.seekSync(size - tail.length, Deno.SeekMode.Start);
    this.#log.readSync(tail);
    this.#log.seekSync(0, Deno.SeekMode.End);
    const lines = new TextDecoder().decode(tail).split("\n");
    const torn = lines.at(-1) !== "";
    for (const line of lines.toReversed()) {
      const match = /^\{"sequence":(\d+),.*\}$/.exec(line);
      if (match !== null) return { sequence: Number(match[1]), torn };
    }
    return { sequence: 0, torn };
  }

  #imageStore(): ImageStore {
    const read = this.#database.prepare("SELECT bytes FROM chunks WHERE image = ? AND number = ?");
    const write = this.#database.prepare("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?)");
    const punch = this.#database.prepare("DELETE FROM chunks WHERE image = ? AND number = ?");
    const list = this.#database.prepare("SELECT number FROM chunks WHERE image = ?");
    const remove = this.#database.prepare("DELETE FROM chunks WHERE image = ?");
    return {
      read: (image, index) => {
        const bytes = read.get(image, index)?.["bytes"];
        return bytes instanceof Uint8Array ? bytes : undefined;
      },
      write: (image, index, bytes) => {
        this.#begin();
        if (bytes === undefined) punch.run(image, index);
        else write.run(image, index, bytes);
      },
      chunks: (image) => list.all(image).map(({ number }) => Number(number)),
      remove: (image) => {
        this.#begin();
        remove.run(image);
      },
    };
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
