import assert from "node:assert/strict";
import { operations } from "../../model/operations/mod.ts";
import { arrange } from "../../cli/app.ts";
import type { DroverContext } from "../../cli/context.ts";
import { objectNouns, virshAliases } from "../../cli/operations/command.ts";
import { flagName } from "../../cli/operations/input_flags.ts";
import { inputFields, outputShape } from "../../cli/operations/schema.ts";
import { withFile } from "../../cli/operations/transfer.ts";
import { kebab } from "../../cli/words.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";
import { drover } from "./kit/drover.ts";
import type { FakeAnswers } from "./kit/fake_control.ts";
import { FakeIo } from "./kit/fake_io.ts";

/** A kernel whose every operation is done, with a value. */
function answering(value: unknown): FakeAnswers {
  return { "operation.call": () => Promise.resolve({ kind: "done", value }) };
}

/** The parameters of the only operation that was called. */
async function called(
  args: readonly string[],
  options: { readonly stdin?: string; readonly env?: Record<string, string> } = {},
): Promise<Record<string, unknown>> {
  const { control, err } = await drover(args, { ...options, answers: answering({}) });
  assert.equal(control.asked.length, 1, err);
  return { ...Object(control.asked[0]?.params) };
}

Deno.test("an object and a verb become an operation with target and input", async () => {
  assert.deepEqual(await called(["domain", "start", "web-1", "--paused"]), {
    operation: "domain.start",
    uri: "test:///default",
    target: ["web-1"],
    input: { paused: true },
  });
});

Deno.test("virsh's names mean the same operations", async () => {
  assert.equal((await called(["start", "web-1"]))["operation"], "domain.start");
  assert.equal((await called(["list"]))["operation"], "domain.list");
  assert.equal((await called(["dumpxml", "web-1"]))["operation"], "domain.xml");
  assert.equal((await called(["net-list"]))["operation"], "network.list");
});

Deno.test("every virsh name belongs to one operation, and none hides a command of ours", async () => {
  const seen = new Map<string, string>();
  for (const { name, aliases = [] } of operations.values()) {
    for (const alias of aliases) {
      assert.equal(seen.get(alias), undefined, `${alias}: ${seen.get(alias)} and ${name}`);
      seen.set(alias, name);
    }
  }
  const nouns = new Set(objectNouns().map(kebab));
  for (const alias of virshAliases().keys()) {
    assert.ok(!nouns.has(alias), alias);
    const { inputs } = await arrange([alias], { io: new FakeIo() } as unknown as DroverContext);
    assert.notEqual(inputs[0], alias, `"${alias}" is taken by a command`);
  }
});

Deno.test("no two flags of an operation have one name", () => {
  for (const operation of operations.values()) {
    const names = inputFields(operation).map((field) => kebab(flagName(field)));
    assert.equal(new Set(names).size, names.length, `${operation.name}: ${names.join(" ")}`);
  }
});

Deno.test("every operation has a help page, and a shape to print its answer in", async () => {
  for (const operation of operations.values()) {
    const { exit, out } = await drover([kebab(operation.objectClass), kebab(operation.verb), "--help"]);
    assert.equal(exit, 0, operation.name);
    // Where there is an operation on files, the command does that.
    const { summary } = withFile(operation) ?? operation;
    assert.ok(out.includes(summary), operation.name);
    outputShape(operation);
    targetClasses(operation);
  }
});

Deno.test("what is held by another object is named with it: two arguments, a slash, or a flag", async () => {
  for (
    const args of [["images", "disk0"], ["images/disk0"], ["disk0", "--pool", "images"], [
      "--pool",
      "images",
      "--volume",
      "disk0",
    ]]
  ) {
    const params = await called(["volume", "delete", ...args]);
    assert.deepEqual(params["target"], ["images", "disk0"], args.join(" "));
  }
});

Deno.test("a slash in the last name stays there", async () => {
  assert.deepEqual((await called(["snapshot", "delete", "web-1", "a/b"]))["target"], ["web-1", "a/b"]);
  assert.deepEqual((await called(["snapshot", "delete", "web-1/a/b"]))["target"], ["web-1", "a/b"]);
});

Deno.test("a required input may be an argument or a flag", async () => {
  const byArgument = await called(["domain", "set-memory", "web-1", "2GiB"]);
  const byFlag = await called(["domain", "set-memory", "web-1", "--memory", "2GiB"]);
  assert.deepEqual(byArgument["input"], { memoryKib: 2097152 });
  assert.deepEqual(byFlag["input"], byArgument["input"]);
});

Deno.test("where nothing is required the first input may be an argument too", async () => {
  assert.deepEqual((await called(["domain", "list", "web-*"]))["input"], { name: "web-*" });
  assert.deepEqual((await called(["snapshot-create-as", "web-1", "before"]))["input"], { name: "before" });
  assert.deepEqual((await called(["detach-device", "web-1", "-"], { stdin: "<disk/>" }))["input"], {
    xml: "<disk/>",
  });
  assert.deepEqual((await called(["snapshot-create-as", "web-1"]))["input"], {});
});

Deno.test("lists know virsh's --all and --inactive", async () => {
  assert.deepEqual((await called(["list", "--all"]))["input"], {});
  assert.deepEqual((await called(["list", "--state", "paused"]))["input"], { state: "paused" });
  assert.deepEqual((await called(["net-list", "--inactive"]))["input"], { active: false });
  assert.deepEqual((await called(["pool-list", "--active"]))["input"], { active: true });
});

Deno.test("under virsh's name a list shows what is active, as virsh does", async () => {
  assert.deepEqual((await called(["list"]))["input"], { active: true });
  assert.deepEqual((await called(["-c", "test:///default", "net-list"]))["input"], { active: true });
  assert.deepEqual((await called(["list", "--", "--all"]))["input"], { active: true, name: "--all" });
  assert.deepEqual((await called(["domain", "list"]))["input"], {});
  assert.deepEqual((await called(["vol-list", "images"]))["input"], {});
});

Deno.test("a list takes the rest of the arguments", async () => {
  assert.deepEqual((await called(["domain", "guest-exec", "web-1", "/bin/ls", "--", "-l", "/"]))["input"], {
    path: "/bin/ls",
    arguments: ["-l", "/"],
  });
});

Deno.test("a definition comes from a file or from standard input", async () => {
  const file = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    await Deno.writeTextFile(file, "<domain type='test'><name>é</name></domain>");
    const fromFile = await called(["define", file]);
    assert.deepEqual(fromFile["input"], { xml: "<domain type='test'><name>é</name></domain>" });
    const fromInput = await called(["define", "-"], { stdin: "<domain/>" });
    assert.deepEqual(fromInput["input"], { xml: "<domain/>" });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a secret comes from standard input, and never from the command line unasked", async () => {
  const params = await called(["set-user-password", "web-1", "root", "--password", "-"], { stdin: "hush\n" });
  assert.deepEqual(params["input"], { user: "root", password: "hush" });
  const { exit, err } = await drover(["set-user-password", "web-1", "root"], { answers: answering({}) });
  assert.equal(exit, 64);
  assert.match(err, /standard input/);
});

Deno.test("an object that an input names is looked up before", async () => {
  const ref = { $ref: "volume", connection: "host", id: "v", name: "base", parent: "p" };
  const { control } = await drover(["volume", "create-from", "images", "-", "base"], {
    stdin: "<volume/>",
    answers: {
      "operation.call": ({ operation }) =>
        Promise.resolve({ kind: "done", value: operation === "volume.lookup" ? ref : {} }),
    },
  });
  const [lookup, create] = control.asked.map(({ params }) => Object(params));
  assert.deepEqual([lookup.operation, lookup.target, lookup.input], ["volume.lookup", ["images"], {
    name: "base",
  }]);
  assert.deepEqual(create.input, { xml: "<volume/>", from: ref });
});

Deno.test("a migration names the other connection", async () => {
  const params = await called(["migrate", "web-1", "test:///other", "--live"]);
  assert.equal(params["peer"], "test:///other");
  assert.deepEqual(params["input"], { to: "peer", live: true });
});

Deno.test("the connection is the flag's, else the environment's, else the simulated one", async () => {
  assert.equal((await called(["list", "-c", "qemu:///system"]))["uri"], "qemu:///system");
  assert.equal((await called(["-c", "qemu:///system", "list"]))["uri"], "qemu:///system");
  const env = { DROVER_DEFAULT_URI: "xen:///system", LIBVIRT_DEFAULT_URI: "lxc:///" };
  assert.equal((await called(["list"], { env }))["uri"], "xen:///system");
  assert.equal((await called(["list"], { env: { LIBVIRT_DEFAULT_URI: "lxc:///" } }))["uri"], "lxc:///");
});

Deno.test("how to wait goes with the call", async () => {
  const params = await called(["start", "web-1", "--within", "1m", "--no-wait", "--priority", "-3"]);
  assert.equal(params["withinMs"], 60_000);
  assert.equal(params["noWait"], true);
  assert.equal(params["priority"], -3);
});

const listed = [
  {
    id: 4,
    domain: { $ref: "domain", connection: "host", id: "u-1", name: "web-1", generation: 3 },
    state: "running",
    persistent: true,
    autostart: false,
  },
  {
    domain: { $ref: "domain", connection: "host", id: "u-2", name: "evil\x1b[2J", generation: 0 },
    state: "shutoff",
    persistent: false,
    autostart: false,
  },
];

for (const format of ["table", "wide", "name", "json", "ndjson", "yaml"]) {
  Deno.test(`a list as ${format}`, async (t) => {
    const { exit, out } = await drover(["list", "-o", format], {
      answers: answering(listed),
      terminal: true,
    });
    assert.equal(exit, 0);
    assert.ok(!out.includes("\x1b"));
    await t.assertSnapshot(out);
  });
}

Deno.test("an empty list has its header, and is an empty list for programs", async () => {
  assert.match((await drover(["list"], { answers: answering([]) })).out, /Name +State/);
  const { out } = await drover(["list", "-o", "json"], { answers: answering([]) });
  assert.deepEqual(JSON.parse(out), { version: 1, kind: "domain.list", items: [] });
  assert.equal((await drover(["list", "-o", "ndjson"], { answers: answering([]) })).out, "");
});

Deno.test("XML goes out byte for byte off a terminal, and harmless on one", async () => {
  const xml = "<domain><name>a\u009b</name></domain>\n";
  assert.equal((await drover(["dumpxml", "a"], { answers: answering(xml) })).out, xml);
  assert.doesNotMatch(
    (await drover(["dumpxml", "a"], { answers: answering(xml), terminal: true })).out,
    /\u009b/,
  );
});

Deno.test("a write says what was done, and in what state the object is now", async () => {
  const { out } = await drover(["start", "web-1"], {
    answers: answering({ state: "running", phase: "active", generation: 2 }),
  });
  assert.equal(out, 'domain "web-1": start done, now running\n');
});

Deno.test("a download goes on until the end, and not to a terminal", async () => {
  const content = new TextEncoder().encode("x".repeat(2_500_000));
  const answers: FakeAnswers = {
    "operation.call": ({ input }) => {
      const offset = Number(input["offset"]);
      const bytes = content.subarray(offset, offset + Number(input["length"]));
      return Promise.resolve({
        kind: "done",
        value: { bytes, atEnd: offset + bytes.length >= content.length },
      });
    },
  };
  const { out, control } = await drover(["vol-download", "images/disk0"], { answers });
  assert.equal(out.length, content.length);
  assert.equal(control.asked.length, 3);
  assert.equal((await drover(["vol-download", "images/disk0"], { answers, terminal: true })).exit, 64);
});

Deno.test("what comes by the standard input is uploaded in pieces, each at its place", async () => {
  const { control, exit } = await drover(["vol-upload", "images/disk0", "-", "--offset", "10"], {
    answers: answering({ written: 0 }),
    stdin: "x".repeat(2_500_000),
  });
  assert.equal(exit, 0);
  const pieces = control.asked.map(({ params }) => Object(params));
  assert.deepEqual(pieces.map(({ operation }) => operation), Array(3).fill("volume.upload"));
  assert.deepEqual(pieces.map(({ input }) => input.offset), [10, 10 + (1 << 20), 10 + (2 << 20)]);
  assert.equal(pieces.reduce((sum, { input }) => sum + input.bytes.length, 0), 2_500_000);
});

Deno.test("a file is uploaded and downloaded as a whole, by its real path", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const here = Deno.cwd();
  try {
    await Deno.writeTextFile(`${folder}/disk.img`, "content");
    await Deno.symlink("disk.img", `${folder}/link.img`);
    Deno.chdir(folder);
    const up = await called(["vol-upload", "images/disk0", "link.img", "--sparse"]);
    assert.deepEqual([up["operation"], up["input"]], ["volume.uploadFile", {
      path: `${folder}/disk.img`,
      sparse: true,
    }]);
    const down = await called(["volume", "download", "images", "disk0", "./new.img", "--length", "1MiB"]);
    assert.deepEqual([down["operation"], down["input"]], ["volume.downloadFile", {
      path: `${folder}/new.img`,
      length: 1048576,
    }]);
    const refused = await drover(["vol-upload", "images/disk0", "/dev/null"]);
    assert.match(refused.err, /not a regular file[^]*- < \/dev\/null/);
    assert.equal((await drover(["vol-upload", "images/disk0", "nothing.img"])).exit, 6);
    assert.equal((await drover(["vol-download", "images/disk0", "nowhere/new.img"])).exit, 6);
  } finally {
    Deno.chdir(here);
    await Deno.remove(folder, { recursive: true });
  }
});
