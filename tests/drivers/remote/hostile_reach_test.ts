/**
 * What a recipe that may move a domain can have the hosts reach.
 */
import assert from "node:assert/strict";
import { AuditMemory } from "../../../runtime/permission/audit.ts";
import { GrantAuthority } from "../../../runtime/permission/authority.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { FakeHost, FakeKernel } from "../../kit/fake_host.ts";

Deno.test("who may migrate a domain may not therefore send its memory anywhere", async () => {
  const host = new FakeHost();
  const other = new FakeHost("00000000-0000-4000-8000-000000000002");
  for (const each of [host, other]) each.ready.open();
  const kernel = new FakeKernel({ host, other });
  const web = host.add("domain", "web-1", { live: {} });
  host.on("domain.migrate", () => Promise.resolve(web.ref("host")));
  const migrate = async (grants: string, input: Readonly<Record<string, string>>): Promise<string> => {
    const authority = new GrantAuthority({
      grants: parseGrants(grants),
      clock: { now: () => 0 },
      caller: { principal: "alice" },
      audit: new AuditMemory(),
    });
    const { outcome } = await kernel.call("domain.migrate", web, {
      input: { to: "other", ...input },
      authority,
    });
    return outcome.kind === "done" ? "done" : outcome.error.code;
  };
  assert.equal(await migrate("all", {}), "done");
  const places = {
    destinationUri: "qemu+tcp://10.1.2.3/system",
    migrateUri: "tcp://10.1.2.3:49152",
    listenAddress: "0.0.0.0",
  };
  for (const [field, value] of Object.entries(places)) {
    assert.equal(await migrate("all", { [field]: value }), "permission-denied", field);
    assert.equal(await migrate("all host:network@elsewhere", { [field]: value }), "permission-denied", field);
    assert.equal(await migrate(`all host:network@${value}`, { [field]: value }), "done", field);
  }
});
