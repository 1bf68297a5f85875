import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { ReachUse } from "../../../runtime/call.ts";
import { AuditMemory } from "../../../runtime/permission/audit.ts";
import { GrantAuthority } from "../../../runtime/permission/authority.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { device, disk, domain } from "./definitions.ts";

function authority(grants: string, audit = new AuditMemory()): GrantAuthority {
  return new GrantAuthority({
    grants: parseGrants(grants),
    clock: { now: () => 0 },
    caller: { principal: "alice" },
    audit,
  });
}

function define(xml: string, more: Partial<ReachUse> = {}): ReachUse {
  return {
    operation: "domain.define",
    connection: "host",
    permissions: ["domain:write", "domain:save"],
    document: "domain",
    xml,
    grantedPaths: ["/var/lib/libvirt/images"],
    ...more,
  };
}

async function refusal(grants: string, use: ReachUse): Promise<VirtError> {
  try {
    await authority(grants).checkReach(use);
  } catch (error) {
    if (error instanceof VirtError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "it was allowed" });
}

function labelled(...labels: readonly string[]): string {
  const inside = labels.map((label) => `<label>${label}</label>`).join("");
  return domain(`<metadata><labels xmlns='urn:drover:labels'>${inside}</labels></metadata>`);
}

Deno.test("what a definition reaches needs its grant, by path", async () => {
  const xml = disk("<source file='/srv/data/a.img'/>");
  const error = await refusal("all", define(xml));
  assert.equal(
    error.message,
    'Cannot call domain.define on domain "web-1", which reaches "/srv/data/a.img": host:path is not granted',
  );
  assert.equal(error.hint, "Add --allow host:path@/srv/data/a.img");
  await authority("all host:path@/srv/data/*").checkReach(define(xml));
  await refusal("all host:path@/srv/*", define(xml));
  await refusal("all host:path@/etc/**", define(xml));
});

Deno.test("everything that is missing is said at once, and written down", async () => {
  const xml = device(
    "<emulator>/opt/qemu</emulator><interface type='bridge'><source bridge='br0'/></interface>",
  );
  const error = await refusal("all", define(xml));
  assert.equal(error.hint, "Add --allow 'host:emulator@/opt/qemu host:network@br0'");
  assert.match(error.message, /; 1 more permission is missing$/);
  const audit = new AuditMemory();
  await assert.rejects(authority("all", audit).checkReach(define(xml)));
  assert.deepEqual(audit.entries.map(({ permission, decision }) => [permission, decision]), [
    ["host:emulator", "denied"],
    ["host:network", "denied"],
  ]);
});

Deno.test("what the hint says is enough", async () => {
  const xml = device(
    "<hostdev mode='subsystem' type='usb'><source><vendor id='0x046d'/><product id='0x082d'/></source></hostdev>" +
      "<disk><source file='/srv/my disk, [1].img'/></disk><foo/><filesystem><source dir='/srv'/></filesystem>",
  );
  const error = await refusal("all", define(xml));
  const grants = /--allow '(.*)'$/.exec(error.hint ?? "")?.[1] ?? "";
  await authority(`all ${grants}`).checkReach(define(xml));
});

Deno.test("a path with two dots in it is refused whatever is granted", async () => {
  const error = await refusal(
    "all,host",
    define(disk("<source file='/var/lib/libvirt/images/../../../../etc/shadow'/>")),
  );
  assert.match(error.message, /is no path that can be granted, with "\.\." in it$/);
});

Deno.test("a definition is checked by the name in it, whatever else was checked", async () => {
  const error = await refusal("domain:write,save@db-*", define(domain("")));
  assert.equal(error.target, 'domain "web-1"');
  await refusal("domain:write@web-*", define(domain("")));
  await authority("domain:write,save@web-*").checkReach(define(domain("")));
});

Deno.test("of two names both count", async () => {
  const xml = domain("<name>db-1</name>");
  assert.equal((await refusal("domain:write,save@web-*", define(xml))).target, 'domain "db-1"');
});

Deno.test("a definition without a name is for those who may define anything", async () => {
  const xml = "<domain type='kvm'/>";
  await refusal("domain:write,save@web-*", define(xml));
  await authority("domain:write,save").checkReach(define(xml));
});

Deno.test("a new name needs the permission on it", async () => {
  const rename: ReachUse = {
    operation: "domain.rename",
    connection: "host",
    permissions: ["domain:write"],
    newName: "db-1",
    name: "web-1",
    grantedPaths: [],
  };
  const error = await refusal("domain:write@web-*", rename);
  assert.equal(error.hint, "Add --allow domain:write@db-1");
  await authority("domain:write@web-*,db-*").checkReach(rename);
  const define1 = define(domain("").replace("web-1", "db-1"), { name: "web-1" });
  await refusal("domain:write,save@web-*", define1);
  await authority("domain:write,save").checkReach(define1);
});

Deno.test("a name cannot bring a domain under a grant that does not hold for it", async () => {
  const use = define(domain("").replace("web-1", "tmp-1"), { name: "web-1" });
  const error = await refusal("domain:write,save domain:delete,stop@tmp-*", use);
  assert.equal(
    error.message,
    'Cannot call domain.define on domain "web-1": under the name "tmp-1" domain:stop would be allowed on it, ' +
      "and it is not now",
  );
  assert.equal(error.hint, "Add --allow domain:stop@web-1");
  await authority("domain:write,save domain:delete,stop@tmp-*,web-*").checkReach(use);
});

Deno.test("a name for what is there before is no gain", async () => {
  await authority("domain:write,save@web-* domain:delete@tmp-*").checkReach(
    define(domain(""), { name: "web-1", definition: domain("") }),
  );
});

Deno.test("labels select objects", async () => {
  const decide = authority("domain:start#prod");
  const use = {
    permission: "domain:start",
    connection: "host",
    operation: "domain.start",
    when: "asked",
  } as const;
  await decide.check({ ...use, name: "web-1", definition: labelled("prod", "eu") });
  for (const definition of [labelled("test"), labelled(), domain(""), "<broken"]) {
    await assert.rejects(async () => await decide.check({ ...use, name: "web-1", definition }));
  }
  await assert.rejects(async () => await decide.check({ ...use, name: "web-1" }));
});

Deno.test("labels of another namespace select nothing", async () => {
  const xml = labelled("prod").replace("urn:drover:labels", "urn:other");
  const use = {
    permission: "domain:start",
    connection: "host",
    operation: "domain.start",
    when: "asked",
  } as const;
  await assert.rejects(async () =>
    await authority("domain:start#prod").check({ ...use, name: "web-1", definition: xml })
  );
});

Deno.test("a label cannot bring a domain under a grant that does not hold for it", async () => {
  const use = define(labelled("scratch"), { name: "web-1", definition: labelled("prod") });
  const error = await refusal("domain:write,save domain:delete#scratch", use);
  assert.match(error.message, /with the labels "scratch" domain:delete would be allowed on it/);
  await authority("domain:write,save,delete").checkReach(use);
  await refusal("domain:write,save#prod", use);
  await refusal("domain:write,save#scratch", use);
});

Deno.test("a label written as metadata is a label, with or without its namespace", async () => {
  const metadata = (namespace: string, element: string): ReachUse => ({
    operation: "domain.setMetadata",
    connection: "host",
    permissions: ["domain:write"],
    newMetadata: { namespace, element },
    name: "web-1",
    definition: labelled("prod"),
    grantedPaths: [],
  });
  const grants = "domain:write domain:delete#scratch";
  for (
    const use of [
      metadata("urn:drover:labels", "<labels><label>scratch</label></labels>"),
      metadata(
        "urn:drover:labels",
        "<x:labels xmlns:x='urn:drover:labels'><x:label>scratch</x:label></x:labels>",
      ),
      metadata("urn:x", "<labels xmlns='urn:drover:l&#97;bels'><label>scratch</label></labels>"),
    ]
  ) await refusal(grants, use);
  await authority(grants).checkReach(metadata("urn:x", "<labels><label>scratch</label></labels>"));
  await refusal("domain:write#prod", metadata("urn:drover:labels", ""));
});

Deno.test("a snapshot may not define another domain than its own", async () => {
  const use: ReachUse = {
    ...define(`<domainsnapshot>${domain("").replace("web-1", "db-1")}</domainsnapshot>`, { name: "web-1" }),
    operation: "snapshot.create",
    permissions: ["domain:snapshot"],
    document: "snapshot",
  };
  await refusal("domain:snapshot@web-*", use);
  await authority("domain:snapshot").checkReach(use);
});

Deno.test("a snapshot cannot bring other labels back", async () => {
  const use: ReachUse = {
    ...define(`<domainsnapshot>${labelled("scratch")}</domainsnapshot>`, {
      name: "web-1",
      definition: labelled("prod"),
    }),
    operation: "snapshot.create",
    permissions: ["domain:snapshot"],
    document: "snapshot",
  };
  await refusal("domain:snapshot domain:delete#scratch", use);
  await authority("domain:snapshot,delete").checkReach(use);
  const plain = { ...use, xml: "<domainsnapshot><name>s</name></domainsnapshot>" };
  await authority("domain:snapshot#prod domain:delete#scratch").checkReach(plain);
});

Deno.test("a label whose namespace is written with character references is one", async () => {
  const xml = labelled("scratch").replace("urn:drover:labels", "urn:drover:l&#97;bels");
  const use = define(xml, { name: "web-1", definition: labelled("prod") });
  await refusal("domain:write,save domain:delete#scratch", use);
});

Deno.test("a file that an operation writes on the host needs its grant", async () => {
  const save = (value: string): ReachUse => ({
    operation: "domain.save",
    connection: "host",
    permissions: ["domain:hibernate"],
    places: [{ kind: "path", value }],
    name: "web-1",
    grantedPaths: ["/var/lib/libvirt/images"],
  });
  assert.equal((await refusal("all", save("/etc/cron.d/x"))).hint, "Add --allow host:path@/etc/cron.d/x");
  await refusal("all,host", save("/var/lib/libvirt/images/../../../../etc/cron.d/x"));
  await refusal("all", save("/var/lib/libvirt/images/web-1.save"));
  await authority("all host:path@/var/lib/libvirt/images/*").checkReach(
    save("/var/lib/libvirt/images/web-1.save"),
  );
  await refusal("all", { ...save("/x"), places: [{ kind: "emulator", value: "/var/lib/libvirt/images/x" }] });
});
