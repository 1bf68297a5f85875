/**
 * Runs a document made by hand through a description, as `conformance.ts` does with libvirt's.
 */
import assert from "node:assert/strict";
import { type Description, type DocumentContext, toJsonSchema, toZod } from "../../../model/documents/mod.ts";
import { DocumentError, parseDocument, writeDocument } from "../../../model/xml/mod.ts";
import { mutations } from "./mutations.ts";
import { comparable } from "./tree_comparison.ts";

/** Registers tests: the document comes out as it went in, is known as a whole, and each value in it counts. */
export function testRoundTrip<T>(
  name: string,
  given: { readonly description: Description<T>; readonly text: string },
): void {
  const { description, text } = given;
  const read = (from: string): string => {
    try {
      return JSON.stringify(parseDocument(description, from).value);
    } catch (error) {
      if (error instanceof DocumentError) return "refused";
      throw error;
    }
  };
  Deno.test(`${name}: comes out as it went in, with nothing unknown`, () => {
    const { value, unknown } = parseDocument(description, text);
    assert.deepEqual(unknown.paths, []);
    for (const form of ["full", "normal"] as const) {
      const written = writeDocument(description, value, { form });
      assert.deepEqual(comparable(written), comparable(text));
      assert.equal(writeDocument(description, parseDocument(description, written).value, { form }), written);
    }
  });
  Deno.test(`${name}: a change of any value is seen or refused`, () => {
    const unchanged = read(text);
    const unseen = [...mutations(text)].filter((mutation) => read(mutation.text) === unchanged);
    assert.deepEqual(unseen.map(({ path, from }) => `${path}: ${from}`), []);
  });
  Deno.test(`${name}: its value fits the schemas`, () => {
    const { value } = parseDocument(description, text);
    const plain: unknown = JSON.parse(JSON.stringify(value));
    assert.deepEqual(JSON.parse(JSON.stringify(toZod(description).parse(plain))), plain);
    assert.ok(JSON.stringify(toJsonSchema(description)).length > 100);
  });
}

/** The message with which a document is refused; fails where it is not. */
export function refusal<T>(
  description: Description<T>,
  text: string,
  context: DocumentContext = {},
): string {
  try {
    parseDocument(description, text, { context });
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
  assert.fail(`Not refused: ${text}`);
}
