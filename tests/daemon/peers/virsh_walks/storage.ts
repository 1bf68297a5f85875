/**
 * What virsh is to do with storage pools and volumes.
 *
 * @module
 */
import type { Comparison } from "../../kit/virsh_comparison.ts";

const standard = "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566";
const uuid = "11111111-2222-4333-8444-666666666666";

function pool(name: string, { type = "dir", path = `/pools/${name}`, more = "" } = {}): string {
  return `<pool type='${type}'><name>${name}</name>${more}<target><path>${path}</path></target></pool>`;
}

const keepsDefinition =
  "a pool that is started from a document keeps the definition that it has, as with libvirt's storage driver";

/** The walks. */
export const storageWalks: Comparison = {
  documents: {
    files: pool("files", { more: `<uuid>${uuid}</uuid>` }),
    conflict: pool("conflict", { path: "/default-pool" }),
    "name-taken": pool("default-pool", { more: `<uuid>${uuid}</uuid>` }),
    "uuid-taken": pool("other", { more: `<uuid>${standard}</uuid>` }),
    nameless: "<pool type='dir'><target><path>/pools/nameless</path></target></pool>",
    untyped: "<pool><name>untyped</name><target><path>/pools/untyped</path></target></pool>",
    strange: pool("strange", { type: "strange" }),
    network: "<network><name>files</name></network>",
    spare: pool("spare", { more: "<uuid>11111111-2222-4333-8444-777777777777</uuid>" }),
    bytes: "0123456789abcdef",
    disk:
      "<volume><name>disk</name><capacity unit='MiB'>10</capacity><allocation unit='MiB'>2</allocation></volume>",
    copy: "<volume><name>copy</name><capacity unit='MiB'>10</capacity></volume>",
    huge: "<volume><name>huge</name><capacity unit='TiB'>1</capacity></volume>",
    unsized: "<volume><name>unsized</name></volume>",
    unnamed: "<volume><capacity>1</capacity></volume>",
    far: "<source><host name='far'/></source>",
  },
  walks: [
    [
      ...["", " --all", " --inactive", " --persistent", " --transient", " --autostart", " --no-autostart"],
      ...[" --all --name", " --all --uuid", " --all --details", " --type dir", " --type fs,logical"],
    ].map((options) => `pool-list${options}`),
    [
      ...["pool-info default-pool", `pool-info ${standard}`, "pool-info default-pool --bytes"],
      ...["pool-uuid default-pool", `pool-name ${standard}`, "pool-event --list"],
      ...["pool-dumpxml default-pool", "pool-dumpxml default-pool --inactive"],
      ...["pool-autostart default-pool", "pool-list --autostart", "pool-autostart default-pool --disable"],
      ...["pool-refresh default-pool", "pool-info default-pool"],
    ],
    [
      ...["pool-define @files", "pool-list --all", "pool-info files", "pool-dumpxml files"],
      ...["pool-build files", "pool-refresh files", "pool-destroy files", "vol-list files"],
      ...["pool-start files", "pool-start files", "pool-build files", "pool-delete files", "pool-info files"],
      ...["pool-undefine files", "pool-refresh files", "pool-define @files", "pool-create @files"],
      ...["pool-destroy files", "pool-destroy files", "pool-delete files", "pool-create @files"],
      ...[
        "pool-info files",
        "pool-destroy files",
        "pool-undefine files",
        "pool-undefine files",
        "pool-list --all",
      ],
    ],
    [
      ...["pool-create @files", "pool-list --transient", "pool-list --persistent", "pool-create @files"],
      ...["pool-autostart files", "pool-undefine files", "pool-destroy files", "pool-list --all"],
    ],
    [
      "pool-define-as made dir --target /pools/made",
      "pool-list --all --name",
      "pool-create-as started dir --target /pools/started",
      "pool-list --all --name",
    ],
    ["nameless", "untyped", "strange", "network", "conflict", "name-taken", "uuid-taken"].flatMap((name) => [
      `pool-define @${name}`,
      `pool-create @${name}`,
    ]),
    [
      ...[
        "start",
        "destroy",
        "undefine",
        "delete",
        "build",
        "refresh",
        "autostart",
        "dumpxml",
        "info",
        "uuid",
      ],
    ].map((command) => `pool-${command} nobody`),
    [
      "find-storage-pool-sources logical",
      "find-storage-pool-sources-as netfs far",
      "find-storage-pool-sources netfs @far",
      "find-storage-pool-sources netfs",
      "find-storage-pool-sources dir",
      "find-storage-pool-sources nonsense",
    ],
    [
      ...["vol-list default-pool", "vol-create default-pool @disk", "vol-create default-pool @disk"],
      ...["vol-list default-pool", "vol-list default-pool --details", "vol-dumpxml disk --pool default-pool"],
      ...["vol-info disk --pool default-pool", "vol-info disk --pool default-pool --bytes"],
      ...["vol-path disk --pool default-pool", "vol-key disk --pool default-pool"],
      ...["vol-name /default-pool/disk", "vol-pool /default-pool/disk", "vol-pool /default-pool/disk --uuid"],
      ...["vol-info /default-pool/disk", "pool-info default-pool --bytes", "pool-dumpxml default-pool"],
      ...[
        "vol-delete disk --pool default-pool",
        "vol-delete disk --pool default-pool",
        "vol-list default-pool",
      ],
      ...["pool-info default-pool --bytes"],
    ],
    ["huge", "unsized", "unnamed", "files"].map((name) => `vol-create default-pool @${name}`),
    [
      "vol-create-as default-pool plain 1M",
      "vol-create-as default-pool sparse 1G --allocation 0 --format qcow2",
      "vol-create-as default-pool backed 1G --format qcow2 --backing-vol plain --backing-vol-format raw",
      "vol-create-from default-pool @copy plain --inputpool default-pool",
      "vol-create-from default-pool @disk nothing --inputpool default-pool",
      "vol-clone plain cloned --pool default-pool",
      "vol-list default-pool --details",
      ...["plain", "sparse", "backed", "copy"].map((name) => `vol-dumpxml ${name} --pool default-pool`),
    ],
    [
      ...[
        "vol-path nothing --pool default-pool",
        "vol-name /nothing",
        "vol-pool /nothing",
        "vol-key /nothing",
      ],
      ...["vol-info nothing --pool default-pool", "vol-delete nothing --pool default-pool"],
      ...["vol-list nobody", "vol-create nobody @disk", "vol-info disk --pool nobody"],
    ],
    [
      ...["vol-create default-pool @disk", "pool-destroy default-pool", "vol-list default-pool"],
      ...[
        "vol-info disk --pool default-pool",
        "vol-name /default-pool/disk",
        "vol-create default-pool @copy",
      ],
      ...["pool-info default-pool", "pool-start default-pool", "vol-list default-pool"],
    ],
    [
      "vol-create default-pool @disk",
      "vol-upload disk @bytes --pool default-pool",
      "vol-upload disk @bytes --pool default-pool --offset 1G",
      "vol-upload nothing @bytes --pool default-pool",
      "vol-resize disk 20M --pool default-pool",
      "vol-resize disk 10M --pool default-pool",
      "vol-wipe disk --pool default-pool",
      "vol-wipe disk --pool default-pool --algorithm trim",
      "vol-wipe disk --pool default-pool --algorithm nonsense",
      "vol-info disk --pool default-pool --physical",
    ],
    [
      ...[
        "pool-create @spare --build",
        "pool-define @files",
        "pool-start files --build",
        "pool-destroy files",
      ],
      ...["pool-build files --no-overwrite", "pool-start files --build --overwrite", "pool-destroy files"],
      ...["pool-start files --build --overwrite --no-overwrite"],
    ],
    ["pool-define @files --validate"],
  ],
  differences: [
    {
      command: "pool-dumpxml default-pool --inactive",
      ours: "<name>default-pool</name>",
      reason: "the definition for the next start can be asked for, as of libvirt's storage driver",
    },
    { command: "pool-info files", ours: /Persistent: +yes/, reason: keepsDefinition },
    { command: "pool-undefine files", ours: "Pool files has been undefined", reason: keepsDefinition },
    {
      command: "pool-autostart files",
      ours: "internal error: pool has no config file",
      reason: "libvirt's storage driver, and its Technology Compatibility Kit with it, call this internal",
    },
    {
      command: "find-storage-pool-sources dir",
      ours: "pool type 'dir' does not support source discovery",
      reason: "libvirt's test driver takes the number of this type for none",
    },
    ...[
      "vol-upload disk @bytes --pool default-pool",
      "vol-resize disk 20M --pool default-pool",
      "vol-wipe disk --pool default-pool",
      "vol-wipe disk --pool default-pool --algorithm trim",
      "pool-create @spare --build",
      "pool-start files --build",
      "pool-start files --build --overwrite",
      "vol-info disk --pool default-pool --physical",
      "pool-destroy files",
    ].map((command) => ({ command, ours: /^(?!.*error:)/, reason: "libvirt's test driver cannot do it" })),
    ...[
      "vol-resize disk 10M --pool default-pool",
      "pool-build files --no-overwrite",
    ].map((command) => ({
      command,
      ours: "error:",
      reason: "libvirt's test driver cannot do it, whatever it is asked",
    })),
  ],
};
