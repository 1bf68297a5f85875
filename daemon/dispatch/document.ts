/**
 * Documents that clients send: checked as a whole where they ask for it, and what libvirt says of those that cannot be read.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DocumentRoot } from "../../model/xml/mod.ts";
import { readXml, type XmlElement } from "../../drivers/xml_span.ts";
import type { Words } from "./words.ts";

/** The bit that asks for it: of domains, networks, secrets and whatever else is defined. */
export const validateFlag = 1;

/**
 * Refuses a document with elements, attributes or values that libvirt's have not.
 *
 * @throws {VirtError} `invalid-document`, in libvirt's number for it.
 */
export async function validate(xml: string, root: DocumentRoot): Promise<void> {
  const [{ parseDocument }, { documents }] = await Promise.all([
    import("../../model/xml/mod.ts"),
    import("../../model/documents/mod.ts"),
  ]);
  const problem = ((): string | undefined => {
    try {
      const { paths } = parseDocument<unknown>(documents[root], xml).unknown;
      return paths.length === 0 ? undefined : `Nothing describes ${paths.join(", ")}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  })();
  if (problem === undefined) return;
  throw new VirtError("invalid-document", problem, { remoteCode: "VIR_ERR_XML_INVALID_SCHEMA" });
}

/** What libvirt says of a document of another kind; of others it says what is wrong with them. */
export function documentWords(xml: string, root: string): Words | undefined {
  const found = rootIn(xml)?.name ?? root;
  if (found === root) return undefined;
  return { text: `expecting root element of '${root}', not '${found}'`, code: "VIR_ERR_XML_ERROR" };
}

/** What libvirt says of a document of another kind, and of one that has no `<name>`. */
export function namedDocumentWords(xml: string, root: string): Words | undefined {
  const isNamed = rootIn(xml)?.children.some(({ name }) => name === "name") ?? true;
  return documentWords(xml, root) ??
    (isNamed ? undefined : { text: "missing name information", code: "VIR_ERR_NO_NAME" });
}

/** The document's element; `undefined` where it cannot be read at all. */
export function rootIn(xml: string): XmlElement | undefined {
  try {
    return readXml(xml);
  } catch {
    return undefined;
  }
}
