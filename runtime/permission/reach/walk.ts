/**
 * Goes through a document and finds what it reaches: by the vocabulary for what is known, and everything else.
 *
 * @module
 */
import { TreeElement } from "../../../model/xml/tree.ts";
import type { Report } from "./finding.ts";
import { rules } from "./rules.ts";
import type { Entry, Vocabulary } from "./vocabulary.ts";

/** What a walk needs. */
interface Walk {
  readonly vocabulary: Vocabulary;
  readonly report: Report;
}

/** Reports what an element of a known entry reaches, with all that is in it. */
export function walk(element: TreeElement, entry: Entry, context: Walk): void {
  const { vocabulary, report } = context;
  report.value(entry.text, element.text(), { element });
  for (let i = 0; i < element.attributes.length; i += 2) {
    const attribute = element.attributes[i] ?? "";
    const kind = vocabulary.attribute(entry, attribute);
    if (kind === undefined) report.unknown({ element, attribute });
    else report.value(kind, element.attributes[i + 1], { element, attribute });
  }
  for (const name of vocabulary.rules(entry)) {
    const rule = rules[name];
    if (rule === undefined) throw new TypeError(`A vocabulary names the rule "${name}", and there is none`);
    rule(element, report);
  }
  // Metadata is for programs beside the hypervisor, which does not look into it.
  if (element.name === "metadata") return;
  for (const child of element.children) {
    if (!(child instanceof TreeElement)) continue;
    if (child.uri !== "") {
      report.reach("namespace", child.uri, { element: child });
      continue;
    }
    const known = vocabulary.child(entry, child.name);
    if (known === undefined) report.unknown({ element: child });
    else walk(child, known, context);
  }
}
