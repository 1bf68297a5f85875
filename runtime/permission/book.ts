/**
 * A list of grants and how often each has been used.
 *
 * @module
 */
import { formatGrant, type Grant, type GrantSubject, type Mismatch, mismatch } from "./grant.ts";

/** A grant that nearly covers a subject, and what keeps it from that. */
export interface ClosestGrant {
  readonly grant: Grant;
  readonly reason: Exclude<Mismatch, "permission"> | "ended" | "used-up";
}

/** From the least to the nearest. */
const nearness = ["connection", "name", "label", "used-up", "ended"] as const;

/** Grants with their quotas' state. Two grants of the same text are one. */
export class GrantBook {
  readonly #grants: Grant[];
  readonly #used = new Map<string, number>();

  constructor(grants: readonly Grant[]) {
    this.#grants = [...grants];
  }

  /** Whether any grant selects by labels. */
  get usesLabels(): boolean {
    return this.#grants.some(({ labels }) => labels !== undefined);
  }

  add(grant: Grant): void {
    this.#grants.push(grant);
  }

  /** Counts one use of the grant with this text. */
  count(text: string): void {
    this.#used.set(text, (this.#used.get(text) ?? 0) + 1);
  }

  /** The grant that covers the subject now, one without a quota before those that have one. */
  find(subject: GrantSubject, now: number): Grant | undefined {
    let limited: Grant | undefined;
    for (const grant of this.#grants) {
      if (this.#obstacle(grant, { subject, now }) !== undefined) continue;
      if (grant.quota === undefined) return grant;
      limited ??= grant;
    }
    return limited;
  }

  /** Of the grants with the right permission, the one that comes nearest to covering the subject. */
  closest(subject: GrantSubject, now: number): ClosestGrant | undefined {
    let best: ClosestGrant | undefined;
    for (const grant of this.#grants) {
      const reason = this.#obstacle(grant, { subject, now });
      if (reason === undefined || reason === "permission") continue;
      if (best === undefined || nearness.indexOf(reason) > nearness.indexOf(best.reason)) {
        best = { grant, reason };
      }
    }
    return best;
  }

  #obstacle(
    grant: Grant,
    against: { readonly subject: GrantSubject; readonly now: number },
  ): ClosestGrant["reason"] | "permission" | undefined {
    const found = mismatch(grant, against.subject);
    if (found !== undefined) return found;
    if (grant.until !== undefined && against.now >= grant.until) return "ended";
    if (grant.quota !== undefined && (this.#used.get(formatGrant(grant)) ?? 0) >= grant.quota) {
      return "used-up";
    }
    return undefined;
  }
}
