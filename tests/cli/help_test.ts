import assert from "node:assert/strict";
import { drover } from "./kit/drover.ts";

const pages: readonly (readonly string[])[] = [
  ["--help"],
  ["run", "--help"],
  ["plan", "--help"],
  ["runs", "--help"],
  ["runs", "resume", "--help"],
  ["jobs", "--help"],
  ["jobs", "accept", "--help"],
  ["xml", "--help"],
  ["new", "recipe", "--help"],
  ["doctor", "--help"],
  ["completions", "--help"],
  ["domain", "start", "--help"],
  ["volume", "resize", "--help"],
];

for (const page of pages) {
  Deno.test(`the help of "drover ${page.join(" ")}" is what it was`, async (t) => {
    const { exit, out, err } = await drover(page);
    assert.equal(exit, 0);
    assert.equal(err, "");
    await t.assertSnapshot(out);
  });
}

Deno.test("the version is the project's", async () => {
  const { version } = (await import("../../deno.json", { with: { type: "json" } })).default;
  assert.equal((await drover(["--version"])).out.trim(), version);
});

Deno.test("no help page holds an escape sequence, not even on a terminal", async () => {
  const { out } = await drover(["domain", "--help"], { terminal: true });
  assert.ok(!out.includes("\x1b"));
});

/** What `deno info --json` says of a module, as far as it is read here. */
interface InfoModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }[];
}

/** The modules that are loaded with one, before it has run. */
async function loadedWith(path: string): Promise<readonly string[]> {
  const entry = new URL(path, import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly modules: readonly InfoModule[];
  };
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set<string>();
  const visit = (specifier: string): void => {
    if (reached.has(specifier)) return;
    reached.add(specifier);
    for (const { isDynamic, code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (isDynamic !== true && code?.specifier !== undefined) visit(code.specifier);
    }
  };
  visit(entry);
  return [...reached];
}

Deno.test("the command line starts without zod, XML, YAML, prompts and the registry", async () => {
  const loaded = await loadedWith("../../cli/main.ts");
  assert.ok(loaded.some((specifier) => specifier.endsWith("/cli/app.ts")), "the graph was read");
  assert.deepEqual(
    loaded.filter((specifier) => /zod|libxml2|yaml|clack|model\/operations|runtime\//.test(specifier)),
    [],
  );
});

Deno.test("reaching a kernel loads neither XML nor YAML", async () => {
  const loaded = await loadedWith("../../runtime/control/own_kernel.ts");
  assert.deepEqual(loaded.filter((specifier) => /libxml2|npm:yaml|clack/.test(specifier)), []);
});

Deno.test("virsh's help is the same as --help", async () => {
  const [asked, flag] = await Promise.all([
    drover(["help", "domain", "start"]),
    drover(["domain", "start", "--help"]),
  ]);
  assert.deepEqual([asked.exit, asked.out], [0, flag.out]);
});
