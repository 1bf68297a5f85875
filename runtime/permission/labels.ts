/**
 * Labels in an object's metadata, by which grants may select objects.
 *
 *     <metadata>
 *       <labels xmlns='urn:drover:labels'><label>prod</label></labels>
 *     </metadata>
 *
 * @module
 */
import { parseTree } from "../../model/xml/document.ts";
import { TreeElement } from "../../model/xml/tree.ts";
import { labelNamespace } from "./grant.ts";
import { childrenOf } from "./reach/element.ts";

/** Labels that count, of one object; further ones are as if they were not there, and allow nothing. */
const mostLabels = 64;

/** How many definitions' labels are remembered. */
const remembered = 2000;
const known = new Map<string, readonly string[]>();

/**
 * The labels in a definition, and in the domains within a snapshot's, sorted. A definition that cannot be read has none.
 *
 * @example
 * ```ts
 * import { labelsIn } from "./labels.ts";
 * labelsIn("<domain><metadata><labels xmlns='urn:drover:labels'><label>prod</label></labels></metadata></domain>");
 * // ["prod"]
 * ```
 */
export function labelsIn(definition: string): readonly string[] {
  // Most definitions have no metadata and need not be read to know it: a name of an element cannot be written otherwise.
  if (!definition.includes("metadata")) return [];
  const before = known.get(definition);
  if (before !== undefined) return before;
  const labels = read(definition);
  if (known.size >= remembered) known.clear();
  known.set(definition, labels);
  return labels;
}

function read(definition: string): readonly string[] {
  let root: TreeElement;
  try {
    root = parseTree(definition).root;
  } catch {
    return [];
  }
  const found = new Set<string>();
  const domains = ["domain", "inactiveDomain"].flatMap((name) => childrenOf(root, name));
  for (const metadata of [root, ...domains].flatMap((element) => childrenOf(element, "metadata"))) {
    for (const element of inNamespace(metadata)) {
      for (const label of inNamespace(element)) found.add(label.text().trim());
    }
  }
  return counted(found);
}

/** The labels in an element that replaces what an object's metadata has in a namespace. */
export function labelsAfter(
  definition: string | undefined,
  change: { readonly namespace: string; readonly element: string },
): readonly string[] {
  const before = definition === undefined ? [] : labelsIn(definition);
  const isLabels = change.namespace === labelNamespace;
  const found = new Set<string>(isLabels ? [] : before);
  let root: TreeElement;
  try {
    root = parseTree(`<metadata>${change.element}</metadata>`).root;
  } catch {
    return [...found];
  }
  // Its namespace may be left to the hypervisor to add.
  const elements = root.children.filter((child): child is TreeElement => child instanceof TreeElement);
  for (const element of elements) {
    if (!isLabels && element.uri !== labelNamespace) continue;
    for (const child of element.children) {
      if (child instanceof TreeElement && /(?:^|:)label$/.test(child.name)) found.add(child.text().trim());
    }
  }
  return counted(found);
}

function counted(found: ReadonlySet<string>): readonly string[] {
  return [...found].filter((label) => label !== "").sort().slice(0, mostLabels);
}

function inNamespace(element: TreeElement): TreeElement[] {
  return element.children.filter((child): child is TreeElement =>
    child instanceof TreeElement && child.uri === labelNamespace
  );
}
