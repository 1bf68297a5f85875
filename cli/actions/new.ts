/**
 * `drover new recipe`: a recipe to begin with, and a test for it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DroverContext } from "../context.ts";
import { projectFileOf, projectText } from "../project_file.ts";

/** The recipe that one begins with: small, and all of it works. */
function recipeText(): string {
  return `import { recipe, z } from "drover";

export default recipe({
  summary: "Start the domains that are off",
  input: z.object({
    domains: z.string().default("*").describe("Which domains, as a glob over names"),
  }),
  needs: ["connect:search_domains", "domain:getattr,start"],
  async run({ host, input, log }) {
    const fleet = await host.domains({ name: input.domains, state: "shutoff" });
    await fleet.forEach(async (vm) => {
      await vm.start();
      log.info("started", { vm });
    });
  },
});
`;
}

/** The test of that recipe, beside it. */
function testText(name: string): string {
  return `import assert from "node:assert/strict";
import { simulate } from "drover/testing";
import recipe from "./${name}.ts";

Deno.test("every domain that was off runs afterwards", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1", "web-2"] } });
  const run = await lab.run(recipe);
  assert.equal(run.error, undefined);
  assert.deepEqual(lab.host.domains.map(({ state }) => state), ["running", "running"]);
});
`;
}

/**
 * Writes `NAME.ts` and `NAME_test.ts` into the working directory, and a `deno.json` where neither it nor one above it has
 * one. Nothing that is there is overwritten.
 */
export async function newRecipe(
  this: DroverContext,
  _flags: Record<never, never>,
  name: string,
): Promise<void> {
  const base = name.replace(/\.ts$/, "");
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(base)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot begin a recipe "${name}": a name has letters, digits, _ and -`,
    );
  }
  const project = await projectFileOf(".");
  const files: readonly (readonly [file: string, text: string])[] = [
    [`${base}.ts`, recipeText()],
    [`${base}_test.ts`, testText(base)],
    ...(project === undefined ? [["deno.json", projectText()] as const] : []),
  ];
  for (const [file] of files) await refuseExisting(file);
  for (const [file, text] of files) await create(file, text);
  this.io.stdout.write(`${files.map(([file]) => file).join("\n")}\n`);
  this.io.stderr.write(
    `Try it with: drover run ${base}.ts --allow all; its test: deno test -A ${base}_test.ts\n`,
  );
}

async function refuseExisting(file: string): Promise<void> {
  const found = await Deno.lstat(file).catch(() => undefined);
  if (found !== undefined) throw alreadyThere(file);
}

async function create(file: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(file, text, { createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw alreadyThere(file);
    throw new VirtError("operation-failed", `Cannot write "${file}"`, { cause: error });
  }
}

function alreadyThere(file: string): VirtError {
  return new VirtError("already-exists", `Cannot write "${file}": it is already there`, {
    hint: "Choose another name",
  });
}
