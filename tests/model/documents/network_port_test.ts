import assert from "node:assert/strict";
import { networkFilterBinding, networkPort } from "../../../model/documents/mod.ts";
import { refusal, testRoundTrip } from "./round_trip.ts";

const owner = "<owner><name>d</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid></owner>";
const mac = "<mac address='52:54:00:7b:35:93'/>";

testRoundTrip("the binding of a filter", {
  description: networkFilterBinding,
  text: `<filterbinding>${owner}<portdev name='vnet0'/><linkdev name='eth0'/>${mac}
    <filterref filter='clean-traffic'><parameter name='IP' value='1.2.3.4'/></filterref></filterbinding>`,
});

/** A port with all that any port can have. */
function port(plug: string): string {
  return `<networkport><uuid>a54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid>${owner}<group>web</group>${mac}
    <virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2'
      instanceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport>
    <bandwidth classID='3'><inbound average='1000' peak='5000' floor='200' burst='1024'/>
      <outbound average='128' peak='256' burst='256'/></bandwidth>
    <vlan trunk='yes'><tag id='42' nativeMode='untagged'/><tag id='47'/></vlan>
    <port isolated='yes'/><rxfilters trustGuest='yes'/>${plug}</networkport>`;
}

for (
  const [name, plug] of [
    ["a network", "<plug type='network' bridge='virbr0' macTableManager='libvirt'/>"],
    ["a bridge", "<plug type='bridge' bridge='br0'/>"],
    ["a device of the host", "<plug type='direct' dev='eth0' mode='vepa'/>"],
    [
      "a PCI device",
      `<plug type='hostdev-pci' managed='yes'><driver name='vfio'/>
        <address domain='0x0001' bus='0x02' slot='0x03' function='0x4'/></plug>`,
    ],
    ["nothing", ""],
  ] as const
) testRoundTrip(`a port plugged into ${name}`, { description: networkPort, text: port(plug) });

Deno.test("what libvirt refuses of ports and bindings is refused where it stands", () => {
  const refused = (plug: string): string => refusal(networkPort, port(plug));
  assert.match(refused("<plug/>"), /plug\): The attribute "type" is missing, expected one of "network"/);
  assert.match(refused("<plug type='bridge'/>"), /plug\): The attribute "bridge" is missing/);
  assert.match(refused("<plug type='direct' dev='a' mode='open'/>"), /@mode\): Found "open"/);
  assert.match(refused("<plug type='hostdev-pci'/>"), /The element <address> is missing/);
  assert.match(refusal(networkPort, "<networkport/>"), /The element <owner> is missing/);
  assert.match(
    refusal(networkPort, `<networkport>${owner}<mac address='x'/></networkport>`),
    /@address\): Found "x"/,
  );
  const binding = (inner: string): string =>
    refusal(networkFilterBinding, `<filterbinding>${inner}</filterbinding>`);
  assert.match(binding(""), /The element <owner> is missing/);
  assert.match(binding("<owner><name>d</name></owner>"), /owner\): The element <uuid> is missing/);
  assert.match(binding(owner), /The element <portdev> is missing/);
  assert.match(binding(`${owner}<portdev name='a'/>${mac}`), /The element <filterref> is missing/);
});
