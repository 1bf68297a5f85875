/**
 * Hostile clients against a daemon, a few at a time, with a well-behaved one between them that has to be served.
 *
 * @module
 */
import type { RpcConnection } from "../../../protocol/connection.ts";
import type { RunningDaemon } from "../kit/running_daemon.ts";
import { RawClient } from "./raw_client.ts";
import { Strike } from "./strike.ts";

/** How a daemon is attacked. */
export interface AttackOptions {
  readonly daemon: RunningDaemon;
  /** The client that has to be served meanwhile. */
  readonly witness: RpcConnection;
  /** The first client's seed; the others follow. */
  readonly seed: number;
  /** Hostile clients at a time. @default 4 */
  readonly clients?: number;
  /** How many there are in all. @default as many as there is time for */
  readonly count?: number;
  /** When it ends. @default never */
  readonly signal?: AbortSignal;
}

/** What came of an attack. */
export interface AttackReport {
  readonly strikes: number;
  /** Packets with which the hostile clients were answered. */
  readonly answers: number;
  /** Calls of the well-behaved client that were answered. */
  readonly served: number;
  /** What failed, with the seeds of the clients that were there then. */
  readonly failure?: { readonly error: unknown; readonly seeds: readonly number[] };
}

/** A call of a well-behaved client that takes longer than this was not served, in milliseconds. */
const servedMs = 30_000;

/** Attacks a daemon until it is time to stop, or something fails. */
export async function attack(options: AttackOptions): Promise<AttackReport> {
  const { daemon, witness, clients = 4, count = Infinity, signal } = options;
  const seeds = new Set<number>();
  const ended = new AbortController();
  let [begun, strikes, answers, served] = [0, 0, 0, 0];
  let failure: AttackReport["failure"];
  const fail = (error: unknown, by: readonly number[]): void => {
    failure ??= { error, seeds: by };
    ended.abort();
  };
  const isOver = (): boolean => ended.signal.aborted || signal?.aborted === true;
  const striker = async (): Promise<void> => {
    while (!isOver() && begun < count) {
      const seed = options.seed + begun++;
      seeds.add(seed);
      try {
        using client = await RawClient.connect(daemon.socket);
        try {
          await client.carryOut(new Strike(seed).steps());
        } finally {
          answers += client.answers.count;
        }
        strikes++;
      } catch (error) {
        fail(error, [seed]);
      }
      seeds.delete(seed);
    }
  };
  const watch = async (): Promise<void> => {
    while (!isOver()) {
      try {
        await witness.call("connectGetLibVersion", undefined, { signal: AbortSignal.timeout(servedMs) });
        served++;
        const complaint = daemon.log.find(({ level }) => level === "error" || level === "text");
        if (complaint !== undefined) throw new Error(`The daemon says: ${JSON.stringify(complaint)}`);
      } catch (error) {
        fail(error, [...seeds]);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const watching = watch();
  await Promise.all(Array.from({ length: clients }, striker));
  // Clients that have come and gone may have left something behind: it is asked once more.
  if (failure === undefined) {
    try {
      await witness.call("connectListAllDomains", { needResults: 1, flags: 0 });
      served++;
    } catch (error) {
      fail(error, []);
    }
  }
  ended.abort();
  await watching;
  return { strikes, answers, served, ...(failure === undefined ? {} : { failure }) };
}
