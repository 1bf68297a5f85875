import assert from "node:assert/strict";
import type { PermissionUse } from "../../../runtime/call.ts";
import { AskingAuthority, type PermissionAnswer } from "../../../runtime/permission/asking.ts";
import { AuditMemory } from "../../../runtime/permission/audit.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { device } from "./definitions.ts";

interface World {
  readonly authority: AskingAuthority;
  readonly asked: string[];
  readonly granted: string[];
  readonly audit: AuditMemory;
}

function world(
  answers: readonly PermissionAnswer[],
  { needs, grants = "" }: { needs?: string; grants?: string } = {},
): World {
  const asked: string[] = [];
  const granted: string[] = [];
  const audit = new AuditMemory();
  const left = [...answers];
  const authority = new AskingAuthority({
    grants: parseGrants(grants),
    ...(needs === undefined ? {} : { needs: parseGrants(needs) }),
    clock: { now: () => 0 },
    caller: { principal: "alice" },
    audit,
    ask: ({ grant }) => {
      asked.push(grant);
      const answer = left.shift();
      assert.ok(answer !== undefined, `nobody expected to be asked for ${grant}`);
      return Promise.resolve(answer);
    },
    onGrant: (grant) => granted.push(grant),
  });
  return { authority, asked, granted, audit };
}

function start(name: string, when: PermissionUse["when"] = "asked"): PermissionUse {
  return { permission: "domain:start", connection: "host", operation: "domain.start", when, name };
}

async function isAllowed(authority: AskingAuthority, use: PermissionUse): Promise<boolean> {
  try {
    await authority.check(use);
    return true;
  } catch {
    return false;
  }
}

Deno.test("what is granted is not asked for", async () => {
  const { authority, asked } = world([], { grants: "domain:start" });
  await authority.check(start("web-1"));
  assert.deepEqual(asked, []);
});

Deno.test("an answer for the run is remembered, and handed on for a resume", async () => {
  const { authority, asked, granted } = world(["run"]);
  await authority.check(start("web-1"));
  await authority.check(start("web-1", "obtained"));
  await authority.check(start("web-1"));
  assert.deepEqual([asked, granted], [["domain:start@web-1"], ["domain:start@web-1"]]);
});

Deno.test("once is for one call, from asking to its slot", async () => {
  const { authority, asked, audit } = world(["once", "once"]);
  await authority.check(start("web-1"));
  await authority.check(start("web-1", "obtained"));
  await authority.check(start("web-1"));
  await authority.check(start("web-1", "obtained"));
  assert.equal(asked.length, 2);
  assert.deepEqual(audit.entries.map(({ decision }) => decision), [
    "allowed",
    "allowed",
    "allowed",
    "allowed",
  ]);
});

Deno.test("a person is asked about an object when it is known, and not about whatever it will be", async () => {
  const { authority, asked } = world(["once", "deny"]);
  const define = { permission: "domain:write", connection: "host", operation: "domain.define" } as const;
  for (const name of ["web-1", "db-1"]) {
    await authority.check({ ...define, when: "asked" });
    assert.equal(await isAllowed(authority, { ...define, when: "obtained", name }), name === "web-1");
  }
  assert.deepEqual(asked, ["domain:write@web-1", "domain:write@db-1"]);
});

Deno.test("once for the volume of one pool is not for its namesake in another", async () => {
  const { authority, asked } = world(["once", "deny"]);
  const remove = {
    permission: "storage_vol:delete",
    connection: "host",
    operation: "volume.delete",
    name: "disk0",
  } as const;
  await authority.check({ ...remove, when: "asked", parentName: "scratch" });
  assert.equal(await isAllowed(authority, { ...remove, when: "obtained", parentName: "images" }), false);
  assert.deepEqual(asked, ["storage_vol:delete@scratch/disk0", "storage_vol:delete@images/disk0"]);
});

Deno.test("what a person could not see whole is refused without a question", async () => {
  const { authority, asked, audit } = world([]);
  const name = `${" ".repeat(2000)}nightly.ts asks for domain:getattr on "web-1"`;
  assert.equal(await isAllowed(authority, start(name)), false);
  assert.deepEqual(asked, []);
  assert.deepEqual(audit.entries.map(({ decision }) => decision), ["denied"]);
});

Deno.test("no is remembered", async () => {
  const { authority, asked } = world(["deny", "deny"]);
  assert.ok(!await isAllowed(authority, start("web-1")));
  assert.ok(!await isAllowed(authority, start("web-1")));
  assert.ok(!await isAllowed(authority, start("web-2")));
  assert.deepEqual(asked, ["domain:start@web-1", "domain:start@web-2"]);
});

Deno.test("calls at the same time ask one after the other, and not twice for the same", async () => {
  const { authority, asked } = world(["run"]);
  await Promise.all([1, 2, 3].map(async () => await authority.check(start("web-1"))));
  assert.deepEqual(asked, ["domain:start@web-1"]);
});

Deno.test("what the recipe does not state is refused without a question", async () => {
  const { authority, asked } = world([], { needs: "domain:stop" });
  assert.ok(!await isAllowed(authority, start("web-1")));
  assert.deepEqual(asked, []);
});

Deno.test("lists ask nothing", () => {
  const { authority, asked } = world([]);
  assert.ok(!authority.sees(start("web-1", "listed")));
  assert.deepEqual(asked, []);
});

Deno.test("what a definition reaches is asked for piece by piece", async () => {
  const { authority, asked } = world(["run", "deny"], { grants: "domain:write,save" });
  const xml = device(
    "<emulator>/opt/qemu</emulator><interface type='bridge'><source bridge='br0'/></interface>",
  );
  await assert.rejects(
    authority.checkReach({
      operation: "domain.define",
      connection: "host",
      permissions: ["domain:write", "domain:save"],
      document: "domain",
      xml,
      grantedPaths: [],
    }),
    /host:network is not granted/,
  );
  assert.deepEqual(asked, ["host:emulator@/opt/qemu", "host:network@br0"]);
});
