/**
 * Callers and authorities for tests.
 *
 * @module
 */
import type { Authority, Caller } from "../../runtime/call.ts";

/** A person without a run. */
export const alice: Caller = { principal: "alice", since: 0 };

/** A run; the later it began, the younger it is. */
export function run(name: string, since = 0): Caller {
  return { principal: "alice", run: name, since };
}

/** Lets everything pass. */
export const everythingAllowed: Authority = {
  check: () => {},
  checkReach: () => {},
  sees: () => true,
};
