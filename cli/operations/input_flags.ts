/**
 * An input field as a flag, and as an argument.
 *
 * @module
 */
import { parseNumber, unitOf, withoutUnit } from "../units.ts";
import { kebab, title } from "../words.ts";
import type { Field, FieldKind } from "./schema.ts";

/** Names that flags of every command have. Inputs whose names collide with them get `input-` in front. */
const reservedNames: ReadonlySet<string> = new Set([
  "connect",
  "output",
  "stateDir",
  "within",
  "wait",
  "priority",
  "field",
  "noPrompt",
  "help",
  "helpAll",
  "version",
]);

/** A flag as the parser takes it. */
export interface GeneratedFlag {
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

/** A name that says the field's unit: places and lengths have it in their description alone. */
function unitName({ name, description = "" }: Field): string {
  return unitOf(name) === undefined && /\bbytes\b/.test(description) ? `${name}Bytes` : name;
}

/** The placeholder for a field's value. */
export function placeholderOf(field: Field): string {
  const { kind } = field.kind;
  return kind === "document" || kind === "bytes" || kind === "file"
    ? "FILE"
    : kebab(withoutUnit(field.name)).toUpperCase();
}

/**
 * Reads one argument for a field. Files, secrets and references are resolved later.
 *
 * @throws {Error} saying what the text is not.
 */
export function parseValue(field: Field, kind: FieldKind, input: string): unknown {
  switch (kind.kind) {
    case "number":
      return parseNumber(unitName(field), input);
    case "boolean":
      if (input !== "true" && input !== "false") throw new Error("it is true or false");
      return input === "true";
    case "json":
      return parseLoosely(input);
    case "enum":
      if (!kind.values.includes(input)) throw new Error(`it is one of ${kind.values.join(", ")}`);
      return input;
    case "list":
      return parseValue(field, kind.of, input);
    default:
      return input;
  }
}

/** JSON; for an object also `name=value,name=value`, as virsh has its typed parameters. */
function parseLoosely(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch (error) {
    const pairs = input.split(",").map((pair) => pair.split(/=(.*)/s).slice(0, 2));
    if (
      !pairs.every(([name, value]) => name !== undefined && value !== undefined && /^[\w.-]+$/.test(name))
    ) {
      throw new Error("it is neither JSON nor NAME=VALUE,…", { cause: error });
    }
    return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, scalar(value)]));
  }
}

function scalar(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

const fileBriefs: Partial<Record<FieldKind["kind"], string>> = {
  document: "XML from a file, or - for standard input",
  bytes: "A file, or - for standard input",
  secret: "Asked for where absent; - reads it from standard input",
};

function briefOf(field: Field): string {
  const { kind, description, default: standard } = field;
  const how = fileBriefs[kind.kind];
  const said = [description ?? (how === undefined ? title(withoutUnit(field.name)) : undefined), how]
    .filter((part) => part !== undefined).join("; ");
  const unit = kind.kind === "number" ? unitOf(unitName(field)) : undefined;
  const shown = standard === undefined || standard === false || kind.kind === "boolean"
    ? ""
    : ` [default = ${String(standard)}]`;
  return `${said}${unit === undefined ? "" : ` (${unit.label} where no unit is given)`}${shown}`;
}

/** The flag for an input field. */
export function inputFlag(field: Field): GeneratedFlag {
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

/**
 * The inputs that may also be given as arguments behind the target: the required ones in the order of declaration, or,
 * where none is required, the first that takes a value; then a list of texts, which takes all the rest.
 */
export function positionalFields(fields: readonly Field[]): readonly Field[] {
  const required = fields.filter((field) => field.required);
  const first = fields.find(({ kind }) =>
    kind.kind !== "boolean" && kind.kind !== "json" && kind.kind !== "list"
  );
  const single = required.length > 0 || first === undefined ? required : [first];
  const rest = fields.find(({ required: needed, kind }) =>
    !needed && kind.kind === "list" && kind.of.kind === "text"
  );
  return rest === undefined || single.some(({ kind }) => kind.kind === "list") ? single : [...single, rest];
}

/** How an argument stands in a usage line: `NAME`, `[NAME]`, `[ARGUMENTS]...`. */
export function usageOf(field: Field): string {
  const many = field.kind.kind === "list" ? "..." : "";
  return field.required ? `${placeholderOf(field)}${many}` : `[${placeholderOf(field)}]${many}`;
}
