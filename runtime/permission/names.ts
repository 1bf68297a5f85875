/**
 * The names that a definition gives.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { parseTree } from "../../model/xml/document.ts";
import type { Reaches } from "../../model/operation.ts";
import { childrenOf, descendants } from "./reach/element.ts";

/** Where the documents say which object they define: below the root, or in an attribute of it. */
const named: readonly Reaches["document"][] = ["domain", "network", "pool", "volume", "interface", "filter"];

/** A snapshot names its domain, twice, and everything else one object. */
const mostNames = 8;

/**
 * The names of the objects that a definition defines; those of embedded domains too. Most definitions give one; where
 * two say which it is, nobody knows which the hypervisor takes, and both count.
 *
 * @throws {VirtError} `invalid-document` where it cannot be read, or gives more names than a definition has a use for.
 */
export function namesIn(xml: string, document: Reaches["document"]): readonly string[] {
  const { root } = parseTree(xml);
  const names = new Set<string>();
  if (named.includes(document)) {
    const attribute = root.attribute("name");
    if (attribute !== undefined && (document === "interface" || document === "filter")) names.add(attribute);
    for (const name of childrenOf(root, "name")) names.add(name.text());
  }
  if (document === "filterBinding") {
    for (const device of childrenOf(root, "portdev")) names.add(device.attribute("name") ?? "");
  }
  for (const embedded of ["domain", "inactiveDomain"]) {
    for (const name of descendants(root, embedded, "name")) {
      if (document === "snapshot" || document === "checkpoint") names.add(name.text());
    }
  }
  // Readers of documents leave out the blanks around a name.
  const found = [...new Set([...names].map((name) => name.trim()))].filter((name) => name !== "");
  if (found.length <= mostNames) return found;
  throw new VirtError(
    "invalid-document",
    `Cannot look through the definition: it gives ${found.length} names`,
  );
}
