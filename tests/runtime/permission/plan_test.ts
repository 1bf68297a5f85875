import assert from "node:assert/strict";
import fc from "fast-check";
import type { Permission } from "../../../model/permission.ts";
import type { PermissionUse } from "../../../runtime/call.ts";
import { GrantAuthority } from "../../../runtime/permission/authority.ts";
import { formatGrant, type Grant } from "../../../runtime/permission/grant.ts";
import { parseAllGrants } from "../../../runtime/permission/grant_syntax.ts";
import { planPermissions, RecordingAuthority } from "../../../runtime/permission/plan.ts";
import { device, domain } from "./definitions.ts";

function use(permission: Permission, name?: string, more: Partial<PermissionUse> = {}): PermissionUse {
  return {
    permission,
    connection: "host",
    operation: "domain.start",
    when: "obtained",
    ...(name === undefined ? {} : { name }),
    ...more,
  };
}

function plan(...uses: readonly PermissionUse[]): string[] {
  return planPermissions({ uses, gains: [] }).map(formatGrant);
}

Deno.test("verbs used on the same objects stand together", () => {
  assert.deepEqual(
    plan(
      use("connect:search_domains"),
      use("domain:getattr", "web-1"),
      use("domain:getattr", "web-2"),
      use("domain:start", "web-2"),
      use("domain:start", "web-1"),
      use("domain:stop", "web-1"),
    ),
    ["connect:search_domains", "domain:getattr,start@web-1,web-2", "domain:stop@web-1"],
  );
});

Deno.test("what was asked before the object was known counts by what it turned out to be", () => {
  assert.deepEqual(
    plan(use("domain:write", undefined, { when: "asked" }), use("domain:write", "web-1")),
    ["domain:write@web-1"],
  );
  assert.deepEqual(plan(use("domain:getattr", undefined, { when: "asked" })), ["domain:getattr"]);
});

Deno.test("what lists showed is granted by name, or whatever there will be", () => {
  const uses = [use("domain:getattr", "web-1", { when: "listed" }), use("domain:start", "web-1")];
  assert.deepEqual(planPermissions({ uses }).map(formatGrant), ["domain:getattr,start@web-1"]);
  assert.deepEqual(planPermissions({ uses }, { listed: "any" }).map(formatGrant), [
    "domain:getattr",
    "domain:start@web-1",
  ]);
});

Deno.test("several connections are told apart", () => {
  assert.deepEqual(
    plan(
      use("domain:migrate", "a", { connection: "source" }),
      use("domain:migrate", "a", { connection: "target" }),
    ),
    ["source=domain:migrate@a", "target=domain:migrate@a"],
  );
});

Deno.test("what is reached comes last, by its path; volumes by their pool", () => {
  assert.deepEqual(
    plan(
      use("host:path", "web-1", { when: "reach", reached: "/srv/my data" }),
      use("storage_vol:create", "disk0", { parentName: "images" }),
      use("network:read", "default"),
    ),
    ["network:read@default", "storage_vol:create@images/disk0", 'host:path@"/srv/my data"'],
  );
});

Deno.test("a plan made while everything was allowed is enough for the same run", async () => {
  const recording = new RecordingAuthority();
  const rename = {
    operation: "domain.define",
    connection: "host",
    permissions: ["domain:write", "domain:save"],
    document: "domain",
    xml: device("<emulator>/opt/qemu</emulator>").replace("web-1", "tmp-1"),
    name: "web-1",
    definition: domain(""),
    grantedPaths: [],
  } as const;
  const removal = use("domain:delete", "tmp-1");
  const before = use("domain:write", "web-1");
  recording.check(before);
  await recording.checkReach(rename);
  recording.check(removal);
  const grants = planPermissions(recording);
  // The new name would have brought saving and deleting under it.
  assert.deepEqual(grants.map(formatGrant), [
    "domain:write,save,delete@tmp-1,web-1",
    "host:emulator@/opt/qemu",
  ]);
  const authority = withGrants(grants);
  await authority.check(before);
  await authority.checkReach(rename);
  await authority.check(removal);
});

function withGrants(grants: readonly Grant[]): GrantAuthority {
  return new GrantAuthority({
    grants: parseAllGrants(grants.map(formatGrant)),
    clock: { now: () => 0 },
    caller: { principal: "alice" },
  });
}

const someUse: fc.Arbitrary<PermissionUse> = fc.record({
  permission: fc.constantFrom<Permission>("domain:start", "domain:stop", "network:read", "connect:read"),
  name: fc.option(fc.constantFrom("a", "b,c", "d*", 'e "f"', "g/h"), { nil: undefined }),
  connection: fc.constantFrom("host", "other"),
  when: fc.constantFrom("asked" as const, "obtained" as const, "listed" as const),
}).map(({ name, permission, ...rest }) => ({
  ...rest,
  permission,
  operation: "domain.start",
  ...(name === undefined || permission.startsWith("connect:") ? {} : { name }),
}));

Deno.test("a plan covers every use, and nothing can be left out of it", () => {
  fc.assert(
    fc.property(fc.array(someUse, { minLength: 1, maxLength: 12 }), (uses) => {
      const grants = planPermissions({ uses, gains: [] });
      const allowsAll = (some: readonly Grant[]): boolean => {
        const authority = withGrants(some);
        return uses.every((each) => authority.decide(each).allowed);
      };
      assert.ok(allowsAll(grants), grants.map(formatGrant).join(" "));
      for (const less of narrower(grants)) {
        assert.ok(!allowsAll(less), `${less.map(formatGrant).join(" ")} would do`);
      }
    }),
    { numRuns: 400 },
  );
});

/** The same grants with one verb or one name less. */
function* narrower(grants: readonly Grant[]): Generator<readonly Grant[]> {
  for (const [index, grant] of grants.entries()) {
    const others = grants.filter((_, at) => at !== index);
    const { scope, names } = grant;
    if (scope.kind !== "verbs") continue;
    for (const verb of scope.verbs) {
      const verbs = scope.verbs.filter((each) => each !== verb);
      yield verbs.length === 0 ? others : [...others, { ...grant, scope: { ...scope, verbs } }];
    }
    for (const name of names ?? []) {
      const fewer = (names ?? []).filter((each) => each !== name);
      yield fewer.length === 0 ? others : [...others, { ...grant, names: fewer }];
    }
  }
}
