import assert from "node:assert/strict";
import { isVirtError, VirtError } from "../../model/error.ts";
import { prepareRecipe } from "../../runtime/sandbox/launch.ts";
import { Folder, playBody, playFile, recipeText } from "./stage.ts";

async function refusalOf(files: Readonly<Record<string, string>>, name = "recipe.ts"): Promise<VirtError> {
  await using folder = await Folder.with(files);
  try {
    await prepareRecipe(folder.file(name));
  } catch (error) {
    assert.ok(isVirtError(error), `not an error of ours: ${error}`);
    return error;
  }
  assert.fail("nothing was refused");
}

Deno.test("a recipe is its own file and what it imports, and nothing else of its folder", async () => {
  await using folder = await Folder.with({
    "recipe.ts": recipeText(
      "return [two, table.rows, named];",
      [
        'import { two } from "./lib/two.ts";',
        'import table from "./table.json" with { type: "json" };',
        'import type { Never } from "./types.ts";',
        'import { named } from "./named.js";',
        "export type X = Never;",
      ].join("\n"),
    ),
    "lib/two.ts": 'import "../more.mts"; export const two: number = 2;',
    "more.mts": "export {};",
    "named.js": 'export const named = "named";',
    "table.json": '{"rows":3}',
    "types.ts": "export type Never = never;",
    "neighbour.ts": "export const secret = 1;",
  });
  const { modules } = await prepareRecipe(folder.file("recipe.ts"));
  assert.equal(modules[0]?.path, folder.file("recipe.ts"));
  assert.deepEqual(
    modules.map(({ path }) => path.slice(folder.path.length + 1)).sort(),
    ["lib/two.ts", "more.mts", "named.js", "recipe.ts", "table.json"],
  );
  const { result } = await playFile(folder.file("recipe.ts"));
  assert.deepEqual(result, [2, 3, "named"]);
});

for (
  const [what, statement, message] of [
    ["a file of the host", 'import "/etc/passwd";', /it lies outside the recipe's folder/],
    [
      "a file of the host as text",
      'import x from "/etc/passwd" with { type: "text" };',
      /outside the recipe's folder/,
    ],
    [
      "a file of the host as JSON",
      'import x from "../x.json" with { type: "json" };',
      /outside the recipe's folder/,
    ],
    [
      "a neighbour as text",
      'import x from "./data.txt" with { type: "text" };',
      /imports code and JSON, not text/,
    ],
    [
      "a neighbour as bytes",
      'import x from "./data.txt" with { type: "bytes" };',
      /imports code and JSON, not bytes/,
    ],
    [
      "a hidden file",
      'import x from "./.docker/config.json" with { type: "json" };',
      /hidden files are none of a recipe's/,
    ],
    ["a module of Node", 'import * as fs from "node:fs";', /Node's modules reach outside/],
    ["a module of Node without prefix", 'import * as fs from "fs/promises";', /Node's modules reach outside/],
    ["a package", 'import x from "npm:zod";', /packages cannot be resolved/],
    ["a package of JSR", 'import x from "jsr:@std/assert";', /packages cannot be resolved/],
    ["a module of the network", 'import x from "https://deno.land/x.ts";', /no network/],
    [
      "code in an address",
      'import x from "data:text/javascript,export default 1";',
      /imports its own files and "drover"/,
    ],
    ["a bare name", 'import x from "lodash";', /imports its own files and "drover"/],
    ["zod by itself", 'import { z as y } from "zod";', /imports its own files and "drover"/],
    ["the testing kit", 'import { x } from "drover/testing";', /imports its own files and "drover"/],
    ["WebAssembly", 'import x from "./code.wasm";', /ECMAScript modules and JSON, not wasm/],
    ["CommonJS", 'import x from "./old.cjs";', /ECMAScript modules and JSON, not Cjs/],
    ["a file with a query", 'import x from "./lib.ts?x=1";', /a query or a fragment/],
    ["a file by a dynamic import", 'const x = await import("/etc/shadow");', /outside the recipe's folder/],
  ] as const
) {
  Deno.test(`a recipe that imports ${what} is refused, with the line`, async () => {
    const error = await refusalOf({
      "recipe.ts": recipeText("return 1;", `// a first line\n${statement}`),
      "data.txt": "data",
      "code.wasm": "\0asm\x01\0\0\0",
      "old.cjs": "module.exports = 1;",
      "lib.ts": "export default 1;",
      ".docker/config.json": '{"auths":{}}',
    });
    assert.equal(error.code, "permission-denied");
    assert.match(error.message, message);
    assert.equal(error.at?.line, 3);
    assert.match(error.at?.file ?? "", /recipe\.ts$/);
  });
}

Deno.test("what is refused deep in the graph is blamed on the module that imports it", async () => {
  const error = await refusalOf({
    "recipe.ts": recipeText("return 1;", 'import "./lib/a.ts";'),
    "lib/a.ts": '\n\nexport * from "node:child_process";',
  });
  assert.equal(error.at?.line, 3);
  assert.match(error.at?.file ?? "", /lib\/a\.ts$/);
});

Deno.test("a missing module is not found, with the line", async () => {
  const error = await refusalOf({ "recipe.ts": recipeText("return 1;", 'import "./missing.ts";') });
  assert.equal(error.code, "not-found");
  assert.match(error.message, /Cannot import ".\/missing.ts": there is no file/);
  assert.equal(error.at?.line, 2);
});

Deno.test("a module with a syntax error is named with the place", async () => {
  const error = await refusalOf({
    "recipe.ts": recipeText("return 1;", 'import "./wrong.ts";'),
    "wrong.ts": "const fine = 1;\nconst = 2;\n",
  });
  assert.equal(error.code, "recipe-failed");
  assert.match(error.at?.file ?? "", /wrong\.ts$/);
  assert.equal(error.at?.line, 2);
});

Deno.test("a recipe that is not there, or is a folder, is named", async () => {
  assert.equal((await refusalOf({}, "missing.ts")).code, "not-found");
  assert.equal((await refusalOf({ "folder.ts/x": "" }, "folder.ts")).code, "invalid-argument");
});

Deno.test("a link that leaves the recipe's folder is refused", async () => {
  await using outside = await Folder.with({
    "secret.json": '{"password":"hunter2"}',
    "lib.ts": "export default 1;",
  });
  for (
    const [target, statement] of [["secret.json", 'import x from "./link" with { type: "json" };'], [
      "lib.ts",
      'import x from "./link";',
    ]]
  ) {
    await using folder = await Folder.with({ "recipe.ts": recipeText("return 1;", statement) });
    await Deno.symlink(outside.file(target!), folder.file("link"));
    await assert.rejects(
      prepareRecipe(folder.file("recipe.ts")),
      /it is a link that leaves the recipe's folder/,
    );
  }
});

Deno.test("a folder that is a link is followed no further than a file", async () => {
  await using outside = await Folder.with({ "lib.ts": "export default 1;" });
  await using folder = await Folder.with({ "recipe.ts": recipeText("return 1;", 'import "./lib/lib.ts";') });
  await Deno.symlink(outside.path, folder.file("lib"));
  await assert.rejects(
    prepareRecipe(folder.file("recipe.ts")),
    /it is a link that leaves the recipe's folder/,
  );
});

Deno.test("a link within the recipe's folder is followed", async () => {
  await using folder = await Folder.with({
    "recipe.ts": recipeText("return x;", 'import x from "./link.ts";'),
    "lib/real.ts": "export default 7;",
  });
  await Deno.symlink(folder.file("lib/real.ts"), folder.file("link.ts"));
  assert.equal((await playFile(folder.file("recipe.ts"))).result, 7);
});

Deno.test("a recipe that is reached by a link runs with its real folder", async () => {
  await using folder = await Folder.with({
    "real/recipe.ts": recipeText("return x;", 'import x from "./x.ts";'),
    "real/x.ts": "export default 8;",
    "other % folder/recipe.ts": recipeText("return x;", 'import x from "./ö #ü.ts";'.replace("#", "%23")),
    "other % folder/ö #ü.ts": "export default 9;",
  });
  await Deno.symlink(folder.file("real/recipe.ts"), folder.file("by_link.ts"));
  assert.equal((await playFile(folder.file("by_link.ts"))).result, 8);
  assert.equal((await playFile(folder.file("other % folder/recipe.ts"))).result, 9);
});

Deno.test("a comma in a path cannot widen what may be read", async () => {
  const error = await refusalOf({
    "recipe.ts": recipeText("return 1;", 'import "./lib,/etc/passwd.ts";'),
    "lib,/etc/passwd.ts": "export {};",
  });
  assert.equal(error.code, "invalid-argument");
  assert.match(error.message, /holds a comma/);
});

Deno.test("types may come from anywhere, since they are gone at run time", async () => {
  await using folder = await Folder.with({
    "recipe.ts": recipeText("return 1;", 'import type { Stats } from "node:fs";\nexport type X = Stats;'),
  });
  assert.equal((await playFile(folder.file("recipe.ts"))).result, 1);
});

for (
  const [what, expression] of [
    ["a file of the host", `import("/etc/" + "passwd")`],
    ["a file of the host as text", `import("/etc/" + "passwd", { with: { type: "text" } })`],
    ["its environment", `import("file:///proc/self/" + "environ", { with: { type: "text" } })`],
    ["a neighbour", `import("./neigh" + "bour.ts")`],
    ["a neighbour as JSON", `import("./neigh" + "bour.json", { with: { type: "json" } })`],
    ["a neighbour as bytes", `import("./neigh" + "bour.json", { with: { type: "bytes" } })`],
    ["a link to a file of the host", `import("./li" + "nk.json", { with: { type: "json" } })`],
    ["a module of Node", `import("node:" + "fs")`],
    ["a module of Node without prefix", `import(["fs"][0]!)`],
    ["Node's loader", `import("node:mod" + "ule")`],
    ["a package", `import("npm:" + "zod")`],
    ["a package of JSR", `import("jsr:" + "@std/assert")`],
    ["a module of the network", `import("https://" + "deno.land/x.ts")`],
    ["a module of the machine", `import("http://" + "127.0.0.1:1/x.ts")`],
    ["Deno's inside", `import("ext:core/" + "ops")`],
    ["WebAssembly in an address", `import("data:application/wasm;base64," + "AGFzbQEAAAA=")`],
  ] as const
) {
  Deno.test(`a recipe that computes the address of ${what} and imports it gets an error`, async () => {
    await using folder = await Folder.with({
      "recipe.ts": recipeText(
        `try { await ${expression}; return "loaded"; } catch (error) { return String(error); }`,
      ),
      "neighbour.ts": "export default 1;",
      "neighbour.json": '"secret"',
    });
    await using outside = await Folder.with({ "secret.json": '"secret"' });
    await Deno.symlink(outside.file("secret.json"), folder.file("link.json"));
    for (const isolation of ["best", "process"] as const) {
      const { result } = await playFile(folder.file("recipe.ts"), { isolation });
      assert.match(String(result), /cannot|Requires|requested|not a valid|only allowed|not available/i);
      assert.doesNotMatch(String(result), /root:|secret/);
    }
  });
}

Deno.test("a refused import that nobody catches ends the run with the reason and the line", async () => {
  const { failure } = await playBody(`await import("/etc/" + "passwd");`);
  assert.match(failure?.message ?? "", /Recipes cannot read "\/etc\/passwd"/);
  assert.doesNotMatch(failure?.message ?? "", /--allow/);
  assert.equal(failure?.code, "permission-denied");
});

Deno.test("a recipe may import its own modules while it runs", async () => {
  await using folder = await Folder.with({
    "recipe.ts": recipeText('const { late } = await import("./late.ts"); return late;'),
    "late.ts": 'export const late = "late";',
  });
  assert.equal((await playFile(folder.file("recipe.ts"))).result, "late");
});
