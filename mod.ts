/**
 * Drover: virtualization automation that you script.
 *
 * A recipe is a TypeScript file whose default export is made by {@linkcode recipe}. It runs in a sandbox that can do
 * nothing but ask; the runtime checks what it asks for against what you granted, and carries it out.
 *
 * ```sh
 * drover run recipes/quickstart.ts --allow all
 * deno run -A recipes/quickstart.ts --allow all
 * ```
 *
 * @example
 * ```ts
 * import { recipe, z } from "drover";
 *
 * export default recipe({
 *   summary: "Start a domain and wait until it runs",
 *   input: z.object({ name: z.string().default("test") }),
 *   needs: ["domain:getattr,read,start"],
 *   async run({ host, input, log }) {
 *     const vm = await host.domain(input.name);
 *     if ((await vm.info()).state !== "running") await vm.start();
 *     log.info("up and running", { vm });
 *   },
 * });
 * ```
 *
 * @module
 */
import { onRecipe } from "./dsl/recipe.ts";

export * from "./dsl/mod.ts";

/** The file that Deno was started with; inside the sandbox that is never a recipe. */
const { mainModule } = Deno;
/** Under `deno test` a file may be the main module without anybody wanting to run it. */
const underTest = Deno.test.name === "test";

onRecipe((file) => {
  if (file === undefined || file !== mainModule || underTest) return;
  queueMicrotask(() => void runAgain(file));
});

/**
 * `deno run recipe.ts`: runs the file again, in the sandbox. The command is loaded only now, and by a name that is made
 * at run time, so that importing this module stays light.
 */
async function runAgain(file: string): Promise<void> {
  const cli: { readonly main: (args: string[]) => Promise<number> } = await import(
    new URL("./cli/main.ts", import.meta.url).href
  );
  Deno.exit(await cli.main(["run", decodeURIComponent(new URL(file).pathname), ...Deno.args]));
}
