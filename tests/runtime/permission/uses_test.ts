import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import type { CallResult } from "../../../runtime/call.ts";
import type { SlotClaim } from "../../../runtime/driver.ts";
import { AuditMemory } from "../../../runtime/permission/audit.ts";
import { GrantAuthority } from "../../../runtime/permission/authority.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { Bench } from "../../drivers/bench.ts";
import { FakeHost, FakeKernel } from "../../kit/fake_host.ts";
import { disk, domain } from "./definitions.ts";

function authority(grants: string, audit = new AuditMemory()): GrantAuthority {
  return new GrantAuthority({
    grants: parseGrants(grants),
    clock: { now: () => 0 },
    caller: { principal: "alice" },
    audit,
  });
}

/** `done`, or the code of the error. */
function outcome({ outcome }: CallResult): string {
  return outcome.kind === "done" ? "done" : outcome.error.code;
}

function listed({ outcome }: CallResult): readonly string[] {
  assert.ok(outcome.kind === "done" && Array.isArray(outcome.value));
  return outcome.value.map((item: { readonly domain: ObjectRef }) => item.domain.name);
}

function small(): { readonly host: FakeHost; readonly kernel: FakeKernel } {
  const host = new FakeHost();
  host.ready.open();
  return { host, kernel: new FakeKernel({ host }) };
}

Deno.test("a look-up finds only what one may see", async () => {
  const { host, kernel } = small();
  const found = host.add("domain", "db-1");
  host.on("domain.lookup", () => Promise.resolve(found.ref("host")));
  const look = async (grants: string): Promise<string> =>
    outcome(
      await kernel.call("domain.lookup", undefined, {
        input: { name: "db-1" },
        authority: authority(grants),
      }),
    );
  assert.equal(await look("domain:getattr@db-*"), "done");
  assert.equal(await look("domain:getattr@web-*"), "permission-denied");
  assert.equal(await look("domain:read"), "permission-denied");
});

Deno.test("who looks an object up by its id does not learn the name of one that he may not see", async () => {
  const { host, kernel } = small();
  const found = host.add("domain", "payroll");
  host.on("domain.lookup", () => Promise.resolve(found.ref("host")));
  const look = async (name: string): Promise<string> => {
    const { outcome } = await kernel.call("domain.lookup", undefined, {
      input: { name },
      authority: authority("domain:getattr@web-*"),
    });
    assert.ok(outcome.kind === "not-done");
    assert.equal(outcome.error.code, "permission-denied");
    return JSON.stringify(outcome.error);
  };
  assert.equal((await look("7")).includes("payroll"), false);
  assert.match(await look("payroll"), /--allow domain:getattr@payroll/);
});

Deno.test("a list shows only what one may see", async () => {
  const { host, kernel } = small();
  const items = ["web-1", "db-1", "web-2"].map((name) => ({ domain: host.add("domain", name).ref("host") }));
  host.on("domain.list", () => Promise.resolve(items));
  const list = (grants: string): Promise<CallResult> =>
    kernel.call("domain.list", undefined, { authority: authority(grants) });
  assert.deepEqual(listed(await list("connect:search_domains domain:getattr@web-*")), ["web-1", "web-2"]);
  assert.deepEqual(listed(await list("connect:search_domains")), []);
  assert.equal(outcome(await list("domain:getattr")), "permission-denied");
});

Deno.test("a volume is asked for by its pool and name, and a new one by the name in its definition", async () => {
  const { host, kernel } = small();
  const pool = host.add("pool", "images");
  const volume = host.add("volume", "disk0", { parent: pool.id });
  host.on("volume.delete", () => Promise.resolve({}));
  host.on("volume.create", () => Promise.resolve(volume.ref("host")));
  const remove = async (grants: string): Promise<string> =>
    outcome(await kernel.call("volume.delete", volume, { authority: authority(grants) }));
  assert.equal(await remove("storage_vol:delete@images/*"), "done");
  assert.equal(await remove("storage_vol:delete@disk0"), "done");
  assert.equal(await remove("storage_vol:delete@other/*"), "permission-denied");
  const make = async (grants: string): Promise<string> =>
    outcome(
      await kernel.call("volume.create", pool, {
        input: { xml: "<volume><name>disk1</name><capacity>1</capacity></volume>" },
        authority: authority(grants),
      }),
    );
  assert.equal(await make("storage_vol:create@images/disk*"), "done");
  assert.equal(await make("storage_vol:create@disk1"), "done");
  assert.equal(await make("storage_vol:create@other/*"), "permission-denied");
  assert.equal(await make("storage_vol:create@disk0"), "permission-denied");
});

Deno.test("a volume that is made goes by its pool's name and its own in every driver", async () => {
  await using bench = await Bench.open();
  const target = await bench.call("pool.lookup", { name: "default-pool" });
  const make = async (name: string, grants: string): Promise<string> =>
    outcome(
      await bench.kernel.call({
        operation: "volume.create",
        connections: bench.connections,
        connection: "host",
        target,
        input: { xml: `<volume><name>${name}</name><capacity>1</capacity></volume>` },
        caller: { principal: "alice", since: 0 },
        authority: authority(grants),
      }),
    );
  assert.equal(await make("disk1", "storage_vol:create@default-pool/disk*"), "done");
  assert.equal(await make("disk2", "storage_vol:create@disk*"), "done");
  assert.equal(await make("disk3", "storage_vol:create@other/*"), "permission-denied");
});

Deno.test("a snapshot's permissions are its domain's", async () => {
  const { host, kernel } = small();
  const web = host.add("domain", "web-1");
  const snapshot = host.add("snapshot", "before", { parent: web.id });
  host.on("snapshot.delete", () => Promise.resolve({}));
  const remove = async (grants: string): Promise<string> =>
    outcome(await kernel.call("snapshot.delete", snapshot, { authority: authority(grants) }));
  assert.equal(await remove("domain:snapshot@web-1"), "done");
  assert.equal(await remove("domain:snapshot@before"), "permission-denied");
});

Deno.test("defining is checked by the name in the definition and by what it reaches", async () => {
  const { host, kernel } = small();
  const made = host.add("domain", "web-1");
  let ran = 0;
  const about = (): readonly SlotClaim[] => [{ objectClass: "domain", name: "web-1" }];
  host.on("domain.define", () => {
    ran++;
    return Promise.resolve(made.ref("host"));
  }, { about });
  const define = async (xml: string, grants: string): Promise<string> =>
    outcome(await kernel.call("domain.define", undefined, { input: { xml }, authority: authority(grants) }));
  assert.equal(await define(domain(""), "domain:write,save@web-*"), "done");
  assert.equal(await define(domain(""), "domain:write,save@db-*"), "permission-denied");
  assert.equal(await define(disk("<source file='/etc/shadow'/>"), "all"), "permission-denied");
  assert.equal(await define(disk("<source file='/etc/shadow'/>"), "all host:path@/etc/*"), "done");
  assert.equal(await define("<domain", "all,host"), "invalid-document");
  assert.equal(ran, 2);
});

Deno.test("renaming is checked by both names", async () => {
  const { host, kernel } = small();
  const web = host.add("domain", "web-1");
  host.on("domain.rename", () => Promise.resolve(web.ref("host")));
  const rename = async (grants: string): Promise<string> =>
    outcome(
      await kernel.call("domain.rename", web, {
        input: { newName: "db-1" },
        authority: authority(grants),
      }),
    );
  assert.equal(await rename("domain:write,save@web-*,db-*"), "done");
  assert.equal(await rename("domain:write,save@web-*"), "permission-denied");
  assert.equal(await rename("domain:write,save@db-*"), "permission-denied");
  assert.equal(await rename("domain:write,save domain:delete@db-*"), "permission-denied");
});

Deno.test("files that an operation names on the host are checked, with a slot and without", async () => {
  const { host, kernel } = small();
  const web = host.add("domain", "web-1", { live: {} });
  host.on("domain.save", () => Promise.resolve({}));
  host.on("connection.domainCapabilities", () => Promise.resolve("<domainCapabilities/>"));
  const save = async (grants: string): Promise<string> =>
    outcome(
      await kernel.call("domain.save", web, {
        input: { path: "/etc/cron.d/x" },
        authority: authority(grants),
      }),
    );
  assert.equal(await save("all"), "permission-denied");
  assert.equal(await save("all host:path@/etc/cron.d/x"), "done");
  const capabilities = async (grants: string): Promise<string> =>
    outcome(
      await kernel.call("connection.domainCapabilities", host.self, {
        input: { emulator: "/tmp/evil" },
        authority: authority(grants),
      }),
    );
  assert.equal(await capabilities("all"), "permission-denied");
  assert.equal(await capabilities("all,host"), "done");
});

Deno.test("files of Drover's own machine have grants of their own, for reading and for writing", async () => {
  const { host, kernel } = small();
  const disk = host.add("volume", "disk");
  host.on("volume.uploadFile", () => Promise.resolve({}));
  host.on("volume.downloadFile", () => Promise.resolve({}));
  const transfer = async (
    operation: "volume.uploadFile" | "volume.downloadFile",
    grants: string,
    path = "/srv/images/disk.img",
  ): Promise<string> =>
    outcome(await kernel.call(operation, disk, { input: { path }, authority: authority(grants) }));
  assert.equal(await transfer("volume.uploadFile", "all"), "permission-denied");
  assert.equal(await transfer("volume.uploadFile", "all host:path host:local_write"), "permission-denied");
  assert.equal(await transfer("volume.uploadFile", "all host:local_read@/srv/images/*"), "done");
  assert.equal(await transfer("volume.downloadFile", "all host:local_read"), "permission-denied");
  assert.equal(await transfer("volume.downloadFile", "all host:local_write@/srv/**"), "done");
  const escape = "/srv/images/../../etc/shadow";
  assert.equal(await transfer("volume.uploadFile", "all,host", escape), "permission-denied");
});

Deno.test("an address is allowed in its one spelling, and one with a password in it never", async () => {
  const { host, kernel } = small();
  host.on("connection.fetchImage", () => Promise.resolve({ bytes: 1, format: "raw", fetched: true }));
  const fetched = async (
    url: string,
    grants = "all host:fetch@https://images.example.org/stable/**",
  ): Promise<string> => {
    const input = { url, checksum: `sha256:${"0".repeat(64)}` };
    return outcome(
      await kernel.call("connection.fetchImage", host.self, { input, authority: authority(grants) }),
    );
  };
  assert.equal(await fetched("https://images.example.org/stable/x/disk.qcow2"), "done");
  assert.equal(await fetched("HTTPS://IMAGES.example.org:443/./stable/disk.qcow2"), "done");
  const denied = [
    "https://images.example.org/stable/../secret/disk.qcow2",
    "https://images.example.org/stable/%2e%2e/secret/disk.qcow2",
    "http://images.example.org/stable/disk.qcow2",
    "https://images.example.org.evil.example/stable/disk.qcow2",
    "https://images.example.org:444/stable/disk.qcow2",
    "https://images.example.org/stable\\..\\secret",
    "https://images.example.org@evil.example/stable/disk.qcow2",
  ];
  for (const url of denied) assert.equal(await fetched(url), "permission-denied", url);
  assert.equal(
    await fetched("https://me:secret@images.example.org/stable/x", "all,host"),
    "permission-denied",
  );
  assert.equal(await fetched("https://images.example.org/stable/x", "all"), "permission-denied");
});

Deno.test("a filter's binding is allowed by the device that it is on", async () => {
  const { host, kernel } = small();
  host.on("filterBinding.create", () => Promise.resolve({}));
  const bind = async (device: string, grants: string): Promise<string> => {
    const xml = `<filterbinding><portdev name='${device}'/><filterref filter='clean'/></filterbinding>`;
    const input = { xml };
    return outcome(
      await kernel.call("filterBinding.create", host.self, { input, authority: authority(grants) }),
    );
  };
  const grants = "nwfilter_binding:create@vnet* host:network@*";
  assert.equal(await bind("vnet0", grants), "done");
  assert.equal(await bind("eth0", grants), "permission-denied");
});

Deno.test("what goes to another host is checked there too", async () => {
  const host = new FakeHost();
  const other = new FakeHost("00000000-0000-4000-8000-000000000002");
  for (const each of [host, other]) each.ready.open();
  const kernel = new FakeKernel({ host, other });
  const web = host.add("domain", "web-1", { live: {} });
  host.on("domain.migrate", () => Promise.resolve(web.ref("host")));
  const migrate = async (grants: string): Promise<string> =>
    outcome(
      await kernel.call("domain.migrate", web, {
        input: { to: "other", xml: disk("<source file='/srv/x'/>") },
        authority: authority(grants),
      }),
    );
  assert.equal(await migrate("all"), "permission-denied");
  assert.equal(await migrate("all host=host:path"), "permission-denied");
  assert.equal(await migrate("all other=host:path"), "done");
  assert.equal(await migrate("host=all other=host:path"), "permission-denied");
});

Deno.test("labels in a definition decide about what one may do with it", async () => {
  const { host, kernel } = small();
  const web = host.add("domain", "web-1");
  web.define(domain("<metadata><labels xmlns='urn:drover:labels'><label>prod</label></labels></metadata>"));
  host.on("domain.start", () => Promise.resolve({}));
  const start = async (grants: string): Promise<string> =>
    outcome(await kernel.call("domain.start", web, { authority: authority(grants) }));
  assert.equal(await start("domain:start#prod"), "done");
  assert.equal(await start("domain:start#p*"), "done");
  assert.equal(await start("domain:start#test"), "permission-denied");
});

Deno.test("a quota counts calls, not checks", async () => {
  const { host, kernel } = small();
  const web = host.add("domain", "web-1", { live: {} });
  host.on("domain.reset", () => Promise.resolve({}));
  const limited = authority("domain:reset(quota=2)");
  const outcomes: string[] = [];
  for (let i = 0; i < 3; i++) {
    outcomes.push(outcome(await kernel.call("domain.reset", web, { authority: limited })));
  }
  assert.deepEqual(outcomes, ["done", "done", "permission-denied"]);
});
