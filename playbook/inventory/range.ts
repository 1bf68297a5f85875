/**
 * Ranges in names of hosts: `web-[01:03]` is three hosts, `node[a:c]` too.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** The most hosts that one name may stand for. */
const most = 10_000;

/** The names that a name with ranges stands for. */
export function namesOf(name: string): readonly string[] {
  const range = /^(.*?)\[(\w+):(\w+)(?::(\d+))?\](.*)$/.exec(name);
  if (range === null) return [name];
  const [, before = "", from = "", to = "", step = "1", after = ""] = range;
  const rest = namesOf(after);
  const made = between(from, to, Number(step)).flatMap((each) => rest.map((end) => `${before}${each}${end}`));
  if (made.length <= most) return made;
  throw new VirtError("invalid-argument", `Cannot use "${name}": it stands for ${made.length} hosts`);
}

function between(from: string, to: string, step: number): readonly string[] {
  const isNumber = /^\d+$/.test(from) && /^\d+$/.test(to);
  const isLetter = /^[a-zA-Z]$/.test(from) && /^[a-zA-Z]$/.test(to);
  const [first, last] = isNumber ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)];
  if ((!isNumber && !isLetter) || last < first || step < 1 || (last - first) / step > most) {
    throw new VirtError("invalid-argument", `Cannot use the range "[${from}:${to}]"`, {
      hint: "Write for instance web-[1:3] or node[a:c]",
    });
  }
  const count = Math.floor((last - first) / step) + 1;
  return Array.from({ length: count }, (_, index) => {
    const value = first + index * step;
    return isNumber
      ? String(value).padStart(from.startsWith("0") ? from.length : 0, "0")
      : String.fromCharCode(value);
  });
}
