/**
 * The forms in which a value may turn up in a text: as it is, and as others write it down.
 *
 * @module
 */
import { textOf } from "./value.ts";
import type { SecretValue } from "./value.ts";

/** Values shorter than this, in characters, are looked for nowhere: they stand in every text by chance. */
export const shortestConcealed = 4;

/** Lines of a longer value that are worth being looked for alone, in characters, and how many are. */
const shortestLine = 12;
const mostLines = 64;

/** Every form of a value that is looked for, each once. */
export function formsOf(value: SecretValue): readonly string[] {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  const text = typeof value === "string" ? value : textOf(value);
  const texts = text === undefined ? [] : [text, ...linesOf(text)];
  const forms = new Set<string>();
  for (const each of texts) {
    if (each.length < shortestConcealed) continue;
    for (const form of writtenForms(each)) forms.add(form);
  }
  if (bytes.length >= shortestConcealed) {
    for (const form of [...base64Forms(bytes), bytes.toHex(), bytes.toHex().toUpperCase()]) forms.add(form);
  }
  return [...forms];
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.length === 1 ? [] : lines.filter((line) => line.length >= shortestLine).slice(0, mostLines);
}

/** A text as it is, in JSON, in XML, in a URL and in a shell's quotes. */
function* writtenForms(text: string): Generator<string> {
  yield text;
  const json = JSON.stringify(text).slice(1, -1);
  yield json;
  yield JSON.stringify(json).slice(1, -1);
  yield text.replaceAll("'", "'\\''");
  const xml = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  for (const one of [xml, xml.replaceAll(">", "&gt;")]) {
    yield one;
    yield one.replaceAll('"', "&quot;");
    yield one.replaceAll("'", "&apos;");
    yield one.replaceAll('"', "&quot;").replaceAll("'", "&apos;");
    yield one.replaceAll('"', "&quot;").replaceAll("'", "&#39;");
  }
  const component = encodeURIComponent(text.toWellFormed());
  // What encodeURIComponent leaves and others encode. Source: RFC 3986, section 2.2.
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ "": text.toWellFormed() }).toString().slice(1);
  for (const url of [component, strict, form, component.replaceAll("%20", "+")]) {
    yield url;
    yield url.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase());
  }
}

/** Base64 at each of the three places that a value may have in what was encoded, without what its neighbours change. */
function* base64Forms(bytes: Uint8Array): Generator<string> {
  for (const before of [0, 1, 2]) {
    const shifted = new Uint8Array(before + bytes.length);
    shifted.set(bytes, before);
    const bits = shifted.length * 8;
    const inner = shifted.toBase64({ omitPadding: true })
      .slice(Math.ceil(before * 8 / 6), Math.floor(bits / 6));
    if (inner.length < shortestConcealed) continue;
    yield inner;
    yield inner.replaceAll("+", "-").replaceAll("/", "_");
  }
}
