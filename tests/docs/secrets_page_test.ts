/**
 * The page on secrets does what it says, and names every place into which a value goes.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { operations } from "../../model/operations/mod.ts";
import { walk } from "./kit/walk.ts";

const page = Deno.readTextFileSync(fileURLToPath(new URL("../../docs/secrets.md", import.meta.url)));

Deno.test("what docs/secrets.md shows can be typed in as it stands", () => walk("docs/secrets.md"));

Deno.test("docs/secrets.md names every operation that takes a secret", () => {
  const section = /## Where values go\n([\s\S]*?)\n## /.exec(page)?.[1] ?? "";
  const taking = [...operations.values()].filter(({ secretInput, secretPlaces, echoes }) =>
    echoes !== true && (secretInput ?? secretPlaces) !== undefined
  );
  assert.ok(taking.length >= 7);
  for (const { name, verb } of taking) {
    assert.ok(section.includes(`\`${name}\``) || section.includes(`\`${verb}\``), name);
  }
});
