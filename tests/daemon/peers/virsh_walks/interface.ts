/**
 * What virsh is to do with the host's network interfaces.
 *
 * @module
 */
import type { Comparison } from "../../kit/virsh_comparison.ts";

const why = "the error says why";
const restored = "an interface that was up is up again when a change is taken back";
const bridges = "definitions can be asked for as configured, by which virsh makes bridges";

/** The walks. */
export const interfaceWalks: Comparison = {
  documents: {
    spare: `<interface type='ethernet' name='eth7'><start mode='onboot'/><mac address='00:11:22:33:44:55'/>
<mtu size='1492'/><protocol family='ipv4'><ip address='192.168.0.7' prefix='24'/><route gateway='192.168.0.1'/>
</protocol></interface>`,
    bridge:
      `<interface type='bridge' name='br0'><start mode='onboot'/><mtu size='1500'/><protocol family='ipv4'><dhcp/>
</protocol><bridge stp='off' delay='0.01'><interface type='ethernet' name='eth0'><mac address='ab:bb:cc:dd:ee:ff'/>
</interface></bridge></interface>`,
    vlan:
      `<interface type='vlan' name='eth0.42'><start mode='onboot'/><protocol family='ipv4'><dhcp/></protocol>
<vlan tag='42'><interface name='eth0'/></vlan></interface>`,
    other: "<interface type='ethernet' name='eth1'><start mode='none'/></interface>",
    twin:
      "<interface type='ethernet' name='eth9'><start mode='none'/><mac address='aa:bb:cc:dd:ee:ff'/></interface>",
    nameless: "<interface type='ethernet'><start mode='none'/></interface>",
    network: "<network><name>n</name></network>",
  },
  walks: [
    [
      ...["iface-list", "iface-list --all", "iface-list --inactive", "iface-dumpxml eth1", "iface-mac eth1"],
      ...["iface-name aa:bb:cc:dd:ee:ff", "iface-name AA:BB:CC:DD:EE:FF", "iface-name 00:00:00:00:00:01"],
      ...["iface-dumpxml eth1 --inactive", "iface-dumpxml aa:bb:cc:dd:ee:ff"],
    ],
    ["mac", "dumpxml", "start", "destroy", "undefine"].map((command) => `iface-${command} nobody`),
    [
      ...["iface-start eth1", "iface-destroy eth1", "iface-list", "iface-list --inactive"],
      ...["iface-destroy eth1", "iface-dumpxml eth1", "iface-start eth1", "iface-list"],
      ...["iface-undefine eth1", "iface-list --all", "iface-undefine eth1"],
    ],
    [
      ...["iface-define @spare", "iface-list --all", "iface-dumpxml eth7", "iface-start eth7"],
      ...["iface-mac eth7", "iface-name 00:11:22:33:44:55", "iface-define @spare --validate"],
      ...["iface-define @bridge", "iface-dumpxml br0", "iface-define @vlan", "iface-dumpxml eth0.42"],
      ...["iface-list --all", "iface-define @other", "iface-dumpxml eth1", "iface-list --all"],
    ],
    ["iface-define @twin", "iface-name aa:bb:cc:dd:ee:ff"],
    ["iface-define @nameless", "iface-define @nameless --validate", "iface-define @network"],
    [
      ...["iface-commit", "iface-rollback", "iface-begin", "iface-begin", "iface-undefine eth1"],
      ...["iface-define @spare", "iface-list --all", "iface-commit", "iface-list --all", "iface-commit"],
      ...["iface-begin", "iface-undefine eth7", "iface-rollback", "iface-list --all", "iface-rollback"],
    ],
    ["iface-begin", "iface-destroy eth1", "iface-rollback", "iface-list"],
    ["iface-bridge eth1 br9 --no-start", "iface-dumpxml br9"],
  ],
  differences: [
    {
      command: "iface-dumpxml eth1 --inactive",
      ours: "<interface type='ethernet' name='eth1'>",
      reason: "the definition as configured can be asked for, as of libvirt's drivers of interfaces",
    },
    { command: "iface-start eth1", ours: "it is already up", reason: why },
    { command: "iface-destroy eth1", ours: "it is not up", reason: why },
    {
      command: "iface-define @nameless --validate",
      ours: "XML document failed to validate against schema: ",
      reason: "the attribute is named that is missing, not the file of a schema",
    },
    { command: "iface-list", ours: /eth1 +active/, reason: restored },
    { command: "iface-bridge eth1 br9 --no-start", ours: "Created bridge br9", reason: bridges },
    { command: "iface-dumpxml br9", ours: "<bridge stp='on' delay='0'>", reason: bridges },
  ],
};
