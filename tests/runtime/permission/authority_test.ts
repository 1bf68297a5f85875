import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { PermissionUse } from "../../../runtime/call.ts";
import { AuditMemory } from "../../../runtime/permission/audit.ts";
import { GrantAuthority, type GrantAuthorityOptions } from "../../../runtime/permission/authority.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";

interface World {
  readonly authority: GrantAuthority;
  readonly audit: AuditMemory;
  readonly clock: { time: number; now(): number };
}

function world(
  { grants, needs, ...more }:
    & { grants: string; needs?: string }
    & Partial<
      Omit<GrantAuthorityOptions, "grants" | "needs">
    >,
): World {
  const audit = new AuditMemory();
  const clock = { time: 0, now: (): number => clock.time };
  const authority = new GrantAuthority({
    grants: parseGrants(grants),
    ...(needs === undefined ? {} : { needs: parseGrants(needs, { what: "need" }) }),
    clock,
    caller: { principal: "alice", run: "7f3a" },
    audit,
    ...more,
  });
  return { authority, audit, clock };
}

function start(name: string, more: Partial<PermissionUse> = {}): PermissionUse {
  return {
    permission: "domain:start",
    connection: "host",
    operation: "domain.start",
    when: "asked",
    name,
    ...more,
  };
}

async function refusal(authority: GrantAuthority, use: PermissionUse): Promise<VirtError> {
  try {
    await authority.check(use);
  } catch (error) {
    if (error instanceof VirtError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the use was allowed" });
}

Deno.test("a use that need and grant cover is allowed and written down", async () => {
  const { authority, audit } = world({ needs: "domain:start", grants: "domain:start,stop@web-*" });
  await authority.check(start("web-1"));
  assert.deepEqual(audit.entries, [{
    at: 0,
    principal: "alice",
    run: "7f3a",
    operation: "domain.start",
    permission: "domain:start",
    connection: "host",
    name: "web-1",
    when: "asked",
    decision: "allowed",
    missing: [],
    need: "domain:start",
    grant: "domain:start,stop@web-*",
    counted: false,
  }]);
});

Deno.test("a missing grant is named with the text that would add it", async () => {
  const { authority, audit } = world({ needs: "domain:start", grants: "domain:start@web-*" });
  const error = await refusal(authority, start("db 1"));
  assert.equal(error.code, "permission-denied");
  assert.equal(
    error.message,
    'Cannot call domain.start on domain "db 1": domain:start is granted only as domain:start@web-*',
  );
  assert.equal(error.hint, `Add --allow 'domain:start@"db 1"'`);
  assert.equal(error.target, 'domain "db 1"');
  assert.equal(audit.entries[0]?.decision, "denied");
  assert.deepEqual(audit.entries[0]?.missing, ["grant"]);
});

Deno.test("a missing need is the recipe's to state", async () => {
  const { authority } = world({ needs: "domain:stop", grants: "all" });
  const error = await refusal(authority, start("web-1"));
  assert.match(error.message, /the recipe does not state that it needs domain:start$/);
  assert.equal(error.hint, `Add "domain:start@web-1" to the recipe's needs`);
});

Deno.test("where both are missing both are named", async () => {
  const { authority } = world({ needs: "", grants: "" });
  const error = await refusal(authority, start("web-1"));
  assert.deepEqual((error.detail as { missing: unknown }).missing, ["need", "grant"]);
  assert.match(error.message, /does not state .*, and domain:start is not granted$/);
});

Deno.test("a person who acts without a recipe needs grants only", async () => {
  const { authority } = world({ grants: "domain:start" });
  await authority.check(start("web-1"));
});

Deno.test("all does not reach into the host", async () => {
  const { authority } = world({ grants: "all" });
  const use = start("web-1", { permission: "host:path", when: "reach", reached: "/etc/shadow" });
  const error = await refusal(authority, use);
  assert.equal(error.hint, "Add --allow host:path@/etc/shadow");
  assert.match(error.message, /on domain "web-1", which reaches "\/etc\/shadow": host:path is not granted/);
  await world({ grants: "all,host" }).authority.check(use);
  await world({ grants: "host:path@/etc/**" }).authority.check(use);
});

Deno.test("a grant for one connection holds for no other, and the hint names it", async () => {
  const uris = new Map([["source", "qemu:///system"], ["target", "qemu+ssh://b/system"]]);
  const { authority } = world({ grants: "source=domain:start", uris });
  await authority.check(start("web-1", { connection: "source" }));
  const error = await refusal(authority, start("web-1", { connection: "target" }));
  assert.equal(error.hint, "Add --allow target=domain:start@web-1");
  const byUri = world({ grants: "<qemu:///system>=domain:start", uris }).authority;
  await byUri.check(start("web-1", { connection: "source" }));
  await refusal(byUri, start("web-1", { connection: "target" }));
});

Deno.test("a quota counts what obtained its slot, and uses at once do not share the last one", async () => {
  const { authority, audit } = world({ grants: "domain:start(quota=2)" });
  for (let i = 0; i < 5; i++) await authority.check(start("web-1"));
  const obtained = start("web-1", { when: "obtained" });
  const results = await Promise.allSettled([1, 2, 3].map(async () => await authority.check(obtained)));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected"]);
  const error = await refusal(authority, start("web-1"));
  assert.match(error.message, /the grant domain:start\(quota=2\) is used up/);
  assert.equal(audit.entries.filter(({ counted }) => counted).length, 2);
});

Deno.test("a quota goes on counting where an interrupted run left off", async () => {
  const before = world({ grants: "domain:start(quota=1)" });
  await before.authority.check(start("web-1", { when: "obtained" }));
  const after = world({ grants: "domain:start(quota=1)", past: before.audit.entries });
  await refusal(after.authority, start("web-2"));
});

Deno.test("a grant without a quota is used before one that has one", async () => {
  const { authority, audit } = world({ grants: "domain:start(quota=1) domain:start@web-*" });
  await authority.check(start("web-1", { when: "obtained" }));
  assert.equal(audit.entries[0]?.grant, "domain:start@web-*");
});

Deno.test("a grant ends by the kernel's clock", async () => {
  const { authority, clock } = world({ grants: "domain:start(until=1970-01-01T00:01Z)" });
  clock.time = 59_999;
  await authority.check(start("web-1"));
  clock.time = 60_000;
  const error = await refusal(authority, start("web-1"));
  assert.match(error.message, /has ended$/);
});

Deno.test("before an object is known any object's grant lets the call go on, with the slot its name decides", async () => {
  const { authority } = world({ grants: "domain:write@web-*" });
  const define = { permission: "domain:write", connection: "host", operation: "domain.define" } as const;
  await authority.check({ ...define, when: "asked" });
  await authority.check({ ...define, when: "obtained", name: "web-1" });
  await refusal(authority, { ...define, when: "obtained", name: "db-1" });
  await refusal(authority, { ...define, when: "obtained" });
});

Deno.test("a permission on the connection is not covered by a grant for some objects", async () => {
  const { authority } = world({ grants: "all@web-*" });
  const error = await refusal(authority, {
    permission: "connect:search_domains",
    connection: "host",
    operation: "domain.list",
    when: "asked",
  });
  assert.equal(error.hint, "Add --allow connect:search_domains");
});

Deno.test("lists are filtered without entries", () => {
  const { authority, audit } = world({ needs: "domain:start", grants: "domain:start@web-*" });
  assert.ok(authority.sees(start("web-1", { when: "listed" })));
  assert.ok(!authority.sees(start("db-1", { when: "listed" })));
  assert.deepEqual(audit.entries, []);
});

Deno.test("a volume is named by itself or within its pool", async () => {
  const volume = {
    permission: "storage_vol:delete",
    connection: "host",
    operation: "volume.delete",
    when: "asked",
    name: "disk0",
    parentName: "scratch",
  } as const;
  await world({ grants: "storage_vol:delete@scratch/*" }).authority.check(volume);
  await world({ grants: "storage_vol:delete@disk0" }).authority.check(volume);
  const { authority } = world({ grants: "storage_vol:delete@images/*" });
  const error = await refusal(authority, volume);
  assert.equal(error.hint, "Add --allow storage_vol:delete@scratch/disk0");
});

Deno.test("a decision that cannot be written down does not take effect", async () => {
  const audit = { record: (): never => assert.fail("disk full") };
  const { authority } = world({ grants: "all", audit });
  await assert.rejects(async () => await authority.check(start("web-1")), /disk full/);
});

Deno.test("a volume whose name looks like one of another pool is none of it", () => {
  const { authority } = world({ grants: "storage_vol:delete@images/*" });
  const sees = (parentName: string, name: string): boolean =>
    authority.sees({
      permission: "storage_vol:delete",
      connection: "host",
      operation: "volume.delete",
      when: "listed",
      parentName,
      name,
    });
  assert.equal(sees("images", "disk0"), true);
  assert.equal(sees("private", "images/disk0"), false);
});
