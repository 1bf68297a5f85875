/**
 * An authority that asks the person at the terminal for what nothing grants.
 *
 * @module
 */
import { operations } from "../../model/operations/mod.ts";
import type { PermissionUse } from "../call.ts";
import { GrantAuthority, type GrantAuthorityOptions, isPreliminary } from "./authority.ts";
import { formatGrant } from "./grant.ts";

/** What is asked. Names in it are others' text: whoever shows them takes control characters out. */
export interface PermissionQuestion {
  readonly use: PermissionUse;
  /** The grant that would cover this use and no other, as text. */
  readonly grant: string;
}

/** This once, for the rest of the run, or no. */
export type PermissionAnswer = "once" | "run" | "deny";

/**
 * The longest grant that is asked for, in characters. A longer one would fill the screen with text of the recipe's choice,
 * at whose end stands what the person takes for the question.
 */
const longestQuestion = 512;

/** How an {@linkcode AskingAuthority} asks. */
export interface AskingOptions extends GrantAuthorityOptions {
  /** Asks; there must be a terminal. Called for one question at a time. */
  readonly ask: (question: PermissionQuestion) => Promise<PermissionAnswer>;
  /** Hears of what was granted for the rest of the run, so that a resume need not ask again. */
  readonly onGrant?: (grant: string) => void;
}

/**
 * Decides as {@linkcode GrantAuthority} does, and asks where a grant is missing. A need that the recipe does not state is
 * not asked for: that is for its author to add. Lists never ask. An answer holds for the run.
 */
export class AskingAuthority extends GrantAuthority {
  readonly #ask: AskingOptions["ask"];
  readonly #onGrant: (grant: string) => void;
  /** Uses that were allowed once when asked and whose slot is still to be obtained. */
  readonly #once = new Map<string, number>();
  readonly #denied = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AskingOptions) {
    super(options);
    this.#ask = options.ask;
    this.#onGrant = options.onGrant ?? ((): void => {});
  }

  override check(use: PermissionUse): void | Promise<void> {
    if (!this.#isAskedFor(use)) return super.check(use);
    // A person is asked about an object, not about whatever it turns out to be: with the slot in hand, by its name.
    if (use.name === undefined && isPreliminary(use) && hasSlot(use)) return;
    if (use.when === "obtained" && this.#takeOnce(use)) return this.allow(use);
    const answered = this.#last.then(() => this.#decideByAsking(use));
    this.#last = answered.catch(() => {});
    return answered;
  }

  protected override async checkAll(uses: readonly PermissionUse[]): Promise<void> {
    for (const use of uses) await this.check(use);
  }

  async #decideByAsking(use: PermissionUse): Promise<void> {
    // An answer to an earlier question may have settled this one.
    if (!this.#isAskedFor(use)) return await super.check(use);
    const grant = formatGrant(this.decide(use).wanted);
    const answer = await this.#ask({ use, grant });
    if (answer === "deny") {
      this.#denied.add(grant);
      return await super.check(use);
    }
    if (answer === "run") {
      this.grant(this.decide(use).wanted);
      this.#onGrant(grant);
      return await super.check(use);
    }
    if (use.when === "asked" && hasSlot(use)) {
      const key = onceKey(use);
      this.#once.set(key, (this.#once.get(key) ?? 0) + 1);
    }
    await this.allow(use);
  }

  #isAskedFor(use: PermissionUse): boolean {
    const decision = this.decide(use);
    if (decision.allowed || decision.missing.includes("need") || use.when === "listed") return false;
    const wanted = formatGrant(decision.wanted);
    return wanted.length <= longestQuestion && !this.#denied.has(wanted);
  }

  #takeOnce(use: PermissionUse): boolean {
    const key = onceKey(use);
    const left = this.#once.get(key) ?? 0;
    if (left > 0) this.#once.set(key, left - 1);
    return left > 0;
  }
}

function hasSlot(use: PermissionUse): boolean {
  return operations.get(use.operation)?.job !== "none";
}

function onceKey({ permission, connection, operation, parentName, name }: PermissionUse): string {
  return JSON.stringify([permission, connection, operation, parentName ?? null, name ?? null]);
}
