/**
 * What an analysis finds, and how rules report it.
 *
 * @module
 */
import { pathOf, type TreeElement } from "../../../model/xml/tree.ts";
import type { Permission } from "../../../model/permission.ts";
import { canonicalPath, type GrantedStorage, looksLikePath } from "./path.ts";
import type { ValueKind } from "./vocabulary.ts";

/** A permission of the class `host`, without the class. */
export type HostVerb = Permission extends infer P ? P extends `host:${infer V}` ? V : never : never;

/** One thing on the host that a definition reaches. */
export interface Finding {
  readonly permission: `host:${HostVerb}`;
  /** What globs are matched against: a path in its one spelling, an address, a namespace. */
  readonly reached: string;
  /** Where in the document: `/domain/devices/disk/source/@file`. */
  readonly place: string;
  /** Why no grant can allow it. */
  readonly refused?: string;
}

/** A finding and the element that it was found at. */
export interface PlacedFinding extends Finding {
  readonly element: TreeElement;
}

/** Where a value stands. */
export interface Place {
  readonly element: TreeElement;
  readonly attribute?: string;
}

/** What each kind of value needs. */
const verbOfKind: Readonly<Record<Exclude<ValueKind, "free">, HostVerb>> = {
  plain: "path",
  path: "path",
  directory: "path",
  device: "device",
  socket: "socket",
  emulator: "emulator",
  loader: "loader",
  kernel: "kernel",
  script: "script",
  network: "network",
};

/** Kinds that granted storage may hold. */
const storable: ReadonlySet<ValueKind> = new Set<ValueKind>(["path", "device", "kernel"]);

/** Collects findings. */
export class Report {
  readonly findings: PlacedFinding[] = [];
  readonly #storage: GrantedStorage;

  constructor(storage: GrantedStorage) {
    this.#storage = storage;
  }

  /** Reports a value by its kind; an empty one reaches nothing. */
  value(kind: ValueKind, text: string | undefined, place: Place): void {
    const value = text?.trim() ?? "";
    if (value === "" || kind === "free" || (kind === "plain" && !looksLikePath(value))) return;
    const verb = verbOfKind[kind];
    if (verb === "network") return this.reach(verb, value, place);
    const canonical = canonicalPath(value);
    if (!canonical.ok) return this.#refuse({ verb, value, problem: canonical.problem }, place);
    if (storable.has(kind) && this.#storage.holds(canonical.path)) return;
    this.reach(verb, canonical.path, place);
  }

  /** Reports something that is reached, in its one spelling. */
  reach(verb: HostVerb, reached: string, place: Place): void {
    this.findings.push({ permission: `host:${verb}`, reached, ...placed(place) });
  }

  /** Reports an element or attribute that nothing is known of. */
  unknown(place: Place): void {
    this.reach("unknown", pathOf(place.element, place.attribute), place);
  }

  /** Reports an attribute whose value is none of the known ones. */
  unlessOneOf(known: readonly string[], place: Place & { readonly attribute: string }): void {
    const value = place.element.attribute(place.attribute);
    if (value !== undefined && !known.includes(value)) this.unknown(place);
  }

  #refuse(
    found: { readonly verb: HostVerb; readonly value: string; readonly problem: string },
    place: Place,
  ): void {
    this.findings.push({
      permission: `host:${found.verb}`,
      reached: found.value,
      ...placed(place),
      refused: found.problem,
    });
  }
}

function placed(place: Place): { readonly place: string; readonly element: TreeElement } {
  return { place: pathOf(place.element, place.attribute), element: place.element };
}
