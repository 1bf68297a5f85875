/**
 * Passwords that a definition does not say: whoever reads a definition without them and writes it back does not mean to take
 * them away.
 *
 * @module
 */
import { XmlEditor } from "./xml_edit.ts";
import { childOf, childrenOf, readXml } from "./xml_span.ts";

/**
 * A domain's definition with the passwords that the present one has and it does not say: those of its graphics. Source: libvirt
 * formatdomain, <graphics>.
 *
 * @param present the present definition, with passwords
 */
export function withPasswords(xml: string, present: string | undefined): string {
  if (present === undefined || !present.includes("passwd") || !xml.includes("<graphics")) return xml;
  const editor = new XmlEditor(xml);
  const graphicsOf = (root: Parameters<typeof childOf>[0]): ReturnType<typeof childrenOf> =>
    childrenOf(childOf(root, "devices"), "graphics");
  for (const { attributes } of graphicsOf(readXml(present))) {
    const [type, passwd] = [attributes.get("type"), attributes.get("passwd")];
    const same = graphicsOf(editor.root).find((each) => each.attributes.get("type") === type);
    if (type === undefined || passwd === undefined || same === undefined || same.attributes.has("passwd")) {
      continue;
    }
    const content = { name: "graphics", key: { type }, attributes: { passwd } };
    editor.putIn(() => childOf(editor.root, "devices"), content);
  }
  return editor.text;
}
