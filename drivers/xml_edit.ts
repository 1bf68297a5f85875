/**
 * Changing a definition in place: what is not concerned stays as its author wrote it.
 *
 * @module
 */
import {
  childOf,
  childrenOf,
  encodeXml,
  readXml,
  splice,
  withChild,
  without,
  type XmlElement,
} from "./xml_span.ts";

/** What an element is to be. */
export interface ElementContent {
  readonly text?: string;
  /** Attributes to set; `undefined` removes one. */
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  /** Which of several elements of the name, by an attribute. */
  readonly key?: Readonly<Record<string, string>>;
}

/** The order of a domain's elements. Source: libvirt formatdomain. */
const domainOrder: readonly string[] = [
  "name",
  "uuid",
  "genid",
  "title",
  "description",
  "metadata",
  "maxMemory",
  "memory",
  "currentMemory",
  "blkiotune",
  "memtune",
  "memoryBacking",
  "vcpu",
  "vcpus",
  "iothreads",
  "iothreadids",
  "cputune",
  "numatune",
  "resource",
  "sysinfo",
  "bootloader",
  "os",
  "idmap",
  "features",
  "cpu",
  "clock",
  "on_poweroff",
  "on_reboot",
  "on_crash",
  "pm",
  "perf",
  "keywrap",
  "devices",
  "seclabel",
];

function openTag(name: string, attributes: ReadonlyMap<string, string>): string {
  const written = [...attributes].map(([key, value]) => ` ${key}='${encodeXml(value)}'`);
  return `<${name}${written.join("")}`;
}

function matches(element: XmlElement, key: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(key).every(([name, value]) => element.attributes.get(name) === value);
}

/** A definition that is being changed. */
export class XmlEditor {
  #text: string;
  #root: XmlElement;

  constructor(text: string) {
    this.#text = text;
    this.#root = readXml(text);
  }

  get text(): string {
    return this.#text;
  }

  get root(): XmlElement {
    return this.#root;
  }

  /** Sets text and attributes of an element, which is made where it is not there. */
  put(path: readonly string[], content: ElementContent = {}): this {
    const name = path.at(-1);
    if (name === undefined) return this;
    const above = path.slice(0, -1);
    if (above.length > 0 && childOf(this.#root, ...above) === undefined) this.put(above);
    return this.putIn(() => childOf(this.#root, ...above), { name, ...content });
  }

  /** Like {@linkcode put}, in an element that is found anew each time. */
  putIn(
    parent: () => XmlElement | undefined,
    { name, text, attributes = {}, key = {} }: ElementContent & { readonly name: string },
  ): this {
    const found = parent();
    if (found === undefined) return this;
    const element = childrenOf(found, name).find((child) => matches(child, key));
    if (element === undefined) {
      const all = new Map(
        Object.entries({ ...key, ...attributes }).filter((entry): entry is [string, string] =>
          entry[1] !== undefined
        ),
      );
      const tag = openTag(name, all);
      // A new element is indented line by line, and its text is not to be.
      const lines = encodeXml(text ?? "").replaceAll("\n", "&#10;");
      const child = text === undefined ? `${tag}/>` : `${tag}>${lines}</${name}>`;
      return this.insert(found, child, name);
    }
    const set = new Map(element.attributes);
    for (const [attribute, value] of Object.entries(attributes)) {
      if (value === undefined) set.delete(attribute);
      else set.set(attribute, value);
    }
    const inside = text === undefined
      ? this.#text.slice(element.startEnd, element.endStart)
      : encodeXml(text);
    const tag = openTag(name, set);
    const by = element.empty && text === undefined ? `${tag}/>` : `${tag}>${inside}</${name}>`;
    return this.#replace(splice(this.#text, element.start, { to: element.end, by }));
  }

  /** Adds an element to another, where the order of elements wants it. */
  insert(parent: XmlElement, xml: string, name: string): this {
    const place = parent === this.#root ? domainOrder.indexOf(name) : -1;
    const after = place < 0
      ? undefined
      : parent.children.findLast((child) =>
        domainOrder.indexOf(child.name) <= place && domainOrder.includes(child.name)
      );
    return this.#replace(
      withChild(this.#text, parent, { child: xml, ...(after === undefined ? {} : { after }) }),
    );
  }

  /** Adds an element behind another one of the root. */
  insertAfter(name: string, xml: string): this {
    const after = childOf(this.#root, name);
    return this.#replace(
      withChild(this.#text, this.#root, { child: xml, ...(after === undefined ? {} : { after }) }),
    );
  }

  /** Removes an element; nothing happens where there is none. */
  remove(element: XmlElement | undefined): this {
    return element === undefined ? this : this.#replace(without(this.#text, element));
  }

  /** Puts other text in an element's place. */
  replace(element: XmlElement, xml: string): this {
    return this.#replace(splice(this.#text, element.start, { to: element.end, by: xml.trim() }));
  }

  #replace(text: string): this {
    this.#text = text;
    this.#root = readXml(text);
    return this;
  }
}
