import assert from "node:assert/strict";
import { allowedReadOnly, permissionsNeeded, procedures } from "../../../protocol/procedures/mod.ts";

const dom = { name: "web", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

Deno.test("a definition with its secrets needs more than one without", () => {
  const row = procedures.domainGetXmlDesc;
  assert.deepEqual(permissionsNeeded(row, { dom, flags: 0 }), ["domain:read"]);
  for (const flags of [1, 8, 9, 3]) {
    assert.deepEqual(permissionsNeeded(row, { dom, flags }), ["domain:read", "domain:read_secure"]);
  }
  assert.deepEqual(permissionsNeeded(row, { dom, flags: 2 }), ["domain:read"]);
});

Deno.test("a change needs the right to save where it reaches the stored definition, or may reach it", () => {
  const row = procedures.domainSetMemoryFlags;
  const live = ["domain:write"];
  const stored = ["domain:write", "domain:save"];
  const expected = [[0, stored], [1, live], [2, stored], [3, stored], [4, stored], [5, live]] as const;
  for (const [flags, permissions] of expected) {
    assert.deepEqual(permissionsNeeded(row, { dom, memory: 1n, flags }), permissions, `flags ${flags}`);
  }
});

Deno.test("addresses that the guest's agent tells need the right to write", () => {
  const row = procedures.domainInterfaceAddresses;
  assert.deepEqual(permissionsNeeded(row, { dom, source: 0, flags: 0 }), ["domain:read"]);
  assert.deepEqual(permissionsNeeded(row, { dom, source: 1, flags: 0 }), ["domain:read", "domain:write"]);
});

Deno.test("a read-only connection looks and does nothing else", () => {
  assert(allowedReadOnly(procedures.connectListAllDomains, { needResults: 1, flags: 0 }));
  assert(allowedReadOnly(procedures.connectClose, undefined));
  assert(allowedReadOnly(procedures.domainGetXmlDesc, { dom, flags: 0 }));
  assert(!allowedReadOnly(procedures.domainGetXmlDesc, { dom, flags: 1 }));
  assert(!allowedReadOnly(procedures.domainDestroy, { dom }));
  assert(
    !allowedReadOnly(procedures.storageVolDownload, {
      vol: { pool: "default", name: "a", key: "a" },
      offset: 0n,
      length: 0n,
      flags: 0,
    }),
  );
  assert(!allowedReadOnly(procedures.qemuDomainMonitorCommand, { dom, cmd: "quit", flags: 0 }));
});

Deno.test("where libvirt lets a read-only connection do less or more than the permissions say, so do we", () => {
  assert(!allowedReadOnly(procedures.domainSetSchedulerParameters, { dom, params: [] }));
  assert(!allowedReadOnly(procedures.nodeGetSevInfo, { nparams: 0, flags: 0 }));
  assert(!allowedReadOnly(procedures.domainGetLaunchSecurityInfo, { dom, flags: 0 }));
  assert(allowedReadOnly(procedures.domainMigrateGetMaxDowntime, { dom, flags: 0 }));
  assert(allowedReadOnly(procedures.domainMigrateGetCompressionCache, { dom, flags: 0 }));
  assert(allowedReadOnly(procedures.connectSetIdentity, { params: [], flags: 0 }));
});
