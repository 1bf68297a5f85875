/**
 * HTML that is safe by construction: whatever is put into it is escaped, unless it is markup itself.
 *
 * @module
 */

/** A piece of HTML. */
export class Markup {
  readonly text: string;

  /** @param text HTML, as it is */
  constructor(text: string) {
    this.text = text;
  }
}

/** What may be put into HTML. */
export type Content = string | number | Markup | readonly Content[];

/** HTML with contents put in: texts escaped, markup as it is, lists one item after the other. */
function fill(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(strings.map((part, index) => part + put(contents[index] ?? "")).join(""));
}

/** The `html` tag, and `html.raw` for what is known to be HTML or CSS. */
export const html: typeof fill & { readonly raw: (text: string) => Markup } = Object.assign(fill, {
  raw: (text: string) => new Markup(text),
});

function put(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(put).join("");
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
