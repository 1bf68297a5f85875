/**
 * What virsh is to do with snapshots and checkpoints.
 *
 * @module
 */
import type { Comparison } from "../../kit/virsh_comparison.ts";

function snapshot(name: string, more = ""): string {
  return `<domainsnapshot><name>${name}</name>${more}</domainsnapshot>`;
}

function checkpoint(name: string, more = ""): string {
  return `<domaincheckpoint><name>${name}</name>${more}</domaincheckpoint>`;
}

const keepsCheckpoints = "a domain with checkpoints keeps its definition, as with QEMU";

/** What is asked after each change. */
const shown = [
  "snapshot-list test --name --topological",
  "snapshot-current test --name",
  "domstate test --reason",
];

/** The walks. */
export const snapshotWalks: Comparison = {
  documents: {
    one: snapshot("one", "<description>the first</description>"),
    two: snapshot("two"),
    three: snapshot("three", "<disks><disk name='vda' snapshot='internal'/></disks>"),
    without: snapshot("without", "<disks><disk name='vda' snapshot='no'/></disks>"),
    four: snapshot("four", "<memory snapshot='no'/>"),
    disk: snapshot("disk", "<disks><disk name='vdz' snapshot='internal'/></disks>"),
    slash: snapshot("a/b"),
    other: "<domain/>",
    "check-one": checkpoint("one", "<description>the first</description>"),
    "check-two": checkpoint("two", "<disks><disk name='vda' checkpoint='bitmap'/></disks>"),
    "check-three": checkpoint("three"),
    "check-disk": checkpoint("disk", "<disks><disk name='vdz' checkpoint='bitmap'/></disks>"),
  },
  walks: [
    [
      ...["snapshot-list test", "snapshot-current test", "snapshot-info test --current"],
      ...["snapshot-create test @one", "snapshot-list test --name", "snapshot-info test one"],
      ...["snapshot-current test --name", "snapshot-parent test one", "snapshot-create test @one"],
      ...["snapshot-create test @two", "snapshot-info test two", "snapshot-parent test two"],
      ...["snapshot-info test one", "snapshot-list test --tree", "snapshot-list test --roots --name"],
      ...["snapshot-list test --leaves --name", "snapshot-list test --no-leaves --name"],
      ...["snapshot-list test --active --name", "snapshot-list test --inactive --name"],
      ...["snapshot-list test --disk-only --name", "snapshot-list test --internal --name"],
      ...["snapshot-list test --external --name", "snapshot-list test --metadata --name"],
      ...["snapshot-list test --no-metadata --name", "snapshot-list test --from one --name"],
      ...["snapshot-list test --from one --descendants --name", "snapshot-list test --current --name"],
      ...["snapshot-dumpxml test one", "snapshot-dumpxml test two --security-info"],
    ],
    [
      ...["snapshot-create test @one", "snapshot-create test @two", "snapshot-create test @three"],
      ...["snapshot-revert test one", ...shown, "snapshot-create test @four", ...shown],
      ...["snapshot-list test --tree", "snapshot-revert test two --paused", ...shown],
      ...["snapshot-revert test three --running", ...shown],
      ...["snapshot-delete test two", "snapshot-list test --tree", "snapshot-parent test three"],
      ...["snapshot-delete test one --children-only", ...shown, "snapshot-delete test one", ...shown],
    ],
    [
      ...["snapshot-create test @one", "snapshot-create test @two", "snapshot-delete test two", ...shown],
      ...["snapshot-delete test one --children", ...shown],
    ],
    [
      ...["destroy test", "snapshot-create test @one", "snapshot-info test one", "start test"],
      ...["snapshot-create test @two", "snapshot-list test --inactive --name", "snapshot-revert test one"],
      ...[...shown, "snapshot-revert test two", ...shown, "suspend test", "snapshot-create test @three"],
      ...["snapshot-info test three", "resume test", "snapshot-revert test three", ...shown],
    ],
    ["snapshot-create test @one --halt", ...shown, "snapshot-create test @two --halt", ...shown],
    [
      ...["snapshot-create-as test made described", "snapshot-info test made", "snapshot-edit test nothing"],
      ...["snapshot-create-as test plain --no-metadata", "snapshot-create-as test atomic --atomic", ...shown],
      ...["snapshot-create-as test disks --disk-only", "snapshot-create-as test live --live"],
    ],
    ["snapshot-create test @disk", "snapshot-create test @slash", "snapshot-create test @other"],
    ["snapshot-create test @without"],
    [
      ...["snapshot-info test none", "snapshot-dumpxml test none", "snapshot-parent test none"],
      ...["snapshot-delete test none", "snapshot-revert test none", "snapshot-list nobody"],
      ...["snapshot-revert test --current", "snapshot-delete test --current"],
    ],
    [
      ...["snapshot-create test @one", "undefine test", "destroy test", "undefine test"],
      ...["undefine test --snapshots-metadata", "list --all"],
    ],
    [
      ...["checkpoint-list test", "checkpoint-create test @check-one", "checkpoint-list test --name"],
      ...["checkpoint-create test @check-two", "checkpoint-create test @check-three"],
      ...["checkpoint-create test @check-one", "checkpoint-info test one", "checkpoint-info test two"],
      ...[
        "checkpoint-list test --tree",
        "checkpoint-list test --roots --name",
        "checkpoint-list test --leaves --name",
      ],
      ...["checkpoint-list test --no-leaves --name", "checkpoint-list test --from one --name"],
      ...[
        "checkpoint-list test --from one --descendants --name",
        "checkpoint-list test --topological --name",
      ],
      ...["checkpoint-parent test two", "checkpoint-parent test one"],
      ...["checkpoint-dumpxml test two --no-domain", "checkpoint-dumpxml test one"],
      ...["snapshot-create test @one", "checkpoint-delete test two", "checkpoint-list test --tree"],
      ...["checkpoint-delete test one --children-only", "checkpoint-list test --tree"],
      ...["checkpoint-delete test one", "checkpoint-list test --name"],
    ],
    [
      ...["checkpoint-create test @check-disk", "checkpoint-info test none", "checkpoint-delete test none"],
      ...["checkpoint-create-as test made", "checkpoint-info test made", "destroy test"],
      ...["checkpoint-create test @check-one", "undefine test", "undefine test --checkpoints-metadata"],
    ],
    ["snapshot-create test @one", "checkpoint-create test @check-one"],
  ],
  // Times of creation, and names that are made of them.
  blur: [/1[5-9]\d{8}/g],
  differences: [
    {
      command: "domstate test --reason",
      ours: "running (unpaused)",
      reason: "a running guest stands still while its memory is written, as with QEMU",
    },
    {
      command: "snapshot-create-as test disks --disk-only",
      ours: "Domain snapshot disks created",
      reason: "libvirt's test driver cannot do it",
    },
    {
      command: "snapshot-create test @without",
      ours: "Domain snapshot without created",
      reason: "disks can be left out",
    },
    {
      command: "snapshot-create test @slash",
      ours: '"a/b" is no name for one',
      reason: "the name is that of a file, as with QEMU",
    },
    { command: "undefine test", ours: "it has 1 checkpoints", reason: keepsCheckpoints },
    {
      command: "undefine test --checkpoints-metadata",
      ours: "Domain 'test' has been undefined",
      reason: keepsCheckpoints,
    },
  ],
};
