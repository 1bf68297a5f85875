/**
 * Modules of a kernel that was unpacked from its package, with what they need.
 *
 * @module
 */

/** A module and the modules it needs. */
export interface KernelModule {
  readonly name: string;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Directly. */
  readonly needs: readonly string[];
}

/** All files of modules below a folder, by the modules' names: the kernel takes `-` and `_` for the same. */
async function moduleFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const look = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await look(`${path}/${name}`);
      else if (name.endsWith(".ko")) found.set(name.slice(0, -3).replaceAll("-", "_"), `${path}/${name}`);
    }
  };
  await look(folder);
  return found;
}

/** What a module's own section `.modinfo` says it needs: `depends=a,b`. */
function needsOf(content: Uint8Array): readonly string[] {
  const text = new TextDecoder("latin1").decode(content);
  const list = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  return list.split(",").filter((name) => name !== "");
}

/** The modules named and all that they need. Names that are no modules are built into the kernel, and left out. */
export async function kernelModules(
  folder: string,
  names: readonly string[],
): Promise<readonly KernelModule[]> {
  const files = await moduleFiles(folder);
  const found = new Map<string, KernelModule>();
  const take = async (name: string): Promise<void> => {
    const path = files.get(name);
    if (path === undefined || found.has(name)) return;
    const content = await Deno.readFile(path);
    const needs = needsOf(content).map((need) => need.replaceAll("-", "_"));
    found.set(name, { name, content, needs });
    for (const need of needs) await take(need);
  };
  for (const name of names) await take(name);
  return [...found.values()];
}

/** A module's needs and the module itself, in the order in which they can be loaded. */
function inOrder(module: KernelModule, modules: readonly KernelModule[]): readonly string[] {
  const direct = modules.filter(({ name }) => module.needs.includes(name));
  return [...new Set([...direct.flatMap((need) => inOrder(need, modules)), module.name])];
}

/** The file `modules.dep`, for modules that all lie beside it: each with what it needs, what is to be loaded first last. */
export function dependencyFile(modules: readonly KernelModule[]): string {
  return modules.map((module) => {
    const [self, ...needs] = inOrder(module, modules).toReversed().map((name) => `${name}.ko`);
    return `${[`${self}:`, ...needs].join(" ")}\n`;
  }).join("");
}
