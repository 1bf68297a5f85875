import assert from "node:assert/strict";
import { RealHost } from "./kit/host.ts";
import { descendants } from "./kit/process_tree.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const { test } = realTests({ needs: { certtool: "gnutls-bin", saslpasswd2: "sasl2-bin" } });

const definition = `<domain type='qemu'><name>still</name><memory unit='MiB'>16</memory>
  <os><type arch='x86_64'>hvm</type></os></domain>`;

test("a private libvirtd answers for the test driver and for QEMU", async (host) => {
  assert.match(await host.virsh("-c", host.uri("test"), "list"), /1\s+test\s+running/);
  assert.equal(await host.virsh("list", "--all"), "");
  assert.equal(await host.virsh("hostname"), "host");
});

test("its guests survive the daemon's death, and are known to the next one", async (host) => {
  const path = `${host.directory}/still.xml`;
  await Deno.writeTextFile(path, definition);
  await host.virsh("create", path);
  const { pid } = host;
  host.kill();
  await until(() => !host.running, { what: "the daemon's end" });
  assert.notEqual((await host.tryVirsh("list")).code, 0);
  await host.restart();
  assert.notEqual(host.pid, pid);
  assert.equal(await host.virsh("domstate", "still"), "running");
  await host.virsh("destroy", "still");
});

test("a host that is stopped leaves no process and no file", async () => {
  const host = await RealHost.start({ tcp: true });
  const path = `${host.directory}/still.xml`;
  await Deno.writeTextFile(path, definition);
  await host.virsh("-c", host.uri("qemu", { transport: "tcp" }), "create", path);
  const below = descendants(host.initPid);
  assert.ok(below.some(({ program }) => program.startsWith("qemu-system")));
  await host.stop();
  await assert.rejects(Deno.stat(host.directory), Deno.errors.NotFound);
  for (const { pid } of below) await assert.rejects(Deno.stat(`/proc/${pid}`), Deno.errors.NotFound);
});

test("a host whose daemon does not start says why", async () => {
  await assert.rejects(
    RealHost.start({ daemonConfig: ["min_workers = 'no number'"] }),
    /min_workers|configuration/,
  );
});

test("a host asks for certificates and passwords where it is to", async () => {
  const user = { on: ["unix", "tls"], mechanism: "SCRAM-SHA-256", users: { joe: "open sesame" } } as const;
  await using host = await RealHost.start({ tls: {}, sasl: user });
  const credentials = await host.file(
    "auth.conf",
    "[credentials-joe]\nauthname=joe\npassword=open sesame\n[auth-libvirt-default]\ncredentials=joe\n",
  );
  for (const transport of ["unix", "tls"] as const) {
    const uri = host.uri("test", { transport });
    assert.match((await host.tryVirsh("-c", uri, "list")).error, /authentication failed/);
    assert.match(await host.virsh("-c", `${uri}&authfile=${credentials}`, "list"), /test/);
  }
  const strangers = host.uri("test", { transport: "tls" }).replace(host.pkiPath, "/nowhere");
  assert.notEqual((await host.tryVirsh("-c", strangers, "list")).code, 0);
});
