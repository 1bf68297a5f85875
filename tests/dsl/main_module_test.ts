/**
 * A recipe's file as the main module, and what importing "drover" brings with it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const decoder = new TextDecoder();

async function deno(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: root, env: { NO_COLOR: "1" } });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("importing drover loads the DSL and zod, and nothing else", async () => {
  const { stdout } = await deno(["info", "--json", "mod.ts"]);
  const { modules } = JSON.parse(stdout) as { modules: readonly { specifier: string; kind?: string }[] };
  const allowed =
    /^(node:async_hooks|npm:.*zod.*|.*\/mod\.ts|.*\/dsl\/[\w./]+|.*\/model\/(error|exit_code)\.ts)$/;
  const others = modules.map(({ specifier }) => specifier).filter((specifier) => !allowed.test(specifier));
  // Types alone are imported from the rest of model; they are gone when it runs.
  const loaded = others.filter((specifier) => !specifier.includes("/model/"));
  assert.deepEqual(loaded, []);
});

Deno.test("deno run with a recipe's file runs it in the sandbox", async () => {
  const directory = await Deno.makeTempDir({ dir: root, prefix: ".main_module_" });
  try {
    const file = join(directory, "look.ts");
    await Deno.writeTextFile(
      file,
      `import { recipe, z } from "drover";
export default recipe({
  summary: "Look",
  input: z.object({ greeting: z.string() }),
  needs: ["connect:search_domains", "domain:getattr"],
  run: async ({ host, input }) => {
    const outside = (globalThis as { Deno?: { readTextFileSync?: unknown } });
    let reached = "nothing";
    try { reached = typeof outside.Deno?.readTextFileSync; } catch { /* refused */ }
    return \`\${input.greeting} \${(await host.domains()).names} \${reached}\`;
  },
});
`,
    );
    const state = join(directory, "state");
    const { code, stdout, stderr } = await deno([
      "run",
      "-A",
      file,
      "-c",
      "test:///default",
      "--input",
      "greeting=hello",
      "--allow",
      "all",
      "--state-dir",
      state,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /hello test (nothing|undefined)/);
    assert.match(stdout + stderr, /sandbox: /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
