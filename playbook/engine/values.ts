/**
 * What expressions make of values: truth, texts, comparison.
 *
 * @module
 */

/** A value that is not there, with why. */
export class Missing {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

/** Whether a value is a map: plain data with keys. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Missing);
}

/** Truth as Jinja has it: empty things are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  // What people write in inventories and with -e is a text, and means what it says.
  if (typeof value === "string") return value !== "" && !/^(false|no|off|0)$/i.test(value);
  return Boolean(value);
}

/** A value within a text; lists and maps in Python's form, as Jinja writes them. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const secret = secretIn(value);
  if (secret !== undefined) return secret;
  return value === null ? "" : written(value, 0);
}

/** How a secret reads; nothing where a value is none. */
function secretIn(value: unknown): string | undefined {
  if (!isMap(value) || typeof value["$secret"] !== "string") return undefined;
  return `Secret(${value["$secret"].replace(/^name:/, "")})`;
}

/** How deep lists and maps are written out. */
const deepest = 200;

/** A value as Python's `repr` writes it. */
function written(value: unknown, depth: number): string {
  if (depth > deepest) throw new Error("it is nested too deeply to be written");
  if (typeof value === "string") return quoted(value);
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map((each) => written(each, depth + 1)).join(", ")}]`;
  if (isMap(value)) {
    const secret = secretIn(value);
    if (secret !== undefined) return secret;
    const entries = Object.entries(value);
    return `{${entries.map(([key, each]) => `${quoted(key)}: ${written(each, depth + 1)}`).join(", ")}}`;
  }
  return String(value);
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll(
    "\r",
    "\\r",
  )
    .replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped}${quote}`;
}

/** Whether two values are the same, however deep. */
export function equal(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, index) => equal(each, right[index]));
  }
  if (isMap(left) && isMap(right)) {
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
  }
  return left === right;
}

/** Which of two comes first: less than 0, 0, more than 0. */
export function compare(left: unknown, right: unknown): number {
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0;
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let index = 0; index < Math.min(left.length, right.length); index++) {
      const order = compare(left[index], right[index]);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  const [first, second] = [left, right].map((each) => typeof each === "boolean" ? Number(each) : each);
  if (typeof first === "number" && typeof second === "number") return first - second;
  throw new Error(
    `"${textOf(left)}" and "${textOf(right)}" cannot be compared; convert them with | int or | string`,
  );
}

/** Yes or no, as people write it. */
export function booleanOf(value: unknown): boolean {
  if (typeof value === "string") return /^(true|yes|on|1|y|t)$/i.test(value);
  return value === 1 || value === true;
}

/** Data that can be logged and journalled: functions and symbols gone, handles as references. */
export function plainData(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value) ?? "null");
}
