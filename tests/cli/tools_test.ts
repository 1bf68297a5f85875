import assert from "node:assert/strict";
import { drover } from "./kit/drover.ts";
import { inPlace } from "./kit/process.ts";

Deno.test("a good document comes out in normal form, which is its own normal form", async () => {
  const { exit, out } = await drover(["xml", "-"], { stdin: "<secret private='yes'/>" });
  assert.equal(exit, 0);
  assert.equal(out, "<secret ephemeral='no' private='yes'/>\n");
  assert.equal((await drover(["xml", "-"], { stdin: out })).out, out);
});

Deno.test("a bad document is refused with its place, and the others are looked at all the same", async () => {
  await inPlace(async ({ directory }) => {
    await Deno.writeTextFile(`${directory}/bad.xml`, "<secret>\n  <usage type='nonsense'/>\n</secret>");
    await Deno.writeTextFile(`${directory}/good.xml`, "<secret/>");
    const files = [`${directory}/bad.xml`, `${directory}/missing.xml`, `${directory}/good.xml`];
    const { exit, out, err } = await drover(["xml", ...files]);
    assert.equal(exit, 1);
    assert.match(out, /^<secret /);
    assert.match(err, /bad\.xml:2:/);
    assert.match(err, /missing\.xml": no such file/);

    const machine = await drover(["xml", "-o", "ndjson", ...files]);
    assert.equal(machine.exit, 1);
    assert.equal(machine.err, "");
    const [bad, missing, good] = machine.out.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual([bad.file, bad.ok, bad.error.line], [files[0], false, 2]);
    assert.equal(typeof bad.error.column, "number");
    assert.deepEqual([missing.ok, missing.error.line], [false, undefined]);
    assert.deepEqual([good.ok, good.object, good.xml.startsWith("<secret ")], [true, "secret", true]);
  });
});

Deno.test("an element that nothing describes, an empty text and an entity are errors, not crashes", async () => {
  for (
    const stdin of [
      "<frobnicate/>",
      "",
      "<!DOCTYPE a [<!ENTITY x 'y'>]><secret>&x;</secret>",
      "\u0000",
      "<secret",
      "<a>".repeat(10_000),
    ]
  ) {
    const { exit, err } = await drover(["xml", "-"], { stdin });
    assert.equal(exit, 1, JSON.stringify(stdin.slice(0, 40)));
    assert.match(err, /^error: /);
  }
});

Deno.test("the doctor finds what is there by trying it", async () => {
  const { exit, out } = await drover(["doctor", "-o", "json"]);
  assert.equal(exit, 0, out);
  const findings = new Map<string, { readonly state: string; readonly found: string }>(
    JSON.parse(out).items.map((item: { readonly check: string }) => [item.check, item]),
  );
  assert.equal(findings.get("deno")?.found.startsWith(Deno.version.deno), true);
  assert.equal(findings.get("xml library")?.state, "ok");
  for (const check of ["sandbox", "bwrap", "prlimit", "state directory", "driver test"]) {
    assert.ok(findings.has(check), check);
  }
});

Deno.test("a state directory that cannot be written is what the doctor complains of", async () => {
  const { exit, out } = await drover(["doctor", "--state-dir", "/dev/null", "-o", "ndjson"]);
  assert.equal(exit, 1);
  assert.match(out, /"check":"state directory","state":"missing"/);
});

Deno.test("a recipe that was begun runs, its test passes, and nothing is overwritten", async () => {
  await inPlace(async (place) => {
    const before = Deno.cwd();
    Deno.chdir(place.directory);
    try {
      const { exit, out } = await drover(["new", "recipe", "hello"]);
      assert.equal(exit, 0);
      assert.equal(out, "hello.ts\nhello_test.ts\ndeno.json\n");
      await Deno.writeTextFile("hello_test.ts", "mine");
      await Deno.remove("hello.ts");
      assert.equal((await drover(["new", "recipe", "hello"])).exit, 7);
      assert.equal(await Deno.readTextFile("hello_test.ts"), "mine");
      await Deno.remove("hello_test.ts");
      await drover(["new", "recipe", "hello"]);
    } finally {
      Deno.chdir(before);
    }
    const ran = await place.run("run", `${place.directory}/hello.ts`, "--allow", "all");
    assert.equal(ran.code, 0, ran.err);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "hello_test.ts"],
      cwd: place.directory,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
});
