/**
 * What every driver does with virtual networks.
 *
 * @module
 */
import assert from "node:assert/strict";
import { withTest } from "../bench.ts";
import type { ContractHost } from "./host.ts";

/** Declares the tests. */
export function networkContract(host: ContractHost): void {
  const test = withTest(host);

  test("network.define", "a network is defined, started, stopped and undefined", async (bench) => {
    const ref = await bench.call("network.define", { xml: host.xml.network("n-life") });
    const info = () => bench.call("network.info", {}, { on: ref });
    assert.deepEqual([(await info()).active, (await info()).bridge], [false, "br-n-life"]);
    await bench.refused("wrong-state", "network.destroy", { on: ref, input: {} });
    await bench.call("network.start", {}, { on: ref });
    await bench.refused("wrong-state", "network.start", { on: ref, input: {} });
    await bench.refused("wrong-state", "network.undefine", { on: ref, input: {} });
    await bench.call("network.setAutostart", {}, { on: ref });
    assert.deepEqual([(await info()).active, (await info()).autostart], [true, true]);
    await bench.call("network.destroy", {}, { on: ref });
    await bench.call("network.undefine", {}, { on: ref });
    await bench.refused("not-found", "network.lookup", { input: { name: "n-life" } });
  });

  test("network.create", "a transient network is gone when it stops", async (bench) => {
    const ref = await bench.call("network.create", { xml: host.xml.network("n-transient") });
    assert.equal((await bench.call("network.info", {}, { on: ref })).persistent, false);
    await bench.refused("wrong-state", "network.setAutostart", { on: ref, input: {} });
    await bench.refused("in-use", "network.create", {
      input: { xml: host.xml.network("n-other").replace("br-n-other", "br-n-transient") },
    });
    await bench.call("network.destroy", {}, { on: ref });
    await bench.refused("not-found", "network.lookup", { input: { name: ref.id } });
  });

  test(
    "network.update",
    "a part of a network changes while it runs, or for the next start",
    async (bench) => {
      const ref = await bench.call("network.define", { xml: host.xml.network("n-update") });
      const entry = "<host mac='52:54:00:00:00:01' ip='10.7.0.5'/>";
      const update = (command: "add-last" | "modify" | "delete", xml: string, live?: boolean) => ({
        command,
        section: "ip-dhcp-host" as const,
        xml,
        ...(live === undefined ? {} : { live }),
      });
      await bench.refused("wrong-state", "network.update", {
        on: ref,
        input: update("add-last", entry, true),
      });
      await bench.call("network.start", {}, { on: ref });
      await bench.call("network.update", update("add-last", entry), { on: ref });
      await bench.refused("wrong-state", "network.update", { on: ref, input: update("add-last", entry) });
      assert.match(await bench.call("network.xml", {}, { on: ref }), /10\.7\.0\.5/);
      assert.doesNotMatch(await bench.call("network.xml", { inactive: true }, { on: ref }), /10\.7\.0\.5/);
      const moved = entry.replace("0.5'", "0.6'");
      await bench.call("network.update", update("modify", moved), { on: ref });
      assert.match(await bench.call("network.xml", {}, { on: ref }), /10\.7\.0\.6/);
      await bench.call("network.update", update("delete", moved), { on: ref });
      await bench.refused("wrong-state", "network.update", { on: ref, input: update("delete", moved) });
      await bench.refused("unsupported", "network.update", {
        on: ref,
        input: { command: "modify", section: "bridge", xml: "<bridge name='x'/>" },
      });
      await bench.call("network.discard", {}, { on: ref });
    },
  );

  test(
    "network.setMetadata",
    "a network carries a title and an element of a program's own",
    async (bench) => {
      const on = await bench.call("network.define", { xml: host.xml.network("n-metadata") });
      await bench.refused("not-found", "network.metadata", { on, input: { kind: "title" } });
      await bench.call("network.setMetadata", { kind: "title", value: "The first" }, { on });
      const uri = "http://example.org/a";
      const owner = { kind: "element", uri, key: "a", value: "<owner>web</owner>" } as const;
      await bench.call("network.setMetadata", owner, { on });
      assert.equal(await bench.call("network.metadata", { kind: "title" }, { on }), "The first");
      assert.match(
        await bench.call("network.metadata", { kind: "element", uri }, { on }),
        /<owner>web<\/owner>/,
      );
      await bench.refused("wrong-state", "network.setMetadata", { on, input: { kind: "title", live: true } });
      await bench.refused("invalid-argument", "network.setMetadata", {
        on,
        input: { kind: "title", value: "two\nlines" },
      });
      await bench.call("network.setMetadata", { kind: "title" }, { on });
      await bench.refused("not-found", "network.metadata", { on, input: { kind: "title" } });
      await bench.call("network.discard", {}, { on });
    },
  );

  test("network.leases", "a running network tells who has which address", async (bench) => {
    const { id } = await bench.call("network.lookup", { name: "default" });
    const on = await bench.call("network.lookup", { name: id });
    const [lease] = await bench.call("network.leases", {}, { on });
    assert.deepEqual([lease?.mac, lease?.address, lease?.hostname], [
      "aa:bb:cc:dd:ee:ff",
      "192.168.122.3",
      "test",
    ]);
    assert.deepEqual(await bench.call("network.leases", { mac: "52:54:00:11:22:33" }, { on }), []);
  });
}
