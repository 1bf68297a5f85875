/**
 * Prints what an operation answered, in columns that its output schema gives.
 *
 * @module
 */
import type { Operation } from "../../model/operation.ts";
import type { Io } from "../io.ts";
import { type Column, printList, printOne, type PrintOptions, type Shape } from "../output/format.ts";
import { plain, plainLines } from "../output/plain.ts";
import { properties } from "../output/table.ts";
import type { ExitCode } from "../../model/exit_code.ts";
import { withoutUnit } from "../units.ts";
import { title } from "../words.ts";
import { cell, isItem, isReference, type Item } from "./cell.ts";
import { tellDone } from "./done.ts";
import { type Field, outputShape } from "./schema.ts";
import { refuseTerminal } from "./transfer.ts";

/** An answer, and whose it is. */
export interface Answer {
  readonly value: unknown;
  /** What the operation was on: `domain "web-1"`. */
  readonly label: string;
  /** What was done to it. */
  readonly verb: string;
}

/** Fields that tables leave to `-o wide`: they are for programs, or too wide for a screen. */
function isWide({ name }: Operation, field: Field, isList: boolean): boolean {
  if (field.name === "generation" || field.name === "phase") return true;
  if (!isList) return false;
  return field.kind.kind === "json" || name === "domain.list" && !virshColumns.has(field.name);
}

/** The columns of `virsh list`. */
const virshColumns: ReadonlySet<string> = new Set(["id", "domain", "state"]);

function fieldColumn(operation: Operation, field: Field, isList: boolean): Column<Item> {
  const isSelf = field.kind.kind === "reference" && field.kind.objectClass === operation.objectClass;
  return {
    header: isSelf ? "Name" : title(withoutUnit(field.name)),
    value: (item) => cell(field.name, item[field.name]),
    wide: isWide(operation, field, isList),
  };
}

/** Columns for references: what names them, and what identifies them. */
const referenceColumns: readonly Column<Item>[] = [
  { header: "Name", value: (item) => cell("name", item["name"]) },
  { header: "UUID", value: (item) => cell("id", item["id"]), wide: true },
];

function nameOf(operation: Operation): (item: Item) => string {
  return (item) => {
    const own = item[operation.objectClass];
    return isReference(own) ? own.name : cell("name", item["name"] ?? Object.values(item).find(isReference));
  };
}

function shapeOf(
  operation: Operation,
  fields: readonly Field[],
  { isList }: { readonly isList: boolean },
): Shape<Item> {
  return {
    kind: operation.name,
    columns: fields.map((field) => fieldColumn(operation, field, isList)),
    name: nameOf(operation),
  };
}

/** The bytes of an answer that is there for them: a screenshot, a secret's value. */
function bytesOf(fields: readonly Field[], value: unknown): Uint8Array | undefined {
  const [field, second] = fields.filter(({ kind }) => kind.kind === "bytes");
  const bytes = field !== undefined && second === undefined && isItem(value) ? value[field.name] : undefined;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** The record that is all of an answer: the work on a disk. */
function onlyItem(fields: readonly Field[], value: unknown): Item | undefined {
  const [field, second] = fields;
  const only = field !== undefined && second === undefined && isItem(value) ? value[field.name] : undefined;
  return isItem(only) && !isReference(only) ? only : undefined;
}

/** Whether an answer is nothing but a document. */
function isDocument(fields: readonly Field[], value: unknown): value is { readonly xml: string } {
  return fields.length === 1 && isItem(value) && typeof value["xml"] === "string";
}

/** Prints an answer. Answers how to leave, where the answer itself says that something went wrong. */
export async function printAnswer(
  operation: Operation,
  answer: Answer,
  options: PrintOptions,
): Promise<ExitCode | undefined> {
  const forPeople = options.format === "table" || options.format === "wide";
  if (forPeople && operation.effect === "write") return tellDone(operation, answer, options);
  await printRead(operation, answer, options);
  return undefined;
}

async function printRead(operation: Operation, answer: Answer, options: PrintOptions): Promise<void> {
  const shape = outputShape(operation);
  const { value } = answer;
  const forPeople = options.format === "table" || options.format === "wide";
  switch (shape.kind) {
    case "list": {
      const list = inOrder(operation, items(value));
      if (forPeople && isBlocks(shape.fields)) return printBlocks(operation, list, options);
      return await printList(list, shapeOf(operation, shape.fields, { isList: true }), options);
    }
    case "object":
      if (forPeople && isDocument(shape.fields, value)) {
        return await printValue(operation, value.xml, options);
      }
      if (forPeople && bytesOf(shape.fields, value) !== undefined) {
        return printBytes(bytesOf(shape.fields, value) ?? new Uint8Array(), options.io);
      }
      if (forPeople && onlyItem(shape.fields, value) !== undefined) {
        return await printValue(operation, onlyItem(shape.fields, value), options);
      }
      return await printOne(
        isItem(value) ? value : {},
        shapeOf(operation, shape.fields, { isList: false }),
        options,
      );
    case "references":
      return await printList(inOrder(operation, items(value)), referenceShape(operation), options);
    case "reference":
      return await printOne(isItem(value) ? value : {}, referenceShape(operation), options);
    case "value":
      return await printValue(operation, value, options);
  }
}

/** Whether a list is of records whose own fields nobody knows beforehand: statistics, by name. */
function isBlocks(fields: readonly Field[]): boolean {
  return fields.length === 2 && fields.some(({ kind }) => kind.kind === "json") &&
    fields.some(({ kind }) => kind.kind === "reference");
}

/** Each item's name, and its values below, as `virsh domstats` has them. */
function printBlocks(operation: Operation, list: readonly Item[], { io }: PrintOptions): void {
  const name = nameOf(operation);
  for (const item of list) {
    const record = Object.values(item).find((value) => isItem(value) && !isReference(value));
    const lines = Object.entries(isItem(record) ? record : {}).map(([key, value]) =>
      `  ${key}=${cell("", value)}`
    );
    io.stdout.write(`${[name(item), ...lines].map(plain).join("\n")}\n`);
  }
}

/** Bytes that are text may stand on a terminal; others go to a file. */
function printBytes(bytes: Uint8Array, io: Io): void {
  if (!io.stdout.terminal) return io.stdout.writeBytes(bytes);
  try {
    io.stdout.write(`${plainLines(new TextDecoder("utf-8", { fatal: true }).decode(bytes))}\n`);
  } catch {
    refuseTerminal(io);
  }
}

function items(value: unknown): readonly Item[] {
  return Array.isArray(value) ? value.filter(isItem) : [];
}

/**
 * Objects in the order that people know from virsh: what is active by its id, then the rest by name, in which capitals do
 * not count. What is no list of objects has an order of its own.
 */
function inOrder(operation: Operation, list: readonly Item[]): readonly Item[] {
  if (!/^list/.test(operation.verb)) return list;
  const name = nameOf(operation);
  const keyed = list.map((item) => {
    const { id } = item;
    const text = name(item);
    return { item, id: typeof id === "number" ? id : Infinity, text, folded: text.toLowerCase() };
  });
  keyed.sort((a, b) =>
    a.id < b.id ? -1 : a.id > b.id ? 1 : compare(a.folded, b.folded) || compare(a.text, b.text)
  );
  return keyed.map(({ item }) => item);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function referenceShape(operation: Operation): Shape<Item> {
  return { kind: operation.name, columns: referenceColumns, name: (item) => cell("name", item["name"]) };
}

/** Text goes out as it is: XML must stay XML. On a terminal controls in it are spelled out. */
async function printValue(operation: Operation, value: unknown, options: PrintOptions): Promise<void> {
  if (options.format !== "table" && options.format !== "wide" && options.format !== "name") {
    return await printOne(value, { kind: operation.name, columns: [], name: String }, options);
  }
  if (isItem(value)) {
    const known = operation.name === "domain.blockJob";
    options.io.stdout.write(
      properties(
        Object.entries(value).map(([key, one]) =>
          known ? [title(withoutUnit(key)), cell(key, one)] : [key, cell("", one)]
        ),
      ),
    );
    return;
  }
  const text = typeof value === "string"
    ? value
    : Array.isArray(value)
    ? value.map(String).join("\n")
    : cell("", value);
  const safe = options.io.stdout.terminal ? plainLines(text) : text;
  options.io.stdout.write(safe === "" || safe.endsWith("\n") ? safe : `${safe}\n`);
}
