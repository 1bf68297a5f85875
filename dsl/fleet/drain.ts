/**
 * Taking members of a fleet out of service before they are worked on, and putting them back.
 *
 * @module
 */

/** How a member's work ended. */
export type TurnOutcome = "done" | "failed";

/**
 * How members are taken out of service and put back.
 *
 * @example Out of a load balancer, by a command in the balancer's own guest
 * ```ts
 * import type { Domain, Drain } from "drover";
 *
 * export function outOfBalancer(balancer: Domain): Drain<Domain> {
 *   const tell = async (word: string, vm: Domain): Promise<void> => {
 *     const { exitCode, err } = await balancer.agent.exec("/usr/local/bin/pool", [word, vm.name]);
 *     if (exitCode !== 0) throw new Error(`The balancer does not ${word} ${vm.name}: ${err}`);
 *   };
 *   return { out: (vm) => tell("remove", vm), back: (vm) => tell("add", vm), putBack: "when-done" };
 * }
 * ```
 */
export interface Drain<T, State = unknown> {
  /** Takes a member out of service. What it returns is given to `back`. */
  out(member: T): State | Promise<State>;
  /**
   * Puts a member back. Where `out` failed it is called too, with no state: part of it may have been done.
   */
  back(
    member: T,
    was: { readonly state: State | undefined; readonly outcome: TurnOutcome },
  ): unknown;
  /**
   * When members are put back: also when their work failed, or only when it went well. One of which nobody knows whether it
   * is done stays out of service, and so does what a cancelled run leaves; both are named.
   * @default "always"
   */
  readonly putBack?: "always" | "when-done";
}
