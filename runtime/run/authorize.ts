/**
 * Who may do what in a run: what its recipe needs, as far as the person grants it.
 *
 * @module
 */
import type { Authority, Caller } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { PolicyFile } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { PermissionAnswer, Question } from "../control/methods.ts";
import type { AuditEntry, AuditSink } from "../permission/mod.ts";
import {
  AskingAuthority,
  type Grant,
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
  readonly policy?: PolicyFile;
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
  return async ({ caller, needs, grants, policy, uris, title, ask }) => {
    const options: GrantAuthorityOptions = {
      needs: parseAllGrants(needs, { what: "need" }),
      grants: await readGrants({ grants, ...(policy === undefined ? {} : { policy }), caller }),
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

/**
 * What a person and a policy grant a caller. A grant for some time counts from when the run began, however often it is
 * resumed.
 *
 * @throws {VirtError} `invalid-argument`, with what is wrong and where.
 */
export async function readGrants(
  { grants, policy, caller }: Pick<AuthorizeRequest, "grants" | "policy"> & {
    readonly caller: Pick<Caller, "principal" | "since">;
  },
): Promise<readonly Grant[]> {
  const given = parseAllGrants(grants, { now: caller.since });
  if (policy === undefined) return given;
  // Policies are YAML, whose reader takes its time to load.
  const { parsePolicy } = await import("../permission/policy.ts");
  const { file, text } = policy;
  return [...given, ...parsePolicy(text, { file, now: caller.since }).grantsFor(caller.principal)];
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
