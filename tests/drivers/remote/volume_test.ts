import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { RemoteBench } from "./kit/bench.ts";
import { FakeObjects } from "./kit/fake_objects.ts";

const poolXml = "<pool type='dir'><name>images</name><target><path>/p</path></target></pool>";
const volumeXml = "<volume><name>disk</name><capacity>1000</capacity></volume>";

async function running(bench: RemoteBench): Promise<ObjectRef<"pool">> {
  const on = await bench.call("pool.define", { xml: poolXml });
  await bench.call("pool.start", {}, { on });
  return on;
}

Deno.test("a volume that is still being made when its caller looks is not said to be made", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  bench.net.fate = ({ procedure }) => procedure === "storageVolCreateXml" ? "lose-answer" : "pass";
  const making = bench.begin("volume.create", { xml: volumeXml }, { on });
  while (!world.volumes.has("images/disk")) await bench.calm(1);
  const volume = world.volumes.get("images/disk");
  assert.ok(volume !== undefined);
  volume.busy = true;
  let ended = false;
  void making.then(() => ended = true);
  await bench.calm(10_000);
  assert.equal(ended, false);
  volume.busy = false;
  const { outcome } = await bench.clock.until(making);
  assert.equal(outcome.kind, "done");
});

Deno.test("a volume that is worked on for ever leaves its making unknown", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  bench.net.fate = ({ procedure }) => procedure === "storageVolCreateXml" ? "lose-answer" : "pass";
  const making = bench.begin("volume.create", { xml: volumeXml }, { on });
  while (!world.volumes.has("images/disk")) await bench.calm(1);
  Object.assign(world.volumes.get("images/disk") ?? {}, { busy: true });
  const { outcome } = await bench.clock.until(making);
  assert.equal(outcome.kind, "unknown");
});

Deno.test("a volume is found by its path in a pool that nobody has asked for yet", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  await bench.call("volume.create", { xml: volumeXml }, { on });
  const [entry] = await bench.call("volume.list", {}, { on });
  assert.deepEqual([entry?.path, entry?.capacityBytes, entry?.format], ["/images/disk", 1000, "raw"]);
  world.volumes.clear();
  await bench.refused("not-found", "volume.info", { on: entry!.volume, input: {} });
  assert.deepEqual(await bench.call("volume.list", {}, { on }), []);
});

Deno.test("what is in a pool that stops is not looked at any more", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  const volume = await bench.call("volume.create", { xml: volumeXml }, { on });
  await bench.call("pool.discard", {}, { on });
  await bench.refused("not-found", "volume.info", { on: volume, input: {} });
});
