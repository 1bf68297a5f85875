/**
 * Answers for people and for programs.
 *
 * @module
 */
import type { Io } from "../io.ts";
import { plainJson, plainLines } from "./plain.ts";
import { properties, table } from "./table.ts";

/** The ways to print an answer. */
export const outputFormats = ["table", "wide", "name", "json", "ndjson", "yaml"] as const;

/** A way to print an answer. */
export type OutputFormat = typeof outputFormats[number];

/** The version of what programs read: it grows when a field goes away or changes its meaning. */
export const schemaVersion = 1;

/** One column of a table. */
export interface Column<T> {
  readonly header: string;
  readonly value: (item: T) => string;
  /** Only with `-o wide`. @default false */
  readonly wide?: boolean;
}

/** How a kind of answer is shown. */
export interface Shape<T> {
  /** What programs know the answer by: `domain.list`, `runs`. */
  readonly kind: string;
  readonly columns: readonly Column<T>[];
  /** What `-o name` prints. */
  readonly name: (item: T) => string;
}

/** Where and how to print. */
export interface PrintOptions {
  readonly io: Io;
  readonly format: OutputFormat;
}

async function machine(
  kind: string,
  body: Record<string, unknown>,
  { io, format }: PrintOptions,
): Promise<void> {
  const document = { version: schemaVersion, kind, ...body };
  if (format === "yaml") {
    const { stringify } = await import("yaml");
    io.stdout.write(plainLines(stringify(JSON.parse(plainJson(document)))));
  } else {
    io.stdout.write(`${plainJson(document, 2)}\n`);
  }
}

/** Prints a list. */
export async function printList<T>(
  items: readonly T[],
  shape: Shape<T>,
  options: PrintOptions,
): Promise<void> {
  const { io, format } = options;
  if (format === "name") {
    for (const item of items) io.stdout.write(`${plainLines(shape.name(item))}\n`);
  } else if (format === "ndjson") {
    for (const item of items) {
      io.stdout.write(`${plainJson({ version: schemaVersion, kind: shape.kind, item })}\n`);
    }
  } else if (format === "json" || format === "yaml") {
    await machine(shape.kind, { items }, options);
  } else {
    const columns = shape.columns.filter((column) => format === "wide" || column.wide !== true);
    io.stdout.write(
      table(
        columns.map((column) => column.header),
        items.map((item) => columns.map((column) => column.value(item))),
      ),
    );
  }
}

/** Prints one answer. */
export async function printOne<T>(item: T, shape: Shape<T>, options: PrintOptions): Promise<void> {
  const { io, format } = options;
  if (format === "name") {
    io.stdout.write(`${plainLines(shape.name(item))}\n`);
  } else if (format === "ndjson") {
    io.stdout.write(`${plainJson({ version: schemaVersion, kind: shape.kind, item })}\n`);
  } else if (format === "json" || format === "yaml") {
    await machine(shape.kind, { item }, options);
  } else {
    io.stdout.write(
      properties(
        shape.columns.filter((column) => format === "wide" || column.wide !== true)
          .map((column) => [column.header, column.value(item)]),
      ),
    );
  }
}
