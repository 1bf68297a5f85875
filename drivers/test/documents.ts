/**
 * Definitions as a host keeps them: read by their descriptions, with libvirt's defaults, in libvirt's form.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { normalise } from "../../model/xml/mod.ts";
import { type Definition, readDefinition } from "../definition.ts";
import { XmlEditor } from "../xml_edit.ts";
import { attributeOf, childOf, childrenOf, splice, type XmlElement } from "../xml_span.ts";

/** What a definition gets that it does not say. */
export interface Chance {
  /** Its UUID; hardware addresses follow from it, so that a resumed call makes the same definition. */
  readonly newId: string;
  /** The host's architecture. @default "i686" */
  readonly arch?: string;
  /** Where it is defined: a host that is simulated in another's place takes the other's types of domains. */
  readonly connection?: { readonly uri: { readonly driver: string } };
  /** Whether a domain's type has been looked at before. @default false */
  readonly isKnownType?: boolean;
}

/** Hardware addresses in the range that is free for virtual machines, one after the other. */
function macsFrom(id: string): () => string {
  let next = Number.parseInt(id.replaceAll("-", "").slice(-6), 16);
  return () => {
    const tail = (next++ & 0xffffff).toString(16).padStart(6, "0").match(/../g)?.join(":") ?? "";
    return `52:54:00:${tail}`;
  };
}

/**
 * A document in libvirt's form.
 *
 * @throws {VirtError} `invalid-document` with line and column
 */
export function normalised(xml: string, { newId, arch = "i686" }: Chance): string {
  return normalise(xml, {
    context: { newUuid: () => newId, newMac: macsFrom(newId), arch, poolType: "dir" },
  });
}

/**
 * A definition in libvirt's form, of a kind that has a name and a UUID.
 *
 * @throws {VirtError} `invalid-document`
 */
export function normalDefinition(
  xml: string,
  { root, ...chance }: Chance & { readonly root: string },
): Definition {
  // Whatever it is, it must be of the right kind before anything else is said about it.
  readDefinition(xml, { root, newId: chance.newId });
  return readDefinition(normalised(xml, chance), { root, newId: chance.newId });
}

/**
 * A domain's definition in libvirt's form.
 *
 * @throws {VirtError} `invalid-document`, also for domains that a simulated host cannot run
 */
export function readDomain(xml: string, chance: Chance): Definition {
  const definition = normalDefinition(xml, { root: "domain", newId: chance.newId, ...arch(chance) });
  const type = attributeOf(definition.root, "type");
  const isStandIn = chance.connection !== undefined && chance.connection.uri.driver !== "test";
  if (type !== "test" && !isStandIn && chance.isKnownType !== true) {
    throw new VirtError(
      "invalid-document",
      `Cannot use the domain definition: this host cannot run domains of type "${type ?? ""}"`,
      { hint: "Domains of the test driver are of type 'test'" },
    );
  }
  return withInterfaceNames(definition, chance);
}

/** Interfaces get names on the host where they say none, as libvirt's test driver names them. */
function withInterfaceNames(definition: Definition, chance: Chance): Definition {
  const name = (nic: XmlElement): string | undefined => attributeOf(nic, "dev", "target");
  const nics = childrenOf(childOf(definition.root, "devices"), "interface");
  const taken = new Set(nics.map(name));
  if (!taken.has(undefined)) return definition;
  const editor = new XmlEditor(definition.xml);
  const nameless = (): XmlElement | undefined =>
    childrenOf(childOf(editor.root, "devices"), "interface").find((nic) => name(nic) === undefined);
  for (let number = 0; nameless() !== undefined; number++) {
    const dev = `testnet${number}`;
    if (!taken.has(dev)) editor.putIn(nameless, { name: "target", attributes: { dev } });
  }
  return normalDefinition(editor.text, { root: "domain", newId: chance.newId, ...arch(chance) });
}

function arch({ arch }: Chance): { readonly arch?: string } {
  return arch === undefined ? {} : { arch };
}

/** Whether two texts say the same; passwords count only where both have them. */
export function sameDefinition(one: string, other: string, chance: Chance): boolean {
  if (one.trim() === other.trim()) return true;
  const [a, b] = [normalised(one, chance), normalised(other, chance)];
  return a === b || a === normalised(withoutSecrets(b), chance) ||
    normalised(withoutSecrets(a), chance) === b;
}

/** The definition without passwords. */
export function withoutSecrets(xml: string): string {
  if (!xml.includes("passwd")) return xml;
  return xml.replace(/(<graphics\b[^>]*?)\s+passwd\s*=\s*(?:"[^"]*"|'[^']*')/g, "$1");
}

/** A pool's definition in libvirt's form, without the sizes that only a running pool has. */
export function readPool(xml: string, chance: Chance): Definition {
  const definition = normalDefinition(xml, { root: "pool", newId: chance.newId });
  let text = definition.xml;
  for (const name of ["available", "allocation", "capacity"]) {
    const element = childOf(readDefinition(text, { root: "pool", newId: chance.newId }).root, name);
    if (element === undefined) continue;
    const end = text[element.end] === "\n" ? element.end + 1 : element.end;
    const margin = /[ \t]*$/.exec(text.slice(0, element.start))?.[0].length ?? 0;
    text = splice(text, element.start - margin, { to: end, by: "" });
  }
  return readDefinition(text, { root: "pool", newId: chance.newId });
}
