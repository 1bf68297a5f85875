/**
 * What of the contract does not hold on real hypervisors, with the reason for each. These lists only shrink.
 *
 * @module
 */

/** Names of tests, and why they cannot hold. */
export type Exceptions = Readonly<Record<string, string>>;

const renamesSnapshots = "it renames a domain together with its snapshots";
const emptyMetadata = "libvirt leaves an empty element behind where the last metadata was";
const noNetworkMetadata = "libvirt 9.0 keeps nothing of it; 9.7 is the first that does";
const noInterfaces = "libvirt is built without netcf, which could change interfaces";

/** libvirt's own test driver, which is simpler than any hypervisor. */
export const testExceptions: Exceptions = {
  "a saved domain goes on where it was": "a domain that it restores counts as booted",
  "a domain saved to a file comes back from it": "it restores nothing in another state than it was saved in",
  "title, description and a program's element can be written and removed": emptyMetadata,
  "devices come, change and go, live and in the definition": "it attaches no devices",
  "parameters are read back as they were set, and checked": "it keeps no parameters",
  "a running domain has addresses, statistics, a screen and an agent": "it has no agent",
  "a host says what its domains may consist of": "it does not say",
  "a host compares processors, and finds what they have in common": "it lists no models",
  "what was taken after a deleted snapshot moves to its parent":
    "it cannot delete only a snapshot's metadata",
  "a snapshot's document can be given, read and taken over": "it cannot delete only a snapshot's metadata",
  "a domain with snapshots keeps its name and definition until told otherwise": renamesSnapshots,
  "a transient network is gone when it stops": "two of its networks may have the same bridge",
  "a part of a network changes while it runs, or for the next start": "its networks have one definition only",
  "a running network tells who has which address": "it has no leases",
  "a network carries a title and an element of a program's own": noNetworkMetadata,
  "a volume takes space of its pool and gives it back": "its pools cannot be built as they are created",
  "what is written into a volume is read out of it, piece by piece": "its volumes hold nothing",
  "a volume grows, and shrinks only where that is allowed": "its volumes hold nothing",
  "a change of interfaces can be taken back": "an interface that was taken down stays down",
  "a virtual adapter is made, defined and removed":
    "its devices cannot be defined, nor found by their numbers",
  "a secret has a value that only who may can read": "it has no secrets",
};

/** QEMU with a domain that has no operating system in it. */
export const qemuExceptions: Exceptions = {
  "a running domain shuts down, reboots and resets": "there is no guest that would shut down",
  "a domain saved to a file comes back from it": "libvirt does not tell a missing file from one that is none",
  "memory changes while it runs, for the next start, and never beyond its maximum":
    "there is no guest that would give memory back",
  "virtual processors change up to their maximum": "there is no guest that would give processors back",
  "title, description and a program's element can be written and removed": emptyMetadata,
  "devices come, change and go, live and in the definition":
    "its second disk is in a folder that the host does not have",
  "parameters are read back as they were set, and checked": "a private host has no control groups",
  "a running domain has addresses, statistics, a screen and an agent": "there is no guest",
  "a host compares processors, and finds what they have in common":
    "libvirt compares models, and not features without one",
  "a domain with snapshots keeps its name and definition until told otherwise": renamesSnapshots,
  "a network carries a title and an element of a program's own": noNetworkMetadata,
  "a running network tells who has which address": "a private host has no guest that has asked for one",
  "sources of pools are found where the host has some": "a private host has no volume groups to look for",
  "an interface is configured, brought up, taken down and removed": noInterfaces,
  "a change of interfaces can be taken back": noInterfaces,
  "a virtual adapter is made, defined and removed":
    "a private host has no adapter that could have virtual ones",
};
