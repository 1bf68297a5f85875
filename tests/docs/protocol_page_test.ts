/**
 * The page about the protocol says what the table and the driver say.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { implementations } from "../../drivers/remote/implementations.ts";
import { rows } from "../../protocol/procedures/mod.ts";
import { readProcedureUsage } from "../../tools/procedure_usage.ts";
import { pagePath, protocolPage } from "../../tools/protocol_page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("docs/protocol.md is up to date", async () => {
  const isSame = Deno.readTextFileSync(`${root}/${pagePath}`) === await protocolPage(root);
  assert(isSame, "make it again with: deno run -A tools/protocol_page.ts");
});

Deno.test("docs/protocol.md has every row of the table once", () => {
  const page = Deno.readTextFileSync(`${root}/${pagePath}`);
  for (const { name, row } of rows) {
    assert.equal(page.split(`\n- \`${name}\` (${row.number}`).length, 2, name);
  }
});

Deno.test("every operation of the driver is found in its text, and what it calls", async () => {
  const { operations, looks, connection } = await readProcedureUsage(root);
  for (const operation of Object.keys(implementations)) {
    assert(operations.has(operation), `${operation}: no entry in a part of the driver's map was found`);
  }
  for (const [objectClass, procedures] of looks) assert(procedures.size > 0, objectClass);
  assert(operations.get("domain.start")?.has("domainCreate"));
  assert(!operations.get("domain.start")?.has("domainDestroy"));
  assert(operations.get("network.leases")?.has("networkGetDhcpLeases"));
  assert(looks.get("domain")?.has("connectListAllDomains"));
  assert(connection.has("connectOpen"));
  assert(connection.has("domainEventCallbackLifecycle"));
});
