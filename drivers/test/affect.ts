/**
 * Changes that concern a running domain, its definition, or both.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { VirtError } from "../../model/error.ts";
import type { Observation } from "../../runtime/driver.ts";
import { act, undo } from "./act.ts";
import { readDomain } from "./documents.ts";
import type { DomainJob, DomainObject } from "./domain.ts";

/** What a caller says about it. */
export interface Affect {
  readonly live?: boolean | undefined;
  readonly config?: boolean | undefined;
}

/** Which of the two is concerned. */
export interface Scopes {
  readonly live: boolean;
  readonly config: boolean;
}

/**
 * What a change concerns: where nothing is said, what runs if it runs, else the definition.
 *
 * @throws {VirtError} `wrong-state` where there is no such thing.
 */
export function scopesOf(domain: DomainObject, { live, config }: Affect, doing: string): Scopes {
  const running = domain.live !== undefined;
  if (live === true && !running) {
    throw new VirtError("wrong-state", `Cannot ${doing} ${domain.label}: it is not running`, {
      target: domain.label,
      hint: "Change its definition instead: config",
    });
  }
  const scopes = live !== true && config !== true
    ? { live: running, config: !running }
    : { live: live === true, config: config === true };
  if (scopes.config && !domain.persistent) {
    throw new VirtError(
      "wrong-state",
      `Cannot ${doing} ${domain.label}: it is transient and has no definition`,
      {
        target: domain.label,
      },
    );
  }
  return scopes;
}

/** A definition, changed. `scope` says whether it is the running domain's. */
export type Edit = (xml: string, scope: "live" | "config") => string;

/** A definition with a change, in libvirt's form. */
function changed(
  domain: DomainObject,
  { xml, scope, edit }: { xml: string; scope: "live" | "config"; edit: Edit },
): string {
  const edited = edit(xml, scope);
  return edited === xml ? xml : readDomain(edited, { newId: domain.id, isKnownType: true }).xml;
}

/** A change, and how messages call it: `attach a device to`. */
export interface PlannedChange {
  readonly affect: Affect;
  readonly doing: string;
  readonly edit: Edit;
}

/** What a change makes of the definitions that it concerns. */
function planned(
  domain: DomainObject,
  { affect, doing, edit }: PlannedChange,
): { readonly live?: string; readonly config?: string } {
  const { live, config } = scopesOf(domain, affect, doing);
  return {
    ...(live ? { live: changed(domain, { xml: domain.config, scope: "live", edit }) } : {}),
    ...(config ? { config: changed(domain, { xml: domain.persistentConfig, scope: "config", edit }) } : {}),
  };
}

/** Changes a running domain, its definition, or both, after both changes have been found possible. */
export async function change(job: DomainJob, wanted: PlannedChange): Promise<void> {
  const { object } = job;
  const { id, name } = object;
  const base = object.config;
  const expected = object.persistentConfig;
  const { live: liveXml, config: configXml } = planned(object, wanted);
  if (liveXml !== undefined) {
    await act(job, "domain.change-live", { input: { id, xml: liveXml, base } });
  }
  if (configXml === undefined) return;
  try {
    await act(job, "domain.write-definition", { input: { id, name, xml: configXml, expected } });
  } catch (error) {
    // Where nobody knows whether it was written, what was begun is brought to its end when that is known.
    if (liveXml !== undefined) {
      await undo(job, "domain.change-live", { input: { id, xml: base, base: liveXml }, because: error });
    }
    throw error;
  }
}

/** Whether a change would change nothing. */
function isSame(
  domain: DomainObject,
  wanted: { xml: string; scope: "live" | "config"; edit: Edit },
): boolean {
  return changed(domain, wanted) === wanted.xml;
}

/** Whether what runs has been changed already, and its definition has not. */
export function isHalfChanged(
  domain: DomainObject,
  { affect, edit }: { readonly affect: Affect; readonly edit: Edit },
): boolean {
  if (affect.live !== true || affect.config !== true || domain.live === undefined) return false;
  return isSame(domain, { xml: domain.config, scope: "live", edit }) &&
    !isSame(domain, { xml: domain.persistentConfig, scope: "config", edit });
}

/** Whether a change has been made already: making it again would change nothing. */
export function isChanged(
  domain: DomainObject,
  { affect, edit }: { readonly affect: Affect; readonly edit: Edit },
): boolean {
  const running = domain.live !== undefined;
  const live = affect.live ?? (affect.config !== true && running);
  const config = affect.config ?? (affect.live !== true && !running);
  if (live && (!running || !isSame(domain, { xml: domain.config, scope: "live", edit }))) return false;
  return !config || isSame(domain, { xml: domain.persistentConfig, scope: "config", edit });
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What a change will make of the definitions, as digests; nothing where it cannot be made. */
export function foresee(domain: DomainObject, change: PlannedChange): Observation {
  try {
    const { live, config } = planned(domain, change);
    return {
      ...(live === undefined ? {} : { live: digestOf(live) }),
      ...(config === undefined ? {} : { config: digestOf(config) }),
    };
  } catch {
    return {};
  }
}

/** Whether what was foreseen has come. */
export function hasCome({ config, persistentConfig }: DomainObject, foreseen: Observation): boolean {
  const { live, config: kept } = foreseen;
  return (live ?? kept) !== undefined && (live === undefined || live === digestOf(config)) &&
    (kept === undefined || kept === digestOf(persistentConfig));
}
