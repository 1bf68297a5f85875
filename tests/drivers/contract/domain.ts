/**
 * What every driver does with domains.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { InputOf } from "../../../model/operation.ts";
import type { Operations } from "../../../model/operations/mod.ts";
import { type Bench, withTest } from "../bench.ts";
import type { ContractHost } from "./host.ts";

/** Declares the tests. */
export function domainContract(host: ContractHost): void {
  const test = withTest(host);
  const define = (bench: Bench, name: string) => bench.call("domain.define", { xml: host.xml.domain(name) });

  test("domain.define", "a defined domain is listed, found and off", async (bench) => {
    const ref = await define(bench, "c-defined");
    const [entry] = await bench.call("domain.list", { name: "c-defined" });
    assert.equal(entry?.state, "shutoff");
    assert.equal(entry?.persistent, true);
    assert.equal((await bench.call("domain.lookup", { name: ref.id })).name, "c-defined");
    const info = await bench.call("domain.info", {}, { on: ref });
    assert.deepEqual([info.vcpus, info.maxMemoryKib, info.memoryKib], [2, 65536, 65536]);
    await bench.call("domain.undefine", {}, { on: ref });
    await bench.refused("not-found", "domain.lookup", { input: { name: "c-defined" } });
  });

  test(
    "domain.define",
    "the same definition twice changes nothing, another name of the same UUID is refused",
    async (bench) => {
      const ref = await define(bench, "c-twice");
      const xml = await bench.call("domain.xml", { inactive: true }, { on: ref });
      assert.equal((await bench.call("domain.define", { xml })).id, ref.id);
      await bench.refused("already-exists", "domain.define", {
        input: { xml: xml.replace("<name>c-twice</name>", "<name>c-other</name>") },
      });
      await bench.refused("already-exists", "domain.define", { input: { xml: host.xml.domain("c-twice") } });
      await bench.call("domain.discard", {}, { on: ref });
    },
  );

  test("domain.define", "a definition that is none is refused, and says where", async (bench) => {
    await bench.refused("invalid-document", "domain.define", {
      input: { xml: "<domain type='test'><name>x</domain>" },
    });
    await bench.refused("invalid-document", "domain.define", {
      input: { xml: "<network><name>x</name></network>" },
    });
    await bench.refused("invalid-document", "domain.define", { input: { xml: "<domain type='test'/>" } });
  });

  test("domain.define", "a definition based on one that is gone is refused", async (bench) => {
    const ref = await define(bench, "c-based");
    const basedOn = await bench.call("domain.xml", { inactive: true }, { on: ref });
    const mine = basedOn.replace(">2</vcpu>", ">3</vcpu>");
    await bench.call("domain.define", { xml: basedOn.replace(">2</vcpu>", ">4</vcpu>"), basedOn });
    await bench.refused("changed-outside", "domain.define", { input: { xml: mine, basedOn } });
    assert.equal((await bench.call("domain.info", {}, { on: ref })).vcpus, 4);
    await bench.call("domain.discard", {}, { on: ref });
  });

  test("domain.start", "a domain starts once, and stops once", async (bench) => {
    const ref = await define(bench, "c-start");
    assert.equal((await bench.call("domain.start", {}, { on: ref })).state, "running");
    await bench.refused("wrong-state", "domain.start", { on: ref, input: {} });
    assert.equal((await bench.call("domain.destroy", {}, { on: ref })).state, "shutoff");
    await bench.refused("wrong-state", "domain.destroy", { on: ref, input: {} });
    await bench.call("domain.undefine", {}, { on: ref });
  });

  test("domain.suspend", "a running domain pauses and goes on", async (bench) => {
    const ref = await define(bench, "c-pause");
    await bench.refused("wrong-state", "domain.suspend", { on: ref, input: {} });
    await bench.call("domain.start", {}, { on: ref });
    assert.equal((await bench.call("domain.suspend", {}, { on: ref })).state, "paused");
    assert.equal((await bench.call("domain.resume", {}, { on: ref })).state, "running");
    await bench.refused("wrong-state", "domain.resume", { on: ref, input: {} });
    await bench.call("domain.discard", {}, { on: ref });
  });

  test("domain.shutdown", "a running domain shuts down, reboots and resets", async (bench) => {
    const ref = await define(bench, "c-power");
    await bench.refused("wrong-state", "domain.reset", { on: ref, input: {} });
    await bench.call("domain.start", {}, { on: ref });
    assert.equal((await bench.call("domain.reboot", {}, { on: ref })).state, "running");
    assert.equal((await bench.call("domain.reset", {}, { on: ref })).state, "running");
    await bench.call("domain.shutdown", {}, { on: ref });
    assert.equal((await bench.call("domain.info", {}, { on: ref })).state, "shutoff");
    await bench.refused("wrong-state", "domain.shutdown", { on: ref, input: {} });
    await bench.call("domain.undefine", {}, { on: ref });
  });

  test("domain.create", "a transient domain is gone when it stops", async (bench) => {
    const ref = await bench.call("domain.create", { xml: host.xml.domain("c-transient") });
    const info = await bench.call("domain.info", {}, { on: ref });
    assert.deepEqual([info.state, info.persistent], ["running", false]);
    await bench.refused("wrong-state", "domain.setAutostart", { on: ref, input: {} });
    await bench.call("domain.destroy", {}, { on: ref });
    await bench.refused("not-found", "domain.lookup", { input: { name: "c-transient" } });
  });

  test("domain.undefine", "a running domain without its definition is transient", async (bench) => {
    const ref = await define(bench, "c-undefined");
    await bench.call("domain.start", {}, { on: ref });
    await bench.call("domain.undefine", {}, { on: ref });
    assert.equal((await bench.call("domain.info", {}, { on: ref })).persistent, false);
    await bench.call("domain.destroy", {}, { on: ref });
    await bench.refused("not-found", "domain.lookup", { input: { name: "c-undefined" } });
  });

  test("domain.define", "what is defined while a domain runs holds from the next start on", async (bench) => {
    const ref = await define(bench, "c-pending");
    await bench.call("domain.start", {}, { on: ref });
    const xml = (await bench.call("domain.xml", { inactive: true }, { on: ref })).replace(
      ">2</vcpu>",
      ">3</vcpu>",
    );
    await bench.call("domain.define", { xml });
    assert.match(await bench.call("domain.xml", {}, { on: ref }), /<vcpu[^>]*>2</);
    assert.match(await bench.call("domain.xml", { inactive: true }, { on: ref }), /<vcpu[^>]*>3</);
    await bench.call("domain.destroy", {}, { on: ref });
    assert.match(await bench.call("domain.xml", {}, { on: ref }), /<vcpu[^>]*>3</);
    await bench.call("domain.undefine", {}, { on: ref });
  });

  test("domain.rename", "a domain that is off can be renamed, and keeps what it is", async (bench) => {
    const ref = await define(bench, "c-old");
    const other = await define(bench, "c-taken");
    await bench.refused("already-exists", "domain.rename", { on: ref, input: { newName: "c-taken" } });
    await bench.call("domain.undefine", {}, { on: other });
    const renamed = await bench.call("domain.rename", { newName: "c-new" }, { on: ref });
    assert.deepEqual([renamed.name, renamed.id], ["c-new", ref.id]);
    assert.match(await bench.call("domain.xml", {}, { on: renamed }), /<name>c-new<\/name>/);
    await bench.call("domain.start", {}, { on: renamed });
    await bench.refused("wrong-state", "domain.rename", { on: renamed, input: { newName: "c-third" } });
    await bench.call("domain.discard", {}, { on: renamed });
  });

  test("domain.managedSave", "a saved domain goes on where it was", async (bench) => {
    const ref = await define(bench, "c-saved");
    await bench.refused("wrong-state", "domain.managedSave", { on: ref, input: {} });
    await bench.call("domain.start", {}, { on: ref });
    assert.equal((await bench.call("domain.managedSave", {}, { on: ref })).state, "shutoff");
    assert.equal((await bench.call("domain.info", {}, { on: ref })).managedSave, true);
    await bench.refused("wrong-state", "domain.undefine", { on: ref, input: {} });
    assert.equal((await bench.call("domain.start", {}, { on: ref })).state, "running");
    const info = await bench.call("domain.info", {}, { on: ref });
    assert.deepEqual([info.managedSave, info.reason], [false, "restored"]);
    await bench.call("domain.discard", {}, { on: ref });
  });

  test("domain.save", "a domain saved to a file comes back from it", async (bench) => {
    const ref = await define(bench, "c-filed");
    const path = "/var/lib/c-filed.save";
    await bench.call("domain.start", {}, { on: ref });
    await bench.call("domain.suspend", {}, { on: ref });
    assert.equal((await bench.call("domain.save", { path }, { on: ref })).state, "shutoff");
    assert.match(await bench.call("domain.savedXml", { path }), /c-filed/);
    const back = await bench.call("domain.restore", { path, paused: false });
    assert.equal(back.id, ref.id);
    await bench.refused("wrong-state", "domain.restore", { input: { path } });
    await bench.refused("not-found", "domain.restore", { input: { path: "/nowhere" } });
    await bench.call("domain.dump", { path: "/var/lib/c-filed.core" }, { on: ref });
    assert.equal((await bench.call("domain.info", {}, { on: ref })).state, "running");
    await bench.call("domain.discard", {}, { on: ref });
  });

  test(
    "domain.setMemory",
    "memory changes while it runs, for the next start, and never beyond its maximum",
    async (bench) => {
      const ref = await define(bench, "c-memory");
      await bench.refused("wrong-state", "domain.setMemory", {
        on: ref,
        input: { memoryKib: 1024, live: true },
      });
      await bench.call("domain.start", {}, { on: ref });
      await bench.call("domain.setMemory", { memoryKib: 32768 }, { on: ref });
      assert.equal((await bench.call("domain.info", {}, { on: ref })).memoryKib, 32768);
      await bench.refused("invalid-argument", "domain.setMemory", {
        on: ref,
        input: { memoryKib: 99999999 },
      });
      await bench.refused("wrong-state", "domain.setMaxMemory", { on: ref, input: { memoryKib: 131072 } });
      await bench.call("domain.setMaxMemory", { memoryKib: 131072, config: true }, { on: ref });
      await bench.call("domain.destroy", {}, { on: ref });
      const info = await bench.call("domain.info", {}, { on: ref });
      assert.deepEqual([info.maxMemoryKib, info.memoryKib], [131072, 65536]);
      await bench.call("domain.undefine", {}, { on: ref });
    },
  );

  test("domain.setVcpus", "virtual processors change up to their maximum", async (bench) => {
    const ref = await define(bench, "c-vcpus");
    await bench.call("domain.start", {}, { on: ref });
    await bench.call("domain.setVcpus", { vcpus: 1 }, { on: ref });
    await bench.refused("invalid-argument", "domain.setVcpus", { on: ref, input: { vcpus: 4 } });
    await bench.call("domain.setVcpus", { vcpus: 4, maximum: true, config: true }, { on: ref });
    assert.deepEqual(await bench.call("domain.vcpuCount", {}, { on: ref }), {
      maximum: 4,
      current: 2,
      live: { maximum: 2, current: 1 },
    });
    await bench.call("domain.pinVcpu", { vcpu: 0, cpus: "1-3,^2" }, { on: ref });
    const [vcpu] = await bench.call("domain.vcpus", {}, { on: ref });
    assert.equal(vcpu?.cpus, "1,3");
    await bench.call("domain.discard", {}, { on: ref });
  });

  test(
    "domain.setMetadata",
    "title, description and a program's element can be written and removed",
    async (bench) => {
      const ref = await define(bench, "c-words");
      await bench.call("domain.setMetadata", { kind: "title", value: "A <title>" }, { on: ref });
      assert.equal(await bench.call("domain.metadata", { kind: "title" }, { on: ref }), "A <title>");
      await bench.refused("invalid-argument", "domain.setMetadata", {
        on: ref,
        input: { kind: "title", value: "a\nb" },
      });
      const element = { kind: "element", uri: "https://example.org/x", key: "x" } as const;
      await bench.call("domain.setMetadata", { ...element, value: "<owner>me</owner>" }, { on: ref });
      await bench.call("domain.setMetadata", { ...element, value: "<owner>you</owner>" }, { on: ref });
      assert.match(
        await bench.call("domain.metadata", { kind: "element", uri: element.uri }, { on: ref }),
        />you</,
      );
      await bench.call("domain.setMetadata", element, { on: ref });
      await bench.refused("not-found", "domain.metadata", {
        on: ref,
        input: { kind: "element", uri: element.uri },
      });
      assert.doesNotMatch(await bench.call("domain.xml", {}, { on: ref }), /metadata/);
      await bench.call("domain.discard", {}, { on: ref });
    },
  );

  test("domain.attachDevice", "devices come, change and go, live and in the definition", async (bench) => {
    const ref = await define(bench, "c-devices");
    const disk = (bus: string): string =>
      `<disk type='file' device='disk'><source file='/images/b.img'/><target dev='vdb' bus='${bus}'/></disk>`;
    await bench.call("domain.start", {}, { on: ref });
    await bench.call("domain.attachDevice", { xml: disk("virtio"), live: true, config: true }, { on: ref });
    await bench.refused("already-exists", "domain.attachDevice", { on: ref, input: { xml: disk("virtio") } });
    await bench.call("domain.updateDevice", { xml: disk("scsi"), live: true }, { on: ref });
    const targets = async (config: boolean) =>
      (await bench.call("domain.blockDevices", { config }, { on: ref })).map((
        { target, bus },
      ) => [target, bus]);
    assert.deepEqual(await targets(false), [["vda", "virtio"], ["vdb", "scsi"]]);
    assert.deepEqual(await targets(true), [["vda", "virtio"], ["vdb", "virtio"]]);
    await bench.call("domain.detachDevice", { xml: disk("scsi"), live: true, config: true }, { on: ref });
    assert.deepEqual(await targets(true), [["vda", "virtio"]]);
    await bench.refused("not-found", "domain.detachDevice", { on: ref, input: { xml: disk("scsi") } });
    await bench.refused("invalid-document", "domain.attachDevice", {
      on: ref,
      input: { xml: "<nonsense/>" },
    });
    await bench.call("domain.discard", {}, { on: ref });
  });

  test("domain.setParameters", "parameters are read back as they were set, and checked", async (bench) => {
    const ref = await define(bench, "c-tuned");
    const set = (
      group: "scheduler" | "memory" | "numa" | "blkio",
      parameters: Record<string, number | string>,
    ) => bench.call("domain.setParameters", { group, parameters }, { on: ref });
    await set("scheduler", { weight: 77 });
    await set("memory", { hard_limit: 524288 });
    await set("numa", { numa_nodeset: "0-1", numa_mode: "preferred" });
    await set("blkio", { weight: 500 });
    const get = (group: "scheduler" | "memory" | "numa" | "blkio") =>
      bench.call("domain.parameters", { group }, { on: ref });
    assert.equal((await get("scheduler"))["weight"], 77);
    assert.equal((await get("memory"))["hard_limit"], 524288);
    assert.deepEqual(await get("numa"), { numa_nodeset: "0-1", numa_mode: "preferred" });
    assert.equal((await get("blkio"))["weight"], 500);
    await bench.refused("invalid-argument", "domain.setParameters", {
      on: ref,
      input: { group: "blkio", parameters: { weight: 5 } },
    });
    await bench.refused("invalid-argument", "domain.setParameters", {
      on: ref,
      input: { group: "memory", parameters: { nonsense: 5 } },
    });
    await bench.call("domain.setBlockIoTune", { disk: "vda", parameters: { total_iops_sec: 100 } }, {
      on: ref,
    });
    assert.equal(
      (await bench.call("domain.blockIoTune", { disk: "vda" }, { on: ref }))["total_iops_sec"],
      100,
    );
    await bench.refused("invalid-argument", "domain.blockIoTune", { on: ref, input: { disk: "vdz" } });
    await bench.call("domain.setPerfEvents", { events: { cmt: true } }, { on: ref });
    assert.equal((await bench.call("domain.perfEvents", {}, { on: ref }))["cmt"], true);
    await bench.call("domain.addIothread", { iothread: 3 }, { on: ref });
    assert.deepEqual(
      (await bench.call("domain.iothreads", {}, { on: ref })).map(({ iothread }) => iothread),
      [3],
    );
    await bench.refused("invalid-argument", "domain.addIothread", { on: ref, input: { iothread: 3 } });
    await bench.call("domain.removeIothread", { iothread: 3 }, { on: ref });
    await bench.call("domain.discard", {}, { on: ref });
  });

  test(
    "domain.addresses",
    "a running domain has addresses, statistics, a screen and an agent",
    async (bench) => {
      const ref = await define(bench, "c-guest");
      await bench.refused("wrong-state", "domain.addresses", { on: ref, input: {} });
      await bench.refused("wrong-state", "domain.screenshot", { on: ref, input: {} });
      await bench.refused("wrong-state", "domain.guestExec", { on: ref, input: { path: "/bin/true" } });
      await bench.call("domain.start", {}, { on: ref });
      const [nic] = await bench.call("domain.addresses", {}, { on: ref });
      assert.match(nic?.addresses[0]?.address ?? "", /^192\.168\.122\.\d+$/);
      const { mime, image } = await bench.call("domain.screenshot", {}, { on: ref });
      assert.equal(mime, "image/png");
      assert.deepEqual([...image.subarray(1, 4)], [..."PNG"].map((c) => c.charCodeAt(0)));
      await bench.call("domain.sendKey", { keys: ["KEY_A", 42] }, { on: ref });
      const exec = await bench.call("domain.guestExec", { path: "/bin/echo", arguments: ["a", "b"] }, {
        on: ref,
      });
      assert.deepEqual([exec.exitCode, exec.stdout], [0, "a b\n"]);
      assert.equal((await bench.call("domain.freeze", {}, { on: ref })).frozen, 2);
      assert.equal((await bench.call("domain.freeze", {}, { on: ref })).frozen, 0);
      assert.equal((await bench.call("domain.thaw", {}, { on: ref })).thawed, 2);
      const [stats] = await bench.call("domain.stats", { name: "c-guest" });
      assert.equal(stats?.stats["state.state"], 1);
      assert.equal(stats?.stats["block.0.name"], "vda");
      assert.equal((await bench.call("domain.guestInfo", {}, { on: ref })).hostname, "c-guest");
      await bench.call("domain.setTime", { seconds: 1_000_000 }, { on: ref });
      assert.ok((await bench.call("domain.time", {}, { on: ref })).seconds < 1_100_000);
      await bench.call("domain.discard", {}, { on: ref });
    },
  );

  test("domain.createCheckpoint", "checkpoints hang on each other", async (bench) => {
    const ref = await define(bench, "c-checked");
    await bench.refused("wrong-state", "domain.createCheckpoint", { on: ref, input: {} });
    await bench.call("domain.start", {}, { on: ref });
    await bench.call("domain.createCheckpoint", { name: "one" }, { on: ref });
    await bench.call("domain.createCheckpoint", { name: "two" }, { on: ref });
    const list = async () =>
      (await bench.call("domain.listCheckpoints", {}, { on: ref })).map(({ name, parent }) => [name, parent]);
    assert.deepEqual(await list(), [["one", undefined], ["two", "one"]]);
    await bench.call("domain.deleteCheckpoint", { name: "one" }, { on: ref });
    assert.deepEqual(await list(), [["two", undefined]]);
    await bench.call("domain.discard", {}, { on: ref });
  });

  test("domain.createCheckpoint", "a checkpoint is what its document says", async (bench) => {
    const ref = await define(bench, "c-document");
    await bench.call("domain.start", {}, { on: ref });
    const on = { on: ref };
    const xml = "<domaincheckpoint><name>other</name><description>of a document</description>" +
      "<disks><disk name='vda' checkpoint='bitmap'/></disks></domaincheckpoint>";
    const one = await bench.call("domain.createCheckpoint", { xml, name: "one" }, on);
    assert.deepEqual([one.name, one.description, one.disks], ["one", "of a document", ["vda"]]);
    for (const name of ["two", "three"]) await bench.call("domain.createCheckpoint", { name }, on);
    await bench.refused("already-exists", "domain.createCheckpoint", { ...on, input: { name: "two" } });
    const names = async (input: InputOf<Operations["domain.listCheckpoints"]> = {}) =>
      (await bench.call("domain.listCheckpoints", input, on)).map(({ name }) => name);
    assert.deepEqual(await names(), ["one", "two", "three"]);
    assert.deepEqual(await names({ from: "one" }), ["two", "three"]);
    assert.deepEqual(await names({ from: "one", descendants: false }), ["two"]);
    assert.deepEqual(await names({ roots: true }), ["one"]);
    assert.deepEqual(await names({ leaves: true }), ["three"]);
    assert.deepEqual(await names({ leaves: false, name: "t*" }), ["two"]);
    const text = await bench.call("domain.checkpointXml", { name: "two" }, on);
    assert.match(text, /<parent>\s*<name>one<[\s\S]*<domain /);
    const brief = await bench.call("domain.checkpointXml", { name: "two", withoutDomain: true }, on);
    assert.doesNotMatch(brief, /<domain /);
    await bench.call("domain.deleteCheckpoint", { name: "one", childrenOnly: true }, on);
    assert.deepEqual(await names(), ["one"]);
    await bench.refused("invalid-argument", "domain.createCheckpoint", { ...on, input: { redefine: true } });
    await bench.call("domain.createCheckpoint", { xml: text, redefine: true }, on);
    const two = await bench.call("domain.checkpointInfo", { name: "two" }, on);
    assert.deepEqual([two.name, two.parent], ["two", "one"]);
    await bench.refused("not-found", "domain.checkpointInfo", { ...on, input: { name: "three" } });
    await bench.call("domain.discard", {}, on);
  });
}
