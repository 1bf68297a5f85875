/**
 * Unified diffs of definitions.
 *
 * @module
 */

type Edit = readonly [" " | "+" | "-", string];

/** Lines around a change that are shown with it. */
const around = 3;

/**
 * In what two texts differ, as `diff -u` writes it; nothing where they are the same.
 *
 * @param options.name how the two are called, beside `before` and `after`
 */
export function unifiedDiff(
  before: string,
  after: string,
  { name }: { readonly name: string },
): readonly string[] {
  if (before === after) return [];
  const edits = editsOf(linesOf(before), linesOf(after));
  const isShown = edits.map((_edit, index) =>
    edits.slice(Math.max(0, index - around), index + around + 1).some(([kind]) => kind !== " ")
  );
  const lines = [`--- before ${name}`, `+++ after ${name}`];
  let [old, fresh] = [1, 1];
  for (let at = 0; at < edits.length; at++) {
    const end = isShown[at] === true ? endOf(isShown, at) : at;
    if (end > at) {
      const hunk = edits.slice(at, end);
      const [minus, plus] = [hunk.filter(([kind]) => kind !== "+"), hunk.filter(([kind]) => kind !== "-")];
      lines.push(
        `@@ -${old},${minus.length} +${fresh},${plus.length} @@`,
        ...hunk.map(([kind, line]) => kind + line),
      );
      old += minus.length;
      fresh += plus.length;
      at = end - 1;
    } else {
      old++;
      fresh++;
    }
  }
  return lines;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function endOf(isShown: readonly boolean[], from: number): number {
  const end = isShown.indexOf(false, from);
  return end < 0 ? isShown.length : end;
}

/** The shortest way from the one to the other, by their longest common subsequence. */
function editsOf(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] = before[row] === after[column]
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const edits: Edit[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [old, fresh] = [before[row], after[column]];
    if (old !== undefined && old === fresh) {
      edits.push([" ", old]);
      row++;
      column++;
    } else if (old !== undefined && (fresh === undefined || at(row + 1, column) >= at(row, column + 1))) {
      edits.push(["-", old]);
      row++;
    } else if (fresh !== undefined) {
      edits.push(["+", fresh]);
      column++;
    }
  }
  return edits;
}
