/**
 * Changes that concern a running domain, its definition, or both.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { act, undo } from "./act.ts";
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

/** Changes a running domain, its definition, or both, after both changes have been found possible. */
export async function change(
  job: DomainJob,
  { affect, doing, edit }: { readonly affect: Affect; readonly doing: string; readonly edit: Edit },
): Promise<void> {
  const { object } = job;
  const { id, name } = object;
  const { live, config } = scopesOf(object, affect, doing);
  const base = object.config;
  const expected = object.persistentConfig;
  const liveXml = live ? edit(base, "live") : undefined;
  const configXml = config ? edit(expected, "config") : undefined;
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

/** Whether what runs has been changed already, and its definition has not. */
export function isHalfChanged(
  domain: DomainObject,
  { affect, edit }: { readonly affect: Affect; readonly edit: Edit },
): boolean {
  if (affect.live !== true || affect.config !== true || domain.live === undefined) return false;
  return edit(domain.config, "live") === domain.config &&
    edit(domain.persistentConfig, "config") !== domain.persistentConfig;
}

/** Whether a change has been made already: making it again would change nothing. */
export function isChanged(
  domain: DomainObject,
  { affect, edit }: { readonly affect: Affect; readonly edit: Edit },
): boolean {
  const running = domain.live !== undefined;
  const live = affect.live ?? (affect.config !== true && running);
  const config = affect.config ?? (affect.live !== true && !running);
  if (live && (!running || edit(domain.config, "live") !== domain.config)) return false;
  return !config || edit(domain.persistentConfig, "config") === domain.persistentConfig;
}
