/**
 * Every example in the documentation of what recipe authors import is checked by the compiler and run.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The project's settings, but for the rules that the imports added to examples would break. */
async function settings(): Promise<string> {
  const { imports, compilerOptions } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    imports: Record<string, string>;
    compilerOptions: Record<string, boolean>;
  };
  const absolute = Object.entries(imports).map(([name, target]) =>
    [name, target.startsWith("./") ? new URL(target, `file://${root}`).href : target] as const
  );
  return JSON.stringify({
    imports: Object.fromEntries(absolute),
    nodeModulesDir: "none",
    compilerOptions: { ...compilerOptions, noUnusedLocals: false, noUnusedParameters: false },
  });
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isFile } of Deno.readDir(join(root, folder))) {
    if (isFile && name.endsWith(".ts")) yield join(folder, name);
  }
}

Deno.test("the examples of drover and drover/testing compile and run", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const config = join(directory, "deno.json");
    await Deno.writeTextFile(config, await settings());
    const files = ["mod.ts", "docs/recipes.md", "docs/ensure.md"];
    for (const folder of ["dsl", "dsl/ensure", "testing"]) {
      for await (const file of sources(folder)) {
        // The sandbox's own main module changes the realm that it is loaded into.
        if (!/dsl\/(boot|realm)/.test(file)) files.push(file);
      }
    }
    const command = new Deno.Command(Deno.execPath(), {
      args: ["test", "--doc", "--quiet", "-A", "--no-lock", "--config", config, ...files],
      cwd: root,
      env: { NO_COLOR: "1" },
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    assert.ok(success, `${decoder.decode(stdout)}\n${decoder.decode(stderr)}`);
    const passed = /(\d+) passed/.exec(decoder.decode(stdout))?.[1];
    assert.ok(Number(passed) > 20, `only ${passed} examples were found`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
