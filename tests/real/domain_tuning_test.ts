/**
 * How much of the host a real guest may take, and what it took.
 *
 * @module
 */
import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import { DomainStage } from "./kit/domain_stage.ts";
import { makeDisk } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const real = realTests({ needs: guestNeeds });

function test(name: string, run: (stage: DomainStage, host: RealHost) => Promise<void>): void {
  real.test(name, async (host) => {
    await using stage = await DomainStage.set(host);
    await run(stage, host);
  });
}

test("a guest gives memory back while it runs, and keeps its maximum", async (stage) => {
  const { bench } = stage;
  const on = await stage.boot({ memory: 192 });
  await bench.call("domain.setMemory", { memoryKib: 128 * 1024, live: true, config: true }, { on });
  await until(
    async () => (await bench.call("domain.info", {}, { on })).memoryKib === 128 * 1024,
    { what: "the guest to give memory back" },
  );
  assert.match(await stage.virsh("dumpxml", on, "--inactive"), />131072<\/currentMemory>/);
  await bench.refused("wrong-state", "domain.setMaxMemory", {
    input: { memoryKib: 2 ** 20, live: true },
    on,
  });
  await bench.call("domain.setMaxMemory", { memoryKib: 256 * 1024, config: true }, { on });
  assert.match(await stage.virsh("dumpxml", on, "--inactive"), />262144<\/memory>/);
  await bench.refused("invalid-argument", "domain.setMemory", {
    input: { memoryKib: 2 ** 30, live: true },
    on,
  });
  await bench.call("domain.setMemoryStatsPeriod", { periodS: 1, live: true }, { on });
  const figures = await bench.call("domain.memoryStats", {}, { on });
  assert.equal(figures["actual"], 128 * 1024);
  assert.ok(Number(figures["rss"]) > 0);
});

test("processors are plugged in, pinned and counted", async (stage) => {
  const { bench } = stage;
  const on = await stage.start({ vcpus: 1 });
  await bench.call("domain.destroy", {}, { on });
  await bench.call("domain.setVcpus", { vcpus: 3, maximum: true, config: true }, { on });
  await bench.call("domain.setVcpus", { vcpus: 1, config: true }, { on });
  await bench.call("domain.start", {}, { on });
  await bench.call("domain.setVcpus", { vcpus: 2, live: true }, { on });
  assert.deepEqual(await bench.call("domain.vcpuCount", {}, { on }), {
    maximum: 3,
    current: 1,
    live: { maximum: 3, current: 2 },
  });
  await bench.call("domain.setVcpu", { vcpus: "2", enabled: true, live: true }, { on });
  await bench.call("domain.pinVcpu", { vcpu: 1, cpus: "0", live: true, config: true }, { on });
  const vcpus = await bench.call("domain.vcpus", {}, { on });
  assert.equal(vcpus.length, 3);
  assert.deepEqual([vcpus[1]?.cpus, vcpus[1]?.state], ["0", "running"]);
  assert.equal((await bench.call("domain.vcpus", { config: true }, { on })).length, 1);
  await bench.call("domain.pinEmulator", { cpus: "0", live: true }, { on });
  assert.equal((await bench.call("domain.emulatorPin", {}, { on })).cpus, "0");
  const told = await bench.refused("invalid-argument", "domain.pinVcpu", {
    input: { vcpu: 7, cpus: "0" },
    on,
  });
  assert.match(told, /^Cannot pin processors of domain/);
});

test("I/O threads come, poll as they are told, and go", async (stage) => {
  const { bench } = stage;
  const on = await stage.start();
  await bench.call("domain.addIothread", { iothread: 2, live: true, config: true }, { on });
  await bench.call("domain.setIothread", { iothread: 2, pollMaxNs: 4096 }, { on });
  await bench.call("domain.pinIothread", { iothread: 2, cpus: "0", live: true }, { on });
  const [thread] = await bench.call("domain.iothreads", {}, { on });
  assert.deepEqual([thread?.iothread, thread?.cpus, thread?.pollMaxNs], [2, "0", 4096]);
  await bench.call("domain.removeIothread", { iothread: 2, live: true, config: true }, { on });
  assert.deepEqual(await bench.call("domain.iothreads", {}, { on }), []);
});

test("limits are read back as they were set, each of the kind that the host expects", async (stage, host) => {
  const { bench } = stage;
  const disk = await makeDisk(host, "tuned.qcow2");
  const on = await stage.start({ disk });
  await bench.call("domain.setBlockIoTune", {
    disk: "vda",
    parameters: { total_bytes_sec: 2 ** 21, total_iops_sec: 100 },
    live: true,
    config: true,
  }, { on });
  const tune = await bench.call("domain.blockIoTune", { disk: "vda" }, { on });
  assert.deepEqual([tune["total_bytes_sec"], tune["total_iops_sec"]], [2 ** 21, 100]);
  await bench.call("domain.setParameters", {
    group: "memory",
    parameters: { hard_limit: 2 ** 20 },
    config: true,
  }, { on });
  const kept = await bench.call("domain.parameters", { group: "memory", config: true }, { on });
  assert.equal(kept["hard_limit"], 2 ** 20);
  assert.equal(kept["soft_limit"], Number.MAX_SAFE_INTEGER);
  await bench.call("domain.setParameters", {
    group: "numa",
    parameters: { numa_mode: "preferred", numa_nodeset: "0" },
    config: true,
  }, { on });
  assert.deepEqual(await bench.call("domain.parameters", { group: "numa", config: true }, { on }), {
    numa_mode: "preferred",
    numa_nodeset: "0",
  });
  for (const parameters of [{ total_bytes_sec: "much" }, { total_bytes_sec: -1 }, { total_bytes_sec: 1.5 }]) {
    await bench.refused("invalid-argument", "domain.setBlockIoTune", {
      input: { disk: "vda", parameters },
      on,
    });
  }
  const events = await bench.call("domain.perfEvents", { config: true }, { on });
  assert.equal(events["cpu_cycles"], false);
  await bench.call("domain.setPerfEvents", { events: { cpu_cycles: true }, config: true }, { on });
  assert.equal((await bench.call("domain.perfEvents", { config: true }, { on }))["cpu_cycles"], true);
});

test("statistics of all guests come in one call", async (stage, host) => {
  const { bench } = stage;
  const disk = await makeDisk(host, "counted.qcow2");
  const on = await stage.boot({ disk, network: "user" });
  const other = await stage.start();
  const all = await bench.call("domain.stats", {});
  assert.deepEqual(all.map(({ domain }) => domain.name).sort(), [on.name, other.name].sort());
  const { stats } = all.find(({ domain }) => domain.name === on.name)!;
  assert.equal(stats["state.state"], 1);
  assert.equal(stats["block.0.name"], "vda");
  assert.ok(Number(stats["cpu.time"]) > 0);
  const some = await bench.call("domain.stats", { name: "guest-*", groups: ["state"], domains: [other] });
  assert.deepEqual(some.map(({ domain, stats }) => [domain.name, Object.keys(stats)]), [
    [other.name, ["state.state", "state.reason"]],
  ]);
  const blocks = await bench.call("domain.blockStats", { disk: "vda" }, { on });
  assert.ok(blocks.readRequests > 0);
  assert.deepEqual(await bench.call("domain.blockErrors", {}, { on }), []);
  assert.deepEqual(await bench.call("domain.controlInfo", {}, { on }), { state: "ok" });
  await bench.call("domain.measureDirtyRate", { seconds: 1 }, { on });
  await until(async () => {
    const [measured] = await bench.call("domain.stats", { domains: [on], groups: ["dirtyrate"] });
    return measured?.stats["dirtyrate.calc_status"] === 2;
  }, { what: "the dirty rate" });
});

test("title, description and elements are written, read back, and removed", async (stage) => {
  const { bench } = stage;
  const on = await stage.start();
  const uri = "https://example.org/owner";
  const value = "<owner since='2024'><name>ops &amp; co</name></owner>";
  await bench.call("domain.setMetadata", { kind: "title", value: "A title", live: true, config: true }, {
    on,
  });
  await bench.call("domain.setMetadata", { kind: "element", uri, key: "o", value, live: true }, { on });
  assert.equal(await bench.call("domain.metadata", { kind: "title" }, { on }), "A title");
  assert.match(await bench.call("domain.metadata", { kind: "element", uri }, { on }), /ops &amp; co/);
  await bench.refused("not-found", "domain.metadata", { input: { kind: "element", uri, config: true }, on });
  await bench.call("domain.setMetadata", { kind: "element", uri, live: true }, { on });
  await bench.refused("not-found", "domain.metadata", { input: { kind: "element", uri }, on });
  await bench.call("domain.setLifecycleAction", { on: "reboot", action: "destroy", config: true }, { on });
  assert.match(await stage.virsh("dumpxml", on, "--inactive"), /<on_reboot>destroy</);
});

real.test("a hypervisor with other figures and parameters tells of its own", async (host) => {
  await using bench = await Bench.open(host.uri("test"), { drivers: [remoteDriver] });
  const on = await bench.call("domain.lookup", { name: "test" });
  const cpu = await bench.call("domain.cpuStats", {}, { on });
  assert.ok(cpu.cpuTimeNs > 0 && cpu.cpuTimeNs >= cpu.userNs);
  assert.deepEqual(await bench.call("domain.parameters", { group: "scheduler" }, { on }), { weight: 50 });
  await bench.call("domain.setParameters", { group: "scheduler", parameters: { weight: 60 } }, { on });
  await bench.refused("unsupported", "domain.guestInfo", { input: {}, on });
});
