import assert from "node:assert/strict";
import { secret, storageVolume } from "../../../model/documents/mod.ts";
import { detectDocument, DocumentError, type DocumentLimits, parseDocument } from "../../../model/xml/mod.ts";

function refusal(text: string, limits: DocumentLimits = {}): DocumentError {
  try {
    parseDocument(storageVolume, text, { limits });
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const volume = (inner: string): string => `<volume>\n  <name>a</name>\n${inner}\n</volume>`;

Deno.test("a value of the wrong kind is refused with line, column, path and what was expected", () => {
  const error = refusal(volume("  <target>\n    <format  foo='>'\n     type = \"qcow9\"/>\n  </target>"));
  assert.deepEqual([error.line, error.column, error.path], [5, 6, "/volume/target/format/@type"]);
  assert.match(
    error.message,
    /Cannot read the storage volume document at line 5, column 6.*Found "qcow9", expected one of/,
  );
  assert.equal(error.code, "invalid-document");
  assert.deepEqual(error.at, { line: 5, column: 6 });
});

Deno.test("the column is right behind comments, CDATA, instructions and quoted brackets", () => {
  const wrong = refusal(
    volume("<!-- <b> --><?x <c> ?><key a='>'><![CDATA[<d>]]></key> <capacity>x</capacity>"),
  );
  assert.deepEqual([wrong.line, wrong.column, wrong.path], [3, 56, "/volume/capacity"]);
});

Deno.test("a missing element is refused at its parent", () => {
  const error = refusal("<volume>\n  <capacity>1</capacity>\n</volume>");
  assert.match(error.message, /The element <name> is missing/);
  assert.deepEqual([error.line, error.column, error.path], [1, 1, "/volume"]);
});

Deno.test("what a check refuses has the place of what it names", () => {
  const error = refusal(
    volume("<target>\n<encryption format='luks'>\n<ivgen name='x'/></encryption></target>"),
  );
  assert.match(error.message, /An initialisation vector needs a cipher/);
  assert.deepEqual([error.line, error.column, error.path], [5, 1, "/volume/target/encryption/ivgen"]);
});

Deno.test("an unknown child of a closed element is refused", () => {
  const error = refusal(volume("<target><features><magic/></features></target>"));
  assert.match(error.message, /"magic" is not a known feature of volumes, expected one of "lazy_refcounts"/);
});

Deno.test("the wrong document is refused by its root", () => {
  assert.match(refusal("<domain/>").message, /Found the element <domain>, expected <volume>/);
  assert.match(refusal("<volume xmlns='urn:x'/>").message, /Found the element <volume> of "urn:x"/);
});

Deno.test("a document type is refused before anything is expanded", () => {
  const bomb =
    `<?xml version='1.0'?><!-- <!DOCTYPE -->\n<!DOCTYPE volume [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>`;
  const error = refusal(`${bomb}<volume><name>&c;</name></volume>`);
  assert.deepEqual([error.line, error.column], [2, 1]);
  assert.match(error.message, /Document type declarations are refused/);
  assert.match(
    refusal(`<!DOCTYPE volume SYSTEM "file:///etc/passwd"><volume/>`).message,
    /declarations are refused/,
  );
});

Deno.test("the words of a document type are harmless where they are text", () => {
  const { value } = parseDocument(
    secret,
    "<secret><description><![CDATA[<!DOCTYPE x>]]></description></secret>",
  );
  assert.equal(value.description, "<!DOCTYPE x>");
});

Deno.test("depth and size are bounded", () => {
  const nested = (levels: number): string => volume("<x>".repeat(levels) + "</x>".repeat(levels));
  assert.match(refusal(nested(20), { depth: 10 }).message, /nested too deeply, expected at most 10 levels/);
  assert.match(refusal(nested(300)).message, /depth/i);
  assert.match(refusal(nested(100_000), { depth: 1_000_000 }).message, /depth/i);
  assert.match(
    refusal(volume("<key>ééé</key>"), { bytes: 50 }).message,
    /too large, expected at most 50 bytes/,
  );
  assert.match(refusal(" ".repeat(9 * 1024 * 1024)).message, /too large/);
});

Deno.test("texts that are not well-formed are refused with line and column", () => {
  for (
    const text of [
      "",
      "  ",
      "<volume>",
      "<volume>\n<a></b></volume>",
      "<volume a='1' a='2'/>",
      "<volume>&nbsp;</volume>",
      "<volume/>\0",
      "<volume/><volume/>",
      "<volume>\ud800</volume>",
      "<volume>\x01</volume>",
      "<volume><q:x/></volume>",
      "\n<?xml version='1.0'?><volume/>",
    ]
  ) {
    const error = refusal(text);
    assert.ok((error.line ?? 0) >= 1 && (error.column ?? 0) >= 1, JSON.stringify(text));
  }
  assert.equal(refusal("<volume>\n<a></b></volume>").line, 2);
});

Deno.test("the declared encoding does not matter to a text that is already one", () => {
  const text = "<?xml version='1.0' encoding='ISO-8859-1'?><secret><description>é€😀</description></secret>";
  assert.equal(parseDocument(secret, text).value.description, "é€😀");
});

Deno.test("the root tells the kind of a document", () => {
  assert.equal(detectDocument("<!-- x --><volume/>"), "volume");
  assert.throws(() => detectDocument("<toString/>"), /Nothing describes the element <toString>/);
});
