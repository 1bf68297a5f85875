import assert from "node:assert/strict";
import fc from "fast-check";
import { type Permission, type PermissionClass, permissionVerbs } from "../../../model/permission.ts";
import type { PermissionUse } from "../../../runtime/call.ts";
import { AuditMemory } from "../../../runtime/permission/audit.ts";
import { GrantAuthority } from "../../../runtime/permission/authority.ts";
import { formatGrant, type Grant } from "../../../runtime/permission/grant.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";

/** A grant in words that a naive reader understands. */
interface Words {
  readonly scope: "all" | PermissionClass;
  readonly verbs?: readonly string[];
  readonly connection?: string;
  /** Names, where a star at the end stands for any rest. */
  readonly names?: readonly string[];
  readonly until?: number;
}

const classes = ["domain", "network", "host"] as const;

const someWords: fc.Arbitrary<Words> = fc.record({
  scope: fc.constantFrom("all" as const, ...classes),
  verbs: fc.option(fc.uniqueArray(fc.constantFrom("read", "start", "path"), { minLength: 1 }), {
    nil: undefined,
  }),
  connection: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
  names: fc.option(fc.uniqueArray(fc.constantFrom("web-1", "web-*", "db", "*"), { minLength: 1 }), {
    nil: undefined,
  }),
  until: fc.option(fc.constantFrom(1000, 2000, 3000), { nil: undefined }),
}).filter(({ scope, verbs }) =>
  scope === "all" ? verbs === undefined : (verbs ?? []).every((verb) => verbsOf(scope).includes(verb))
).map(({ scope, verbs, connection, names, until }) => ({
  scope,
  ...(verbs === undefined ? {} : { verbs }),
  ...(connection === undefined ? {} : { connection }),
  ...(names === undefined ? {} : { names }),
  ...(until === undefined ? {} : { until }),
}));

function verbsOf(permissionClass: PermissionClass): readonly string[] {
  return permissionVerbs[permissionClass];
}

function textOf({ scope, verbs, connection, names, until }: Words): string {
  return [
    connection === undefined ? "" : `${connection}=`,
    verbs === undefined ? scope : `${scope}:${verbs.join(",")}`,
    names === undefined ? "" : `@${names.join(",")}`,
    until === undefined ? "" : `(until=${Temporal.Instant.fromEpochMilliseconds(until).toString()})`,
  ].join("");
}

const somePermission = fc.constantFrom<Permission>(
  "domain:read",
  "domain:start",
  "network:read",
  "network:start",
  "host:path",
);

const someUse: fc.Arbitrary<PermissionUse> = fc.record({
  permission: somePermission,
  connection: fc.constantFrom("a", "b"),
  name: fc.option(fc.constantFrom("web-1", "web-2", "db", "x"), { nil: undefined }),
  when: fc.constantFrom("obtained" as const, "listed" as const),
}).map(({ name, ...use }) => ({
  ...use,
  operation: "domain.start",
  ...(name === undefined ? {} : { name }),
}));

function allows(words: Words, use: PermissionUse, now: number): boolean {
  const [permissionClass, verb] = use.permission.split(":");
  if (words.scope === "all" && permissionClass === "host") return false;
  if (words.scope !== "all" && words.scope !== permissionClass) return false;
  if (words.verbs !== undefined && !words.verbs.includes(verb ?? "")) return false;
  if (words.connection !== undefined && words.connection !== use.connection) return false;
  if (words.until !== undefined && now >= words.until) return false;
  if (words.names === undefined) return true;
  return words.names.some((name) =>
    use.name !== undefined &&
    (name.endsWith("*") ? use.name.startsWith(name.slice(0, -1)) : name === use.name)
  );
}

Deno.test("a use is allowed exactly where a need and a grant allow it", () => {
  fc.assert(
    fc.property(
      fc.array(someWords, { maxLength: 4 }),
      fc.array(someWords, { maxLength: 4 }),
      someUse,
      fc.constantFrom(0, 1500, 2500, 5000),
      (needs, grants, use, now) => {
        const audit = new AuditMemory();
        const authority = new GrantAuthority({
          needs: parseGrants(needs.map(textOf).join(" ")),
          grants: parseGrants(grants.map(textOf).join(";")),
          clock: { now: () => now },
          caller: { principal: "alice" },
          audit,
        });
        const need = needs.some((words) => allows(words, use, now));
        const grant = grants.some((words) => allows(words, use, now));
        assert.equal(authority.sees(use), need && grant);
        const decision = authority.decide(use);
        assert.equal(decision.allowed, need && grant);
        assert.deepEqual(decision.missing, [...(need ? [] : ["need"]), ...(grant ? [] : ["grant"])]);
        if (need && grant) authority.check(use);
        else assert.throws(() => authority.check(use));
        assert.equal(audit.entries.length, 1);
        assert.equal(audit.entries[0]?.decision, need && grant ? "allowed" : "denied");
      },
    ),
    { numRuns: 3000 },
  );
});

Deno.test("the grant that a refusal names is enough", () => {
  fc.assert(
    fc.property(someUse, fc.array(someWords, { maxLength: 3 }), (use, words) => {
      const grants: Grant[] = parseGrants(words.map(textOf).join(" "));
      const authority = (all: readonly Grant[]): GrantAuthority =>
        new GrantAuthority({
          grants: all,
          clock: { now: () => 2500 },
          caller: { principal: "alice" },
          uris: new Map([["a", "test:///a"], ["b", "test:///b"]]),
        });
      const { wanted } = authority(grants).decide(use);
      assert.ok(authority([...grants, ...parseGrants(formatGrant(wanted))]).decide(use).allowed);
    }),
  );
});
