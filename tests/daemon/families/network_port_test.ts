import assert from "node:assert/strict";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";
import { RelayedHost } from "../kit/relayed_host.ts";

const net = { name: "spare", uuid: "11111111-2222-4333-8444-555555555555" };
const uuid = "11111111-2222-4333-8444-555555555566";
const port = { net, uuid };
const xml =
  `<networkport><uuid>${uuid}</uuid><owner><name>web</name><uuid>11111111-2222-4333-8444-555555555577</uuid></owner>` +
  "<mac address='52:54:00:00:00:01'/></networkport>";

/** A host with a network that runs. */
async function withNetwork(): Promise<RelayedHost> {
  const host = await RelayedHost.open();
  await host.call("networkCreateXml", {
    xml: `<network><name>spare</name><uuid>${net.uuid}</uuid><bridge name='virbr9'/></network>`,
  });
  return host;
}

Deno.test("a port of a network is made, found, listed, shown and deleted", async () => {
  await using host = await withNetwork();
  assert.deepEqual(await host.call("networkPortCreateXml", { network: net, xml, flags: 0 }), { port });
  assert.deepEqual(await host.call("networkPortLookupByUuid", { network: net, uuid }), { port });
  const all = { network: net, needResults: 1, flags: 0 };
  assert.deepEqual(await host.call("networkListAllPorts", all), { ports: [port], ret: 1 });
  assert.deepEqual(await host.call("networkListAllPorts", { ...all, needResults: 0 }), { ports: [], ret: 1 });
  assert.match((await host.call("networkPortGetXmlDesc", { port, flags: 0 })).xml, /<networkport>/);
  await host.call("networkPortDelete", { port, flags: 0 });
  const gone = await errorOf(host.call("networkPortLookupByUuid", { network: net, uuid }));
  assert.equal(gone.remoteCode, "VIR_ERR_NO_NETWORK_PORT");
});

Deno.test("a port's bandwidth is limited, counted and told, and nothing else is", async () => {
  await using host = await withNetwork();
  await host.call("networkPortCreateXml", { network: net, xml, flags: 1 });
  const params = [
    { field: "inbound.average", value: { kind: 2, value: 1000 } },
    { field: "outbound.peak", value: { kind: 2, value: 2000 } },
  ] as const;
  await host.call("networkPortSetParameters", { port, params, flags: 0 });
  const told = (nparams: number): Promise<unknown> =>
    host.call("networkPortGetParameters", { port, nparams, flags: 0 });
  assert.deepEqual(await told(0), { params: [], nparams: 2 });
  assert.deepEqual(await told(16), { params, nparams: 2 });
  assert.deepEqual(await told(1), { params: params.slice(0, 1), nparams: 1 });
  const set = (field: string): Promise<unknown> =>
    host.call("networkPortSetParameters", {
      port,
      params: [{ field, value: { kind: 7, value: "much" } }],
      flags: 0,
    });
  assert.equal((await errorOf(set("colour"))).remoteCode, "VIR_ERR_ARGUMENT_UNSUPPORTED");
  assert.equal((await errorOf(set("inbound.peak"))).remoteCode, "VIR_ERR_INVALID_ARG");
});

Deno.test("a port's document is of its kind, and checked as a whole where that is asked for", async () => {
  await using host = await withNetwork();
  const make = (document: string, flags: number): Promise<unknown> =>
    host.call("networkPortCreateXml", { network: net, xml: document, flags });
  const other = await errorOf(make("<network/>", 0));
  assert.equal(other.message, "XML error: expecting root element of 'networkport', not 'network'");
  const strange = await errorOf(make(xml.replace("<mac", "<colour/><mac"), 2));
  assert.equal(strange.remoteCode, "VIR_ERR_XML_INVALID_SCHEMA");
  assert.equal((await errorOf(make(xml, 4))).remoteCode, "VIR_ERR_INVALID_ARG");
});

Deno.test("a host without ports says so by the name of libvirt's function", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const network = { name: "default", uuid: "dd8fe884-6c02-601e-7551-cca97df1c5df" };
  const error = await errorOf(client.call("networkListAllPorts", { network, needResults: 1, flags: 0 }));
  assert.equal(
    error.message,
    "this function is not supported by the connection driver: virNetworkListAllPorts",
  );
});
