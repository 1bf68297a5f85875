/**
 * What is wrong with a value that a schema refuses, in the words of the one who gave it.
 *
 * @module
 */
import type { z } from "zod";

/** One thing that is wrong. */
export interface SchemaIssue {
  /** The keys and numbers that lead to it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Unions within unions are looked into so deep. */
const maxDepth = 8;

/**
 * The issues of a schema's refusal. Where one of several shapes was expected, those of the shape that comes nearest.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { schemaIssues } from "./schema_issue.ts";
 * const shape = z.union([z.strictObject({ a: z.int() }), z.strictObject({ b: z.int() })]);
 * schemaIssues(shape.safeParse({ b: "x" }).error!)[0]?.path; // ["b"]
 * ```
 */
export function schemaIssues({ issues }: Pick<z.ZodError, "issues">): readonly SchemaIssue[] {
  return issues.flatMap((issue) => meant(issue, 0));
}

function meant(issue: z.core.$ZodIssue, depth: number): readonly SchemaIssue[] {
  const path = issue.path.map((key) => typeof key === "symbol" ? String(key) : key);
  if (issue.code === "invalid_union" && issue.errors.length > 0 && depth < maxDepth) {
    const missing = issue.errors.map((errors) => errors.flatMap(missingKey));
    if (missing.every((keys) => keys.length > 0)) {
      return [{ path, message: `one of ${[...new Set(missing.flat())].join(", ")} is needed` }];
    }
    // A shape is near where little is wrong with it, and what is wrong lies deep within it.
    const ranked = issue.errors.map((errors) => ({
      errors,
      wrong: errors.length,
      depth: Math.max(0, ...errors.map((error) => error.path.length)),
    }));
    const nearest = ranked.reduce((best, each) =>
      each.wrong < best.wrong || (each.wrong === best.wrong && each.depth >= best.depth) ? each : best
    );
    return nearest.errors.flatMap((error) => meant(error, depth + 1))
      .map((error) => ({ ...error, path: [...path, ...error.path] }));
  }
  return [{ path, message: issue.message }];
}

/** The key that is not there, where an issue says that one is not. */
function missingKey(issue: z.core.$ZodIssue): readonly string[] {
  const [key, ...deeper] = issue.path;
  return key !== undefined && deeper.length === 0 && isMissing(issue) ? [String(key)] : [];
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  if (issue.code === "invalid_union") {
    return issue.errors.every((errors) => errors.some((each) => each.path.length === 0 && isMissing(each)));
  }
  return issue.code === "invalid_type" && issue.message.endsWith("received undefined");
}

/** A path as people write it: `triggers.0.cron`. */
export function formatIssue({ path, message }: SchemaIssue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}
