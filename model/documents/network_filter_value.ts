/**
 * What attributes of rules hold: a value, or a variable that whoever refers to the filter sets. Both are texts here.
 * Facts: libvirt formatnwfilter, "Usage of variables in filters".
 *
 * @module
 */
import { z } from "zod";
import type { Scalar } from "./language/mod.ts";
import { mac } from "./language/mod.ts";
import { canonicalIpv4, canonicalIpv6, isMacMask, maskBits } from "./network_filter_address.ts";

const variable = /^\$ *([a-zA-Z0-9_]+)(?:\[ *(@?)0*(\d{1,9}) *\])? *$/;

/** `$PORTS[ @2 ]` as `$PORTS[@2]`; the first iterator is meant where none is named. */
function canonicalVariable(text: string): string | undefined {
  const parts = variable.exec(text);
  if (parts === null) return undefined;
  const [, name, iterator, index] = parts;
  const implied = index === undefined || (iterator === "@" && Number(index) === 0);
  return implied ? `$${name}` : `$${name}[${iterator}${index}]`;
}

/** A value that `canonical` knows, or a variable. */
function variableOr(canonical: (text: string) => string | undefined, expected: string): Scalar<string> {
  const read = (text: string): string | undefined =>
    text.startsWith("$") ? canonicalVariable(text) : canonical(text);
  return {
    kind: "scalar",
    expected: `${expected}, or a variable such as "$NAME"`,
    read,
    write: (value) => value,
    schema: () => z.string().refine((text) => read(text) !== undefined, { error: `Expected ${expected}` }),
  };
}

/** A text that matches, with its variables in one spelling. */
export function textOrVariable(pattern: RegExp, expected: string): Scalar<string> {
  return variableOr((text) => pattern.test(text) ? text : undefined, expected);
}

interface NumberRange {
  readonly min?: number;
  readonly max: number;
  /** Words for some numbers; these are written instead of the numbers. */
  readonly words?: ReadonlyMap<number, string>;
}

/** A number, decimal or hexadecimal, and written as it was given. */
export function number(range: NumberRange): Scalar<string> {
  const { min = 0, max, words } = range;
  const some = words === undefined ? "" : `, or ${[...words.values()].map((each) => `"${each}"`).join(", ")}`;
  const named = new Map([...words ?? []].map(([, word]) => [word.toLowerCase(), word]));
  return variableOr((text) => {
    const word = named.get(text.toLowerCase());
    if (word !== undefined) return word;
    const hexadecimal = /^0x[0-9a-fA-F]{1,8}$/.test(text);
    if (!hexadecimal && !/^\d{1,10}$/.test(text)) return undefined;
    const value = Number(text);
    if (value < min || value > max) return undefined;
    return words?.get(value) ?? (hexadecimal ? `0x${value.toString(16)}` : String(value));
  }, `a number between ${min} and ${max}, decimal or with 0x${some}`);
}

/** A hardware address. */
export function macAddress(): Scalar<string> {
  const address = mac();
  return variableOr((text) => address.read(text), address.expected);
}

/** A mask of hardware addresses. */
export function macMask(): Scalar<string> {
  const address = mac();
  return variableOr((text) => {
    const read = address.read(text);
    return read !== undefined && isMacMask(read) ? read : undefined;
  }, 'a mask such as "ff:ff:ff:00:00:00"');
}

/** What one version of IP writes addresses and masks with. */
export interface AddressScalars {
  readonly address: Scalar<string>;
  /** Read as a number of bits or as an address, written as a number. */
  readonly mask: Scalar<string>;
}

/** IPv4. */
export const ipv4: AddressScalars = {
  address: variableOr(canonicalIpv4, 'an IPv4 address such as "10.1.2.3"'),
  mask: variableOr((text) => maskBits(text, 32)?.toString(), "a number between 0 and 32, or a mask"),
};

/** IPv6. */
export const ipv6: AddressScalars = {
  address: variableOr(canonicalIpv6, 'an IPv6 address such as "fd00::1"'),
  mask: variableOr((text) => maskBits(text, 128)?.toString(), "a number between 0 and 128, or a mask"),
};

/** Words between commas, written in a fixed order and each once. */
function wordSet(words: readonly string[], text: string): string | undefined {
  const given = text.split(",");
  if (!given.every((word) => words.includes(word))) return undefined;
  return words.filter((word) => given.includes(word)).join(",");
}

const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID"];

/** States of connections. */
export function connectionStates(): Scalar<string> {
  return variableOr(
    (text) => text === "NONE" ? text : wordSet(states, text),
    '"NONE", or some of "NEW", "ESTABLISHED", "RELATED" and "INVALID" with commas',
  );
}

const flags = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

/** Which of TCP's flags are looked at, and which of those are set: `SYN,ACK/SYN`. */
export function tcpFlags(): Scalar<string> {
  return variableOr((text) => {
    const halves = text.split("/").map(flagSet);
    return halves.length === 2 && !halves.includes(undefined) ? halves.join("/") : undefined;
  }, `flags such as "SYN,ACK/SYN", of ${flags.join(", ")}, ALL and NONE`);
}

function flagSet(text: string): string | undefined {
  if (text === "ALL" || text === "NONE") return text;
  const set = wordSet(flags, text);
  return set === flags.join(",") ? "ALL" : set;
}

/** Which address of a packet is looked up in a set, for each of the set's dimensions. */
export function ipSetFlags(): Scalar<string> {
  return variableOr(
    (text) => /^(src|dst)(,(src|dst)){0,5}$/i.test(text) ? text.toLowerCase() : undefined,
    'one to six of "src" and "dst" with commas',
  );
}

/** Any of libvirt's words for truth; written as `true` and `false`. */
export function truthWord(): Scalar<boolean> {
  return {
    kind: "scalar",
    expected: '"true" or "false"',
    read: (text) => truths.get(text),
    write: String,
    schema: () => z.boolean(),
  };
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "1"].map((word): [string, boolean] => [word, true]),
  ...["false", "no", "0"].map((word): [string, boolean] => [word, false]),
]);
