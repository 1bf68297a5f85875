/**
 * Words of domains, each at the place of its number.
 *
 * @module
 */

/** What people and programs write about a domain or network. Source: libvirt, virDomainMetadataType, virNetworkMetadataType. */
export const metadataKinds = ["description", "title", "element"] as const;

/** What makes a domain end. Source: libvirt, virDomainLifecycle. */
export const lifecycleOccasions = ["poweroff", "reboot", "crash"] as const;

/** What becomes of it then. Source: libvirt, virDomainLifecycleAction. */
export const lifecycleActions = [
  "destroy",
  "restart",
  "rename-restart",
  "preserve",
  "coredump-destroy",
  "coredump-restart",
] as const;

/** In which form the memory of a guest is written. Source: libvirt, virDomainCoreDumpFormat. */
export const dumpFormats = ["raw", "kdump-zlib", "kdump-lzo", "kdump-snappy", "win-dmp"] as const;

/** Who knows the addresses of a guest. Source: libvirt, virDomainInterfaceAddressesSource. */
export const addressSources = ["lease", "agent", "arp"] as const;

/** What the codes of keys are those of. Source: libvirt, virKeycodeSet. */
export const keyCodeSets = [
  "linux",
  "xt",
  "atset1",
  "atset2",
  "atset3",
  "osx",
  "xt_kbd",
  "usb",
  "win32",
  "qnum",
] as const;

/** What a virtual processor does. Source: libvirt, virVcpuState. */
export const vcpuStates = ["offline", "running", "blocked"] as const;

/** Where the memory of a guest is taken from. Source: libvirt, virDomainNumatuneMemMode. */
export const numaModes = ["strict", "preferred", "interleave", "restrictive"] as const;

/** Figures of a guest's memory. Source: libvirt, virDomainMemoryStatTags. */
export const memoryFigures = [
  "swap_in",
  "swap_out",
  "major_fault",
  "minor_fault",
  "unused",
  "available",
  "actual",
  "rss",
  "usable",
  "last_update",
  "disk_caches",
  "hugetlb_pgalloc",
  "hugetlb_pgfail",
] as const;

/** How a hypervisor's own channel to the guest stands. Source: libvirt, virDomainControlState. */
export const controlStates = ["ok", "job", "occupied", "error"] as const;

/** Why it stands so; 0 is no reason. Source: libvirt, virDomainControlErrorReason. */
export const controlReasons = [undefined, "unknown", "monitor", "internal"] as const;

/** What is wrong with a disk; 0 is nothing. Source: libvirt, virDomainDiskErrorCode. */
export const diskErrors = [undefined, "unspecified", "no-space"] as const;

/** How what is done with a domain in the background stands. Source: libvirt, virDomainJobType. */
export const jobTypes = ["none", "bounded", "unbounded", "completed", "failed", "cancelled"] as const;

/** What is done with a domain in the background. Source: libvirt, virDomainJobOperation. */
export const jobOperations = [
  "unknown",
  "start",
  "save",
  "restore",
  "migration-in",
  "migration-out",
  "snapshot",
  "snapshot-revert",
  "dump",
  "backup",
  "snapshot-delete",
] as const;

/** What is done with a disk in the background. Source: libvirt, virDomainBlockJobType. */
export const blockJobTypes = ["unknown", "pull", "copy", "commit", "active-commit", "backup"] as const;
