/**
 * What every driver does with the host, its interfaces and devices, and with secrets.
 *
 * @module
 */
import assert from "node:assert/strict";
import { withTest } from "../bench.ts";
import type { ContractHost } from "./host.ts";

/** Declares the tests. */
export function deviceContract(host: ContractHost): void {
  const test = withTest(host);

  test("connection.info", "a host says what it is", async (bench) => {
    const info = await bench.call("connection.info", {});
    assert.equal(info.hostUuid, bench.host.host);
    const node = await bench.call("connection.nodeInfo", {});
    assert.ok(node.cpus > 0 && node.memoryKib > 0);
    const memory = await bench.call("connection.freeMemory", {});
    assert.equal(memory.totalKib, memory.cells.reduce((sum, { freeKib }) => sum + freeKib, 0));
    assert.match(await bench.call("connection.capabilities", {}), /<capabilities>/);
  });

  test("connection.domainCapabilities", "a host says what its domains may consist of", async (bench) => {
    assert.match(await bench.call("connection.domainCapabilities", {}), /<domainCapabilities>/);
    await bench.refused("invalid-argument", "connection.domainCapabilities", { input: { arch: "vax" } });
  });

  test(
    "connection.compareCpu",
    "a host compares processors, and finds what they have in common",
    async (bench) => {
      assert.ok((await bench.call("connection.cpuModels", {})).includes("qemu64"));
      const cpu = (...features: string[]): string =>
        `<cpu><arch>i686</arch><features>${features.map((name) => `<${name}/>`).join("")}</features></cpu>`;
      assert.match(
        await bench.call("connection.baselineCpu", { cpus: [cpu("pae", "nonpae"), cpu("pae")] }),
        /name='pae'/,
      );
      assert.equal((await bench.call("connection.compareCpu", { xml: cpu("pae") })).result, "superset");
      assert.equal(
        (await bench.call("connection.compareCpu", { xml: cpu("avx512") })).result,
        "incompatible",
      );
    },
  );

  test(
    "interface.define",
    "an interface is configured, brought up, taken down and removed",
    async (bench) => {
      const ref = await bench.call("interface.define", { xml: host.xml.interface("i-life") });
      await bench.refused("wrong-state", "interface.destroy", { on: ref, input: {} });
      await bench.call("interface.start", {}, { on: ref });
      assert.equal((await bench.call("interface.info", {}, { on: ref })).active, true);
      assert.equal((await bench.call("interface.lookup", { name: "i-life", by: "name" })).id, ref.id);
      await bench.refused("not-found", "interface.lookup", { input: { name: "i-none", by: "name" } });
      await bench.refused("wrong-state", "interface.start", { on: ref, input: {} });
      await bench.call("interface.destroy", {}, { on: ref });
      await bench.call("interface.undefine", {}, { on: ref });
      await bench.refused("not-found", "interface.lookup", { input: { name: "i-life" } });
      await bench.refused("invalid-document", "interface.define", {
        input: { xml: "<interface type='ethernet'/>" },
      });
    },
  );

  test("interface.beginChange", "a change of interfaces can be taken back", async (bench) => {
    const before = await bench.call("interface.list", {});
    await bench.refused("wrong-state", "interface.rollBackChange", { input: {} });
    await bench.refused("wrong-state", "interface.commitChange", { input: {} });
    await bench.call("interface.beginChange", {});
    await bench.refused("wrong-state", "interface.beginChange", { input: {} });
    await bench.call("interface.define", { xml: host.xml.interface("i-change") });
    for (const { interface: each } of before) await bench.call("interface.destroy", {}, { on: each });
    await bench.call("interface.rollBackChange", {});
    const after = await bench.call("interface.list", {});
    assert.deepEqual(
      after.map(({ interface: { name }, active }) => [name, active]),
      before.map((
        { interface: { name }, active },
      ) => [name, active]),
    );
  });

  test("nodeDevice.create", "a virtual adapter is made, defined and removed", async (bench) => {
    const ref = await bench.call("nodeDevice.create", { xml: host.xml.device() });
    const info = await bench.call("nodeDevice.info", {}, { on: ref });
    assert.deepEqual([info.parent, info.active, info.persistent], ["scsi_host1", true, false]);
    assert.equal(
      (await bench.call("nodeDevice.lookup", { name: "2000000012340001,1000000012340001" })).id,
      ref.id,
    );
    await bench.refused("already-exists", "nodeDevice.create", { input: { xml: host.xml.device() } });
    await bench.call("nodeDevice.define", { xml: host.xml.device() });
    await bench.call("nodeDevice.destroy", {}, { on: ref });
    await bench.refused("wrong-state", "nodeDevice.destroy", { on: ref, input: {} });
    await bench.call("nodeDevice.start", {}, { on: ref });
    await bench.call("nodeDevice.undefine", {}, { on: ref });
    await bench.call("nodeDevice.destroy", {}, { on: ref });
    await bench.refused("not-found", "nodeDevice.lookup", { input: { name: ref.name } });
    await bench.refused("not-found", "nodeDevice.create", {
      input: { xml: host.xml.device().replace("scsi_host1", "nowhere") },
    });
  });

  test("secret.define", "a secret has a value that only who may can read", async (bench) => {
    const ref = await bench.call("secret.define", { xml: host.xml.secret("/vol/a") });
    await bench.refused("not-found", "secret.value", { on: ref, input: {} });
    await bench.call("secret.setValue", { value: "open sesame" }, { on: ref });
    const { value } = await bench.call("secret.value", {}, { on: ref });
    assert.equal(new TextDecoder().decode(value), "open sesame");
    assert.doesNotMatch(await bench.call("secret.xml", {}, { on: ref }), /sesame/);
    await bench.refused("already-exists", "secret.define", { input: { xml: host.xml.secret("/vol/a") } });
    const named = { name: "/vol/a", by: "usage", usageType: "volume" } as const;
    assert.equal((await bench.call("secret.lookup", named)).id, ref.id);
    assert.equal((await bench.call("secret.lookup", { name: ref.id, by: "uuid" })).id, ref.id);
    await bench.refused("not-found", "secret.lookup", { input: { ...named, usageType: "ceph" } });
    await bench.refused("not-found", "secret.lookup", { input: { ...named, by: "uuid" } });
    await bench.refused("not-found", "secret.lookup", { input: { name: ref.id, by: "usage" } });
    const [entry] = await bench.call("secret.list", {});
    assert.deepEqual([entry?.usageType, entry?.usage], ["volume", "/vol/a"]);
    assert.notEqual(entry?.hasValue, false);
    await bench.call("secret.undefine", {}, { on: ref });
    const hidden = await bench.call("secret.define", {
      xml: host.xml.secret("/vol/b").replace("<secret>", "<secret private='yes'>"),
    });
    await bench.call("secret.setValue", { value: "x" }, { on: hidden });
    await bench.refused("permission-denied", "secret.value", { on: hidden, input: {} });
    await bench.call("secret.undefine", {}, { on: hidden });
  });
}
