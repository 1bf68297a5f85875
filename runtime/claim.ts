/**
 * Which slots a call takes, and taking them in key order, so that calls never wait in a circle.
 *
 * @module
 */
import { type ObjectClass, objectKey } from "../model/object.ts";
import type { Operation } from "../model/operation.ts";
import type { DriverConnection, Implementation, SlotClaim } from "./driver.ts";
import type { OperationName } from "../model/operations/mod.ts";
import type { ManagedObject } from "./object.ts";
import type { SlotKind } from "./slot.ts";
import type { SlotHold, SlotOrder, SlotTable } from "./slots.ts";

/** A slot that a call takes. */
export interface Claim {
  readonly key: string;
  readonly label: string;
  readonly kind: SlotKind;
  readonly name: string;
  readonly objectClass: ObjectClass;
  readonly object?: ManagedObject;
}

/** What claims follow from. */
export interface ClaimSource {
  readonly operation: Operation;
  readonly implementation: Implementation<OperationName>;
  readonly connection: DriverConnection;
  readonly input: never;
  readonly target: ManagedObject | undefined;
  /** The slot for the object on the other side of an operation that spans two hosts. */
  readonly otherSide?: Claim;
}

/** The slots that a call takes, its own object's first. */
export function claimsOf(source: ClaimSource): readonly Claim[] {
  const { operation, implementation, connection, input, target, otherSide } = source;
  const kind = operation.job;
  if (kind === "none") return [];
  const asked: readonly SlotClaim[] = implementation.about?.(connection, input, target) ??
    (target === undefined ? [{ object: connection.self }] : [{ object: target }]);
  const claims = asked.map((claim): Claim => {
    if ("object" in claim) {
      const { object, as = "job" } = claim;
      return {
        key: object.key,
        label: object.label,
        kind: as === "use" ? "use" : kind,
        name: object.name,
        objectClass: object.objectClass,
        object,
      };
    }
    const { objectClass, name, parent } = claim;
    const key = objectKey({
      host: connection.host,
      driver: connection.driver,
      objectClass,
      id: `name:${name}`,
      ...(parent === undefined ? {} : { parent }),
    });
    // A name is claimed against others who make the same thing; only one job at a time on it, whatever the operation.
    return { key, label: `${objectClass} "${name}"`, kind: "modify", name, objectClass };
  });
  const unique = new Map(claims.map((claim) => [claim.key, claim]));
  if (otherSide !== undefined) unique.set(otherSide.key, otherSide);
  return [...unique.values()];
}

/** The object that a call's job is on. */
export function objectOf(
  claims: readonly Claim[],
  source: Pick<ClaimSource, "target" | "connection">,
): ManagedObject {
  const own = claims.find(({ object, kind }) => object !== undefined && kind !== "use");
  return own?.object ?? source.target ?? source.connection.self;
}

/** Whether two sets of claims are for the same slots. */
export function sameClaims(a: readonly Claim[], b: readonly Claim[]): boolean {
  return a.length === b.length &&
    a.every(({ key, kind }, index) => key === b[index]?.key && kind === b[index]?.kind);
}

/**
 * Takes all slots, in key order. Either all are held afterwards or none.
 *
 * @throws what {@linkcode SlotTable.take} throws.
 */
export function takeAll(
  slots: SlotTable,
  { claims, order }: {
    readonly claims: readonly Claim[];
    readonly order: Omit<SlotOrder, "key" | "label" | "kind">;
  },
): readonly SlotHold[] | Promise<readonly SlotHold[]> {
  if (claims.length === 1) {
    const { key, label, kind } = claims[0]!;
    const hold = slots.take({ ...order, key, label, kind });
    return hold instanceof Promise ? hold.then((taken) => [taken]) : [hold];
  }
  return takeInOrder(slots, { claims, order });
}

async function takeInOrder(
  slots: SlotTable,
  { claims, order }: {
    readonly claims: readonly Claim[];
    readonly order: Omit<SlotOrder, "key" | "label" | "kind">;
  },
): Promise<readonly SlotHold[]> {
  const held = new Map<string, SlotHold>();
  try {
    for (const { key, label, kind } of claims.toSorted((a, b) => a.key < b.key ? -1 : 1)) {
      held.set(key, await slots.take({ ...order, key, label, kind, holds: held.size > 0 }));
    }
  } catch (error) {
    for (const hold of held.values()) hold.release();
    throw error;
  }
  return claims.flatMap(({ key }) => held.get(key) ?? []);
}
