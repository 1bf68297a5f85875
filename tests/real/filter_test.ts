import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

function filterXml(
  name: string,
  rule = "<rule action='drop' direction='out'><mac match='no' srcmacaddr='$MAC'/></rule>",
): string {
  return `<filter name='${name}' chain='root'>${rule}</filter>`;
}

test("a filter is defined, changed and undefined, and virsh sees the same", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("filter.define", { xml: filterXml("mine") });
  assert.match(await host.virsh("nwfilter-list"), new RegExp(`${on.id}\\s+mine`));
  const names = async (name?: string) =>
    (await bench.call("filter.list", name === undefined ? {} : { name })).map(({ filter }) => filter.name);
  assert.deepEqual(await names("mi*"), ["mine"]);
  const present = await bench.call("filter.xml", {}, { on });
  assert.match(present, /direction='out'/);
  for (const name of ["mine", on.id]) assert.equal((await bench.call("filter.lookup", { name })).id, on.id);
  await bench.call("filter.define", { xml: present.replaceAll("'out'", "'inout'"), basedOn: present });
  assert.match(await host.virsh("nwfilter-dumpxml", "mine"), /direction='inout'/);
  await bench.refused("changed-outside", "filter.define", { input: { xml: present, basedOn: present } });
  // A definition without a UUID is of the filter that has its name.
  assert.equal((await bench.call("filter.define", { xml: filterXml("mine") })).id, on.id);
  const bad = await bench.result("filter.define", { xml: filterXml("bad", "<rule action='x'/>") });
  assert.match(JSON.stringify(bad.outcome), /not-done.*rule action/);
  await bench.refused("invalid-document", "filter.define", { input: { xml: "<filter/>" } });
  await bench.call("filter.undefine", {}, { on });
  await bench.refused("not-found", "filter.lookup", { input: { name: "mine" } });
  assert.deepEqual(await names("mine"), []);
});

test("a filter is bound to a guest's interface and taken off again", async (host) => {
  await using bench = await open(host);
  const filter = await bench.call("filter.define", { xml: filterXml("bound") });
  await host.inside("ip", "link", "add", "tap-1", "type", "veth", "peer", "name", "tap-2");
  const xml = `<filterbinding><owner><name>web</name><uuid>3d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid></owner>
    <portdev name='tap-1'/><mac address='52:54:00:7b:35:93'/><filterref filter='bound'/></filterbinding>`;
  const on = await bench.call("filterBinding.create", { xml });
  assert.match(await host.virsh("nwfilter-binding-list"), /tap-1\s+bound/);
  const [entry, ...others] = await bench.call("filterBinding.list", {});
  assert.deepEqual([entry?.binding.name, entry?.filter, others], ["tap-1", "bound", []]);
  assert.match(await bench.call("filterBinding.xml", {}, { on }), /<filterref filter='bound'/);
  await bench.refused("already-exists", "filterBinding.create", { input: { xml } });
  await bench.refused("in-use", "filter.undefine", { on: filter, input: {} });
  assert.match((await host.inside("ebtables", "-t", "nat", "-L")).output, /tap-1/);
  await bench.call("filterBinding.delete", {}, { on });
  assert.doesNotMatch((await host.inside("ebtables", "-t", "nat", "-L")).output, /tap-1/);
  await bench.refused("not-found", "filterBinding.lookup", { input: { name: "tap-1" } });
  await bench.call("filter.undefine", {}, { on: filter });
  await host.inside("ip", "link", "delete", "tap-1");
});

test("a hypervisor without filters says that it has none", async (host) => {
  await using bench = await open(host, "test");
  await bench.refused("unsupported", "filter.list", { input: {} });
  await bench.refused("unsupported", "filter.define", { input: { xml: filterXml("x") } });
  await bench.refused("unsupported", "filterBinding.list", { input: {} });
});
