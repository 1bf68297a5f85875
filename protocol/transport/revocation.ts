/**
 * Lists of certificates that an authority has taken back (RFC 5280, section 5). The list is a file of this machine's
 * administrator, as libvirt's `cacrl.pem`; who signed it is not asked.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { VirtError } from "../../model/error.ts";
import { expect, type Piece, pieces } from "./der.ts";

const tags = { integer: 0x02, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30 } as const;

/** A number as hexadecimal digits without leading zeros. */
function digits(integer: Uint8Array): string {
  return Buffer.from(integer).toString("hex").replace(/^0+(?=.)/, "").toUpperCase();
}

/** The parts of a certificate that tell it from others. */
function nameOf(certificate: Uint8Array): string {
  const [outer] = pieces(certificate);
  const [body] = pieces(expect(outer, tags.sequence).content);
  const parts = pieces(expect(body, tags.sequence).content);
  // The version, tagged 0, may be left out.
  const [serial, , issuer] = parts[0]?.tag === 0xa0 ? parts.slice(1) : parts;
  return key(expect(issuer, tags.sequence), expect(serial, tags.integer));
}

function key(issuer: Piece, serial: Piece): string {
  return `${Buffer.from(issuer.whole).toString("base64")} ${digits(serial.content)}`;
}

/** What one list takes back. */
function* revokedBy(list: Uint8Array): Generator<string> {
  const [outer] = pieces(list);
  const [body] = pieces(expect(outer, tags.sequence).content);
  const parts = [...pieces(expect(body, tags.sequence).content)];
  if (parts[0]?.tag === tags.integer) parts.shift();
  const issuer = expect(parts[1], tags.sequence);
  // This update, perhaps the next update, and then perhaps the certificates.
  const rest = parts.slice(2).filter(({ tag }) => tag !== tags.utcTime && tag !== tags.generalizedTime);
  if (rest[0]?.tag !== tags.sequence) return;
  for (const entry of pieces(rest[0].content)) {
    const [serial] = pieces(expect(entry, tags.sequence).content);
    yield key(issuer, expect(serial, tags.integer));
  }
}

/** Certificates that have been taken back. */
export class RevocationList {
  /** The file that it was read from, for messages. */
  readonly file: string;
  readonly #revoked: ReadonlySet<string>;

  /**
   * Reads lists in PEM.
   *
   * @throws {VirtError} `invalid-argument` where there is none, or one that cannot be understood: passing over it would
   * let in what it takes back.
   */
  constructor(pem: string, file: string) {
    this.file = file;
    const blocks = [...pem.matchAll(/-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/g)];
    try {
      if (blocks.length === 0) throw new RangeError("no list in PEM");
      this.#revoked = new Set(
        blocks.flatMap(([, base64 = ""]) => [...revokedBy(Buffer.from(base64, "base64"))]),
      );
    } catch (cause) {
      throw new VirtError("invalid-argument", `Cannot read the revoked certificates in "${file}"`, {
        hint: `Look at it: openssl crl -in ${file} -noout -text; remove it where nothing is revoked`,
        cause,
      });
    }
  }

  /** Whether a certificate, in DER, has been taken back. */
  has(certificate: Uint8Array): boolean {
    return this.#revoked.has(nameOf(certificate));
  }
}
