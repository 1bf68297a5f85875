import assert from "node:assert/strict";
import { isPermission } from "../../../model/permission.ts";
import {
  type ArgumentsOf,
  isRowName,
  limits,
  type MessageName,
  type MessageOf,
  messageRow,
  type ProcedureName,
  procedureRow,
  programOf,
  programs,
  type ResultOf,
  rowOf,
  rows,
  type StreamProcedureName,
  type TypedValue,
} from "../../../protocol/procedures/mod.ts";
import { descriptions, partsOf } from "./descriptions.ts";

const messages = rows.filter(({ row }) => row.kind === "message").map(({ name }) => name);

Deno.test("the numbers of each program are those from 1 on, each once", () => {
  const sizes = { remote: 453, qemu: 7, lxc: 1 };
  for (const program of ["remote", "qemu", "lxc"] as const) {
    const numbers = rows.filter(({ row }) => row.program === program).map(({ row }) => row.number);
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: sizes[program] }, (_, at) => at + 1),
    );
  }
});

Deno.test("every row is found by its program's number and its own, and no other", () => {
  for (const { name, row } of rows) {
    const found = rowOf(programs[row.program], row.number);
    assert.equal(found?.name, name);
    assert.equal(found.row, row);
  }
  for (const number of [0, -1, 454, 0.5, NaN, 2 ** 31]) {
    assert.equal(rowOf(programs.remote, number), undefined);
  }
  for (const program of [0, 0x20008088, 0x6b656570]) assert.equal(rowOf(program, 1), undefined);
  assert.equal(programOf(0x20008087), "qemu");
  assert.equal(programOf(0x20008088), undefined);
});

Deno.test("a name is a row's or not", () => {
  assert(isRowName("domainGetXmlDesc"));
  assert(!isRowName("domainGetXMLDesc"));
  assert(!isRowName("toString"));
});

Deno.test("the programs have 54 events, and no call is among them", () => {
  assert.equal(messages.length, 54);
  for (const name of messages) assert.match(name, /Event/);
  assert(!messages.some((name) => /register/i.test(name)));
});

Deno.test("the streams are those of uploads, downloads, consoles, screenshots and tunnelled migrations", () => {
  const streams = rows.flatMap(({ name, row }) =>
    "stream" in row ? [[name, row.stream, row.sparseFlag]] : []
  );
  assert.deepEqual(
    new Set(streams.map((stream) => JSON.stringify(stream))),
    new Set([
      ["domainMigratePrepareTunnel", "write", undefined],
      ["domainMigratePrepareTunnel3", "write", undefined],
      ["domainMigratePrepareTunnel3Params", "write", undefined],
      ["domainOpenConsole", "both", undefined],
      ["domainOpenChannel", "both", undefined],
      ["domainScreenshot", "read", undefined],
      ["storageVolUpload", "write", 1],
      ["storageVolDownload", "read", 1],
    ].map((stream) => JSON.stringify(stream))),
  );
});

Deno.test("what came after libvirt 9.0 says when", () => {
  for (const { name, row } of rows) {
    const isLater = row.program === "remote" && row.number > 443;
    assert.equal(row.since !== undefined, isLater, name);
    if (row.since !== undefined) assert.match(row.since, /^(9|1[01])\.\d+$/);
  }
});

Deno.test("every permission is one that there is, and the conditions look at arguments that there are", () => {
  for (const { name, row } of rows) {
    if (row.kind === "message") continue;
    const fields = row.args.shape.kind === "struct" ? Object.keys(row.args.shape.fields) : [];
    for (const need of row.acl) {
      if (typeof need === "string") {
        assert(isPermission(need), `${name}: ${need}`);
        continue;
      }
      assert(isPermission(need.permission), name);
      assert.equal([need.allOf, need.noneOf, need.field].filter((one) => one !== undefined).length, 1, name);
      assert(fields.includes(need.field?.name ?? "flags"), name);
    }
    if (row.filter !== undefined) assert(isPermission(row.filter), name);
  }
});

Deno.test("the way in, the way out and whether the line is secure are open to everybody", () => {
  const open = rows.flatMap(({ name, row }) => row.kind !== "message" && row.acl.length === 0 ? [name] : []);
  assert.deepEqual(open.toSorted(), [
    "authList",
    "authPolkit",
    "authSaslInit",
    "authSaslStart",
    "authSaslStep",
    "connectClose",
    "connectIsSecure",
  ]);
});

Deno.test("every limit is used by some row", () => {
  const used = new Set(
    descriptions.flatMap(({ description }) => partsOf(description))
      .flatMap(({ shape }) => "max" in shape ? [shape.max] : []),
  );
  // Only the limits for what the protocol itself does not count are not found: statistics of all processors at once.
  const unused = Object.entries(limits).filter(([, max]) => !used.has(max)).map(([name]) => name);
  assert.deepEqual(unused, ["domainGetCpuStatsNcpus"]);
});

Deno.test("a row is found by its name with its own types", () => {
  const args: ArgumentsOf<"domainGetXmlDesc"> = {
    dom: { name: "web", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: -1 },
    flags: 0,
  };
  const result: ResultOf<"domainGetXmlDesc"> = { xml: "<domain/>" };
  const nothing: ArgumentsOf<"connectClose"> & ResultOf<"connectClose"> = undefined;
  const event: MessageOf<"domainEventCallbackReboot"> = { callbackID: 1, msg: { dom: args.dom } };
  assert.equal(procedureRow("domainGetXmlDesc").args.least, 28);
  assert.equal(procedureRow("connectClose").args.least, 0);
  assert.equal(messageRow("domainEventCallbackReboot").payload.least, 28);
  assert.deepEqual([result.xml, nothing, event.callbackID], ["<domain/>", undefined, 1]);
});

Deno.test("the compiler tells calls, streams and events apart", () => {
  const stream: StreamProcedureName & ProcedureName = "storageVolUpload";
  // @ts-expect-error: no stream follows it
  const noStream: StreamProcedureName = "domainCreate";
  // @ts-expect-error: it is called, not sent
  const noEvent: MessageName = "domainCreate";
  // @ts-expect-error: it is sent, not called
  const noCall: ProcedureName = "domainEventReboot";
  // @ts-expect-error: flags are missing
  const tooFew: ArgumentsOf<"domainGetXmlDesc"> = { dom: { name: "web", uuid: "", id: 1 } };
  // @ts-expect-error: kind 4 is a number of 64 bits
  const wrongKind: TypedValue = { kind: 4, value: 1 };
  assert([stream, noStream, noEvent, noCall, tooFew, wrongKind].every((value) => value !== undefined));
});
