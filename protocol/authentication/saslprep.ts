/**
 * Names and passwords in the one form in which both sides compare them: SASLprep (RFC 4013), for strings that are asked
 * with, so that code points which Unicode 3.2 did not know yet are let through.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** RFC 3454, table B.1: what is commonly mapped to nothing. */
const dropped = /[\u00AD\u034F\u1806\u180B-\u180D\u200B-\u200D\u2060\uFE00-\uFE0F\uFEFF]/gu;

/** Table C.1.2: spaces that become the one of ASCII. */
const spaces = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu;

/** Tables C.2.1 to C.9: what may not be. */
const prohibited = new RegExp(
  "[\\u0000-\\u001F\\u007F-\\u009F\\u06DD\\u070F\\u180E\\u2028\\u2029\\u2060-\\u2063\\u206A-\\u206F\\uFFF9-\\uFFFD" +
    "\\u{1D173}-\\u{1D17A}\\p{Co}\\p{Noncharacter_Code_Point}\\p{Cs}\\u2FF0-\\u2FFB\\u0340\\u0341\\u200E\\u200F" +
    "\\u202A-\\u202E\\u{E0001}\\u{E0020}-\\u{E007F}]",
  "u",
);

/** Table D.1: what is written from right to left. */
const fromTheRight = new RegExp(
  "[\\u05BE\\u05C0\\u05C3\\u05D0-\\u05EA\\u05F0-\\u05F4\\u061B\\u061F\\u0621-\\u063A\\u0640-\\u064A\\u066D-\\u066F" +
    "\\u0671-\\u06D5\\u06DD\\u06E5\\u06E6\\u06FA-\\u06FE\\u0700-\\u070D\\u0710\\u0712-\\u072C\\u0780-\\u07A5\\u07B1" +
    "\\u200F\\uFB1D\\uFB1F-\\uFB28\\uFB2A-\\uFB36\\uFB38-\\uFB3C\\uFB3E\\uFB40\\uFB41\\uFB43\\uFB44\\uFB46-\\uFBB1" +
    "\\uFBD3-\\uFD3D\\uFD50-\\uFD8F\\uFD92-\\uFDC7\\uFDF0-\\uFDFC\\uFE70-\\uFE74\\uFE76-\\uFEFC]",
  "u",
);

/** What is written from left to right, of letters; table D.2 has some signs beside. */
const letters = /\p{L}/u;

/**
 * Prepares a name or a password.
 *
 * @param what what it is, for the message, which never has the text itself
 * @throws {VirtError} `invalid-argument` where it has a character that may not be in it, mixes the directions of writing
 * or is empty.
 *
 * @example
 * ```ts
 * import { saslPrep } from "./saslprep.ts";
 * saslPrep("Ⅸ", "user name"); // "IX"
 * ```
 */
export function saslPrep(text: string, what: string): string {
  const refuse = (why: string): VirtError => new VirtError("invalid-argument", `The ${what} ${why}`);
  const prepared = text.replace(spaces, (space) => space === "\u200B" ? "" : " ").replace(dropped, "")
    .normalize("NFKC");
  if (prepared === "") throw refuse("is empty");
  if (prohibited.test(prepared)) {
    throw refuse("has a character that cannot be in it, such as a control character");
  }
  const characters = [...prepared];
  if (characters.some((character) => fromTheRight.test(character))) {
    const mixed = characters.some((character) => letters.test(character) && !fromTheRight.test(character));
    if (mixed || ![characters[0], characters.at(-1)].every((end) => fromTheRight.test(end ?? ""))) {
      throw refuse("mixes writing from the right with writing from the left");
    }
  }
  return prepared;
}
