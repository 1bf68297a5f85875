/**
 * `drover <object> <verb>`: one command per operation of the registry, written by nobody.
 *
 * @module
 */
import {
  buildCommand,
  buildRouteMap,
  type Command,
  type FlagParametersForType,
  type RouteMap,
} from "@stricli/core";
import { type ObjectClass, objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import type { DroverContext } from "../context.ts";
import { outputAliases, outputFlags, stateFlags, text } from "../flags.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";
import { type Field, type FieldKind, inputFields } from "./schema.ts";
import { parseNumber, unitOf, withoutUnit } from "../units.ts";
import { kebab, title } from "../words.ts";

/** The values of a generated command's flags: those of the input by field name, and the shared ones. */
export type OperationFlags = Readonly<Record<string, unknown>>;

/** Flags of every generated command. Inputs whose names collide with them get `input-` in front. */
const sharedFlags = {
  ...stateFlags,
  ...outputFlags,
  connect: { kind: "parsed", parse: text, optional: true, placeholder: "URI", brief: "Connection" },
  within: {
    kind: "parsed",
    parse: (input: string): number => parseNumber("withinMs", input),
    optional: true,
    placeholder: "TIME",
    brief: "How long it may take, waiting included",
  },
  wait: {
    kind: "boolean",
    optional: true,
    brief: "Queue behind whoever holds the object (--no-wait: fail at once)",
  },
  priority: {
    kind: "parsed",
    parse: (input: string): number => parseNumber("priority", input),
    optional: true,
    placeholder: "-10..10",
    brief: "Higher goes first",
  },
} as const;

const reservedNames: ReadonlySet<string> = new Set([
  ...Object.keys(sharedFlags),
  "help",
  "helpAll",
  "version",
]);

/** A flag as the parser takes it. */
interface GeneratedFlag {
  readonly kind: "boolean" | "parsed" | "enum";
  readonly brief: string;
  readonly optional: true;
  readonly placeholder?: string;
  readonly values?: readonly string[];
  readonly parse?: (input: string) => unknown;
  readonly variadic?: true;
}

/** The flag's name for an input field. */
export function flagName(field: Field): string {
  const name = withoutUnit(field.name);
  return reservedNames.has(name) ? `input${name.charAt(0).toUpperCase()}${name.slice(1)}` : name;
}

/** The placeholder for a field's value. */
export function placeholderOf(field: Field): string {
  return field.kind.kind === "document" ? "FILE" : kebab(withoutUnit(field.name)).toUpperCase();
}

/** How a value of a kind is read from one argument; documents and references are resolved later. */
export function parseValue(field: Field, kind: FieldKind, input: string): unknown {
  switch (kind.kind) {
    case "number":
      return parseNumber(field.name, input);
    case "boolean":
      if (input !== "true" && input !== "false") throw new Error("it is true or false");
      return input === "true";
    case "json":
      try {
        return JSON.parse(input);
      } catch (error) {
        throw new Error("it is not JSON", { cause: error });
      }
    case "enum":
      if (!kind.values.includes(input)) throw new Error(`it is one of ${kind.values.join(", ")}`);
      return input;
    case "list":
      return parseValue(field, kind.of, input);
    case "text":
    case "document":
    case "reference":
      return input;
  }
}

function briefOf(field: Field): string {
  const said = field.description ??
    (field.kind.kind === "document"
      ? "XML from a file, or - for standard input"
      : title(withoutUnit(field.name)));
  const unit = field.kind.kind === "number" ? unitOf(field.name) : undefined;
  const standard = field.default === undefined || field.default === false
    ? ""
    : ` [default = ${String(field.default)}]`;
  return `${said}${unit === undefined ? "" : ` (${unit.label} where no unit is given)`}${standard}`;
}

function generatedFlag(field: Field): GeneratedFlag {
  const { kind } = field;
  const common = { brief: briefOf(field), optional: true as const };
  if (kind.kind === "boolean") return { ...common, kind: "boolean" };
  if (kind.kind === "enum") {
    return { ...common, kind: "enum", values: kind.values, placeholder: placeholderOf(field) };
  }
  return {
    ...common,
    kind: "parsed",
    placeholder: placeholderOf(field),
    parse: (input) => parseValue(field, kind, input),
    ...(kind.kind === "list" ? { variadic: true as const } : {}),
  };
}

/** The inputs that may also be given as arguments behind the target: the required ones, in the order of declaration. */
export function positionalFields(fields: readonly Field[]): readonly Field[] {
  return fields.filter((field) => field.required);
}

function usage(operation: Operation, fields: readonly Field[]): string {
  const targets = targetClasses(operation).map((objectClass) => kebab(objectClass).toUpperCase());
  const inputs = positionalFields(fields).map((field) => placeholderOf(field));
  return [...targets, ...inputs, "[FLAGS]"].join(" ");
}

/** The command for an operation. */
export function operationCommand(operation: Operation): Command<DroverContext> {
  const fields = inputFields(operation);
  const inputFlags = Object.fromEntries(fields.map((field) => [flagName(field), generatedFlag(field)]));
  // The flags come from the registry at run time, so their types cannot be derived from a type argument.
  const flags = { ...inputFlags, ...sharedFlags } as unknown as FlagParametersForType<
    OperationFlags,
    DroverContext
  >;
  return buildCommand<OperationFlags, readonly string[], DroverContext>({
    docs: {
      brief: operation.summary,
      customUsage: [usage(operation, fields)],
      ...(details(operation) === "" ? {} : { fullDescription: details(operation) }),
    },
    parameters: {
      flags,
      aliases: { c: "connect", ...outputAliases },
      positional: {
        kind: "array",
        parameter: {
          brief: argumentBrief(operation, fields),
          parse: text,
          placeholder: "NAME",
          async proposeCompletions(partial): Promise<readonly string[]> {
            const { proposeNames } = await import("../completion/names.ts");
            return proposeNames(this, operation, partial);
          },
        },
      },
    },
    loader: async () => {
      const { runOperation } = await import("./action.ts");
      return function (
        this: DroverContext,
        given: OperationFlags,
        ...positionals: readonly string[]
      ): Promise<void> {
        return runOperation(this, { operation, fields, flags: given, positionals });
      };
    },
  });
}

function argumentBrief(operation: Operation, fields: readonly Field[]): string {
  const names = targetClasses(operation).map((objectClass) =>
    `name of the ${objectClasses[objectClass].label}`
  );
  const inputs = positionalFields(fields).map((field) => kebab(withoutUnit(field.name)));
  const all = [...names, ...inputs].join(", ");
  return all === "" ? "None" : all.charAt(0).toUpperCase() + all.slice(1);
}

function details(operation: Operation): string {
  const virsh = operation.aliases ?? [];
  return [
    `${operation.summary}.`,
    `Permission: ${operation.permission}. ${operation.effect === "read" ? "Reads only." : "Writes."}`,
    ...(virsh.length === 0 ? [] : [`In virsh: ${virsh.join(", ")}.`]),
  ].join("\n");
}

/** The classes that have operations, in the order of the registry. */
export function objectNouns(): readonly ObjectClass[] {
  return [...new Set([...operations.values()].map((operation) => operation.objectClass))];
}

/** The commands of a class: `drover domain …`. */
export function objectRoutes(objectClass: ObjectClass): RouteMap<DroverContext> {
  const own = [...operations.values()].filter((operation) => operation.objectClass === objectClass);
  // A pool's handle offers `createVolume`, so `drover pool create-volume` is understood as well.
  const offered = [...operations.values()].filter((operation) =>
    operation.on === objectClass && operation.objectClass !== objectClass && objectClass !== "connection"
  );
  const routes: Record<string, Command<DroverContext>> = {};
  for (const operation of own) routes[operation.verb] = operationCommand(operation);
  const hidden: Record<string, boolean> = {};
  for (const operation of offered) {
    if (Object.hasOwn(routes, operation.as)) continue;
    routes[operation.as] = operationCommand(operation);
    hidden[operation.as] = true;
  }
  return buildRouteMap<string, DroverContext>({
    routes,
    docs: { brief: `Work with a ${objectClasses[objectClass].label}`, hideRoute: hidden },
  });
}

/** virsh's names, each with the operation that it stands for. */
export function virshAliases(): ReadonlyMap<string, Operation> {
  const aliases = new Map<string, Operation>();
  for (const operation of operations.values()) {
    for (const alias of operation.aliases ?? []) if (!aliases.has(alias)) aliases.set(alias, operation);
  }
  return aliases;
}
