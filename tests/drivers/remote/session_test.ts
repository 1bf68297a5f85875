/**
 * What becomes of calls, events and objects when the link breaks and comes back.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeLibvirtd } from "./kit/fake_libvirtd.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";

Deno.test("after a break everything is read again, and subscribers are told that they may have missed something", async () => {
  const libvirtd = new FakeLibvirtd();
  const web = libvirtd.define(xmlOf("web", { uuid }));
  libvirtd.define(xmlOf("gone"));
  await using bench = await RemoteBench.open({ libvirtd });
  bench.net.cut();
  libvirtd.start(web);
  libvirtd.undefine(libvirtd.named("gone")!);
  libvirtd.define(xmlOf("fresh"));
  await bench.calm(1000);
  assert.deepEqual(bench.heard, ["qemu:///system resync the connection was broken"]);
  assert.equal(bench.domain("web")?.phase, "active");
  assert.equal(bench.domain("gone"), undefined);
  assert.equal(bench.domain("fresh")?.phase, "inactive");
  libvirtd.stop(web);
  await bench.calm();
  assert.equal(bench.heard.at(-1), "web stopped destroyed");
  assert.equal(bench.domain("web")?.phase, "inactive");
});

Deno.test("calls made while the link is down wait for it", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  bench.net.down = true;
  bench.net.cut();
  const start = bench.begin("domain.start", {}, { on });
  const list = bench.begin("domain.list", {});
  await bench.calm(20_000);
  assert.deepEqual(bench.libvirtd.deeds.map(({ procedure }) => procedure), ["domainDefineXml"]);
  bench.net.down = false;
  const [started, listed] = await bench.clock.until(Promise.all([start, list]));
  assert.equal(started.outcome.kind, "done");
  assert.equal(listed.outcome.kind, "done");
  assert.equal(bench.libvirtd.domains.get(uuid)?.id, 1);
});

Deno.test("a call that cannot be sent before its deadline has not happened, and says why it was not sent", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  bench.net.down = true;
  bench.net.cut();
  for (const operation of ["domain.start", "domain.info"] as const) {
    const deadline = bench.clock.now() + 5000;
    const message = await bench.refused("unreachable", operation, { on, input: {}, deadline });
    assert.match(message, /Cannot reach "qemu:\/\/\/system": not connected for \d+ s, .*nobody listens/);
  }
});

Deno.test("a far side that stays away is asked less and less often, and sooner once somebody waits", async () => {
  await using bench = await RemoteBench.open();
  bench.net.down = true;
  bench.net.cut();
  await bench.calm(1000);
  const early = bench.net.attempts;
  assert.ok(early >= 3, `${early}`);
  await bench.calm(600_000);
  const { attempts } = bench.net;
  await bench.calm(120_000);
  const late = bench.net.attempts - attempts;
  assert.ok(late >= 3 && late <= 6, `${late} in two minutes`);
  const list = bench.begin("domain.list", {});
  await bench.calm(1);
  bench.net.down = false;
  const waited = bench.clock.now();
  assert.equal((await bench.clock.until(list)).outcome.kind, "done");
  assert.ok(bench.clock.now() - waited < 3000);
});

Deno.test("guests with other numbers after the daemon's restart are other guests", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  await using bench = await RemoteBench.open({ libvirtd });
  const known = bench.domain("web")!;
  const { generation } = known;
  bench.net.cut();
  await bench.calm(1000);
  assert.equal(known.generation, generation);
  bench.net.cut();
  libvirtd.renumber();
  await bench.calm(1000);
  assert.ok(known.generation > generation);
  assert.deepEqual(known.live, { id: 2 });
});

Deno.test("a URI that leads to another host after a break is not gone on with", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  Object.assign(bench.libvirtd, { hostUuid: "99999999-2222-4333-8444-555555555555" });
  bench.net.cut();
  const message = await bench.refused("unreachable", "domain.start", { on, input: {} });
  assert.match(message, /it leads to another host than before/);
});

Deno.test("a job whose domain was restarted while the link was down is told so before it acts", async () => {
  const libvirtd = new FakeLibvirtd();
  const web = libvirtd.define(xmlOf("web", { uuid }));
  libvirtd.start(web);
  await using bench = await RemoteBench.open({ libvirtd });
  const on = await bench.call("domain.lookup", { name: "web" });
  // The link breaks when the kernel has looked, and before the act is sent.
  bench.net.answered = (procedure) => {
    if (procedure !== "domainGetXmlDesc") return;
    bench.net.down = true;
    bench.net.cut();
  };
  const suspend = bench.begin("domain.suspend", {}, { on });
  await bench.calm(50);
  bench.net.answered = () => {};
  libvirtd.stop(web);
  libvirtd.start(web);
  bench.net.down = false;
  const { outcome } = await bench.clock.until(suspend);
  assert.equal(outcome.kind, "not-done");
  assert.ok(libvirtd.deeds.every(({ procedure }) => procedure !== "domainSuspend"));
});

Deno.test("a question that was lost is asked once more, and not again", async () => {
  await using bench = await RemoteBench.open();
  await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  let losses = 1;
  bench.net.fate = ({ procedure }) =>
    procedure === "domainLookupByName" && losses-- > 0 ? "lose-answer" : "pass";
  assert.equal((await bench.call("domain.lookup", { name: "web" })).id, uuid);
  losses = Infinity;
  await bench.refused("unreachable", "domain.lookup", { input: { name: "web" } });
});

Deno.test("nothing is left of a connection that was closed, also while it was down", async () => {
  for (const down of [false, true]) {
    const bench = await RemoteBench.open();
    bench.net.down = down;
    if (down) bench.net.cut();
    await bench.calm(down ? 5000 : 0);
    await bench[Symbol.asyncDispose]();
    assert.equal(bench.net.open.size, 0);
    assert.equal(bench.clock.pending, 0);
  }
});

Deno.test("a link that breaks while everything is read for the first time is opened again", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.define(xmlOf("web", { uuid }));
  let breaks = 2;
  await using bench = await RemoteBench.open({
    libvirtd,
    fate: ({ procedure }) => procedure === "connectListAllDomains" && breaks-- > 0 ? "lose-answer" : "pass",
  });
  assert.ok(bench.net.attempts >= 2);
  assert.deepEqual((await bench.call("domain.list", {})).map(({ domain }) => domain.name), ["web"]);
});

Deno.test("calls that were given up keep no place once they are answered", async () => {
  await using bench = await RemoteBench.open({ delay: () => 50 });
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  for (let round = 0; round < 4; round++) {
    const deadline = bench.clock.now() + 10;
    const calls = Array.from({ length: 5 }, () => bench.begin("domain.info", {}, { on, deadline }));
    for (const { outcome } of await bench.clock.until(Promise.all(calls))) {
      assert.equal(outcome.kind, "not-done");
    }
    await bench.calm(1000);
  }
  assert.equal((await bench.call("domain.lookup", { name: "web" })).id, uuid);
  assert.equal(bench.net.open.size, 1);
});
