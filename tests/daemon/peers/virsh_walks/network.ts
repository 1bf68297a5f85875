/**
 * What virsh is to do with virtual networks.
 *
 * @module
 */
import type { Comparison } from "../../kit/virsh_comparison.ts";

const uuid = "11111111-2222-4333-8444-555555555555";
const standard = "dd8fe884-6c02-601e-7551-cca97df1c5df";
const add = (host: number, where: string): string =>
  `net-update default add ip-dhcp-host "<host mac='00:11:22:33:44:0${host}' ip='192.168.122.${host}'/>"${where}`;

const entryWords = "the entry is called by what was asked for, not by all that libvirt has parsed of it";
const emptyElements = "an element with nothing in it is written as one tag";
const keptApart =
  "a running network's definition and the one for its next start are two, as in libvirt's network driver";

/** The walks. */
export const networkWalks: Comparison = {
  documents: {
    spare:
      `<network><name>spare</name><uuid>${uuid}</uuid><forward mode='nat'/><bridge name='virbr9'/><ip address='10.0.0.1'
 netmask='255.255.255.0'><dhcp><range start='10.0.0.2' end='10.0.0.99'/></dhcp></ip></network>`,
    nameless: "<network><bridge name='virbr9'/></network>",
    pool: "<pool/>",
    "name-taken": `<network><name>default</name><uuid>${uuid}</uuid></network>`,
    "uuid-taken": `<network><name>other</name><uuid>${standard}</uuid></network>`,
    routed:
      `<network><name>default</name><uuid>${standard}</uuid><forward mode='route' dev='eth0'/><bridge name='virbr0'/>` +
      `<domain name='x'/><ip address='10.0.0.1' prefix='24'/></network>`,
    strange: `<network><name>spare</name><uuid>${uuid}</uuid><colour/></network>`,
  },
  walks: [
    [
      ...["", " --all", " --inactive", " --persistent", " --transient", " --autostart", " --no-autostart"],
      ...[" --all --name", " --all --uuid", " --all --table"],
    ].map((options) => `net-list${options}`),
    [
      ...["net-info default", `net-info ${standard}`, "net-uuid default", `net-name ${standard}`],
      ...["net-dumpxml default", "net-dumpxml default --inactive", "net-event --list"],
      ...["net-dhcp-leases default", "net-port-list default", "net-autostart default", "net-info default"],
      ...["net-list --autostart", "net-autostart default --disable", "net-info default"],
    ],
    [
      ...["net-destroy default", "net-info default", "net-list --all", "net-list", "net-start default"],
      ...["net-start default", "net-undefine default", "net-destroy default", "net-destroy default"],
      ...["net-undefine default", "net-list --all", "net-undefine default"],
    ],
    [
      ...["net-define @spare", "net-list --all", "net-dumpxml spare", "net-info spare", "net-start spare"],
      ...["net-list", "net-undefine spare", "net-define @spare", "net-create @spare", "net-destroy spare"],
      ...["net-create @spare", "net-info spare", "net-destroy spare", "net-info spare", "net-undefine spare"],
    ],
    [
      ...["net-create @spare", "net-list --transient", "net-list --persistent", "net-dumpxml spare"],
      ...["net-create @spare", "net-autostart spare", "net-destroy spare", "net-list --all"],
    ],
    [
      ...["net-create @spare --validate", "net-define @spare --validate", "net-info spare"],
      ...["net-destroy spare", "net-info spare"],
    ],
    [
      ...["nameless", "pool", "name-taken", "uuid-taken"].flatMap((name) => [
        `net-define @${name}`,
        `net-create @${name}`,
      ]),
      ...["net-define @strange", "net-define @strange --validate", "net-create @strange --validate"],
    ],
    ["net-define @routed", "net-dumpxml default", "net-destroy default", "net-dumpxml default"],
    [
      ...["start", "destroy", "undefine", "autostart", "dumpxml", "uuid", "info", "dhcp-leases", "port-list"],
    ].map((command) => `net-${command} nobody`),
    [
      ...[add(5, ""), "net-dumpxml default", add(5, ""), add(6, " --live"), "net-dumpxml default"],
      "net-update default modify ip-dhcp-host \"<host mac='00:11:22:33:44:05' ip='192.168.122.9'/>\"",
      "net-update default delete ip-dhcp-host \"<host mac='00:11:22:33:44:06'/>\"",
      "net-update default delete ip-dhcp-host \"<host mac='00:11:22:33:44:06'/>\"",
      "net-dumpxml default",
      "net-update default add-first ip-dhcp-host \"<host mac='00:11:22:33:44:01' ip='192.168.122.8'/>\"",
      `${add(7, "")} --parent-index 0`,
      `${add(8, "")} --parent-index 3`,
      "net-dumpxml default",
    ],
    [
      "net-update default add dns-host \"<host ip='192.168.122.7'><hostname>foo</hostname></host>\"",
      "net-update default add dns-txt \"<txt name='a' value='b'/>\"",
      "net-update default add dns-srv \"<srv service='ldap' protocol='tcp'/>\"",
      "net-update default add forward-interface \"<interface dev='eth0'/>\"",
      "net-dumpxml default",
    ],
    [
      "net-update default add portgroup \"<portgroup name='eng'/>\"",
      "net-dumpxml default",
    ],
    [
      'net-update default add bridge "<bridge/>"',
      'net-update default modify ip "<ip/>"',
      'net-update default add-first dns-host "<foo/>"',
      "net-update default add nonsense \"<host mac='00:11:22:33:44:01'/>\"",
      "net-update nobody add ip-dhcp-host \"<host mac='00:11:22:33:44:01'/>\"",
    ],
    [add(5, " --live --config"), "net-destroy default", "net-dumpxml default", add(6, " --live")],
    [add(3, " --live"), "net-destroy default", "net-dumpxml --network default"],
    [add(4, " --config"), "net-dumpxml default", "net-destroy default", "net-dumpxml default"],
    ["net-create @spare", `net-update spare add dns-txt "<txt name='a' value='b'/>" --config`],
  ],
  differences: [
    {
      command: "net-dumpxml default --inactive",
      ours: "<name>default</name>",
      reason: "the definition for the next start can be asked for, as of libvirt's network driver",
    },
    {
      command: "net-dhcp-leases default",
      ours: /aa:bb:cc:dd:ee:ff +ipv4 +192\.168\.122\.\d+\/24 +test/,
      reason: "leases can be asked for, as of libvirt's network driver",
    },
    {
      command: "net-destroy default",
      ours: "network 'default' is not active",
      reason: "what does not run cannot be stopped, as with libvirt's network driver",
    },
    {
      command: "net-autostart spare",
      ours: "cannot set autostart for transient network",
      reason: "what is not kept cannot start with its host, as with libvirt's network driver",
    },
    ...["net-define @strange --validate", "net-create @strange --validate"].map((command) => ({
      command,
      ours: "XML document failed to validate against schema: Nothing describes /network/colour",
      reason: "the element is named, not the file of a schema",
    })),
    { command: add(5, ""), ours: "such an entry exists", reason: entryWords },
    {
      command: "net-update default delete ip-dhcp-host \"<host mac='00:11:22:33:44:06'/>\"",
      ours: "there is no such entry",
      reason: entryWords,
    },
    { command: `${add(8, "")} --parent-index 3`, ours: "it has no such <ip>", reason: entryWords },
    {
      command: 'net-update default add-first dns-host "<foo/>"',
      ours: "XML error: Cannot read the dns-host: found <foo>, expected <host>",
      reason: entryWords,
    },
    { command: "net-dumpxml default", ours: "<portgroup name='eng'/>", reason: emptyElements },
    { command: "net-dumpxml default", ours: "<domain name='x'/>", reason: keptApart },
    { command: "net-dumpxml default", ours: "192.168.122.4", reason: keptApart },
    { command: "net-dumpxml --network default", ours: "254'/>\n    </dhcp>", reason: keptApart },
  ],
};
