/**
 * What virsh is to do with secrets. libvirt's test driver has none: these are compared with libvirtd's own.
 *
 * @module
 */
import type { Comparison } from "../../kit/virsh_comparison.ts";

const uuid = (number: number): string => `11111111-2222-4333-8444-55555555550${number}`;
const [one, two, three] = [uuid(1), uuid(2), uuid(3)] as const;

/** The walks. Each takes away what it has made: libvirtd keeps it. */
export const secretWalks: Comparison = {
  reference: "qemu",
  documents: {
    "ceph":
      `<secret ephemeral='no' private='no'><description>one</description><uuid>${one}</uuid><usage type='ceph'>` +
      "<name>client.one</name></usage></secret>",
    "volume":
      `<secret ephemeral='yes' private='yes'><uuid>${two}</uuid><usage type='volume'><volume>/vol/one</volume>` +
      "</usage></secret>",
    "idle": `<secret><uuid>${three}</uuid></secret>`,
    "use-taken": `<secret><uuid>${uuid(4)}</uuid><usage type='ceph'><name>client.one</name></usage></secret>`,
    "uuid-taken": `<secret><uuid>${one}</uuid><usage type='ceph'><name>client.two</name></usage></secret>`,
    "hidden":
      `<secret ephemeral='no' private='yes'><description>changed</description><uuid>${one}</uuid><usage type='ceph'>` +
      "<name>client.one</name></usage></secret>",
    "network": "<network><name>n</name></network>",
  },
  walks: [
    [
      ...["secret-list", "secret-define @ceph", "secret-define @volume", "secret-define @idle"],
      ...["", " --ephemeral", " --no-ephemeral", " --private", " --no-private"].map((which) =>
        `secret-list${which}`
      ),
      ...[one, two, three].map((secret) => `secret-dumpxml ${secret}`),
      ...[one, two, three].map((secret) => `secret-undefine ${secret}`),
      ...["secret-list", `secret-undefine ${one}`, `secret-dumpxml ${one}`, "secret-event --list"],
    ],
    [
      ...["secret-define @ceph --validate", `secret-get-value ${one}`, `secret-set-value ${one} aGVsbG8=`],
      ...[`secret-get-value ${one}`, `secret-get-value ${one} --plain`, `secret-set-value ${one} !!!`],
      ...[`secret-get-value ${two}`, `secret-set-value ${two} aGVsbG8=`, "secret-get-value nobody"],
      ...["secret-define @volume", `secret-set-value ${two} aGVsbG8=`, `secret-get-value ${two}`],
      ...[`secret-undefine ${one}`, `secret-undefine ${two}`],
    ],
    [
      ...["secret-define @ceph", "secret-define @use-taken", "secret-define @uuid-taken"],
      ...["secret-define @hidden", `secret-dumpxml ${one}`, `secret-get-value ${one}`],
      ...["secret-define @ceph", "secret-define @network", `secret-undefine ${one}`],
    ],
  ],
  differences: [],
};
