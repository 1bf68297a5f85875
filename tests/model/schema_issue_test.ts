/**
 * What a schema refuses is told in the words of the one who gave it.
 */
import assert from "node:assert/strict";
import { z } from "zod";
import { formatIssue, schemaIssues } from "../../model/schema_issue.ts";

const duration = z.union([z.int(), z.string().regex(/^\d+s$/, "a duration is a number with s")]);
const rule = z.union([
  z.strictObject({ cron: z.string(), zone: z.string().optional() }),
  z.strictObject({ every: duration }),
  z.strictObject({ event: z.strictObject({ uri: z.string() }) }),
]);
const schema = z.strictObject({ name: z.string(), rules: z.array(rule) });

function told(value: unknown): readonly string[] {
  const parsed = schema.safeParse(value);
  assert.ok(!parsed.success);
  return schemaIssues(parsed.error).map(formatIssue);
}

Deno.test("of several shapes the one that comes nearest is meant", () => {
  assert.deepEqual(told({ name: "x", rules: [{ cron: "@daily", timezone: "UTC" }] }), [
    'rules.0: Unrecognized key: "timezone"',
  ]);
  assert.deepEqual(told({ name: "x", rules: [{ every: "soon" }] }), [
    "rules.0.every: a duration is a number with s",
  ]);
  assert.deepEqual(told({ name: "x", rules: [{ event: { url: "x" } }] }).slice(0, 1), [
    "rules.0.event.uri: Invalid input: expected string, received undefined",
  ]);
});

Deno.test("a value that is of none of the shapes is told what any of them begins with", () => {
  assert.deepEqual(told({ name: "x", rules: [{ when: 1 }] }), [
    "rules.0: one of cron, every, event is needed",
  ]);
});

Deno.test("several issues are all told, those without a path too", () => {
  assert.deepEqual(told({ rules: 1, more: 2 }), [
    "name: Invalid input: expected string, received undefined",
    "rules: Invalid input: expected array, received number",
    'Unrecognized key: "more"',
  ]);
  assert.equal(told(5).length, 1);
});
