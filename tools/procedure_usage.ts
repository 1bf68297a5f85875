/**
 * Finds out which of libvirt's procedures each operation of the remote driver calls, from the driver's own text.
 *
 * Declarations at the top level are the nodes of a graph; a declaration leads to what it names. From an operation's entry
 * in a driver's map one gets to all procedures that its function and the functions behind it name.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { isRowName, type RowName } from "../protocol/procedures/mod.ts";

/** Who calls what. */
export interface ProcedureUsage {
  /** The procedures of each operation, by the operation's name. */
  readonly operations: ReadonlyMap<string, ReadonlySet<RowName>>;
  /** The procedures that list and look at the objects of each class: before and after whatever is done. */
  readonly looks: ReadonlyMap<string, ReadonlySet<RowName>>;
  /** The procedures and events of a connection itself. */
  readonly connection: ReadonlySet<RowName>;
}

/** The driver's folder, from the project's. */
const driver = "drivers/remote";

/** The declaration that says how each class of objects is listed and looked at. */
const looking = { file: "look.ts", name: "classAccess" };

/**
 * What all operations stand on, and which therefore says nothing about a single one: it looks at whatever object a job is
 * about, and keeps the connection.
 */
const foundation: readonly string[] = [
  "act.ts",
  "connection.ts",
  "driver.ts",
  "events.ts",
  "hints.ts",
  "identity.ts",
  "implementations.ts",
  "line.ts",
  "look.ts",
  "session.ts",
  "table.ts",
];

/** The folders and files in which the connection itself calls. */
const connectionPlaces: readonly string[] = ["protocol", "protocol/authentication"];

/** A declaration at the top level of a file. */
interface Declaration {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** A file with what it declares and what it takes from others. */
interface SourceFile {
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** Where a name comes from, and what it is called there. */
  readonly imports: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
}

/** Reads the driver's text, below `root`, the project's folder. */
export async function readProcedureUsage(root: string): Promise<ProcedureUsage> {
  const files = new Map(
    sourceNames(`${root}/${driver}`).map((
      name,
    ) => [name, parsed(name, Deno.readTextFileSync(`${root}/${driver}/${name}`))]),
  );
  const operations = new Map<string, ReadonlySet<RowName>>();
  for (const [name, file] of files) {
    if (foundation.includes(name)) continue;
    for (const declaration of file.declarations.values()) {
      if (!isDriverMap(declaration)) continue;
      const entries = entriesOf(declaration);
      for (const [operation, text] of entries) {
        operations.set(operation, reachable(files, { file: name, name: operation, text }));
      }
      // A part that a function makes has no entries to be read: all of its operations may call what it leads to.
      if (entries.length === 0) {
        for (const operation of await operationsOf(root, declaration)) {
          operations.set(operation, reachable(files, declaration));
        }
      }
    }
  }
  return { operations, looks: looksOf(files), connection: connectionProcedures(root, files) };
}

function looksOf(files: ReadonlyMap<string, SourceFile>): ReadonlyMap<string, ReadonlySet<RowName>> {
  const access = files.get(looking.file)?.declarations.get(looking.name);
  if (access === undefined) throw new Error(`There is no "${looking.name}" in ${driver}/${looking.file}`);
  const found = [...access.text.matchAll(/^ {2}(\w+): (\{[^}]*\})/gm)].map((
    [, objectClass = "", text = ""],
  ) =>
    [
      objectClass,
      reachable(files, { file: looking.file, name: objectClass, text }, { within: true }),
    ] as const
  );
  return new Map(found);
}

function connectionProcedures(root: string, files: ReadonlyMap<string, SourceFile>): ReadonlySet<RowName> {
  const found = new Set<RowName>();
  for (const name of foundation) {
    if (name === looking.file) continue;
    for (const { text } of files.get(name)?.declarations.values() ?? []) addRows(found, text);
  }
  for (const place of connectionPlaces) {
    for (const name of sourceNames(`${root}/${place}`)) {
      addRows(found, withoutComments(Deno.readTextFileSync(`${root}/${place}/${name}`)));
    }
  }
  return found;
}

function reachable(
  files: ReadonlyMap<string, SourceFile>,
  from: Declaration,
  { within = false }: { readonly within?: boolean } = {},
): ReadonlySet<RowName> {
  const found = new Set<RowName>();
  const seen = new Set<Declaration>();
  const queue = [from];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    addRows(found, at.text);
    const file = files.get(at.file);
    for (const word of namesIn(at.text)) {
      const imported = file?.imports.get(word);
      const target = imported ?? { file: at.file, name: word };
      if (!within && foundation.includes(target.file)) continue;
      const next = files.get(target.file)?.declarations.get(target.name);
      // An entry of a map is a place of its own, not what the whole map reaches.
      if (next !== undefined && !isDriverMap(next)) queue.push(next);
    }
  }
  return found;
}

/** What a declaration names that is declared elsewhere: no text, no property, nothing of its own. */
function namesIn(text: string): ReadonlySet<string> {
  const code = text.replaceAll(/"[^"\n]*"/g, '""');
  const own = new Set<string>();
  for (const [, name = ""] of code.matchAll(/\b(?:const|let) (\w+)/g)) own.add(name);
  for (const [, name = ""] of code.matchAll(/\b(\w+)\??:(?=\s)/g)) own.add(name);
  for (const [, names = ""] of code.matchAll(/\b(?:const|let) \{([^}]*)\}/g)) {
    for (const [name] of names.matchAll(/\w+/g)) own.add(name);
  }
  const named = [...code.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*/g)].map(([name]) => name);
  return new Set(named.filter((name) => !own.has(name)));
}

function addRows(rows: Set<RowName>, text: string): void {
  // As an argument, or as the key of a listener.
  for (const [, quoted, key] of text.matchAll(/"(\w+)"|\b(\w+):(?=\s)/g)) {
    const word = quoted ?? key ?? "";
    if (isRowName(word)) rows.add(word);
  }
}

function isDriverMap({ text }: Declaration): boolean {
  return /\bsatisfies DriverMap\b|: DriverMap\b/.test(text);
}

/** The entries of a declaration that is a part of the driver's map. */
function entriesOf(declaration: Declaration): readonly (readonly [operation: string, text: string])[] {
  const starts = [...declaration.text.matchAll(/^ {2}"(\w+\.\w+)": /gm)];
  return starts.map((match, index) => [
    String(match[1]),
    declaration.text.slice(match.index, starts[index + 1]?.index ?? declaration.text.length),
  ]);
}

async function operationsOf(root: string, { file, name }: Declaration): Promise<readonly string[]> {
  const module: unknown = await import(pathToFileURL(`${root}/${driver}/${file}`).href);
  const part: unknown = typeof module === "object" && module !== null ? Reflect.get(module, name) : undefined;
  return typeof part === "object" && part !== null ? Object.keys(part) : [];
}

function parsed(file: string, source: string): SourceFile {
  const text = withoutComments(source);
  const starts = [
    ...text.matchAll(/^(?:export )?(?:async )?(?:function\*?|const|let|class|interface|type) ([\w$]+)/gm),
  ];
  const declarations = starts.map((match, index): Declaration => ({
    file,
    name: String(match[1]),
    text: text.slice(match.index, starts[index + 1]?.index ?? text.length),
  }));
  const imports = [...text.matchAll(/^import (?:type )?\{([^}]*)\} from "\.\/([\w.]+)";/gm)].flatMap(
    ([, names = "", from = ""]) =>
      names.split(",").map((one) => one.trim().replace(/^type /, "")).filter((one) => one !== "").map(
        (one) => {
          const [name = "", local = name] = one.split(" as ");
          return [local, { file: from, name }] as const;
        },
      ),
  );
  return {
    declarations: new Map(declarations.map((declaration) => [declaration.name, declaration])),
    imports: new Map(imports),
  };
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

function sourceNames(folder: string): readonly string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ts")).sort();
}
