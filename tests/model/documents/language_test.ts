import assert from "node:assert/strict";
import { secret, storageVolume, toJsonSchema, toZod } from "../../../model/documents/mod.ts";
import {
  attribute,
  canonicalUuid,
  document,
  element,
  enumeration,
  fileMode,
  hexadecimalInteger,
  integer,
  kibibytes,
  mac,
  shape,
  text,
  uuid,
  type ValueOf,
} from "../../../model/documents/language/mod.ts";
import { parseDocument, writeDocument } from "../../../model/xml/mod.ts";

const diskShape = shape({
  device: attribute(enumeration("disk", "cdrom")).default("disk"),
  driver: element({ name: attribute(text()).optional() }).optional(),
  target: element({ dev: attribute(text()) }),
}).by("type", {
  file: { source: element({ file: attribute(text()) }).optional() },
  network: shape({ wwn: element(text()).optional() }).by("protocol", {
    nbd: { source: element({ host: attribute(text()) }) },
    rbd: { source: element({ pool: attribute(text()) }) },
  }),
}, { default: "file", after: "driver" });

const disk = document("disk", diskShape);

Deno.test("alternatives are a union that the compiler can narrow", () => {
  function pathOf(value: ValueOf<typeof diskShape>): string | undefined {
    if (value.type === "file") return value.source?.file;
    return value.protocol === "nbd" ? value.source.host : value.source.pool;
  }
  const read = (inner: string): string | undefined => pathOf(parseDocument(disk, inner).value);
  assert.equal(read("<disk><target dev='a'/><source file='/x'/></disk>"), "/x");
  assert.equal(read("<disk type='network' protocol='rbd'><source pool='p'/><target dev='a'/></disk>"), "p");
  assert.throws(
    () => read("<disk type='network'><target dev='a'/></disk>"),
    /"protocol" is missing, expected one of "nbd"/,
  );
  assert.throws(() => read("<disk type='tape'/>"), /Found "tape", expected one of "file" or "network"/);
});

Deno.test("what an alternative adds is written behind the part that it names", () => {
  const { value } = parseDocument(
    disk,
    "<disk><target dev='a'/><source file='/x'/><driver name='q'/></disk>",
  );
  assert.equal(
    writeDocument(disk, value),
    "<disk type='file' device='disk'>\n  <driver name='q'/>\n  <source file='/x'/>\n  <target dev='a'/>\n</disk>\n",
  );
});

Deno.test("scalars read what libvirt reads and write what it writes", () => {
  assert.equal(uuid().read("  F52A81B2424E490C823D6BD4235BC572 "), "f52a81b2-424e-490c-823d-6bd4235bc572");
  assert.equal(uuid().read("f52a81b2-424e-490c-823d-6bd4235bc57"), undefined);
  assert.equal(canonicalUuid("f52a81b2-424e490c823d6bd4235bc572"), "f52a81b2-424e-490c-823d-6bd4235bc572");
  assert.equal(mac().read("52:54:0:AB:1:2"), "52:54:00:ab:01:02");
  assert.equal(mac().read("52:54:00:ab:01"), undefined);
  const slot = hexadecimalInteger({ digits: 2, max: 0x1f });
  assert.deepEqual(["0x1F", "31", "037", "0x20", "1f", ""].map((each) => slot.read(each)), [
    31,
    31,
    31,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(slot.write(5), "0x05");
  assert.deepEqual(["0644", "8", "10000"].map((each) => fileMode().read(each)), [
    0o644,
    undefined,
    undefined,
  ]);
  assert.deepEqual(["1", "+1", "-1", "1 ", "1.0", "0x1"].map((each) => integer().read(each)), [
    1,
    1,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(integer({ max: 2 ** 64 }).read("18446744073709551616"), undefined);
  assert.deepEqual(
    [["1", "GiB"], ["1", "G"], ["1", "gb"], ["1025", "b"], ["7", undefined], ["1", "furlong"], ["1", "Kib"]]
      .map(([number, unit]) => kibibytes().read(number ?? "", unit)),
    [1048576n, 1048576n, 976563n, 2n, 7n, undefined, 1n],
  );
});

Deno.test("the zod schema fills in defaults, refuses what is not described and makes checks", () => {
  assert.deepEqual(toZod(secret).parse({ description: "d" }), {
    ephemeral: false,
    private: false,
    description: "d",
  });
  assert.equal(toZod(secret).safeParse({ secret: 1 }).success, false);
  const encrypted = { name: "a", target: { encryption: { format: "luks", ivgen: { name: "x" } } } };
  const result = toZod(storageVolume).safeParse(encrypted);
  assert.deepEqual(result.error?.issues.map((issue) => issue.path), [["target", "encryption", "ivgen"]]);
  assert.equal(toZod(diskShape).parse({ target: { dev: "a" } }).type, "file");
});

Deno.test("the JSON schema asks only for what has no default", () => {
  const schema = toJsonSchema(storageVolume);
  assert.deepEqual(schema.required, ["name"]);
  assert.deepEqual(Object.keys(schema.properties ?? {}).slice(0, 3), ["type", "name", "key"]);
});
