/**
 * The hosts that the daemon keeps open from its start to its end: clients open them under a name of the administrator's choice,
 * what the daemon before left under way on them is settled, and what is marked to be started with them is started.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import { exitCode } from "../model/exit_code.ts";
import { parseUri } from "../model/uri.ts";
import { inSentence, messageOf } from "../protocol/wording.ts";
import type { BorrowedConnection } from "../runtime/connections.ts";
import type { Host } from "../runtime/host.ts";
import { autostart } from "./autostart.ts";
import type { Log } from "./log.ts";

/** A host that is kept. */
export interface KeptHost {
  /** The connection URI by which clients open it. */
  readonly name: string;
  /** The connection URI by which the daemon reaches it. */
  readonly uri: string;
}

/** How hosts are kept. */
export interface KeepOptions {
  readonly host: Host;
  readonly log: Log;
  /** What differs from boot to boot of the machine. @default what Linux says */
  readonly bootId?: string;
  /** How long the daemon waits with its start until all of them answer, in milliseconds. @default 30000 */
  readonly patienceMs?: number;
}

/**
 * A host as the settings name it: a connection URI, or the name by which clients open it, `=`, and the URI.
 *
 * @throws {VirtError} `invalid-argument`
 *
 * @example
 * ```ts
 * import { parseKeptHost } from "./kept_hosts.ts";
 * parseKeptHost("test:///default=test:///default?state=/var/lib/drover/test").name; // "test:///default"
 * ```
 */
export function parseKeptHost(text: string): KeptHost {
  // A URI's own "=" stand behind its "?".
  const [, name, uri = text] = /^([^?=]+)=(.+)$/s.exec(text) ?? [];
  try {
    return { name: parseUri(name ?? uri).text, uri: parseUri(uri).text };
  } catch (cause) {
    throw new VirtError("invalid-argument", `Cannot keep the host "${text}": it is no connection URI`, {
      hint: "Hosts look like test:///default=test:///default?state=/var/lib/drover/test",
      cause,
    });
  }
}

/** Hosts that are kept open. */
export class KeptHosts implements AsyncDisposable {
  readonly #options: KeepOptions;
  readonly #borrowed = new Set<BorrowedConnection>();
  #closed = false;

  private constructor(options: KeepOptions) {
    this.#options = options;
  }

  /**
   * Settles what was under way and opens hosts. One that cannot be opened is in the log, and tried again by whoever opens it.
   */
  static async open(hosts: readonly KeptHost[], options: KeepOptions): Promise<KeptHosts> {
    const kept = new KeptHosts(options);
    const settled = kept.#settle();
    const opening = Promise.all(hosts.map((host) => kept.#keep(host, settled)));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const { kernel } = options.host;
    using _timer = kernel.clock.after(options.patienceMs ?? 30_000, () => {
      options.log("warn", "some hosts do not answer; it goes on without them");
      resolve();
    });
    await Promise.race([Promise.all([settled, opening]), late]);
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const borrowed of this.#borrowed) await borrowed[Symbol.asyncDispose]();
  }

  /** Never rejects. */
  async #keep({ name, uri }: KeptHost, settled: Promise<void>): Promise<void> {
    const { host, log, bootId } = this.#options;
    const { kernel, runs, stateDirectory } = host;
    try {
      const borrowed = await kernel.borrow(uri);
      if (this.#closed) return await borrowed[Symbol.asyncDispose]();
      this.#borrowed.add(borrowed);
      const { connection } = borrowed;
      log("info", "host is kept", { name, host: connection.host });
      // What lives in this process alone was not there before it.
      if (connection.bootId !== undefined) return;
      // Nothing is started of which nobody knows yet whether it is being started.
      await settled;
      const directory = `${stateDirectory}/autostart`;
      await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
      await autostart(connection, {
        kernel,
        carryOut: (request) => runs.carryOut(request),
        directory,
        log,
        ...(bootId === undefined ? {} : { bootId }),
      });
    } catch (error) {
      log("error", "cannot keep a host", { name, why: wordsOf(error) });
    }
  }

  /**
   * Finds out what became of calls that the daemon before was carrying out for clients when it died. Their clients are gone, and
   * nobody would ever take them up again. Never rejects.
   */
  async #settle(): Promise<void> {
    const { host: { store, runs }, log } = this.#options;
    const interrupted = await store.runs({ states: ["interrupted"] });
    for (const { id, kind, title, request } of interrupted) {
      // Who asked for it under a key of his own can ask again what became of it.
      if (kind !== "operation" || request !== undefined) continue;
      try {
        const { exit } = await runs.abandon(id);
        const known = exit !== exitCode.unknownOutcome;
        log(known ? "info" : "warn", "settled what was under way", { run: id, operation: title, known });
      } catch (error) {
        log("warn", "cannot settle what was under way", { run: id, operation: title, why: wordsOf(error) });
      }
    }
  }
}

function wordsOf(error: unknown): string {
  return isVirtError(error) ? inSentence(error.message) : messageOf(error);
}
