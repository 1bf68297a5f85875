/**
 * What a single attribute or the text of an element can hold, and how libvirt spells it.
 *
 * @module
 */
import { z } from "zod";

/** One value written as text. */
export interface Scalar<T> {
  readonly kind: "scalar";
  /** Carries the type only; never set. */
  readonly valueType?: T;
  /** Ends the sentence "expected …". */
  readonly expected: string;
  /** An element without text counts as absent, as libvirt takes it. */
  readonly emptyIsAbsent?: boolean;
  /** The value, or `undefined` where the text is not of this kind. */
  read(text: string): T | undefined;
  write(value: T): string;
  /**
   * The text that stands for exactly what was read, where `value` alone cannot: an integer beyond 2^53.
   * `undefined` in all other cases.
   */
  exact?(text: string, value: T): string | undefined;
  schema(): z.ZodType<T>;
}

/** Settings of {@linkcode text}. */
export interface TextOptions {
  /** What the text must match as a whole. */
  readonly pattern?: RegExp;
  /** Ends the sentence "expected …". Wanted with `pattern`. @default "a text" */
  readonly expected?: string;
}

/**
 * Any text, kept as it is. An empty element counts as absent; an empty attribute is an empty text.
 *
 * @example
 * ```ts
 * import { element, text } from "./mod.ts";
 * const description = element(text()).optional();
 * const compat = element(text({ pattern: /^\d+\.\d+$/, expected: 'a version such as "1.1"' }));
 * ```
 */
export function text(options: TextOptions = {}): Scalar<string> {
  const { pattern, expected = "a text" } = options;
  return {
    kind: "scalar",
    expected,
    emptyIsAbsent: true,
    read: (found) => pattern === undefined || pattern.test(found) ? found : undefined,
    write: (value) => value,
    schema: () => pattern === undefined ? z.string() : z.string().regex(pattern, `Expected ${expected}`),
  };
}

/** A path that begins at the root of the file system. */
export function absolutePath(): Scalar<string> {
  return text({ pattern: /^\//, expected: "an absolute path" });
}

/**
 * One of a few words in libvirt's spelling.
 *
 * @example
 * ```ts
 * import { attribute, enumeration } from "./mod.ts";
 * const format = attribute("format", enumeration("raw", "qcow2"));
 * ```
 */
export function enumeration<const V extends readonly [string, ...string[]]>(...values: V): Scalar<V[number]> {
  const known = new Map<string, V[number]>(values.map((value) => [value, value]));
  return {
    kind: "scalar",
    expected: oneOf(values),
    read: (found) => known.get(found),
    write: (value) => value,
    schema: () => z.enum(values),
  };
}

/** `"a", "b" or "c"`, for messages. */
export function oneOf(values: readonly string[]): string {
  const quoted = values.map((value) => `"${value}"`);
  if (quoted.length < 2) return quoted.join("");
  return `one of ${quoted.slice(0, -1).join(", ")} or ${quoted[quoted.length - 1]}`;
}

/** A truth value spelt with two words. */
export function truth(words: { readonly yes: string; readonly no: string }): Scalar<boolean> {
  return {
    kind: "scalar",
    expected: oneOf([words.yes, words.no]),
    read: (found) => found === words.yes ? true : found === words.no ? false : undefined,
    write: (value) => value ? words.yes : words.no,
    schema: () => z.boolean(),
  };
}

/** `yes` or `no`. */
export function yesNo(): Scalar<boolean> {
  return truth({ yes: "yes", no: "no" });
}

/** `on` or `off`. */
export function onOff(): Scalar<boolean> {
  return truth({ yes: "on", no: "off" });
}
