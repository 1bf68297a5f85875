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
import { consoleCommand } from "../commands/console.ts";
import type { DroverContext } from "../context.ts";
import { outputAliases, outputFlags, promptFlags, stateFlags, text } from "../flags.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";
import { parseNumber } from "../units.ts";
import { kebab } from "../words.ts";
import type { OperationFlags } from "./arrange.ts";
import {
  flagName,
  type GeneratedFlag,
  inputFlag,
  placeholderOf,
  positionalFields,
  usageOf,
} from "./input_flags.ts";
import { type Field, inputFields } from "./schema.ts";
import { isWithFile, withFile } from "./transfer.ts";
import { virshListFlags } from "./virsh_list.ts";

/** Flags of every generated command. */
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
  field: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "NAME",
    brief: "Print this field of the answer and nothing else",
  },
  ...promptFlags,
} as const;

/**
 * Flags for the names of the target and of what holds it, as virsh has them: `--domain web-1`, `--pool images`. The
 * names may as well be given as arguments.
 */
function targetFlags(
  operation: Operation,
  taken: Readonly<Record<string, unknown>>,
): Record<string, GeneratedFlag> {
  const flags: Record<string, GeneratedFlag> = {};
  for (const objectClass of targetClasses(operation)) {
    if (Object.hasOwn(taken, objectClass)) continue;
    flags[objectClass] = {
      kind: "parsed",
      optional: true,
      parse: text,
      placeholder: "NAME",
      brief: `Name of the ${objectClasses[objectClass].label}, instead of as an argument`,
    };
  }
  return flags;
}

/** How a command differs from its operation. */
interface CommandOptions {
  /** Its name. @default the operation's verb */
  readonly verb?: string;
  /** The same with the standard input or output in the place of a file. */
  readonly inPieces?: Operation;
}

function usage(operation: Operation, fields: readonly Field[]): string {
  const targets = targetClasses(operation).map((objectClass) => kebab(objectClass).toUpperCase());
  const inputs = positionalFields(fields).map(usageOf);
  return [...targets, ...inputs, "[FLAGS]"].join(" ");
}

/** The input's fields; a file that may be left out, since the standard output can take its place, is not required. */
function fieldsOf(operation: Operation, { inPieces }: CommandOptions): readonly Field[] {
  const fields = inputFields(operation);
  if (inPieces === undefined) return fields;
  return fields.map((field) => {
    const { kind } = field;
    if (kind.kind !== "file") return field;
    const [required, where] = kind.access === "read" ? [true, "standard input"] : [false, "standard output"];
    return { ...field, required, description: `A file of this machine, or - for ${where}` };
  });
}

/** The command for an operation. */
export function operationCommand(operation: Operation, how: CommandOptions = {}): Command<DroverContext> {
  const fields = fieldsOf(operation, how);
  const inputFlags = Object.fromEntries(fields.map((field) => [flagName(field), inputFlag(field)]));
  // The flags come from the registry at run time, so their types cannot be derived from a type argument.
  const flags = {
    ...inputFlags,
    ...virshListFlags(fields),
    ...targetFlags(operation, inputFlags),
    ...sharedFlags,
  } as unknown as FlagParametersForType<
    OperationFlags,
    DroverContext
  >;
  const command = buildCommand<OperationFlags, readonly string[], DroverContext>({
    docs: {
      brief: operation.summary,
      customUsage: [usage(operation, fields)],
      fullDescription: details(operation, how),
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
        return runOperation(this, { operation, fields, flags: given, positionals, ...how });
      };
    },
  });
  // In the list of an object's commands flags would drown the arguments.
  return { ...command, formatUsageLine: ({ prefix }) => `${prefix.join(" ")} ${usage(operation, fields)}` };
}

function argumentBrief(operation: Operation, fields: readonly Field[]): string {
  const names = targetClasses(operation).map((objectClass) =>
    `name of the ${objectClasses[objectClass].label}`
  );
  const inputs = positionalFields(fields).map((field) => placeholderOf(field).toLowerCase());
  const all = [...names, ...inputs].join(", ");
  return all === "" ? "None" : all.charAt(0).toUpperCase() + all.slice(1);
}

function details(operation: Operation, { inPieces }: CommandOptions): string {
  const virsh = [...operation.aliases ?? [], ...inPieces?.aliases ?? []];
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

/** Commands on objects that are more than one call. */
const besideRegistry: Readonly<Partial<Record<ObjectClass, Record<string, Command<DroverContext>>>>> = {
  domain: { console: consoleCommand },
};

/** The commands of a class: `drover domain …`. */
export function objectRoutes(objectClass: ObjectClass): RouteMap<DroverContext> {
  const own = [...operations.values()].filter((operation) => operation.objectClass === objectClass);
  // A pool's handle offers `createVolume`, so `drover pool create-volume` is understood as well.
  const offered = [...operations.values()].filter((operation) =>
    operation.on === objectClass && operation.objectClass !== objectClass && objectClass !== "connection"
  );
  const routes: Record<string, Command<DroverContext>> = { ...besideRegistry[objectClass] };
  const hidden: Record<string, boolean> = {};
  for (const operation of own) {
    const whole = withFile(operation);
    routes[operation.verb] = whole === undefined
      ? operationCommand(operation)
      : operationCommand(whole, { verb: operation.verb, inPieces: operation });
    if (isWithFile(operation)) hidden[operation.verb] = true;
  }
  for (const operation of offered) {
    if (Object.hasOwn(routes, operation.as)) continue;
    routes[operation.as] = operationCommand(operation);
    hidden[operation.as] = true;
  }
  return buildRouteMap<string, DroverContext>({
    routes,
    docs: { brief: workWith(objectClass), hideRoute: hidden },
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

/** `Work with an interface`. */
export function workWith(objectClass: ObjectClass): string {
  const { label } = objectClasses[objectClass];
  return `Work with ${/^[aeiou]/.test(label) ? "an" : "a"} ${label}`;
}
