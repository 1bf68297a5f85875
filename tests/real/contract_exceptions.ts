/**
 * What of the contract does not hold on real hypervisors, with the reason for each. These lists only shrink.
 *
 * @module
 */

/** Names of tests, and why they cannot hold. */
export type Exceptions = Readonly<Record<string, string>>;

const renamesSnapshots = "it renames a domain together with its snapshots";
const noInterfaces = "libvirt is built without netcf, which could change interfaces";

/** libvirt's own test driver, which is simpler than any hypervisor. */
export const testExceptions: Exceptions = {
  "what was taken after a deleted snapshot moves to its parent":
    "it cannot delete only a snapshot's metadata",
  "a snapshot's document can be given, read and taken over": "it cannot delete only a snapshot's metadata",
  "a domain with snapshots keeps its name and definition until told otherwise": renamesSnapshots,
  "a transient network is gone when it stops": "two of its networks may have the same bridge",
  "a part of a network changes while it runs, or for the next start": "its networks have one definition only",
  "a running network tells who has which address": "it has no leases",
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
  "a domain with snapshots keeps its name and definition until told otherwise": renamesSnapshots,
  "a running network tells who has which address": "a private host has no guest that has asked for one",
  "sources of pools are found where the host has some": "a private host has no volume groups to look for",
  "an interface is configured, brought up, taken down and removed": noInterfaces,
  "a change of interfaces can be taken back": noInterfaces,
  "a virtual adapter is made, defined and removed":
    "a private host has no adapter that could have virtual ones",
};
