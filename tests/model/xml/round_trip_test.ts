import assert from "node:assert/strict";
import { secret, storageVolume } from "../../../model/documents/mod.ts";
import {
  attribute,
  document,
  element,
  elements,
  integer,
  lazy,
  namespace,
  sequence,
  type Shape,
  shape,
  text,
} from "../../../model/documents/language/mod.ts";
import { DocumentError, normalise, parseDocument, writeDocument } from "../../../model/xml/mod.ts";

Deno.test("what is unknown is counted and stays in place when the value is edited", () => {
  const source = [
    "<!-- before -->",
    "<secret xmlns:app='urn:app' ephemeral='no' private='no' app:tag='t' odd='1'>",
    "  <description lang='en'>disk</description>",
    "  <!-- about usage -->",
    "  <usage type='ceph'>",
    "    <app:note>two  <b/> words</app:note>",
    "    <name>x</name>",
    "    <extra deep='1'>",
    "      <inner/>",
    "    </extra>",
    "  </usage>",
    "  <app:last xmlns='urn:other'>",
    "    <plain/>",
    "  </app:last>",
    "</secret>",
    "<!-- after -->",
    "",
  ].join("\n");
  const { value, unknown } = parseDocument(secret, source);
  assert.deepEqual({ ...unknown, paths: [...unknown.paths] }, {
    elements: 2,
    attributes: 3,
    foreign: 3,
    paths: ["/secret/@odd", "/secret/description/@lang", "/secret/usage/extra"],
  });
  assert.equal(JSON.stringify(value).includes("odd"), false);
  assert.equal(writeDocument(secret, value), source.replace(" odd='1'>", " odd='1'>"));
  const edited = { ...value, private: true, description: "tape" };
  assert.equal(
    writeDocument(secret, edited),
    source.replace("private='no'", "private='yes'").replace(">disk<", ">tape<"),
  );
});

const fleet = document(
  "fleet",
  shape({ ships: elements("ship", { name: attribute(text()) }), flags: elements("flag", text()) }),
);

Deno.test("comments follow their list item when the list changes", () => {
  const { value } = parseDocument(
    fleet,
    "<fleet><!-- of a --><ship name='a'/><!-- of b --><ship name='b'/><odd/><flag x='1'>f</flag></fleet>",
  );
  const [a, b] = value.ships;
  assert.ok(a && b);
  assert.equal(
    writeDocument(fleet, { ...value, ships: [{ name: "new" }, b, a] }),
    [
      "<fleet>",
      "  <ship name='new'/>",
      "  <!-- of b -->",
      "  <ship name='b'/>",
      "  <odd/>",
      "  <!-- of a -->",
      "  <ship name='a'/>",
      "  <flag x='1'>f</flag>",
      "</fleet>",
      "",
    ].join("\n"),
  );
  assert.match(
    writeDocument(fleet, { ...value, ships: [] }),
    /<!-- of a -->\n {2}<!-- of b -->\n {2}<odd\/>/,
  );
});

Deno.test("an item that is repeated where one is meant is unknown and kept", () => {
  const { value, unknown } = parseDocument(
    secret,
    "<secret><description>a</description><description>b</description></secret>",
  );
  assert.equal(value.description, "a");
  assert.deepEqual(unknown.paths, ["/secret/description[2]"]);
  assert.match(
    writeDocument(secret, value),
    /<description>a<\/description>\n {2}<description>b<\/description>/,
  );
});

Deno.test("digits that a number cannot hold survive until the number changes", () => {
  const text =
    "<volume><name>a</name><capacity unit='EiB'>15</capacity><allocation>18446744073709551615</allocation></volume>";
  const { value } = parseDocument(storageVolume, text);
  const written = writeDocument(storageVolume, value);
  assert.match(written, /<capacity unit='bytes'>17293822569102704640</);
  assert.match(written, /<allocation unit='bytes'>18446744073709551615</);
  assert.match(writeDocument(storageVolume, { ...value, allocation: 7 }), /<allocation unit='bytes'>7</);
  assert.throws(() => parseDocument(storageVolume, text.replace(">15<", ">16<")), /Found "16" in "EiB"/);
});

Deno.test("characters that mean something to XML come back as they went in", () => {
  const description = "a<b>&\"'\r\n\t]]> é😀 ";
  const value = { ephemeral: false, private: false, description };
  assert.deepEqual(parseDocument(secret, writeDocument(secret, value)).value, value);
  const ship = { ships: [{ name: description }], flags: [] };
  assert.deepEqual(parseDocument(fleet, writeDocument(fleet, ship)).value, ship);
});

Deno.test("a value that no reader would take is not written", () => {
  const base = { ephemeral: false, private: false };
  assert.throws(() => writeDocument(secret, { ...base, description: "\0" }), DocumentError);
  assert.throws(() => writeDocument(secret, { ...base, description: "\ud800" }), DocumentError);
  assert.throws(() => writeDocument(secret, { ...base, uuid: "x'/><evil/>" }), /expected a UUID/);
});

Deno.test("elements of several names keep their order", () => {
  const filter = document(
    "filter",
    shape({
      entries: sequence({
        rule: shape({ action: attribute(text()) }),
        include: shape({ name: attribute(text()) }),
      }),
    }),
  );
  const source =
    "<filter>\n  <include name='a'/>\n  <rule action='drop'/>\n  <include name='b'/>\n</filter>\n";
  const { value } = parseDocument(filter, source);
  assert.deepEqual(value.entries, [{ include: { name: "a" } }, { rule: { action: "drop" } }, {
    include: { name: "b" },
  }]);
  assert.equal(writeDocument(filter, value), source);
});

interface Layer {
  readonly index: number;
  readonly backing?: Layer;
}

Deno.test("an element may contain itself", () => {
  const layer: Shape<Layer> = shape({
    index: attribute(integer()),
    backing: element(lazy((): Shape<Layer> => layer)).optional(),
  });
  const source =
    "<layer index='1'>\n  <backing index='2'>\n    <backing index='3'/>\n  </backing>\n</layer>\n";
  const { value } = parseDocument(document("layer", layer), source);
  assert.equal(value.backing?.backing?.index, 3);
  assert.equal(writeDocument(document("layer", layer), value), source);
});

Deno.test("a namespace that is described is read under any prefix and declared when it is written", () => {
  const qemu = namespace("qemu", "urn:qemu");
  const machine = document(
    "machine",
    shape({
      arguments: element(qemu("commandline"), { list: elements(qemu("arg"), { value: attribute(text()) }) })
        .optional(),
    }),
  );
  const { value, unknown } = parseDocument(
    machine,
    "<machine xmlns:q='urn:qemu'><q:commandline><q:arg value='-x'/></q:commandline></machine>",
  );
  assert.deepEqual(value.arguments?.list, [{ value: "-x" }]);
  assert.equal(unknown.foreign, 0);
  assert.match(
    writeDocument(machine, value),
    /<machine xmlns:q='urn:qemu'>\n {2}<q:commandline>\n {4}<q:arg value='-x'\/>/,
  );
  assert.equal(
    writeDocument(machine, { arguments: { list: [{ value: "-y" }] } }),
    "<machine xmlns:qemu='urn:qemu'>\n  <qemu:commandline>\n    <qemu:arg value='-y'/>\n  </qemu:commandline>\n</machine>\n",
  );
});

Deno.test("the normal form leaves out what libvirt does not store", () => {
  const text = normalise(
    "<volume><name>a</name><target><nocow/><timestamps><atime>1.5</atime></timestamps></target></volume>",
  );
  assert.match(text, /<target>\n {4}<format type='raw'\/>\n {2}<\/target>/);
});
