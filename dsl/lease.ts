/**
 * Leases: what a run holds for a while and gives back.
 *
 * @module
 */
import type { Answer, Session } from "./session.ts";

/**
 * Something that the run holds: exclusive objects, or a temporary object. Give it to `await using`.
 *
 * The runtime keeps the list of leases: what a recipe does not give back itself is given back for it, however the run
 * ends.
 *
 * @example
 * ```ts
 * import type { Host } from "drover";
 *
 * export async function swap(host: Host): Promise<void> {
 *   const [blue, green] = [await host.domain("blue"), await host.domain("green")];
 *   await using _lease = await host.exclusive([blue, green]);
 *   await blue.destroy();
 *   await green.start();
 * }
 * ```
 */
export class Lease implements AsyncDisposable {
  /** What is held, as people call it. */
  readonly objects: readonly string[];
  readonly #session: Session;
  readonly #id: string;
  #settled: Promise<void> | undefined;

  /** Leases come from the runtime; a recipe does not make them. */
  constructor(session: Session, answer: Answer, objects: readonly string[]) {
    this.#session = session;
    this.#id = leaseId(answer);
    this.objects = objects;
  }

  /** Gives it back: frees exclusive objects, takes back what was temporary. Further calls wait for the first one. */
  release(): Promise<void> {
    return this.#settled ??= this.#session.settleLease("release", this.#id);
  }

  /** Lets what was temporary stay. */
  keep(): Promise<void> {
    return this.#settled ??= this.#session.settleLease("keep", this.#id);
  }

  /** Gives it back at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function leaseId({ lease, value }: Answer): string {
  if (lease !== undefined) return lease;
  const inside = typeof value === "object" && value !== null && "lease" in value ? value.lease : undefined;
  return String(inside);
}
