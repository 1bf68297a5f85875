/**
 * Decides whether a use of a permission is covered by the recipe's needs and by the person's grants.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { objectClasses } from "../../model/object.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Authority, Caller, PermissionUse, ReachUse } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { AuditEntry, AuditSink, Side } from "./audit.ts";
import { type ClosestGrant, GrantBook } from "./book.ts";
import { Glob } from "./glob.ts";
import { formatGrant, type Grant, type GrantSubject, type Scope } from "./grant.ts";
import { printable, shellWord, shown } from "./shown.ts";

/** What an authority decides by. */
export interface GrantAuthorityOptions {
  /** What the recipe states that it needs; absent where a person acts without a recipe. */
  readonly needs?: readonly Grant[];
  /** What the person grants. */
  readonly grants: readonly Grant[];
  readonly clock: Pick<Clock, "now">;
  readonly caller: Pick<Caller, "principal" | "run">;
  /** Every decision but those about lists goes there. */
  readonly audit?: AuditSink;
  /** The URIs of the caller's connections, by the caller's names for them. */
  readonly uris?: ReadonlyMap<string, string>;
  /** What an interrupted run did before: its uses count against quotas. */
  readonly past?: Iterable<AuditEntry>;
}

/** What came of one use. */
export interface Decision {
  readonly allowed: boolean;
  /** Whose word is missing. */
  readonly missing: readonly Side[];
  readonly need?: Grant;
  readonly grant?: Grant;
  /** The grant that would cover this use and no other, as text. */
  readonly wanted: Grant;
}

/**
 * An authority by needs and grants: a use is allowed where both cover it.
 *
 * @example
 * ```ts
 * import { systemClock } from "../clock.ts";
 * import { GrantAuthority } from "./authority.ts";
 * import { parseGrants } from "./grant_syntax.ts";
 * const authority = new GrantAuthority({
 *   needs: parseGrants("domain:start", { what: "need" }),
 *   grants: parseGrants("domain:start@web-*"),
 *   clock: systemClock,
 *   caller: { principal: "alice" },
 * });
 * const use = { permission: "domain:start", connection: "host", operation: "domain.start" } as const;
 * authority.sees({ ...use, name: "web-1", when: "listed" }); // true
 * authority.sees({ ...use, name: "db-1", when: "listed" }); // false
 * ```
 */
export class GrantAuthority implements Authority {
  readonly #needs: GrantBook | undefined;
  readonly #grants: GrantBook;
  readonly #options: GrantAuthorityOptions;

  constructor(options: GrantAuthorityOptions) {
    this.#options = options;
    this.#needs = options.needs === undefined ? undefined : new GrantBook(options.needs);
    this.#grants = new GrantBook(options.grants);
    for (const entry of options.past ?? []) {
      if (entry.decision !== "allowed" || !entry.counted) continue;
      if (entry.need !== undefined) this.#needs?.count(entry.need);
      if (entry.grant !== undefined) this.#grants.count(entry.grant);
    }
  }

  /** Adds a grant from now on. */
  grant(grant: Grant): void {
    this.#grants.add(grant);
  }

  /** What would be decided about a use now; counts and records nothing. */
  decide(use: PermissionUse): Decision {
    const subject = this.subject(use);
    const now = this.#options.clock.now();
    const need = this.#needs?.find(subject, now);
    const grant = this.#grants.find(subject, now);
    const missing: Side[] = [];
    if (this.#needs !== undefined && need === undefined) missing.push("need");
    if (grant === undefined) missing.push("grant");
    return {
      allowed: missing.length === 0,
      missing,
      ...(need === undefined ? {} : { need }),
      ...(grant === undefined ? {} : { grant }),
      wanted: this.#wanted(subject),
    };
  }

  sees(use: PermissionUse): boolean {
    const subject = this.subject(use);
    const now = this.#options.clock.now();
    return this.#grants.find(subject, now) !== undefined &&
      (this.#needs === undefined || this.#needs.find(subject, now) !== undefined);
  }

  async checkReach(use: ReachUse): Promise<void> {
    // Until the definition can be analysed it counts as reaching something unknown.
    const { operation, connection, name } = use;
    await this.check({
      permission: "host:unknown",
      operation,
      connection,
      when: "reach",
      reached: use.document,
      ...(name === undefined ? {} : { name }),
    });
  }

  async check(use: PermissionUse): Promise<void> {
    const decision = this.decide(use);
    const counted = decision.allowed && counts(use);
    if (counted) {
      // Before anything is awaited: two uses at once must not share the last one of a quota.
      if (decision.need !== undefined) this.#needs?.count(formatGrant(decision.need));
      if (decision.grant !== undefined) this.#grants.count(formatGrant(decision.grant));
    }
    await this.#options.audit?.record(this.#entry(use, { decision, counted }));
    if (!decision.allowed) throw this.#refusal(use, decision);
  }

  /** What grants are compared with for a use. */
  subject(use: PermissionUse): GrantSubject {
    const uri = this.#options.uris?.get(use.connection);
    const name = use.reached ?? use.name;
    return {
      permission: use.permission,
      connection: use.connection,
      ...(uri === undefined ? {} : { uri }),
      ...(name === undefined ? {} : { name }),
      ...(use.parentName === undefined || use.reached !== undefined ? {} : { parentName: use.parentName }),
      ...(name === undefined && isPreliminary(use) ? { anyObject: true } : {}),
    };
  }

  #wanted(subject: GrantSubject): Grant {
    const { permission, connection, name, parentName } = subject;
    const [permissionClass, verb] = permission.split(":") as [
      Extract<Scope, { readonly kind: "verbs" }>["permissionClass"],
      string,
    ];
    const exact = parentName === undefined ? name : `${parentName}/${name}`;
    const several = (this.#options.uris?.size ?? 1) > 1;
    return {
      scope: { kind: "verbs", permissionClass, verbs: [verb] },
      ...(several ? { connection: { by: "name" as const, glob: Glob.exact(connection) } } : {}),
      ...(exact === undefined ? {} : { names: [Glob.exact(exact)] }),
    };
  }

  #entry(
    use: PermissionUse,
    result: { readonly decision: Decision; readonly counted: boolean },
  ): AuditEntry {
    const { caller, clock, uris } = this.#options;
    const { decision, counted } = result;
    const uri = uris?.get(use.connection);
    return {
      at: clock.now(),
      principal: caller.principal,
      ...(caller.run === undefined ? {} : { run: caller.run }),
      operation: use.operation,
      permission: use.permission,
      connection: use.connection,
      ...(uri === undefined ? {} : { uri }),
      ...(use.name === undefined ? {} : { name: use.name }),
      ...(use.parentName === undefined ? {} : { parentName: use.parentName }),
      ...(use.reached === undefined ? {} : { reached: use.reached }),
      when: use.when,
      decision: decision.allowed ? "allowed" : "denied",
      missing: decision.missing,
      ...(decision.need === undefined ? {} : { need: formatGrant(decision.need) }),
      ...(decision.grant === undefined ? {} : { grant: formatGrant(decision.grant) }),
      counted,
    };
  }

  #refusal(use: PermissionUse, decision: Decision): VirtError {
    const { missing } = decision;
    const wanted = formatGrant(decision.wanted);
    const subject = this.subject(use);
    const now = this.#options.clock.now();
    const found = missing.map((side) => {
      const book = side === "need" ? this.#needs : this.#grants;
      return because(side, { use, closest: book?.closest(subject, now) });
    });
    const advice = missing.map((side) =>
      side === "grant" ? `--allow ${shellWord(wanted)}` : `${shown(wanted)} to the recipe's needs`
    );
    const about = use.name === undefined ? "" : ` on ${targetLabel(use)}`;
    const reaching = use.reached === undefined ? "" : `, which reaches ${shown(use.reached)}`;
    return new VirtError(
      "permission-denied",
      `Cannot call ${printable(use.operation)}${about}${reaching}: ${found.join(", and ")}`,
      {
        ...(use.name === undefined ? {} : { target: targetLabel(use) }),
        hint: `Add ${advice.join(" and ")}`,
        detail: {
          missing,
          permission: use.permission,
          wanted,
          connection: use.connection,
          operation: use.operation,
          when: use.when,
          ...(use.reached === undefined ? {} : { reached: use.reached }),
        },
      },
    );
  }
}

/**
 * Whether the object is not known yet and will be asked about by its name when it is: a definition names what it
 * defines. Permissions on connections concern no object.
 */
function isPreliminary(use: PermissionUse): boolean {
  return use.when === "asked" && !use.permission.startsWith("connect:") &&
    !use.permission.startsWith("host:");
}

/** A use counts once: with its slot in hand, or when asked where there is no slot to obtain. */
function counts(use: PermissionUse): boolean {
  if (use.when === "obtained") return operations.get(use.operation)?.job !== "none";
  return use.when === "asked" && operations.get(use.operation)?.job === "none";
}

/** The object of a use, as people call it: `domain "web-1"`. */
export function targetLabel(use: PermissionUse): string {
  const operation = operations.get(use.operation);
  const label = operation === undefined ? "object" : objectClasses[operation.objectClass].label;
  return `${label} ${shown(use.name ?? "")}`;
}

/** Why a side does not cover a use. */
function because(
  side: Side,
  found: { readonly use: PermissionUse; readonly closest: ClosestGrant | undefined },
): string {
  const { use, closest } = found;
  const verb = side === "need" ? "stated as needed" : "granted";
  if (closest === undefined) {
    return side === "need"
      ? `the recipe does not state that it needs ${use.permission}`
      : `${use.permission} is not granted`;
  }
  const text = printable(formatGrant(closest.grant));
  switch (closest.reason) {
    case "ended":
      return `the ${side} ${text} has ended`;
    case "used-up":
      return `the ${side} ${text} is used up`;
    default:
      return `${use.permission} is ${verb} only as ${text}`;
  }
}
