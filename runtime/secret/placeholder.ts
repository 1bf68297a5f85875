/**
 * Secrets in definitions: `<graphics type='vnc' passwd='drover:secret:vncPassword'/>`.
 *
 * A placeholder may stand only where the hypervisor shows the value to nobody who may not read it: as the whole password
 * of VNC or SPICE graphics. Source: libvirt formatdomain, <graphics>; VIR_DOMAIN_XML_SECURE.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { secretPlaceholder } from "../../model/secret.ts";
import { escapeAttribute, isWritable } from "../../model/xml/escape.ts";
import { parseTree } from "../../model/xml/document.ts";
import { TreeElement } from "../../model/xml/tree.ts";
import { SecretFailure } from "./failure.ts";
import type { SecretValue } from "./value.ts";

/** A placeholder, with its name. */
const placeholders = new RegExp(`${secretPlaceholder}(\\w*)`, "g");

/** How values are put in. */
export interface ValuesOptions {
  /** Fetches a value by the secret's name. */
  readonly valueOf: (name: string) => Promise<SecretValue>;
  /** A text that nobody could have foreseen. */
  readonly nonce: string;
}

/**
 * A definition with values in the place of placeholders.
 *
 * @throws {VirtError} `invalid-argument` for a placeholder where no secret may stand, or a value that cannot stand there;
 *   `invalid-document` for what cannot be read; what `valueOf` throws.
 */
export async function withValues(xml: string, { valueOf, nonce }: ValuesOptions): Promise<string> {
  const names: string[] = [];
  const marked = xml.replace(placeholders, (_, name: string) => `${nonce}-${names.push(name)}-`);
  const found = passwordsIn(parseTree(marked).root);
  // Whatever else has it (a title, metadata, a comment) anybody could read.
  if (names.some((_, index) => !found.includes(`${nonce}-${index + 1}-`))) throw misplaced();
  const values = new Map<string, string>();
  for (const name of new Set(names)) values.set(name, attributeText(await valueOf(name), name));
  return xml.replace(placeholders, (_, name: string) => values.get(name) ?? "");
}

/** The passwords of graphics in a domain's definition, or in that of one device. */
function passwordsIn(root: TreeElement): readonly string[] {
  const devices = root.name === "domain" ? childrenNamed(root, "devices") : [];
  const graphics = root.name === "graphics"
    ? [root]
    : devices.flatMap((element) => childrenNamed(element, "graphics"));
  return graphics
    .filter((element) => element.uri === "" && /^(vnc|spice)$/.test(element.attribute("type") ?? ""))
    .flatMap((element) => element.attribute("passwd") ?? []);
}

function childrenNamed(element: TreeElement, name: string): readonly TreeElement[] {
  return element.children.filter((child): child is TreeElement =>
    child instanceof TreeElement && child.name === name && child.uri === ""
  );
}

function attributeText(value: SecretValue, name: string): string {
  if (typeof value === "string" && isWritable(value) && !/[\t\r\n]/.test(value)) {
    // The recipe chose the quotes around it.
    return escapeAttribute(value).replaceAll('"', "&quot;");
  }
  throw new SecretFailure(
    "invalid-argument",
    `Cannot use secret "${name}" in a definition: its value is no single line of text`,
  );
}

function misplaced(): VirtError {
  return new VirtError(
    "invalid-argument",
    "Cannot use a secret there: in a definition it may stand only as the whole password of VNC or SPICE graphics",
    {
      hint: `Write <graphics type='vnc' passwd='${secretPlaceholder}NAME'/>; anything else others could read`,
    },
  );
}
