import assert from "node:assert/strict";
import type { RemoteNwfilter } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";
import { RelayedHost } from "../kit/relayed_host.ts";

const uuid = "11111111-2222-4333-8444-555555555511";
const mine: RemoteNwfilter = { name: "mine", uuid };
const xml = `<filter name='mine' chain='root'><uuid>${uuid}</uuid></filter>`;

Deno.test("a network filter is defined, found, listed, shown and undefined", async () => {
  await using host = await RelayedHost.open();
  assert.deepEqual(await host.call("nwfilterDefineXml", { xml }), { nwfilter: mine });
  assert.deepEqual(await host.call("nwfilterDefineXmlFlags", { xml, flags: 1 }), { nwfilter: mine });
  assert.deepEqual(await host.call("nwfilterLookupByName", { name: "mine" }), { nwfilter: mine });
  assert.deepEqual(await host.call("nwfilterLookupByUuid", { uuid }), { nwfilter: mine });
  assert.deepEqual(await host.call("connectNumOfNwfilters", undefined), { num: 1 });
  assert.deepEqual(await host.call("connectListNwfilters", { maxnames: 9 }), { names: ["mine"] });
  assert.deepEqual(await host.call("connectListNwfilters", { maxnames: 0 }), { names: [] });
  const all = { needResults: 1, flags: 0 };
  assert.deepEqual(await host.call("connectListAllNwfilters", all), { filters: [mine], ret: 1 });
  const count = { ...all, needResults: 0 };
  assert.deepEqual(await host.call("connectListAllNwfilters", count), { filters: [], ret: 1 });
  assert.match((await host.call("nwfilterGetXmlDesc", { nwfilter: mine, flags: 0 })).xml, /name='mine'/);
  await host.call("nwfilterUndefine", { nwfilter: mine });
  const gone = await errorOf(host.call("nwfilterLookupByUuid", { uuid }));
  assert.equal(gone.remoteCode, "VIR_ERR_NO_NWFILTER");
  assert.equal(gone.message, `Network filter not found: no nwfilter with matching uuid '${uuid}'`);
});

Deno.test("a filter is looked up by its name or its UUID, whichever is asked for", async () => {
  await using host = await RelayedHost.open();
  await host.call("nwfilterDefineXml", { xml });
  const error = await errorOf(host.call("nwfilterLookupByName", { name: uuid }));
  assert.equal(error.message, `Network filter not found: no nwfilter with matching name '${uuid}'`);
});

Deno.test("a filter's document is checked as a whole where that is asked for", async () => {
  await using host = await RelayedHost.open();
  const strange = xml.replace("</filter>", "<colour/></filter>");
  const error = await errorOf(host.call("nwfilterDefineXmlFlags", { xml: strange, flags: 1 }));
  assert.match(error.message, /^XML document failed to validate against schema: .*\/filter\/colour/);
  const other = await errorOf(host.call("nwfilterDefineXml", { xml: "<network/>" }));
  assert.equal(other.message, "XML error: expecting root element of 'filter', not 'network'");
  const flags = await errorOf(host.call("connectListAllNwfilters", { needResults: 1, flags: 1 }));
  assert.match(flags.message, /^unsupported flags \(0x1\)/);
});

Deno.test("a host without filters says so by the name of libvirt's function", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const error = await errorOf(client.call("connectListAllNwfilters", { needResults: 1, flags: 0 }));
  assert.equal(error.remoteCode, "VIR_ERR_NO_SUPPORT");
  assert.equal(
    error.message,
    "this function is not supported by the connection driver: virConnectListAllNWFilters",
  );
});
