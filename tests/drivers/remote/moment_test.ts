import assert from "node:assert/strict";
import { type Moment, momentsOf, readMoment } from "../../../drivers/remote/moment.ts";
import type { ObjectRef } from "../../../model/object.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeObjects } from "./kit/fake_objects.ts";

async function running(bench: RemoteBench): Promise<ObjectRef<"domain">> {
  const on = await bench.call("domain.define", { xml: xmlOf("web") });
  await bench.call("domain.start", {}, { on });
  return on;
}

function moment(name: string, parent?: string, createdS = 0): Moment {
  const above = parent === undefined ? "" : `<parent><name>${parent}</name></parent>`;
  return readMoment(
    `<domainsnapshot><name>${name}</name>${above}<creationTime>${createdS}</creationTime></domainsnapshot>`,
  );
}

Deno.test("moments come parents first, and else by age", () => {
  const found = [moment("c", "b", 3), moment("d", "a", 2), moment("b", "a", 1), moment("a", undefined, 9)];
  const { tree } = momentsOf(found);
  assert.deepEqual(tree.names(), ["a", "b", "c", "d"]);
});

Deno.test("of one second's children the far side tells the youngest first", () => {
  const { tree } = momentsOf([
    moment("a"),
    moment("third", "a"),
    moment("second", "a"),
    moment("first", "a"),
  ]);
  assert.deepEqual(tree.childrenOf("a"), ["first", "second", "third"]);
});

Deno.test("a moment whose parent is not there any more stands at the top, and a circle ends", () => {
  assert.deepEqual(momentsOf([moment("a", "gone")]).tree.names(), ["a"]);
  assert.deepEqual(momentsOf([moment("a", "b"), moment("b", "a"), moment("c")]).tree.names(), ["c"]);
});

Deno.test("a snapshot without a name is called by its call, so that a resumed one finds it", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  const newId = "cccccccc-0000-4000-8000-000000000001";
  const snapshot = await bench.call("snapshot.create", {}, { on, newId });
  assert.equal(snapshot.name, "snapshot-cccccccc");
  const xml = "<domainsnapshot><description>old</description></domainsnapshot>";
  const named = await bench.call("snapshot.create", { name: "mine", description: "new & <better>", xml }, {
    on,
  });
  const info = await bench.call("snapshot.info", {}, { on: named });
  assert.deepEqual([info.snapshot.name, info.description, info.parent, info.current], [
    "mine",
    "new & <better>",
    "snapshot-cccccccc",
    true,
  ]);
  const checkpoint = await bench.call("domain.createCheckpoint", {}, { on, newId });
  assert.equal(checkpoint.name, "checkpoint-cccccccc");
});

Deno.test("names that could be paths are refused before anything is sent", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  const before = world.deeds.length;
  for (const name of ["a/b", ".hidden", ".."]) {
    await bench.refused("invalid-argument", "snapshot.create", { on, input: { name } });
    await bench.refused("invalid-argument", "domain.createCheckpoint", { on, input: { name } });
  }
  await bench.refused("invalid-document", "snapshot.create", { on, input: { xml: "<domaincheckpoint/>" } });
  await bench.refused("invalid-argument", "snapshot.create", { on, input: { redefine: true } });
  assert.equal(world.deeds.length, before);
});

Deno.test("a snapshot that the host still works on is not said to be taken", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  world.job = { type: 2, operation: 6 };
  bench.net.fate = ({ procedure }) => procedure === "domainSnapshotCreateXml" ? "lose-answer" : "pass";
  const taking = bench.begin("snapshot.create", { name: "one" }, { on });
  let ended = false;
  void taking.then(() => ended = true);
  await bench.calm(10_000);
  assert.equal(ended, false);
  // The host fails in the end, and forgets it.
  world.snapshots.clear();
  world.job = undefined;
  const { outcome } = await bench.clock.until(taking);
  assert.equal(outcome.kind, "not-done");
});
