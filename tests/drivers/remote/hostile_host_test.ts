/**
 * Hosts of which something is broken, and hosts that break what is begun with them.
 */
import assert from "node:assert/strict";
import type { ProcedureName } from "../../../protocol/procedures/mod.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeLibvirtd, remoteFault } from "./kit/fake_libvirtd.ts";

/** Lets the next calls of a procedure fail as a daemon does that has a broken part. */
function breakNext(libvirtd: FakeLibvirtd, procedure: ProcedureName, times = 10): void {
  const fault = remoteFault(1, "internal error: errors in loading some config files");
  libvirtd.faults.set(procedure, Array.from({ length: times }, () => fault));
}

Deno.test("a host whose network interfaces cannot be read has its domains all the same", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.define(xmlOf("web"));
  breakNext(libvirtd, "connectListAllInterfaces");
  breakNext(libvirtd, "connectListAllStoragePools");
  await using bench = await RemoteBench.open({ libvirtd });
  const domains = await bench.call("domain.list", {});
  assert.deepEqual(domains.map(({ domain }) => domain.name), ["web"]);
  const message = await bench.refused("internal", "interface.list", { input: {} });
  assert.match(message, /errors in loading some config files/);
});

Deno.test("what cannot be read after a break is not taken for gone", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web")));
  await using bench = await RemoteBench.open({ libvirtd });
  const known = bench.domain("web");
  breakNext(libvirtd, "connectListAllDomains");
  bench.net.cut();
  await bench.calm(5000);
  assert.equal(bench.domain("web"), known);
  assert.equal(known?.phase, "active");
});

Deno.test("a far side that breaks each connection as soon as it is there is left alone more and more", async () => {
  await using bench = await RemoteBench.open();
  const { kernel, host } = bench.bench;
  using _cutting = kernel.subscribe(host, ({ type }) => {
    if (type === "resync") bench.clock.after(5, () => bench.net.cut());
  });
  bench.net.cut();
  await bench.calm(60_000);
  const { attempts } = bench.net;
  await bench.calm(600_000);
  const late = bench.net.attempts - attempts;
  assert.ok(late >= 10 && late <= 40, `${late} attempts in ten minutes`);
});

Deno.test("a connection that has lasted is opened again at once, however often it broke before", async () => {
  await using bench = await RemoteBench.open();
  for (let time = 0; time < 12; time++) {
    bench.net.cut();
    await bench.calm(120_000);
  }
  const { attempts } = bench.net;
  bench.net.cut();
  await bench.calm(1000);
  assert.equal(bench.net.attempts, attempts + 1);
});
