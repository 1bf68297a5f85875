/**
 * A domain's two definitions: what runs, and what the next start uses; and which of them is concerned.
 *
 * @module
 */
import { readXml, type XmlElement } from "../xml_span.ts";
import type { Line } from "./line.ts";
import type { RemoteObject } from "./object.ts";
import { wireDomain } from "./wire.ts";

/** Which of the two a change concerns, as the caller says it. */
export interface Affect {
  readonly live?: boolean | undefined;
  readonly config?: boolean | undefined;
}

/** Source: libvirt, virDomainModificationImpact. Nothing said is 0: what runs if it runs, else the definition. */
export const affectLive = 1;
export const affectConfig = 2;

/** The flags for what a change concerns. */
export function affectFlags({ live, config }: Affect): number {
  return (live === true ? affectLive : 0) | (config === true ? affectConfig : 0);
}

/** The flags for what a question is about. */
export function askedFlags({ config }: { readonly config: boolean }): number {
  return config ? affectConfig : 0;
}

/** What a change concerned, one after the other, as flags. */
export function scopesOf({ live }: RemoteObject, affect: Affect): readonly number[] {
  if (affect.live !== true && affect.config !== true) return [live === undefined ? affectConfig : affectLive];
  return [
    ...(affect.live === true ? [affectLive] : []),
    ...(affect.config === true ? [affectConfig] : []),
  ];
}

/** Flags of definitions. Source: libvirt, virDomainXMLFlags. */
export const xmlFlags = { secure: 1, inactive: 2, migratable: 8 } as const;

/** The definition in force, or the one that the next start uses. */
export async function definitionOf(
  line: Line,
  domain: RemoteObject,
  { config }: { readonly config: boolean },
): Promise<string> {
  const flags = config ? xmlFlags.inactive : 0;
  const { xml } = await line.call("domainGetXmlDesc", { dom: wireDomain(domain), flags });
  return xml;
}

/** Whether a change shows in every definition that it concerned. */
export function showsIn(
  line: Line,
  domain: RemoteObject,
  { affect, shows }: { readonly affect: Affect; readonly shows: (definition: XmlElement) => boolean },
): Promise<boolean> {
  return isSoIn(domain, affect, async (flags) => {
    return shows(readXml(await definitionOf(line, domain, { config: flags === affectConfig })));
  });
}

/** Whether something that is asked for with flags is so in everything that a change concerned. */
export async function isSoIn(
  domain: RemoteObject,
  affect: Affect,
  isSo: (flags: number) => Promise<boolean>,
): Promise<boolean> {
  const answers = await Promise.all(scopesOf(domain, affect).map(isSo));
  return answers.every((answer) => answer);
}
