/**
 * What is different between two texts, in the form of `diff -u`.
 *
 * @module
 */

/** Lines around a difference that are shown. */
const around = 3;
/** Longer texts are not compared line by line. */
const mostLines = 4000;

/** A unified diff; empty where the texts are the same. */
export function unifiedDiff(before: string, after: string, name: string): string {
  if (before === after) return "";
  const [old, young] = [linesOf(before), linesOf(after)];
  if (old.length + young.length > mostLines) return "\n(too long to be shown)";
  const marked = merge(old, young);
  const hunks: string[] = [];
  for (let at = 0; at < marked.length;) {
    const first = marked.findIndex(({ mark }, index) => index >= at && mark !== " ");
    if (first < 0) break;
    let last = first;
    for (let index = first; index < marked.length && index <= last + 2 * around; index++) {
      if (marked[index]?.mark !== " ") last = index;
    }
    const from = Math.max(at, first - around);
    const to = Math.min(marked.length, last + around + 1);
    hunks.push(hunk(marked.slice(from, to), marked.slice(0, from)));
    at = to;
  }
  return `\n--- before: ${name}\n+++ after: ${name}\n${hunks.join("\n")}`;
}

interface Marked {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function hunk(lines: readonly Marked[], before: readonly Marked[]): string {
  const count = (all: readonly Marked[], mark: "-" | "+"): number =>
    all.filter((each) => each.mark !== (mark === "-" ? "+" : "-")).length;
  const range = (mark: "-" | "+"): string => {
    const size = count(lines, mark);
    return `${mark}${count(before, mark) + (size === 0 ? 0 : 1)},${size}`;
  };
  return [`@@ ${range("-")} ${range("+")} @@`, ...lines.map(({ mark, line }) => `${mark}${line}`)].join("\n");
}

/** Both texts in one, by their longest common sequence of lines. */
function merge(old: readonly string[], young: readonly string[]): readonly Marked[] {
  const width = young.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = young.length - 1; j >= 0; j--) {
      lengths[i * width + j] = old[i] === young[j]
        ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
        : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  const merged: Marked[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < young.length) {
    const [left, right] = [old[i], young[j]];
    if (left !== undefined && left === right) {
      merged.push({ mark: " ", line: left });
      i++;
      j++;
    } else if (
      left !== undefined &&
      (right === undefined || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    ) {
      merged.push({ mark: "-", line: left });
      i++;
    } else {
      merged.push({ mark: "+", line: right ?? "" });
      j++;
    }
  }
  return merged;
}
