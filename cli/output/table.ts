/**
 * Tables in the look that people know from virsh: a header, a rule, columns three spaces apart, `-` for nothing.
 *
 * @module
 */
import { plain } from "./plain.ts";
import { padTo, textWidth } from "./width.ts";

/** Lays out a table. Cells are made harmless here, so no caller can forget to. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => headers.map((_, column) => plain(row[column] ?? "") || "-"));
  const widths = headers.map((header, column) =>
    Math.max(textWidth(header), ...cells.map((row) => textWidth(row[column] ?? "")))
  );
  const line = (row: readonly string[]): string =>
    ` ${row.map((cell, column) => padTo(cell, widths[column] ?? 0)).join("   ")}`.trimEnd();
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width + 3, 0));
  return [line(headers), rule, ...cells.map(line)].join("\n") + "\n";
}

/** Lays out one object's properties, as `virsh dominfo` does: name, colon, value in one column. */
export function properties(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => textWidth(name))) + 1;
  return pairs.map(([name, value]) =>
    `${padTo(`${plain(name)}:`, width)}  ${plain(value) || "-"}`.trimEnd() + "\n"
  )
    .join("");
}
