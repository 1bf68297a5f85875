/**
 * The name in a certificate, as lists and policies have it.
 *
 * Whoever signs certificates may let their owners choose a part of the name. What is put together from the parts must not
 * look like other parts: a common name `x,O=Admins` is no organization.
 *
 * @module
 */
import { expect, pieces } from "../../protocol/transport/der.ts";

const tags = { objectIdentifier: 0x06, set: 0x31, sequence: 0x30, utf16: 0x1e } as const;

/** What the kinds of parts are called (RFC 4519), by their numbers as bytes in hexadecimal digits. */
const kinds: Readonly<Record<string, string>> = {
  "550403": "CN",
  "550404": "SN",
  "550405": "serialNumber",
  "550406": "C",
  "550407": "L",
  "550408": "ST",
  "550409": "street",
  "55040a": "O",
  "55040b": "OU",
  "55040c": "title",
  "55042a": "GN",
  "55042e": "dnQualifier",
  "0992268993f22c640101": "UID",
  "0992268993f22c640119": "DC",
  "2a864886f70d010901": "emailAddress",
};

/**
 * The name of a certificate's owner, its parts in the order in which they stand there: `C=DE,O=Example,CN=alice`. Characters
 * that mean something between parts have a backslash before them (RFC 4514), control characters are two hexadecimal digits.
 *
 * @param certificate the certificate in DER
 * @throws {RangeError} where it cannot be understood.
 */
export function distinguishedName(certificate: Uint8Array): string {
  const [outer] = pieces(certificate);
  const [body] = pieces(expect(outer, tags.sequence).content);
  const parts = pieces(expect(body, tags.sequence).content);
  // The version, tagged 0, may be left out. Serial number, algorithm, issuer and validity stand before the name.
  const subject = (parts[0]?.tag === 0xa0 ? parts.slice(1) : parts)[4];
  return pieces(expect(subject, tags.sequence).content)
    .map((set) => pieces(expect(set, tags.set).content).map(({ content }) => partOf(content)).join("+"))
    .join(",");
}

function partOf(content: Uint8Array): string {
  const [type, value] = pieces(content);
  const number = expect(type, tags.objectIdentifier).content.toHex();
  if (value === undefined) throw new RangeError("a part of a name without a value");
  const decoder = new TextDecoder(value.tag === tags.utf16 ? "utf-16be" : "utf-8");
  return `${kinds[number] ?? `OID.${number}`}=${escaped(decoder.decode(value.content))}`;
}

function escaped(text: string): string {
  return text
    .replace(/[\\,+"<>;=]|^[ #]| $/g, "\\$&")
    .replace(/\p{Cc}/gu, (control) => `\\${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
