import assert from "node:assert/strict";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

/** Who may import whom; the table of section 2 of docs/architecture.md. Longest prefix wins. */
interface Layer {
  readonly folder: string;
  /** Own folders, by prefix. */
  readonly may: readonly string[];
  /** Packages and built-in modules, by name or prefix ending in `:`. */
  readonly packages: readonly string[];
  /** Folders from which types alone may come. */
  readonly typesOf?: readonly string[];
}

const layers: readonly Layer[] = [
  { folder: "model", may: ["model"], packages: ["zod"] },
  { folder: "model/xml", may: ["model"], packages: ["libxml2-wasm"] },
  { folder: "protocol", may: ["model", "protocol"], packages: ["node:"] },
  { folder: "runtime", may: ["model", "runtime"], packages: ["zod", "yaml", "node:"] },
  { folder: "drivers", may: ["model", "runtime", "protocol", "drivers"], packages: ["zod", "node:"] },
  {
    folder: "dsl",
    may: ["dsl", "model/frame.ts", "model/error.ts"],
    packages: ["zod", "node:async_hooks"],
    typesOf: ["model"],
  },
  {
    folder: "automation",
    may: ["model", "runtime", "automation"],
    packages: ["zod", "yaml", "croner", "node:"],
  },
  { folder: "playbook", may: ["model", "runtime", "playbook"], packages: ["zod", "yaml", "node:"] },
  { folder: "playbook/engine", may: ["mod.ts", "playbook/engine"], packages: [] },
  {
    folder: "testing",
    may: ["model", "runtime", "drivers", "dsl", "automation", "testing"],
    packages: ["zod", "node:"],
  },
  {
    folder: "daemon",
    may: ["model", "protocol", "runtime", "drivers", "daemon"],
    packages: ["zod", "node:"],
  },
  {
    folder: "cli",
    may: [
      "model",
      "protocol",
      "runtime",
      "drivers",
      "dsl",
      "testing",
      "automation",
      "playbook",
      "daemon",
      "cli",
      "deno.json",
    ],
    packages: ["zod", "yaml", "node:", "p-queue", "@stricli/core", "@clack/prompts"],
  },
  { folder: "recipes", may: ["mod.ts", "recipes"], packages: [] },
];

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(posix.join(root, folder))) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

function importsOf(from: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/^\s*\/\/.*$/gm, "")
    // What stands in a template is text for somebody else.
    .replace(/`(?:\\.|[^`\\])*`/g, (template) => template.replace(/[^\n]/g, " "));
  const found: Import[] = [];
  const pattern =
    /(?:^|[;\n])\s*(import|export)(\s+type)?\b([^;"'`]*?)\bfrom\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|^\s*import\s*["']([^"']+)["']/gm;
  for (const match of code.matchAll(pattern)) {
    const [, , type, names = "", specifier = match[5] ?? match[6] ?? ""] = match;
    const braces = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1];
    const allTypes = braces !== undefined &&
      braces.split(",").map((name) => name.trim()).filter((name) => name !== "").every((name) =>
        name.startsWith("type ")
      );
    const line = code.slice(0, match.index + match[0].indexOf(specifier)).split("\n").length;
    found.push({ from, line, specifier, typeOnly: type !== undefined || allTypes });
  }
  return found;
}

function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

function complaint({ from, line, specifier, typeOnly }: Import, layer: Layer): string | undefined {
  const where = `${from}:${line} imports ${specifier}`;
  if (specifier === "drover") return layer.may.includes("mod.ts") ? undefined : where;
  if (specifier.startsWith(".")) {
    const target = posix.normalize(posix.join(posix.dirname(from), specifier));
    const allowed = [...layer.may, ...(typeOnly ? layer.typesOf ?? [] : [])];
    return allowed.some((prefix) => isWithin(target, prefix)) ? undefined : where;
  }
  const allowed = layer.packages.some((name) =>
    name.endsWith(":") ? specifier.startsWith(name) : specifier === name
  );
  return allowed ? undefined : where;
}

async function complaints(): Promise<string[]> {
  const found: string[] = [];
  for (const { folder } of layers) {
    try {
      await Deno.stat(posix.join(root, folder));
    } catch {
      continue;
    }
    for await (const path of sources(folder)) {
      const layer = layers.filter((each) =>
        isWithin(path, each.folder)
      ).sort((a, b) => b.folder.length - a.folder.length)[0];
      if (layer === undefined || layer.folder !== folder) {
        continue;
      }
      for (const each of importsOf(path, await Deno.readTextFile(posix.join(root, path)))) {
        const wrong = complaint(each, layer);
        if (wrong !== undefined) {
          found.push(wrong);
        }
      }
    }
  }
  return found;
}

Deno.test("no import goes against the arrows of the architecture", async () => {
  assert.deepEqual(await complaints(), []);
});

Deno.test("the reader of imports sees every form of import", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import type { B } from "../b.ts";',
    'import { type C, type D } from "c";',
    'import { type E, f } from "e";',
    'export * from "./g.ts";',
    'const h = await import("h");',
    '// import { no } from "comment";',
    'import "./side_effect.ts";',
  ].join("\n");
  const seen = importsOf("x/y.ts", text).map(({ specifier, typeOnly }) =>
    `${specifier}${typeOnly ? " (types)" : ""}`
  );
  assert.deepEqual(seen, ["./a.ts", "../b.ts (types)", "c (types)", "e", "./g.ts", "h", "./side_effect.ts"]);
});

Deno.test("an import against the arrows is found", () => {
  const layer = layers.find(({ folder }) => folder === "model")!;
  const [wrong] = importsOf("model/x.ts", 'import { Kernel } from "../runtime/kernel.ts";');
  assert.equal(complaint(wrong!, layer), "model/x.ts:1 imports ../runtime/kernel.ts");
});
