/**
 * What virsh is to do with the host's devices.
 *
 * @module
 */
import type { Comparison, Difference } from "../../kit/virsh_comparison.ts";

const adapter = (number: number, parent: string): string =>
  `<device>${parent}<capability type='scsi_host'><capability type='fc_host'><wwnn>200000001234000${number}</wwnn>` +
  `<wwpn>100000001234000${number}</wwpn></capability></capability></device>`;

/** Lists that libvirt's own test driver refuses: virsh asks for devices by whether they are active. */
const lists: Readonly<Record<string, string | RegExp>> = {
  "nodedev-list": /^computer\nscsi_host1\nscsi_host11\nscsi_host2\n/,
  "nodedev-list --all": /^computer\nscsi_host1\nscsi_host11\nscsi_host2\n/,
  "nodedev-list --inactive": /^\n$/,
  "nodedev-list --tree": "|   +- scsi_host11",
  "nodedev-list --cap scsi_host": /^scsi_host1\nscsi_host11\nscsi_host2\n\n$/,
  "nodedev-list --cap fc_host": /^scsi_host1\nscsi_host11\nscsi_host2\n\n$/,
  "nodedev-list --cap vports": /^scsi_host1\nscsi_host2\n\n$/,
  "nodedev-list --cap system": /^computer\n\n$/,
  "nodedev-list --cap pci": /^\n$/,
  "nodedev-list --cap system,vports": /^computer\nscsi_host1\nscsi_host2\n\n$/,
};

const numbered = "an adapter that is made has numbers of its own, not those of one that is there";
const definitions = "devices can be defined, as with libvirt's driver of devices";

function differences(): readonly Difference[] {
  return [
    ...Object.entries(lists).map(([command, ours]) => ({
      command,
      ours,
      reason: "devices can be listed by whether they are active, as with libvirt's driver of devices",
    })),
    {
      command: "nodedev-dumpxml 2000000012341234,1000000012341234",
      ours: "<name>scsi_host1</name>",
      reason: "adapters can be found by their world-wide names, as with libvirt's driver of devices",
    },
    {
      command: "nodedev-dumpxml 2000000012341234,1000000012341235",
      ours: "Node device not found: ",
      reason: "adapters can be looked for by their world-wide names, as with libvirt's driver of devices",
    },
    { command: "nodedev-dumpxml scsi_host12", ours: "<host>12</host>", reason: numbered },
    { command: "nodedev-create @twin", ours: "Node device scsi_host13 created", reason: numbered },
    {
      command: "nodedev-create @adapter --validate",
      ours: "XML document failed to validate against schema: ",
      reason: "the element is named that is missing, not the file of a schema",
    },
    {
      command: "nodedev-create @mediated",
      ours: /^Node device mdev_11111111_2222_4333_8444_555555555555_computer created/,
      reason: "mediated devices can be made, as with libvirt's driver of devices",
    },
    { command: "nodedev-define @adapter", ours: /^Node device 'scsi_host\d+' defined/, reason: definitions },
    ...["start", "undefine", "autostart"].map((verb) => ({
      command: `nodedev-${verb} scsi_host1`,
      ours: "error: Requested operation is not valid: ",
      reason: definitions,
    })),
    ...["computer", "scsi_host1"].map((name) => ({
      command: `nodedev-info ${name}`,
      ours: /Persistent: +no\nAutostart: +no\n/,
      reason:
        "whether a device has a definition is known; virsh takes the error of who does not know for a yes",
    })),
    {
      command: "nodedev-destroy computer",
      ours: "Operation not supported: Unsupported device type",
      reason: "what cannot be removed is not said to have been, as with libvirt's driver of devices",
    },
  ];
}

/** The walks. */
export const nodeDeviceWalks: Comparison = {
  documents: {
    "adapter": adapter(1, "<parent>scsi_host1</parent>"),
    "twin": adapter(2, "<parent>scsi_host1</parent>"),
    "by-names": adapter(3, "<parent wwnn='2000000012341234' wwpn='1000000012341234'/>"),
    "by-fabric": adapter(3, "<parent fabric_wwn='2000000043214321'/>"),
    "by-chance": adapter(3, ""),
    "orphan": adapter(3, "<parent>nobody</parent>"),
    "nameless":
      "<device><parent>scsi_host2</parent><capability type='scsi_host'><capability type='fc_host'/></capability></device>",
    "net":
      "<device><parent>computer</parent><capability type='net'><interface>eth0</interface></capability></device>",
    "mediated": "<device><parent>computer</parent><capability type='mdev'><type id='any'/>" +
      "<uuid>11111111-2222-4333-8444-555555555555</uuid></capability></device>",
    "network": "<network><name>n</name></network>",
  },
  walks: [
    [...Object.keys(lists), "nodedev-list --cap nonsense", "nodedev-event --list"],
    [
      ...["computer", "scsi_host1", "scsi_host2", "scsi_host11", "nobody"].map((name) =>
        `nodedev-dumpxml ${name}`
      ),
      ...["2000000012341234,1000000012341234", "2000000012341234,1000000012341235"].map((names) =>
        `nodedev-dumpxml ${names}`
      ),
      ...["nodedev-info computer", "nodedev-info scsi_host1"],
    ],
    [
      ...["nodedev-create @adapter", "nodedev-dumpxml scsi_host12", "nodedev-destroy scsi_host12"],
      ...["nodedev-dumpxml scsi_host12", "nodedev-destroy scsi_host12", "nodedev-destroy scsi_host11"],
      ...["nodedev-dumpxml scsi_host11", "nodedev-destroy scsi_host2", "nodedev-destroy computer"],
    ],
    ...["by-names", "by-fabric", "by-chance"].map((name) => [`nodedev-create @${name}`]),
    ["nodedev-create @adapter", "nodedev-create @twin"],
    [
      ...["orphan", "nameless", "net", "network", "mediated"].map((name) => `nodedev-create @${name}`),
      ...["nodedev-create @adapter --validate", "nodedev-define @adapter"],
    ],
    ["detach", "reattach", "reset", "start", "undefine", "autostart"].map((verb) =>
      `nodedev-${verb} scsi_host1`
    ),
    ["destroy", "detach", "reattach", "reset", "start", "undefine", "info", "autostart"].map((verb) =>
      `nodedev-${verb} nobody`
    ),
  ],
  differences: differences(),
};
