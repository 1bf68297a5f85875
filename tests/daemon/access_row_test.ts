import assert from "node:assert/strict";
import { RowAuthority } from "../../daemon/dispatch/row_authority.ts";
import type { Permission } from "../../model/permission.ts";
import { type Procedure, type ProcedureName, procedureRow } from "../../protocol/procedures/mod.ts";
import type { Authority, PermissionUse } from "../../runtime/call.ts";

/** Remembers what it was asked for, and allows it all, or what a test says. */
class Listening implements Authority {
  readonly asked: string[] = [];
  readonly #allows: (permission: Permission) => boolean;

  constructor(allows: (permission: Permission) => boolean = () => true) {
    this.#allows = allows;
  }

  check({ permission, name }: PermissionUse): void {
    this.asked.push(`${permission} ${name}`);
  }

  checkReach({ permissions }: { readonly permissions: readonly Permission[] }): void {
    this.asked.push(permissions.join(" "));
  }

  sees({ permission, name }: PermissionUse): boolean {
    this.asked.push(`${permission} ${name}`);
    return this.#allows(permission);
  }
}

function within(procedure: ProcedureName, args: unknown, authority: Authority): RowAuthority {
  return new RowAuthority(() => authority, { row: procedureRow(procedure) as Procedure, args });
}

function use(permission: Permission, name = "web"): PermissionUse {
  return { permission, name, connection: "host", operation: "domain.info", when: "obtained" };
}

Deno.test("what a row names is asked for as it is, and what it does not name in its words", () => {
  const authority = new Listening();
  const call = within("domainGetTime", { flags: 0 }, authority);
  call.check(use("domain:write"));
  call.check(use("domain:read"));
  assert.deepEqual(authority.asked, ["domain:write web", "domain:write web"]);
});

Deno.test("what depends on a call's arguments is asked for where they say so", () => {
  for (const [flags, asked] of [[0, ["domain:read web"]], [1, ["domain:read_secure web"]]] as const) {
    const authority = new Listening();
    void within("domainGetXmlDesc", { flags }, authority).check(use("domain:read_secure"));
    assert.deepEqual(authority.asked, asked);
  }
});

Deno.test("what a definition reaches is asked for whatever a row names", () => {
  const authority = new Listening();
  const call = within("domainDefineXml", { xml: "" }, authority);
  call.check(use("host:path", "/etc/shadow"));
  void call.checkReach({
    operation: "domain.define",
    connection: "host",
    permissions: ["domain:write", "domain:start"],
    grantedPaths: [],
  });
  assert.deepEqual(authority.asked, ["host:path /etc/shadow", "domain:write domain:save"]);
});

Deno.test("a list is filtered by what its row says, whatever the operation behind it says", () => {
  const authority = new Listening((permission) => permission !== "domain:read");
  const call = within("connectGetAllDomainStats", { flags: 0 }, authority);
  assert.equal(call.sees(use("domain:getattr")), false);
  assert.deepEqual(authority.asked, ["domain:read web"]);
});

Deno.test("who decides may change while a call goes on", () => {
  const [before, after] = [new Listening(), new Listening()];
  let authority: Authority = before;
  const call = new RowAuthority(() => authority, {
    row: procedureRow("domainDestroy") as Procedure,
    args: {},
  });
  call.check(use("domain:stop"));
  authority = after;
  call.check(use("domain:stop"));
  assert.deepEqual([before.asked.length, after.asked.length], [1, 1]);
});
