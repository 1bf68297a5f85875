import assert from "node:assert/strict";
import { readPolicy } from "../../cli/actions/policy.ts";
import { recipeInput } from "../../cli/actions/recipe_input.ts";
import { namedConnections, stateDirectory } from "../../cli/settings.ts";
import { FakeIo } from "./kit/fake_io.ts";

/** A file with a text, for the time of a test. */
async function withFile(suffix: string, text: string, test: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix });
  try {
    await Deno.writeTextFile(file, text);
    await test(file);
  } finally {
    await Deno.remove(file);
  }
}

const io = new FakeIo();

Deno.test("single inputs go on as the texts that they are, the last one of a name", async () => {
  assert.deepEqual(
    await recipeInput(io, { input: ["n=1", "n=2", "on=true", 's="2"', "empty=", "eq=a=b", "x={"] }),
    { input: {}, inputTexts: { n: "2", on: "true", s: '"2"', empty: "", eq: "a=b", x: "{" } },
  );
});

Deno.test("the file holds values, in JSON or YAML", async () => {
  await withFile(".json", '{"a": 1, "b": 2}', async (inputFile) => {
    assert.deepEqual(await recipeInput(io, { inputFile, input: ["b=3"] }), {
      input: { a: 1, b: 2 },
      inputTexts: { b: "3" },
    });
  });
  await withFile(".yaml", "a: 1\nhosts:\n  - x\n", async (inputFile) => {
    assert.deepEqual((await recipeInput(io, { inputFile })).input, { a: 1, hosts: ["x"] });
  });
});

Deno.test("an input may be what a file holds: data, or text", async () => {
  await withFile(".json", '{"failed": []}', async (file) => {
    assert.deepEqual(await recipeInput(io, { input: ["n=1", `n=@${file}`, "x=@@home"] }), {
      input: { n: { failed: [] } },
      inputTexts: { x: "@home" },
    });
    assert.deepEqual((await recipeInput(io, { input: [`n=@${file}`, "n=2"] })).input, {});
  });
  await withFile(".yaml", "- a\n- b\n", async (file) => {
    assert.deepEqual((await recipeInput(io, { input: [`n=@${file}`] })).input, { n: ["a", "b"] });
  });
  await withFile(".txt", "one line\n", async (file) => {
    assert.deepEqual((await recipeInput(io, { input: [`n=@${file}`] })).inputTexts, { n: "one line" });
  });
  await withFile(".json", "[1", async (file) => {
    await assert.rejects(recipeInput(io, { input: [`n=@${file}`] }), /not JSON/);
  });
  await assert.rejects(recipeInput(io, { input: ["n=@/nowhere"] }), {
    message: 'Cannot take the input "n" from a file: Cannot read "/nowhere": no such file',
    hint: "Where the value itself begins with @, write --input n=@@…",
  });
});

Deno.test("inputs that are none are refused with what is wrong", async () => {
  await assert.rejects(recipeInput(io, { input: ["novalue"] }), /it is not NAME=VALUE/);
  await assert.rejects(recipeInput(io, { input: ["=x"] }), /it is not NAME=VALUE/);
  await assert.rejects(recipeInput(io, { inputFile: "/nowhere.yaml" }), { code: "not-found" });
  await withFile(".json", "[1]", (inputFile) => assert.rejects(recipeInput(io, { inputFile }), /no mapping/));
  await withFile(".json", "{", (inputFile) => assert.rejects(recipeInput(io, { inputFile }), /not JSON/));
  const bomb = [
    "a: &a [x,x]",
    ..."abcdefgh".split("").slice(1).map((name, index) =>
      `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(",")}]`
    ),
  ].join("\n");
  await withFile(
    ".yaml",
    bomb,
    (inputFile) => assert.rejects(recipeInput(io, { inputFile }), /stand for too much/),
  );
  await withFile(".yaml", "a: [", (inputFile) =>
    assert.rejects(recipeInput(io, { inputFile }), (error) => {
      assert.ok(error instanceof Error && "at" in error);
      assert.equal(Object(error.at).file, inputFile);
      return true;
    }));
});

Deno.test("a policy is text with remarks, or a list in YAML or JSON", async () => {
  const grants = ["domain:start@web-*", "connect:search_domains"];
  await withFile(".policy", `# nightly\n${grants[0]}\n\n${grants[1]}\n`, async (file) => {
    assert.deepEqual(await readPolicy(io, file), grants);
  });
  await withFile(".yml", `grants:\n- ${grants[0]}\n- ${grants[1]}\n`, async (file) => {
    assert.deepEqual(await readPolicy(io, file), grants);
  });
  await withFile(".json", JSON.stringify({ grants }), async (file) => {
    assert.deepEqual(await readPolicy(io, file), grants);
  });
});

Deno.test("a grant that cannot be read is shown at its line", async () => {
  await withFile(
    ".policy",
    "domain:start\ndomian:stop\n",
    (file) =>
      assert.rejects(readPolicy(io, file), (error) => {
        assert.ok(error instanceof Error && "at" in error);
        assert.deepEqual(error.at, { file, line: 2 });
        return true;
      }),
  );
  await withFile(".yaml", "grant: x\n", (file) => assert.rejects(readPolicy(io, file), /grant/));
});

Deno.test("connections are named, once each", () => {
  assert.deepEqual(namedConnections(io, []), { host: "test:///default" });
  assert.deepEqual(namedConnections(io, ["qemu+ssh://a/system?no_tty=1"]), {
    host: "qemu+ssh://a/system?no_tty=1",
  });
  assert.deepEqual(namedConnections(io, ["source=qemu:///system", "target=test:///default"]), {
    source: "qemu:///system",
    target: "test:///default",
  });
  assert.throws(() => namedConnections(io, ["a:///x", "b:///y"]), /twice/);
});

Deno.test("the state directory is the flag's, the variable's, or in the state home", () => {
  const place = (env: Record<string, string>, flag?: string): string =>
    stateDirectory(new FakeIo({ env: { DROVER_STATE_DIR: "", HOME: "", ...env } }), flag);
  assert.equal(place({ DROVER_STATE_DIR: "/b" }, "/a"), "/a");
  assert.equal(place({ DROVER_STATE_DIR: "/b" }), "/b");
  assert.equal(place({ XDG_STATE_HOME: "/x", HOME: "/h" }), "/x/drover");
  assert.equal(place({ XDG_STATE_HOME: "relative", HOME: "/h" }), "/h/.local/state/drover");
  assert.throws(() => place({}), /HOME is not set/);
});
