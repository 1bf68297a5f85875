import assert from "node:assert/strict";
import { permissionVerbs } from "../../../model/permission.ts";
import { formatGrant } from "../../../runtime/permission/grant.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { parsePolicy } from "../../../runtime/permission/policy.ts";

const documentation = await Deno.readTextFile(new URL("../../../docs/permissions.md", import.meta.url));

/** The code in the first cells of the table below a heading. */
function firstCells(heading: string): string[] {
  const section = documentation.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").filter((line) => line.startsWith("| `")).flatMap((line) =>
    [...(line.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "")
  );
}

Deno.test("every grant in the documentation can be read", () => {
  const grants = firstCells("Grants and needs");
  assert.ok(grants.length > 12, `only ${grants.length} were found`);
  for (const grant of grants) assert.ok(parseGrants(grant, { now: 0 }).length > 0, grant);
});

Deno.test("every permission of the class host is documented", () => {
  assert.deepEqual(
    firstCells("What a definition reaches").toSorted(),
    permissionVerbs.host.map((verb) => `host:${verb}`).toSorted(),
  );
});

Deno.test("the policy in the documentation grants what it says", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(documentation)?.[1] ?? "";
  const policy = parsePolicy(yaml, { file: "docs/permissions.md" });
  const grants = (principal: string): string[] => policy.grantsFor(principal).map(formatGrant);
  assert.deepEqual(grants("nobody"), ["connect:getattr,search_domains", "domain:getattr,read"]);
  assert.deepEqual(grants("uid:1000").slice(2), [
    "domain:start,init_control,stop@web-*",
    "domain:snapshot@web-*(until=2031-01-01T00:00:00Z)",
  ]);
  assert.deepEqual(grants("uid:2001").slice(2), [
    "source=domain:migrate",
    "<qemu+ssh://lab-*/system>=domain:migrate",
    "source=storage_vol:create@images/*(quota=10)",
    "<qemu+ssh://lab-*/system>=storage_vol:create@images/*(quota=10)",
  ]);
});
