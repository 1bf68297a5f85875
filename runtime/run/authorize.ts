/**
 * Who may do what in a run: what its recipe needs, as far as the person grants it.
 *
 * @module
 */
import type { Authority, Caller } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { Store } from "../journal/store.ts";
import type { PermissionAnswer, Question } from "../control/methods.ts";
import type { AuditEntry, AuditSink } from "../permission/mod.ts";
import {
  AskingAuthority,
  GrantAuthority,
  type GrantAuthorityOptions,
  parseAllGrants,
  type PermissionQuestion,
} from "../permission/mod.ts";

/** What a run's authority follows from. */
export interface AuthorizeRequest {
  readonly caller: Caller;
  /** What the recipe states that it needs. */
  readonly needs: readonly string[];
  readonly grants: readonly string[];
  /** The URIs of the connections, by the run's names for them. */
  readonly uris: ReadonlyMap<string, string>;
  /** What people call the run. */
  readonly title: string;
  /** Asks the person at the terminal; absent where there is none. */
  readonly ask?: (question: Question) => Promise<PermissionAnswer>;
}

/** Makes the authority of a run. */
export type Authorize = (request: AuthorizeRequest) => Promise<Authority>;

/** Decides by needs and grants, with every decision in the journal's audit. */
export function grantAuthorize(
  { clock, store }: { readonly clock: Clock; readonly store: Store },
): Authorize {
  return async ({ caller, needs, grants, uris, title, ask }) => {
    const options: GrantAuthorityOptions = {
      needs: parseAllGrants(needs, { what: "need" }),
      grants: parseAllGrants(grants, { now: clock.now() }),
      clock,
      caller,
      audit: storeAudit(store),
      uris,
      past: caller.run === undefined ? [] : await pastUses(store, caller.run),
    };
    if (ask === undefined) return new GrantAuthority(options);
    const granted = [...grants];
    return new AskingAuthority({
      ...options,
      ask: (question) => ask(questionFor(question, title)),
      onGrant: (grant) => {
        granted.push(grant);
        if (caller.run !== undefined) store.changeRun(caller.run, { grants: [...granted] });
      },
    });
  };
}

function questionFor({ use, grant }: PermissionQuestion, recipe: string): Question {
  const { permission, connection, name, reached, operation } = use;
  return {
    permission,
    connection,
    operation,
    recipe,
    grant,
    ...(name === undefined ? {} : { name }),
    ...(reached === undefined ? {} : { reached }),
  };
}

/** Writes decisions into the journal; they are durable with the write that they allow. */
export function storeAudit(store: Store): AuditSink {
  return {
    record(entry: AuditEntry): void {
      store.addAudit({
        at: entry.at,
        principal: entry.principal,
        ...(entry.run === undefined ? {} : { run: entry.run }),
        decision: entry.decision,
        operation: entry.operation,
        connection: entry.connection,
        permission: entry.permission,
        ...(entry.name === undefined ? {} : { object: entry.name }),
        use: entry,
      });
    },
  };
}

/** What a run was allowed before it was interrupted: it counts against quotas. */
async function pastUses(store: Store, run: string): Promise<readonly AuditEntry[]> {
  const records = await store.audit({ run });
  return records.flatMap(({ use }) => use === undefined ? [] : [use]);
}
