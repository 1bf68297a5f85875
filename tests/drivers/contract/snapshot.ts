/**
 * What every driver does with snapshots.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { type Bench, withTest } from "../bench.ts";
import type { ContractHost } from "./host.ts";

/** The tree of a domain's snapshots: each name with its parent, the current one marked. */
async function tree(bench: Bench, on: ObjectRef): Promise<readonly string[]> {
  const entries = await bench.call("snapshot.list", {}, { on });
  return entries.map(({ snapshot, parent, current }) =>
    `${parent ?? ""}/${snapshot.name}${current ? "*" : ""}`
  ).sort();
}

/** Declares the tests. */
export function snapshotContract(host: ContractHost): void {
  const test = withTest(host);
  const started = async (bench: Bench, name: string): Promise<ObjectRef> => {
    const ref = await bench.call("domain.define", { xml: host.xml.domain(name) });
    await bench.call("domain.start", {}, { on: ref });
    return ref;
  };
  const take = (bench: Bench, on: ObjectRef, name: string) => bench.call("snapshot.create", { name }, { on });

  test(
    "snapshot.create",
    "snapshots hang on each other, and a revert moves where the next one hangs",
    async (bench) => {
      const ref = await started(bench, "s-tree");
      const one = await take(bench, ref, "one");
      await take(bench, ref, "two");
      await take(bench, ref, "three");
      assert.deepEqual(await tree(bench, ref), ["/one", "one/two", "two/three*"]);
      assert.equal((await bench.call("snapshot.revert", {}, { on: one })).state, "running");
      await take(bench, ref, "four");
      assert.deepEqual(await tree(bench, ref), ["/one", "one/four*", "one/two", "two/three"]);
      const { name } = await bench.call("snapshot.current", {}, { on: ref });
      assert.equal(name, "four");
      assert.deepEqual(
        (await bench.call("snapshot.children", {}, { on: one })).map(({ snapshot }) => snapshot.name),
        [
          "two",
          "four",
        ],
      );
      const two = await bench.call("snapshot.lookup", { name: "two" }, { on: ref });
      assert.equal((await bench.call("snapshot.parent", {}, { on: two })).name, "one");
      await bench.refused("not-found", "snapshot.parent", { on: one, input: {} });
      await bench.call("domain.discard", {}, { on: ref });
    },
  );

  test("snapshot.delete", "what was taken after a deleted snapshot moves to its parent", async (bench) => {
    const ref = await started(bench, "s-delete");
    for (const name of ["one", "two", "three"]) await take(bench, ref, name);
    const two = await bench.call("snapshot.lookup", { name: "two" }, { on: ref });
    await bench.call("snapshot.delete", {}, { on: two });
    assert.deepEqual(await tree(bench, ref), ["/one", "one/three*"]);
    await bench.refused("not-found", "snapshot.delete", { on: two, input: {} });
    const three = await bench.call("snapshot.lookup", { name: "three" }, { on: ref });
    await bench.call("snapshot.delete", { metadataOnly: true }, { on: three });
    assert.deepEqual(await tree(bench, ref), ["/one*"]);
    await bench.call("domain.discard", {}, { on: ref });
  });

  test(
    "snapshot.delete",
    "a snapshot goes with what is under it, or only what is under it goes",
    async (bench) => {
      const ref = await started(bench, "s-children");
      const one = await take(bench, ref, "one");
      for (const name of ["two", "three"]) await take(bench, ref, name);
      await bench.refused("invalid-argument", "snapshot.delete", {
        on: one,
        input: { children: true, childrenOnly: true },
      });
      await bench.call("snapshot.delete", { childrenOnly: true }, { on: one });
      assert.deepEqual(await tree(bench, ref), ["/one*"]);
      await take(bench, ref, "two");
      await bench.call("snapshot.delete", { children: true }, { on: one });
      assert.deepEqual(await tree(bench, ref), []);
      await bench.refused("not-found", "snapshot.current", { on: ref, input: {} });
      await bench.call("domain.discard", {}, { on: ref });
    },
  );

  test("snapshot.revert", "a revert brings definition and state back", async (bench) => {
    const ref = await bench.call("domain.define", { xml: host.xml.domain("s-revert") });
    const off = await bench.call("snapshot.create", { name: "off" }, { on: ref });
    await bench.call("domain.setVcpus", { vcpus: 1, config: true }, { on: ref });
    await bench.call("domain.start", {}, { on: ref });
    const on = await bench.call("snapshot.create", { name: "on" }, { on: ref });
    assert.equal((await bench.call("snapshot.revert", {}, { on: off })).state, "shutoff");
    assert.equal((await bench.call("domain.info", {}, { on: ref })).vcpus, 2);
    assert.equal((await bench.call("snapshot.revert", { paused: true }, { on })).state, "paused");
    assert.equal((await bench.call("domain.info", {}, { on: ref })).vcpus, 1);
    await bench.refused("invalid-argument", "snapshot.revert", {
      on,
      input: { paused: true, running: true },
    });
    await bench.call("domain.discard", {}, { on: ref });
  });

  test("snapshot.create", "a snapshot's document can be given, read and taken over", async (bench) => {
    const ref = await started(bench, "s-xml");
    const snapshot = await bench.call("snapshot.create", {
      xml:
        "<domainsnapshot><name>doc</name><description>Before the &lt;upgrade&gt;</description></domainsnapshot>",
    }, { on: ref });
    const info = await bench.call("snapshot.info", {}, { on: snapshot });
    assert.deepEqual([info.state, info.description, info.location], [
      "running",
      "Before the <upgrade>",
      "internal",
    ]);
    const xml = await bench.call("snapshot.xml", {}, { on: snapshot });
    await bench.call("snapshot.delete", { metadataOnly: true }, { on: snapshot });
    const again = await bench.call("snapshot.create", { xml, redefine: true, current: true }, { on: ref });
    assert.equal(await bench.call("snapshot.xml", {}, { on: again }), xml);
    await bench.refused("already-exists", "snapshot.create", { on: ref, input: { name: "doc" } });
    await bench.refused("invalid-argument", "snapshot.create", { on: ref, input: { name: "a/b" } });
    await bench.refused("invalid-argument", "snapshot.create", {
      on: ref,
      input: { xml: "<domainsnapshot><disks><disk name='vdz'/></disks></domainsnapshot>" },
    });
    await bench.call("domain.discard", {}, { on: ref });
  });

  test(
    "snapshot.create",
    "a domain with snapshots keeps its name and definition until told otherwise",
    async (bench) => {
      const ref = await started(bench, "s-keeps");
      await bench.call("snapshot.create", { name: "one", halt: true }, { on: ref });
      assert.equal((await bench.call("domain.info", {}, { on: ref })).state, "shutoff");
      await bench.refused("wrong-state", "domain.undefine", { on: ref, input: {} });
      await bench.refused("wrong-state", "domain.rename", { on: ref, input: { newName: "s-else" } });
      await bench.call("domain.undefine", { snapshotsMetadata: true }, { on: ref });
    },
  );
}
