import assert from "node:assert/strict";
import { errorOf } from "../kit/memory_daemon.ts";
import { RelayedHost } from "../kit/relayed_host.ts";

const nwfilter = { portdev: "vnet0", filtername: "clean-traffic" };
const xml =
  "<filterbinding><owner><name>web</name><uuid>11111111-2222-4333-8444-555555555511</uuid></owner>" +
  "<portdev name='vnet0'/><mac address='52:54:00:00:00:01'/><filterref filter='clean-traffic'/></filterbinding>";

Deno.test("a filter is bound to an interface, found, listed, shown and taken off", async () => {
  await using host = await RelayedHost.open();
  assert.deepEqual(await host.call("nwfilterBindingCreateXml", { xml, flags: 0 }), { nwfilter });
  assert.deepEqual(await host.call("nwfilterBindingLookupByPortDev", { name: "vnet0" }), { nwfilter });
  const all = { needResults: 1, flags: 0 };
  const listed = await host.call("connectListAllNwfilterBindings", all);
  assert.deepEqual(listed, { bindings: [nwfilter], ret: 1 });
  const count = await host.call("connectListAllNwfilterBindings", { ...all, needResults: 0 });
  assert.deepEqual(count, { bindings: [], ret: 1 });
  const shown = await host.call("nwfilterBindingGetXmlDesc", { nwfilter, flags: 0 });
  assert.match(shown.xml, /clean-traffic/);
  await host.call("nwfilterBindingDelete", { nwfilter });
  const gone = await errorOf(host.call("nwfilterBindingLookupByPortDev", { name: "vnet0" }));
  assert.equal(gone.remoteCode, "VIR_ERR_NO_NWFILTER_BINDING");
  assert.equal(gone.message, "Network filter binding not found: no nwfilter binding for port dev 'vnet0'");
});

Deno.test("a binding's document is of its kind, and checked as a whole where that is asked for", async () => {
  await using host = await RelayedHost.open();
  const other = await errorOf(host.call("nwfilterBindingCreateXml", { xml: "<filter/>", flags: 0 }));
  assert.equal(other.message, "XML error: expecting root element of 'filterbinding', not 'filter'");
  const strange = xml.replace("<portdev", "<colour/><portdev");
  const error = await errorOf(host.call("nwfilterBindingCreateXml", { xml: strange, flags: 1 }));
  assert.match(error.message, /^XML document failed to validate against schema: .*\/filterbinding\/colour/);
});
