import assert from "node:assert/strict";
import { networkFilter } from "../../../model/documents/mod.ts";
import { parseDocument, writeDocument } from "../../../model/xml/mod.ts";
import { testConformance } from "./conformance.ts";
import { refusal, testRoundTrip } from "./round_trip.ts";

testConformance({
  set: "nwfilter",
  inputs: "nwfilterxml2xmlin",
  outputs: "nwfilterxml2xmlout",
  description: networkFilter,
  refused: {
    "ah-ipv6-test-invalid.xml": /@srcipmask\): Found "129"/,
    "all-ipv6-test-invalid.xml": /@srcipmask\): Found "129"/,
    "arp-test-invalid.xml": /@(hwtype|protocoltype|opcode)\): Found "65536"/,
    "chain_prefixtest1-invalid.xml": /@(hwtype|protocoltype|opcode)\): Found "65536"/,
    "comment-test-invalid.xml": /@dscp\): Found "0x40"/,
    "esp-ipv6-test-invalid.xml": /@srcipmask\): Found "129"/,
    "hex-data-test-invalid.xml": /@dscp\): Found "0x40"/,
    "icmp-test-invalid.xml": /@type\): Found "256"/,
    "ipv6-test-invalid.xml": /@dstportend\): Found "65536"/,
    "mac-test-invalid.xml": /@protocolid\): Found "15"/,
    "quirks-invalid.xml": /Found a second <tcp>/,
    "sctp-ipv6-test-invalid.xml": /@srcipmask\): Found "129"/,
    "sctp-test-invalid.xml": /@dstportend\): Found "65536"/,
    "tcp-test-invalid.xml": /@dstportend\): Found "65536"/,
    "udplite-ipv6-test-invalid.xml": /@srcipmask\): Found "129"/,
  },
});

testConformance({
  set: "nwfilter",
  inputs: "nwfilterxml2xmlout",
  description: networkFilter,
  refused: { "quirks-invalid.xml": /Found a second <tcp>/ },
});

testConformance({
  set: "nwfilter",
  inputs: "nwfilterxml2firewalldata",
  description: networkFilter,
  withoutOutput: "read",
});

/** A rule with this about a protocol. */
function withRule(inner: string): string {
  return `<filter name='f'><rule action='drop' direction='in'>${inner}</rule></filter>`;
}

/** The protocol of a filter's only rule, as it is written. */
function written(inner: string): string | undefined {
  const text = writeDocument(networkFilter, parseDocument(networkFilter, withRule(inner)).value, {
    form: "normal",
  });
  return /^ {4}(<.*\/>)$/m.exec(text)?.[1];
}

const packet =
  "srcmacaddr='01:02:03:04:05:06' dscp='63' connlimit-above='3' state='NEW,RELATED' ipset='a b' " +
  "ipsetflags='src,dst' comment='c'";
const frame = "srcmacaddr='01:02:03:04:05:06' srcmacmask='ff:ff:ff:ff:ff:f0' dstmacaddr='$MAC' " +
  "dstmacmask='00:00:00:00:00:00'";
const ports = "srcportstart='1' srcportend='0x2' dstportstart='$A[1]' dstportend='$B[@2]'";
const addresses = {
  "": "srcipaddr='10.0.0.1' srcipmask='8' dstipaddr='10.0.0.2' dstipmask='0'",
  "-ipv6": "srcipaddr='fd00::1' srcipmask='128' dstipaddr='::ffff:10.0.0.2' dstipmask='0'",
};
const ranges = {
  "": "srcipfrom='1.2.3.4' srcipto='1.2.3.5' dstipfrom='1.2.3.6' dstipto='1.2.3.7'",
  "-ipv6": "srcipfrom='a::1' srcipto='a::2' dstipfrom='a::3' dstipto='a::4'",
};

testRoundTrip("a filter with every protocol and attribute", {
  description: networkFilter,
  text: `<filter name='a.b-c_1' chain='ipv6-x' priority='-1000'>
    <uuid>5c6d49af-b071-6127-b4ec-6f8ed4b55335</uuid>
    <rule action='continue' direction='inout' priority='1000' statematch='false'/>
    <filterref filter='clean-traffic'><parameter name='A' value='1.2.3.4'/></filterref>
    ${
    [
      `<mac match='no' ${frame} protocolid='0x1234' comment='c'/>`,
      `<vlan ${frame} vlanid='4095' encap-protocol='ipv4' comment='c'/>`,
      `<arp ${frame} hwtype='1' protocoltype='0x800' opcode='ARP_NAK' arpsrcmacaddr='$X' arpdstmacaddr='$X' ` +
      "arpsrcipaddr='1.2.3.4' arpsrcipmask='8' arpdstipaddr='1.2.3.4' arpdstipmask='9' gratuitous='true'/>",
      `<rarp ${frame} opcode='Request_Reverse' gratuitous='false'/>`,
      `<ip ${frame} ${addresses[""]} protocol='udp' ${ports} dscp='0x3f' comment='c'/>`,
      `<ipv6 ${frame} ${addresses["-ipv6"]} protocol='33' ${ports} comment='c'/>`,
      "<ipv6 protocol='icmpv6' type='1' typeend='2' code='3' codeend='0xff'/>",
      ...(["", "-ipv6"] as const).flatMap((version) => {
        const all = `match='no' ${addresses[version]} ${ranges[version]} ${packet}`;
        const icmp = version === "" ? "icmp" : "icmpv6";
        return [
          ...["all", "esp", "ah", "udplite"].map((name) => `<${name}${version} ${all}/>`),
          ...["udp", "sctp"].map((name) => `<${name}${version} ${all} ${ports}/>`),
          `<tcp${version} ${all} ${ports} option='7' flags='SYN,ACK/ALL'/>`,
          `<${icmp} ${all} type='8' code='0'/>`,
        ];
      }),
      `<igmp ${addresses[""]} ${packet}/>`,
    ].map((inner) => `<rule action='accept' direction='in' priority='500'>${inner}</rule>`).join("")
  }
  </filter>`,
});

Deno.test("values of rules are written in one spelling", () => {
  for (
    const [given, expected] of [
      ["<tcp srcipmask='255.255.240.0'/>", "<tcp srcipmask='20'/>"],
      ["<tcp srcipaddr='$A[ 0 ] ' dscp='$B[ @0 ]'/>", "<tcp dscp='$B' srcipaddr='$A[0]'/>"],
      ["<all-ipv6 srcipaddr='FD00:0:0:0::1'/>", "<all-ipv6 srcipaddr='fd00::1'/>"],
      ["<all-ipv6 srcipaddr='::ffff:0a01:0203'/>", "<all-ipv6 srcipaddr='::ffff:10.1.2.3'/>"],
      ["<all-ipv6 srcipmask='ffff:ffff:8000::'/>", "<all-ipv6 srcipmask='33'/>"],
      ["<all-ipv6 srcipmask='ffff:ffff:ffff:ffff:ffff:ffff:ffff:8000'/>", "<all-ipv6 srcipmask='113'/>"],
      ["<mac protocolid='2054'/>", "<mac protocolid='arp'/>"],
      ["<mac protocolid='0x0F00'/>", "<mac protocolid='0xf00'/>"],
      ["<arp opcode='reply' gratuitous='1'/>", "<arp opcode='Reply' gratuitous='true'/>"],
      ["<ip protocol='6' srcportstart='007'/>", "<ip protocol='tcp' srcportstart='7'/>"],
      ["<tcp flags='URG,SYN/PSH,FIN,SYN,RST,ACK,URG'/>", "<tcp flags='SYN,URG/ALL'/>"],
      ["<tcp state='RELATED,NEW'/>", "<tcp state='NEW,RELATED'/>"],
      ["<all match='yes' srcmacaddr='1:2:3:4:5:6'/>", "<all srcmacaddr='01:02:03:04:05:06'/>"],
    ] as const
  ) assert.equal(written(given), expected);
});

Deno.test("a chain has the priority of its protocol where it says none", () => {
  const priorityOf = (attributes: string): number | undefined =>
    parseDocument(networkFilter, `<filter name='f' ${attributes}/>`).value.priority;
  assert.equal(priorityOf(""), undefined);
  assert.equal(priorityOf("chain='stp-x'"), undefined);
  assert.equal(priorityOf("chain='rarp-x'"), -400);
  assert.equal(priorityOf("chain='macx'"), -800);
  assert.equal(priorityOf("chain='arp' priority='7'"), 7);
  assert.equal(priorityOf("chain='arp' priority='0'"), 0);
});

Deno.test("rules and references keep their order among each other", () => {
  const { value } = parseDocument(
    networkFilter,
    `<filter name='f'><rule action='drop' direction='in'/><filterref filter='g'>
      <parameter name='b' value='1'/><parameter name='a' value='2'/><parameter name='b' value='0'/>
    </filterref><rule action='accept' direction='in'/></filter>`,
  );
  assert.deepEqual(value.entries.map((entry) => "rule" in entry ? entry.rule.action : entry.filterref), [
    "drop",
    {
      filter: "g",
      parameters: [{ name: "a", value: "2" }, { name: "b", value: "1" }, { name: "b", value: "0" }],
    },
    "accept",
  ]);
});

Deno.test("what libvirt's schema refuses of filters is refused where it stands", () => {
  const refused = (inner: string): string => refusal(networkFilter, withRule(inner));
  const filter = (attributes: string): string => refusal(networkFilter, `<filter ${attributes}/>`);
  assert.match(filter(""), /"name" is missing/);
  assert.match(filter("name='1a'"), /@name\): Found "1a", expected a letter/);
  assert.match(filter("name='a' chain='rooty'"), /@chain\): Found "rooty", expected "root"/);
  assert.match(filter("name='a' chain='vlan123456789'"), /@chain\): Found/);
  assert.match(filter("name='a' priority='1001'"), /@priority\): Found "1001", expected .* -1000 and 1000/);
  const rule = (attributes: string): string =>
    refusal(networkFilter, `<filter name='a'><rule ${attributes}/></filter>`);
  assert.match(rule("direction='in'"), /"action" is missing/);
  assert.match(rule("action='drop'"), /"direction" is missing/);
  assert.match(rule("action='allow' direction='in'"), /@action\): Found "allow", expected one of "drop"/);
  assert.match(rule("action='drop' direction='in' statematch='true'"), /@statematch\): Found "true"/);
  assert.match(refused("<gre/>"), /gre\): "gre" is not a known protocol of a rule, expected one of "mac"/);
  assert.match(refused("<tcp/><tcp/>"), /Found a second <tcp>/);
  assert.match(refused("<tcp/><udp/>"), /udp\): A rule is about one protocol/);
  assert.match(refused("<tcp srcipaddr='::1'/>"), /@srcipaddr\): Found "::1", expected an IPv4 address/);
  assert.match(
    refused("<tcp-ipv6 srcipaddr='1.2.3.4'/>"),
    /@srcipaddr\): Found "1.2.3.4", expected an IPv6 address/,
  );
  assert.match(refused("<tcp srcipmask='33'/>"), /@srcipmask\): Found "33"/);
  assert.match(refused("<tcp srcipmask='255.0.255.0'/>"), /@srcipmask\): Found "255.0.255.0"/);
  assert.match(refused("<mac srcmacmask='0f:ff:ff:ff:ff:ff'/>"), /@srcmacmask\): .* expected a mask/);
  assert.match(refused("<mac srcmacaddr='1:2:3'/>"), /@srcmacaddr\): Found "1:2:3"/);
  assert.match(refused("<mac protocolid='1535'/>"), /@protocolid\): Found "1535", .* between 1536 and 65535/);
  assert.match(refused("<vlan vlanid='4096'/>"), /@vlanid\): Found "4096"/);
  assert.match(refused("<stp root-cost='4294967296'/>"), /@root-cost\): Found "4294967296"/);
  assert.match(refused("<arp opcode='Ask'/>"), /@opcode\): Found "Ask", .* "Request"/);
  assert.match(refused("<arp gratuitous='maybe'/>"), /@gratuitous\): Found "maybe"/);
  assert.match(refused("<tcp flags='SYN'/>"), /@flags\): Found "SYN", expected flags such as/);
  assert.match(refused("<tcp flags='SYN\/PUSH'/>"), /@flags\): Found "SYN\/PUSH"/);
  assert.match(refused("<tcp state='OLD'/>"), /@state\): Found "OLD", expected "NONE", or some/);
  assert.match(refused("<tcp dscp='64'/>"), /@dscp\): Found "64"/);
  assert.match(refused("<tcp dscp='$A['/>"), /@dscp\): Found "\$A\["/);
  assert.match(refused("<all ipset='a'/>"), /@ipset\): A set and what is looked up in it/);
  assert.match(refused("<all ipset='a' ipsetflags='src,any'/>"), /@ipsetflags\): Found "src,any"/);
  assert.match(refused("<ip srcportend='1'/>"), /@srcportend\): Ports need a protocol/);
  assert.match(
    refused("<ipv6 protocol='icmpv6' dstportstart='1'/>"),
    /@dstportstart\): Ports need a protocol/,
  );
  const reference = (inner: string): string => refusal(networkFilter, `<filter name='a'>${inner}</filter>`);
  assert.match(reference("<filterref/>"), /"filter" is missing/);
  assert.match(
    reference("<filterref filter='a'><parameter name='a-b' value='1'/></filterref>"),
    /parameter\/@name\): Found "a-b"/,
  );
  assert.match(
    reference("<filterref filter='a'><parameter name='a' value='1;2'/></filterref>"),
    /parameter\/@value\): Found "1;2"/,
  );
});
