/**
 * Hosts that are empty while they are worked on.
 *
 * @module
 */
import { objectsOf } from "../handle.ts";
import type { Domain, Host } from "../handles.ts";
import type { Drain } from "./drain.ts";
import { type EvacuationOptions, type MoveOptions, planEvacuation } from "./evacuation.ts";
import { Fleet } from "../fleet.ts";

/** How hosts are emptied for work on them. */
export interface EmptiedOptions extends Omit<EvacuationOptions, "to">, MoveOptions {
  /** All hosts: the domains of one go to the others. */
  readonly hosts: readonly Host[];
  /** How many domains move at the same time. @default 2 */
  readonly atOnce?: number;
  /** When domains come back: also when the work on their host failed, or only when it went well. @default "always" */
  readonly putBack?: "always" | "when-done";
}

/**
 * Takes hosts out of service by moving their running domains to the others, live, and puts them back by moving those back.
 * A host whose domains do not fit elsewhere is not begun.
 *
 * Needs what {@linkcode planEvacuation} does.
 *
 * @example
 * ```ts
 * import { emptied, Fleet, type Host } from "drover";
 *
 * export async function oneByOne(hosts: readonly Host[], work: (host: Host) => Promise<void>): Promise<void> {
 *   const drain = emptied({ hosts, storage: "shared" });
 *   for await (const batch of new Fleet(hosts).rolling({ drain })) await batch.forEach(work);
 * }
 * ```
 */
export function emptied({ hosts, putBack = "always", atOnce = 2, ...options }: EmptiedOptions): Drain<Host> {
  /** Where the domains of each host are meanwhile; also those of a host that could be emptied in part only. */
  const away = new Map<string, Domain[]>();
  return {
    putBack,
    async out(host): Promise<void> {
      const gone: Domain[] = [];
      away.set(host.connection, gone);
      const to = hosts.filter(({ connection }) => connection !== host.connection);
      const plan = await planEvacuation(host, { ...options, to });
      plan.refuseImpossible();
      const moves = new Map(plan.moves.map((move) => [move.domain, move]));
      await new Fleet(moves.keys()).forEach(async (domain) => {
        const move = moves.get(domain);
        if (move === undefined) return;
        gone.push(await plan.move(move, options));
        const message = `${domain} moved from "${host.connection}" to "${move.to}"`;
        objectsOf(host).session.say({ t: "log", level: "info", message });
      }, { limit: atOnce });
    },
    async back(host): Promise<void> {
      const gone = away.get(host.connection) ?? [];
      const { within = "1h", migrate = {} } = options;
      await new Fleet([...gone]).forEach(async (domain) => {
        await domain.migrate({ ...migrate, to: host }, { within });
        gone.splice(gone.indexOf(domain), 1);
      }, { limit: atOnce });
    },
  };
}
