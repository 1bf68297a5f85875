import assert from "node:assert/strict";
import { builtinModules } from "node:module";
import { dirname } from "node:path";
import { sandboxBundle } from "../../runtime/sandbox/bundle.ts";
import { playBody } from "./stage.ts";

const bundle = await sandboxBundle();

/** Every specifier that the bundle imports, as Deno sees it. */
async function importsOfBundle(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-config", "--no-lock", bundle.boot],
    env: { NO_COLOR: "1" },
  }).output();
  const graph: {
    readonly modules: readonly { readonly dependencies?: readonly { readonly specifier: string }[] }[];
  } = JSON.parse(new TextDecoder().decode(stdout));
  return graph.modules.flatMap(({ dependencies = [] }) => dependencies.map(({ specifier }) => specifier));
}

Deno.test("the bundle needs nothing but itself and what Deno brings along", async () => {
  for (const specifier of await importsOfBundle()) assert.match(specifier, /^node:/);
});

Deno.test("the bundle holds no XML library and nothing of the runtime", async () => {
  const text = await Deno.readTextFile(bundle.boot);
  assert.doesNotMatch(text, /libxml2|xmlParse|prlimit|DatabaseSync|Deno\.Command|createHash/);
});

Deno.test("the name of the bundle tells its content", async () => {
  const bytes = await Deno.readFile(bundle.boot);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assert.ok(bundle.boot.endsWith(`boot-${digest.slice(0, 16)}.mjs`));
});

Deno.test("every module of Node is kept from recipes, with and without its prefix", async () => {
  const { imports }: { readonly imports: Readonly<Record<string, string>> } = JSON.parse(
    await Deno.readTextFile(bundle.importMap),
  );
  for (const name of builtinModules.map((name) => name.replace(/^node:/, ""))) {
    assert.match(imports[name] ?? "", /^data:text\/javascript,throw/, name);
    assert.match(imports[`node:${name}`] ?? "", /^data:text\/javascript,throw/, name);
  }
});

Deno.test("a recipe finds the one instance of drover, however it imports it", async () => {
  const { result } = await playBody(`
    const again = await import(["drover"][0]!);
    const byAddress = await import(import.meta.resolve("drover"));
    return [again.recipe === recipe, byAddress.recipe === recipe, typeof again.z.object];`);
  assert.deepEqual(result, [true, true, "function"]);
});

Deno.test("several processes that build at once agree on one bundle", async () => {
  const root = new URL("../../", import.meta.url);
  const copy = await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-checkout-" }));
  try {
    for (const name of ["deno.json", "deno.lock"]) {
      await Deno.copyFile(new URL(name, root), `${copy}/${name}`);
    }
    for (const folder of ["dsl", "model", "runtime", "tools"]) {
      await copyFolder(new URL(`${folder}/`, root), `${copy}/${folder}`);
    }
    await Deno.writeTextFile(
      `${copy}/build.ts`,
      'import { sandboxBundle } from "./runtime/sandbox/bundle.ts"; console.log((await sandboxBundle()).boot);',
    );
    const built = await Promise.all([build(copy), build(copy), build(copy)]);
    assert.equal(new Set(built).size, 1);
    assert.equal(dirname(built[0]!), `${copy}/.build/sandbox`);
    const left = [...Deno.readDirSync(`${copy}/.build/sandbox`)].map(({ name }) => name.replace(/-.*/, ""))
      .sort();
    assert.deepEqual([...new Set(left)], ["analysis", "boot", "imports", "manifest.json"]);

    const source = `${copy}/dsl/duration.ts`;
    await Deno.writeTextFile(
      source,
      `${await Deno.readTextFile(source)}\nexport const changed: string = "changed";\n`,
    );
    await Deno.writeTextFile(
      `${copy}/dsl/mod.ts`,
      `${await Deno.readTextFile(`${copy}/dsl/mod.ts`)}\nexport { changed } from "./duration.ts";\n`,
    );
    assert.notEqual(await build(copy), built[0]);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

async function build(folder: string): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", `${folder}/build.ts`],
    cwd: "/",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

async function copyFolder(from: URL, to: string): Promise<void> {
  try {
    await Deno.mkdir(to);
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      if (isDirectory) await copyFolder(new URL(`${name}/`, from), `${to}/${name}`);
      else await Deno.copyFile(new URL(name, from), `${to}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
