/**
 * The table beside that of go-libvirt, which was made from libvirt by somebody else.
 */
import assert from "node:assert/strict";
import { limits, type NamedRow, programs, rows } from "../../../protocol/procedures/mod.ts";
import type { Description } from "../../../protocol/xdr/mod.ts";

const folder = "/usr/share/gocode/src/github.com/digitalocean/go-libvirt";

/** A field of one of go-libvirt's structures. */
interface GoField {
  readonly name: string;
  readonly type: string;
}

/** What go-libvirt says, under libvirt's own names. */
interface GoTable {
  readonly numbers: ReadonlyMap<string, number>;
  readonly structs: ReadonlyMap<string, readonly GoField[]>;
  /** libvirt's names of structures, by go-libvirt's. */
  readonly names: ReadonlyMap<string, string>;
}

const byName: ReadonlyMap<string, NamedRow["row"]> = new Map(rows.map(({ name, row }) => [name, row]));

const scalars: Readonly<Record<string, string>> = {
  string: "string",
  UUID: "uuid",
  int32: "int",
  uint32: "uint",
  int64: "hyper",
  uint64: "uhyper",
  int8: "int",
  uint8: "uint",
  uint16: "uint",
  OptString: "optional string",
  TypedParamValue: "union",
  "[]byte": "bytes",
  "[]int8": "chars",
  "[32]int8": "fixedChars",
};

function readTable(prefix: string): GoTable {
  const numbers = new Map<string, number>();
  const constants = Deno.readTextFileSync(`${folder}/internal/constants/${prefix}_protocol.gen.go`);
  for (const [, name, value] of constants.matchAll(/ is libvirt's (\w+)\n\s*\w+ = (\w+)/g)) {
    numbers.set(String(name), Number(value));
  }
  const structs = new Map<string, readonly GoField[]>();
  const names = new Map<string, string>();
  const source = Deno.readTextFileSync(`${folder}/${prefix}_protocol.gen.go`);
  const structures = source.matchAll(/ is libvirt's (\w+)\ntype (\w+) struct \{\n([^}]*)\}/g);
  for (const [, libvirt, go, body] of structures) {
    const fields = String(body).trim().split("\n").filter((line) => line.trim() !== "").map((line) => {
      const [name = "", type = ""] = line.trim().split(/\s+/);
      return { name, type };
    });
    structs.set(String(libvirt), fields);
    names.set(String(go), String(libvirt));
  }
  return { numbers, structs, names };
}

/** Our name for one of libvirt's: `REMOTE_PROC_DOMAIN_GET_INFO` is `domainGetInfo`. */
function camel(name: string): string {
  return name.toLowerCase().replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function rowNameOf(constant: string): string {
  const [program = "", name = ""] = constant.split("_PROC_");
  return camel(program === "REMOTE" ? name : `${program}_${name}`);
}

/** Says where one of go-libvirt's structures differs from a description of ours. */
function differences(table: GoTable, libvirt: string, description: Description): readonly string[] {
  const fields = table.structs.get(libvirt);
  if (fields === undefined) return [`${libvirt}: go-libvirt has no such structure`];
  const { shape } = description;
  if (shape.kind !== "struct") return [`${libvirt}: ours is no structure but ${shape.kind}`];
  const ours = Object.entries(shape.fields);
  if (ours.length !== fields.length) {
    return [`${libvirt}: ${ours.length} fields, go-libvirt has ${fields.length}`];
  }
  return ours.flatMap(([name, field], at) => {
    const theirs = fields[at];
    if (theirs === undefined) return [];
    const place = `${libvirt}.${name}`;
    if (!namesOf(name).includes(theirs.name.toLowerCase())) {
      return [`${place}: go-libvirt calls it ${theirs.name}`];
    }
    return typeDifferences(table, { place, type: theirs.type, description: field });
  });
}

/**
 * What go-libvirt may call a field: it capitalises as Go does, and its generator takes a field that is named as a type
 * for that type.
 */
function namesOf(name: string): readonly string[] {
  const lower = name.toLowerCase();
  return [lower, `opt${lower}`, `remote_${lower}`];
}

interface TypeInQuestion {
  readonly place: string;
  readonly type: string;
  readonly description: Description;
}

function typeDifferences(table: GoTable, question: TypeInQuestion): readonly string[] {
  const { place, type, description } = question;
  const { shape } = description;
  const known = scalars[type];
  if (known !== undefined) {
    const ours = shape.kind === "optional" ? `optional ${shape.of.shape.kind}` : shape.kind;
    return ours === known ? [] : [`${place}: ${ours}, go-libvirt has ${type}`];
  }
  if (type.startsWith("[]")) {
    if (shape.kind !== "list") return [`${place}: ${shape.kind}, go-libvirt has ${type}`];
    return typeDifferences(table, { place, type: type.slice(2), description: shape.of });
  }
  if (type.startsWith("Opt")) {
    if (shape.kind !== "optional") return [`${place}: ${shape.kind}, go-libvirt has ${type}`];
    return typeDifferences(table, { place, type: type.slice(3), description: shape.of });
  }
  const structure = table.names.get(type);
  if (structure !== undefined) return differences(table, structure, description);
  // What is left are Go's own types for flags and enumerations, all of 32 bits.
  return ["int", "uint", "enumeration"].includes(shape.kind)
    ? []
    : [`${place}: ${shape.kind}, go-libvirt has ${type}`];
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (!exists(folder)) {
  Deno.test({
    name: "go-libvirt is not installed: nothing to compare the table with",
    ignore: true,
    fn: () => {},
  });
} else {
  const tables = { remote: readTable("remote"), qemu: readTable("qemu") };
  const shared = { ...tables.remote, structs: new Map([...tables.remote.structs, ...tables.qemu.structs]) };

  Deno.test("go-libvirt has the same number for every procedure that it has", () => {
    let compared = 0;
    for (const [program, { numbers }] of Object.entries(tables)) {
      for (const [constant, number] of numbers) {
        if (!constant.includes("_PROC_")) continue;
        const row = byName.get(rowNameOf(constant));
        assert.deepEqual([row?.program, row?.number], [program, number], constant);
        compared++;
      }
    }
    assert(compared > 400);
  });

  Deno.test("go-libvirt has the same limits and programs", () => {
    const ours: ReadonlyMap<string, number> = new Map(Object.entries(limits));
    let compared = 0;
    for (const [constant, value] of tables.remote.numbers) {
      const name = camel(constant.replace(/^REMOTE_/, "").replace(/_MAX$/, ""));
      const limit = ours.get(name);
      if (limit === undefined) continue;
      assert.equal(limit, value, constant);
      compared++;
    }
    assert(compared > 50);
    assert.equal(tables.remote.numbers.get("REMOTE_PROGRAM"), programs.remote);
    assert.equal(tables.qemu.numbers.get("QEMU_PROGRAM"), programs.qemu);
  });

  Deno.test("go-libvirt has the same fields in every structure that it has", () => {
    const found: string[] = [];
    let compared = 0;
    for (const [program, { numbers }] of Object.entries(tables)) {
      for (const constant of numbers.keys()) {
        if (!constant.includes("_PROC_")) continue;
        const row = byName.get(rowNameOf(constant));
        assert(row !== undefined, constant);
        const base = constant.replace(/^\w+?_PROC_/, `${program}_`).toLowerCase();
        const parts = row.kind === "message"
          ? [["msg", row.payload] as const]
          : [["args", row.args] as const, ["ret", row.result] as const];
        for (const [suffix, description] of parts) {
          const name = `${base}_${suffix}`;
          if (description.shape.kind === "nothing") assert(!shared.structs.has(name), name);
          else if (shared.structs.has(name)) {
            found.push(...differences(shared, name, description));
            compared++;
          } else found.push(`${name}: go-libvirt has no such structure`);
        }
      }
    }
    assert.deepEqual(found, []);
    assert(compared > 600);
  });
}
