/**
 * Decides whether a use of a permission is covered by the recipe's needs and by the person's grants.
 *
 * @module
 */
import type { VirtError } from "../../model/error.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Authority, Caller, PermissionUse, ReachUse } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { AuditEntry, AuditSink, Side } from "./audit.ts";
import { GrantBook } from "./book.ts";
import { exactGrant, formatGrant, type Grant, type GrantSubject } from "./grant.ts";
import { gainRefusal, refusal, severalRefusals, unspeakable } from "./refusal.ts";

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
  /** The grant that would cover this use and no other. */
  readonly wanted: Grant;
}

/** Reads the labels in a definition. */
type LabelReader = (definition: string) => readonly string[];

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
  #labelsIn: LabelReader | undefined;

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
    const subject = this.#subject(use);
    const now = this.#options.clock.now();
    const need = this.#needs?.find(subject, now);
    const grant = this.#grants.find(subject, now);
    const missing: Side[] = [];
    if (this.#needs !== undefined && need === undefined) missing.push("need");
    if (grant === undefined) missing.push("grant");
    const several = (this.#options.uris?.size ?? 1) > 1;
    return {
      allowed: missing.length === 0,
      missing,
      ...(need === undefined ? {} : { need }),
      ...(grant === undefined ? {} : { grant }),
      wanted: exactGrant(subject, { withConnection: several }),
    };
  }

  sees(use: PermissionUse): boolean {
    const subject = this.#subject(use);
    const now = this.#options.clock.now();
    return this.#grants.find(subject, now) !== undefined &&
      (this.#needs === undefined || this.#needs.find(subject, now) !== undefined);
  }

  /** Answers at once where nothing has to be waited for; see {@linkcode Authority}. */
  check(use: PermissionUse): void | Promise<void> {
    // Whatever is asked first: what lists show is decided without waiting.
    if (this.#labelsIn === undefined && this.readsDefinitions) {
      return this.#loadLabels().then(() => this.check(use));
    }
    const decision = this.decide(use);
    const counted = decision.allowed && counts(use);
    if (counted) {
      // Before anything is awaited: two uses at once must not share the last one of a quota.
      if (decision.need !== undefined) this.#needs?.count(formatGrant(decision.need));
      if (decision.grant !== undefined) this.#grants.count(formatGrant(decision.grant));
    }
    return this.#conclude(use, { decision, counted });
  }

  /**
   * Allows one use that no grant covers, because somebody said so.
   *
   * @throws {VirtError} `permission-denied` where the need is missing.
   */
  protected allow(use: PermissionUse): void | Promise<void> {
    const found = this.decide(use);
    const missing = found.missing.filter((side) => side !== "grant");
    const decision = {
      ...found,
      allowed: missing.length === 0,
      missing,
      grant: found.grant ?? found.wanted,
    };
    return this.#conclude(use, { decision, counted: false });
  }

  async checkReach(use: ReachUse): Promise<void> {
    const { gainsOf, reachUsesOf, unspeakableIn } = await import("./reach_uses.ts");
    await this.#loadLabels();
    for (const { use: refused, problem } of unspeakableIn(use)) {
      await this.#record(refused, { decision: { ...this.decide(refused), allowed: false }, counted: false });
      throw unspeakable(refused, problem);
    }
    await this.checkAll(reachUsesOf(use));
    // Another name or other labels must not give more: what would be allowed on the object then must be allowed on
    // it now. Else whoever may rename a domain could bring it under any grant.
    for (const { now, then } of gainsOf(use)) {
      if (!this.sees(then) || this.sees(now)) continue;
      const decision = this.decide(now);
      await this.#record(now, { decision, counted: false });
      throw gainRefusal({ now, then, wanted: decision.wanted });
    }
  }

  /** Checks several uses of one call; all that is missing for them is said at once. */
  protected async checkAll(uses: readonly PermissionUse[]): Promise<void> {
    const denied = uses.filter((use) => !this.decide(use).allowed);
    if (denied.length < 2) {
      for (const use of uses) await this.check(use);
      return;
    }
    const refusals: VirtError[] = [];
    for (const use of denied) {
      const decision = this.decide(use);
      await this.#record(use, { decision, counted: false });
      refusals.push(this.#refusal(use, decision));
    }
    throw severalRefusals(refusals);
  }

  get readsDefinitions(): boolean {
    return this.#grants.usesLabels || this.#needs?.usesLabels === true;
  }

  /** Only who selects by labels, or has definitions checked, needs the XML library. */
  async #loadLabels(): Promise<void> {
    this.#labelsIn ??= (await import("./labels.ts")).labelsIn;
  }

  #subject(use: PermissionUse): GrantSubject {
    const uri = this.#options.uris?.get(use.connection);
    const name = use.reached ?? use.name;
    const labels = use.labels ??
      (use.definition === undefined || !this.readsDefinitions ? undefined : this.#labelsIn?.(use.definition));
    return {
      permission: use.permission,
      connection: use.connection,
      ...(uri === undefined ? {} : { uri }),
      ...(name === undefined ? {} : { name }),
      ...(use.parentName === undefined || use.reached !== undefined ? {} : { parentName: use.parentName }),
      ...(labels === undefined ? {} : { labels }),
      ...(name === undefined && isPreliminary(use) ? { anyObject: true } : {}),
    };
  }

  #conclude(use: PermissionUse, result: Result): void | Promise<void> {
    const recorded = this.#record(use, result);
    if (recorded instanceof Promise) return recorded.then(() => this.#refuse(use, result));
    this.#refuse(use, result);
  }

  #refuse(use: PermissionUse, { decision }: Result): void {
    if (!decision.allowed) throw this.#refusal(use, decision);
  }

  #refusal(use: PermissionUse, decision: Decision): VirtError {
    const subject = this.#subject(use);
    const now = this.#options.clock.now();
    return refusal(use, {
      missing: decision.missing.map((side) => ({
        side,
        closest: (side === "need" ? this.#needs : this.#grants)?.closest(subject, now),
      })),
      wanted: decision.wanted,
    });
  }

  #record(use: PermissionUse, { decision, counted }: Result): void | Promise<void> {
    const { caller, clock, uris, audit } = this.#options;
    const uri = uris?.get(use.connection);
    return audit?.record({
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
    });
  }
}

interface Result {
  readonly decision: Decision;
  readonly counted: boolean;
}

/**
 * Whether the object is not known yet and will be asked about by its name when it is: a definition names what it
 * defines. Permissions on connections concern no object.
 */
export function isPreliminary(use: PermissionUse): boolean {
  return use.when === "asked" && !use.permission.startsWith("connect:") &&
    !use.permission.startsWith("host:");
}

/** A use counts once: with its slot in hand, or when asked where there is no slot to obtain. */
function counts(use: PermissionUse): boolean {
  const hasSlot = operations.get(use.operation)?.job !== "none";
  return use.when === (hasSlot ? "obtained" : "asked");
}
