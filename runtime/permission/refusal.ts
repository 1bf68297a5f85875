/**
 * Errors that say which permission is missing, whose word it is, and what text would add it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { objectClasses } from "../../model/object.ts";
import { operations } from "../../model/operations/mod.ts";
import type { PermissionUse } from "../call.ts";
import type { Side } from "./audit.ts";
import type { ClosestGrant } from "./book.ts";
import { formatGrant, type Grant } from "./grant.ts";
import { printable, shellWord, shown } from "./shown.ts";

/** What is missing on one side, and what came nearest to it. */
export interface MissingSide {
  readonly side: Side;
  readonly closest: ClosestGrant | undefined;
}

/** The error for a use that is not allowed. */
export function refusal(
  use: PermissionUse,
  { missing, wanted }: { readonly missing: readonly MissingSide[]; readonly wanted: Grant },
): VirtError {
  const reasons = missing.map(({ side, closest }) => because(side, { use, closest }));
  return denied(use, {
    found: reasons.join(", and "),
    sides: missing.map(({ side }) => side),
    wanted: [formatGrant(wanted)],
  });
}

/** One error for what is missing for several uses of one call. */
export function severalRefusals(refusals: readonly VirtError[]): VirtError {
  const [first] = refusals;
  if (first === undefined) return new VirtError("permission-denied", "Permission is missing");
  const details = refusals.map(({ detail }) => detail);
  const wanted = new Map<Side, Set<string>>();
  for (const detail of details) {
    if (!isDetail(detail)) continue;
    for (const side of detail.missing) {
      wanted.set(side, (wanted.get(side) ?? new Set()).add(detail.wanted));
    }
  }
  const more = refusals.length - 1;
  const hint = [...wanted].map(([side, texts]) => advice(side, [...texts])).join(" and ");
  return new VirtError(
    "permission-denied",
    `${first.message}; ${more} more ${more === 1 ? "permission is" : "permissions are"} missing`,
    {
      ...(first.target === undefined ? {} : { target: first.target }),
      hint: `Add ${hint}`,
      detail: { ...(isDetail(first.detail) ? first.detail : {}), all: details },
    },
  );
}

/** The error for a place on the host that no grant can name. */
export function unspeakable(use: PermissionUse, problem: string): VirtError {
  const isAddress = use.permission === "host:fetch";
  return new VirtError(
    "permission-denied",
    `Cannot call ${printable(use.operation)}${about(use)}: ${shown(use.reached ?? "")} is no ${
      isAddress ? "address" : "path"
    } that can be granted, with ${problem}`,
    {
      ...(use.name === undefined ? {} : { target: targetLabel(use) }),
      hint: isAddress
        ? "Write it as https://HOST/PATH"
        : "Write the path as the host would after following it",
      detail: { missing: [], permission: use.permission, reached: use.reached, operation: use.operation },
    },
  );
}

/** The error for a name or label that would bring an object under a grant that does not hold for it now. */
export function gainRefusal(
  { now, then, wanted }: {
    readonly now: PermissionUse;
    readonly then: PermissionUse;
    readonly wanted: Grant;
  },
): VirtError {
  const how = then.name === now.name
    ? `with the labels ${shown((then.labels ?? []).join(", "))}`
    : `under the name ${shown(then.name ?? "")}`;
  return denied(now, {
    found: `${how} ${now.permission} would be allowed on it, and it is not now`,
    sides: ["grant"],
    wanted: [formatGrant(wanted)],
  });
}

interface Detail {
  readonly missing: readonly Side[];
  readonly wanted: string;
}

function isDetail(value: unknown): value is Detail {
  return typeof value === "object" && value !== null && "missing" in value && "wanted" in value;
}

function denied(
  use: PermissionUse,
  { found, sides, wanted }: {
    readonly found: string;
    readonly sides: readonly Side[];
    readonly wanted: readonly string[];
  },
): VirtError {
  const reaching = use.reached === undefined ? "" : `, which reaches ${shown(use.reached)}`;
  return new VirtError(
    "permission-denied",
    `Cannot call ${printable(use.operation)}${about(use)}${reaching}: ${found}`,
    {
      ...(use.name === undefined ? {} : { target: targetLabel(use) }),
      hint: `Add ${sides.map((side) => advice(side, wanted)).join(" and ")}`,
      detail: {
        missing: sides,
        permission: use.permission,
        wanted: wanted[0] ?? "",
        connection: use.connection,
        operation: use.operation,
        when: use.when,
        ...(use.reached === undefined ? {} : { reached: use.reached }),
      },
    },
  );
}

function about(use: PermissionUse): string {
  return use.name === undefined ? "" : ` on ${targetLabel(use)}`;
}

/** The object of a use, as people call it: `domain "web-1"`. */
function targetLabel(use: PermissionUse): string {
  const operation = operations.get(use.operation);
  const label = operation === undefined ? "object" : objectClasses[operation.objectClass].label;
  return `${label} ${shown(use.name ?? "")}`;
}

function advice(side: Side, wanted: readonly string[]): string {
  if (side === "need") return `${wanted.map(shown).join(", ")} to the recipe's needs`;
  return `--allow ${shellWord(wanted.join(" "))}`;
}

/** Why a side does not cover a use. */
function because(
  side: Side,
  { use, closest }: { readonly use: PermissionUse; readonly closest: ClosestGrant | undefined },
): string {
  if (closest === undefined) {
    return side === "need"
      ? `the recipe does not state that it needs ${use.permission}`
      : `${use.permission} is not granted`;
  }
  const text = printable(formatGrant(closest.grant));
  if (closest.reason === "ended") return `the ${side} ${text} has ended`;
  if (closest.reason === "used-up") return `the ${side} ${text} is used up`;
  return `${use.permission} is ${side === "need" ? "stated as needed" : "granted"} only as ${text}`;
}
