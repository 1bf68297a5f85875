import assert from "node:assert/strict";
import {
  attribute,
  bytesInLargestUnit,
  document,
  element,
  elements,
  foreign,
  integer,
  mebibytes,
  shape,
  text,
  toJsonSchema,
  toZod,
} from "../../../model/documents/language/mod.ts";
import { DocumentError, parseDocument, writeDocument } from "../../../model/xml/mod.ts";

const layer = document(
  "layer",
  shape({ alias: element(text()).optional() }).by("type", {
    file: { source: element({ file: attribute(text()) }) },
    block: { source: element({ dev: attribute(text()) }) },
  }, { before: "alias", otherwise: shape({}).ignoring("source") }),
);

Deno.test("an element without its deciding attribute is the alternative that is described for it", () => {
  const { value, unknown } = parseDocument(layer, "<layer><source file='/a'/><alias>x</alias></layer>");
  assert.deepEqual(value, { alias: "x" });
  assert.deepEqual(unknown.paths, []);
  assert.equal(writeDocument(layer, value), "<layer>\n  <alias>x</alias>\n</layer>\n");
  assert.throws(
    () => parseDocument(layer, "<layer type='tape'/>"),
    /Found "tape", expected one of "file" or "block"/,
  );
  assert.equal(toZod(layer).safeParse({ alias: "x" }).success, true);
  assert.equal(toZod(layer).safeParse({ source: { file: "/a" } }).success, false);
  assert.equal(typeof toJsonSchema(layer), "object");
});

Deno.test("what alternatives add is written before the field that they are to precede", () => {
  const value = { type: "block", source: { dev: "/dev/sda" }, alias: "x" } as const;
  assert.match(writeDocument(layer, value), /<source dev='\/dev\/sda'\/>\n {2}<alias>/);
});

const machine = document(
  "machine",
  shape({
    port: attribute(integer()).optional(),
    auto: attribute(text()).optional(),
    names: elements("name", text()).transient(),
    alias: element({ name: attribute(text()) }).optional().transient(({ name }) => !name.startsWith("ua-")),
    source: element({ path: attribute(text()) }).optional().single(),
  }).stored(({ port, ...rest }) => rest.auto === "yes" || port === undefined ? rest : { ...rest, port }),
);

Deno.test("the normal form says what is stored, the full form and the value say what was read", () => {
  const text = "<machine port='5900' auto='yes'>\n  <alias name='disk0'/>\n</machine>\n";
  const { value } = parseDocument(machine, text);
  assert.equal(value.port, 5900);
  assert.equal(value.alias?.name, "disk0");
  assert.equal(writeDocument(machine, value), text);
  assert.equal(writeDocument(machine, value, { form: "normal" }), "<machine auto='yes'/>\n");
  assert.match(writeDocument(machine, { ...value, alias: { name: "ua-a" } }, { form: "normal" }), /ua-a/);
});

Deno.test("a second element where only one may stand is refused at its place", () => {
  const text = "<machine>\n  <source path='/a'/>\n  <source path='/b'/>\n</machine>";
  assert.throws(
    () => parseDocument(machine, text),
    (error) =>
      error instanceof DocumentError && error.line === 3 && /Found a second <source>/.test(error.message),
  );
});

const sizes = document(
  "sizes",
  shape({ tseg: element(bytesInLargestUnit()).optional(), window: element(mebibytes()).optional() }),
);

Deno.test("sizes in the largest unit lose nothing", () => {
  const written = (tseg: number): string => writeDocument(sizes, { tseg });
  assert.match(written(48 * 1024 ** 2), /<tseg unit='MiB'>48</);
  assert.match(written(12345 * 1024), /<tseg unit='KiB'>12345</);
  assert.match(written(1025), /<tseg unit='bytes'>1025</);
  assert.match(written(0), /<tseg unit='bytes'>0</);
  const { value } = parseDocument(
    sizes,
    "<sizes><tseg unit='EiB'>15</tseg><window unit='KiB'>1025</window></sizes>",
  );
  assert.equal(value.window, 2);
  assert.match(writeDocument(sizes, value), /<tseg unit='EiB'>15</);
});

const noted = document("noted", shape({ metadata: element(foreign()).optional() }));

Deno.test("what others put into a document is data that survives copying", () => {
  const { value, unknown } = parseDocument(
    noted,
    "<noted xmlns:a='urn:a'><metadata><a:x a:k='1'>t<b/></a:x><plain/><a:y/><c xmlns='urn:c'><d/></c></metadata></noted>",
  );
  assert.deepEqual(value.metadata, [
    { uri: "urn:a", xml: "<a:x xmlns:a='urn:a' a:k='1'>t<b/></a:x>" },
    { uri: "urn:c", xml: "<c xmlns='urn:c'>\n  <d/>\n</c>" },
  ]);
  assert.deepEqual(unknown.paths, []);
  const again = parseDocument(noted, writeDocument(noted, structuredClone(value))).value;
  assert.deepEqual(structuredClone(again), structuredClone(value));
});

Deno.test("no more than one element with a namespace is written as somebody else's", () => {
  for (const xml of ["<a", "<a/>", "<a xmlns='urn:a'/><b/>", "text", "<!DOCTYPE a><a xmlns='urn:a'/>"]) {
    assert.throws(() => writeDocument(noted, { metadata: [{ uri: "urn:a", xml }] }), DocumentError, xml);
  }
});
