/**
 * What clients may do: everything, or what a policy grants them.
 *
 * @module
 */
import type { Authority } from "../runtime/call.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Store } from "../runtime/journal/store.ts";
import { GrantAuthority } from "../runtime/permission/mod.ts";
import { parsePolicy, type Policy } from "../runtime/permission/policy.ts";
import { storeAudit } from "../runtime/run/authorize.ts";
import { hostName } from "./dispatch/objects.ts";
import { type Identity, principalOf } from "./identity.ts";

/** What decisions are made with. */
export interface AccessOptions {
  readonly clock: Clock;
  readonly store: Store;
  /** The user for whom the daemon acts, who needs no grant, as root does not. */
  readonly owner: number;
}

/**
 * Decides by the text of a policy file who may do what.
 *
 * @returns the authority of a client; none for those who may do everything
 * @throws {VirtError} `invalid-argument` with file, line and column where the policy cannot be understood.
 */
export function accessByPolicy(
  { text, file }: { readonly text: string; readonly file: string },
  { clock, store, owner }: AccessOptions,
): (identity: Identity, uri: string) => Authority | undefined {
  const policy: Policy = parsePolicy(text, { file, now: clock.now() });
  return (identity, uri) => {
    const uid = identity.saslUser === undefined ? identity.process?.uid : undefined;
    if (uid === 0 || uid === owner) return undefined;
    const principal = principalOf(identity);
    return new GrantAuthority({
      grants: policy.grantsFor(principal),
      clock,
      caller: { principal },
      audit: storeAudit(store),
      uris: new Map([[hostName, uri]]),
    });
  };
}
