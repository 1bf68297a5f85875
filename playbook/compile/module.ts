/**
 * What a task's module says that is to be done.
 *
 * @module
 */
import { z } from "zod";
import { desiredSchema } from "../../model/desired/mod.ts";
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import type { Action, Place, Value } from "../engine/program.ts";
import { type Entry, kindOf, plainOf, type Source, sourceFault } from "../source.ts";
import { builtInAction, builtInModules } from "./built_in.ts";
import { filePath, type ModuleContext, type ModuleUse } from "./module_use.ts";
import { MapReader } from "./reading.ts";
import { isPlain, templateValue, valueOf } from "./value.ts";

/** The kinds of objects that can be made as they shall be, with the properties of each. */
export const ensureKinds: ReadonlyMap<string, JsonObject> = readKinds();

/** Classes on the way to an object, itself last. */
const ways: Readonly<Record<string, readonly string[]>> = {
  connection: [],
  snapshot: ["domain", "snapshot"],
  volume: ["pool", "volume"],
  networkPort: ["network", "networkPort"],
};

/** A JSON schema, as far as it is looked at. */
export interface JsonObject {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

function readKinds(): ReadonlyMap<string, JsonObject> {
  const schema = z.toJSONSchema(desiredSchema, { io: "input", unrepresentable: "any" });
  const found = new Map<string, JsonObject>();
  for (const each of [...schema.oneOf ?? [], ...schema.anyOf ?? []]) {
    const { kind, spec } = (each as JsonObject).properties ?? {};
    const name = typeof kind === "object" && kind !== null && "const" in kind ? kind.const : undefined;
    if (typeof name === "string" && typeof spec === "object" && spec !== null) {
      found.set(name, spec as JsonObject);
    }
  }
  return found;
}

/** Names of the objects that lead to an operation's target. */
export function targetKeys({ on }: Pick<Operation, "on">): readonly string[] {
  return ways[on] ?? [on];
}

/** The fields of an operation's input. */
export function inputShape(operation: Operation): Readonly<Record<string, z.ZodType>> {
  const { input } = operation;
  const shape: unknown = "shape" in input ? input.shape : undefined;
  return typeof shape === "object" && shape !== null ? shape as Record<string, z.ZodType> : {};
}

/** Every module by its name. */
export function moduleNames(): readonly string[] {
  return [
    ...builtInModules,
    ...[...ensureKinds.keys()].map((kind) => `ensure.${kind}`),
    ...operations.keys(),
  ];
}

/** A module's name without the prefix of those that come with Ansible. */
export function bareName(name: string): string {
  return name.replace(/^ansible\.(builtin|legacy)\./, "").replace(/^drover\./, "");
}

/** Whether a key of a task names a module. */
export function isModule(name: string): boolean {
  const bare = bareName(name);
  return builtInModules.includes(bare) || operations.has(bare) ||
    (bare.startsWith("ensure.") && ensureKinds.has(bare.slice("ensure.".length)));
}

/** The fault of a module that there is not. */
export function unknownModule(name: string, at: Place): Error {
  const near = nearest(name, moduleNames());
  const foreign = /^community\.libvirt\./.test(name)
    ? "Convert it with: drover play --from-ansible FILE"
    : /^(ansible|community|containers)\./.test(name)
    ? "Modules of Ansible that act inside guests are not there; playbooks of Drover act on hypervisors"
    : undefined;
  return sourceFault(`Unknown operation "${name}"`, at, {
    hint: near === undefined
      ? foreign ?? "List operations with: drover domain --help, drover network --help, …"
      : `Did you mean ${near}?`,
  });
}

/** What a module is to do. */
export async function actionOf(use: ModuleUse, context: ModuleContext): Promise<Action> {
  const name = bareName(use.name);
  const operation = operations.get(name);
  if (operation !== undefined) return await operationAction(operation, use, context);
  if (name.startsWith("ensure.")) return await ensureAction(name.slice("ensure.".length), use, context);
  return builtInAction(name, use, context);
}

async function operationAction(
  operation: Operation,
  use: ModuleUse,
  context: ModuleContext,
): Promise<Action> {
  const shape = inputShape(operation);
  const keys = targetKeys(operation);
  const own = operation.name === "domain.shutdown"
    ? [...Object.keys(shape), "otherwise"]
    : Object.keys(shape);
  const files = documentFields(operation).flatMap(fileKeysOf);
  const target: Record<string, Value> = {};
  const input: Record<string, Value> = {};
  const last = keys.at(-1);
  const { source } = use;
  if (source.kind === "scalar" && source.value !== null && last !== undefined) target[last] = valueOf(source);
  else if (source.kind !== "scalar" || source.value !== null) {
    const reader = new MapReader(source, `"${operation.name}"`);
    for (const key of reader.keys) {
      const entry = reader.get(key)!;
      if (own.includes(key)) {
        refuseWrong(shape[key], { key, entry, operation: operation.name });
        input[key] = valueOf(entry);
      } else if (keys.includes(key)) target[key] = valueOf(entry);
      else if (key === "name" && last !== undefined) target[last] = valueOf(entry);
      else if (files.includes(key)) input[fieldOf(key)] = await fileValue(key, entry, context);
      else throw reader.unknown(key, [...keys, ...own, ...files]);
    }
  }
  for (const [key, schema] of Object.entries(shape)) {
    if (Object.hasOwn(input, key) || schema.safeParse(undefined).success) continue;
    throw sourceFault(`"${operation.name}" needs "${key}"`, use.at, { hint: `Add it: ${key}: …` });
  }
  // A domain may be what the host of the inventory stands for; anything else is to be named.
  const missing = keys.find((key) => key !== "domain" && !Object.hasOwn(target, key));
  if (missing !== undefined) {
    throw sourceFault(
      `"${operation.name}" does not say which ${objectClasses[operation.on].label} it means`,
      use.at,
      {
        hint: `Add it: ${missing}: NAME`,
      },
    );
  }
  return {
    do: "operation",
    operation: operation.name,
    on: operation.on,
    method: operation.as,
    effect: operation.effect,
    target,
    input,
    ...(operation.peer === undefined ? {} : { peer: operation.peer }),
  };
}

/** The keys of a document that lies in a file: as it is, or as a template. */
export function fileKeysOf(field: string): readonly string[] {
  return [`${field}_file`, `${field}_template`];
}

function fieldOf(key: string): string {
  return key.slice(0, key.lastIndexOf("_"));
}

/** The document in a file, which is read before anything runs. */
async function fileValue(key: string, entry: Source, context: ModuleContext): Promise<Value> {
  const path = filePath(entry, key);
  if (key.endsWith("_file")) {
    return { k: "plain", value: await context.readText(path, { at: entry.at, beside: "files" }) };
  }
  return templateValue(await context.readText(path, { at: entry.at, beside: "templates" }), path);
}

function documentFields({ reaches, input }: Operation): readonly string[] {
  const shape: unknown = "shape" in input ? input.shape : {};
  const named = typeof shape === "object" && shape !== null ? Object.keys(shape) : [];
  return named.filter((name) => name === reaches?.field || name === "xml" || name === "basedOn");
}

/** A plain value is checked at once; one with expressions when it is used. */
function refuseWrong(
  schema: z.ZodType | undefined,
  { key, entry, operation }: { readonly key: string; readonly entry: Source; readonly operation: string },
): void {
  if (schema === undefined || !isPlain(valueOf(entry))) return;
  const checked = schema.safeParse(plainOf(entry));
  if (checked.success) return;
  const [issue] = checked.error.issues;
  const at = issue === undefined ? entry.at : placeAt(entry, issue.path);
  throw sourceFault(
    `Wrong value for "${key}" of "${operation}": ${lowered(issue?.message ?? "it does not fit")}, and it is ${
      kindOf(entry)
    }`,
    at,
  );
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The place of something within a piece, as deep as it is there. */
function placeAt(source: Source, path: readonly PropertyKey[]): Place {
  const [key, ...rest] = path;
  if (key === undefined) return source.at;
  if (source.kind === "list") return placeAt(source.items[Number(key)] ?? source, rest);
  const entry: Entry | undefined = source.kind === "map" ? source.entries.get(String(key)) : undefined;
  return entry === undefined ? source.at : placeAt(entry.value, rest);
}

async function ensureAction(kind: string, use: ModuleUse, context: ModuleContext): Promise<Action> {
  const { properties = {} } = ensureKinds.get(kind) ?? {};
  const known = Object.keys(properties);
  const reader = new MapReader(use.source, `"ensure.${kind}"`);
  const spec: Record<string, Value> = {};
  const fileKeys = known.includes("xml") ? fileKeysOf("xml") : [];
  for (const key of reader.keys) {
    const entry = reader.get(key)!;
    if (fileKeys.includes(key)) spec[fieldOf(key)] = await fileValue(key, entry, context);
    else if (known.includes(key)) spec[key] = valueOf(entry);
    else throw reader.unknown(key, [...known, ...fileKeys]);
  }
  if (Object.values(spec).every(isPlain)) {
    const plain = Object.fromEntries(
      Object.entries(spec).map(([key, value]) => [key, isPlain(value) ? value.value : null]),
    );
    // The name may be that of the host of the inventory.
    const whole = kind === "domain" ? { name: "any", ...plain } : plain;
    const checked = desiredSchema.safeParse({ kind, spec: whole });
    const [issue] = checked.success ? [] : checked.error.issues;
    if (issue !== undefined) {
      const path = issue.path.slice(1);
      throw sourceFault(
        `Wrong value in "ensure.${kind}": ${path.length === 0 ? "" : `"${path.join(".")}": `}${
          lowered(issue.message)
        }`,
        placeAt(use.source, path),
      );
    }
  }
  return { do: "ensure", kind, spec };
}
