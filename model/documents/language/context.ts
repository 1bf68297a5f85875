/**
 * What a file does not carry, and how hooks complain.
 *
 * @module
 */

/** A disk of the domain that a checkpoint or a backup is of. */
export interface DomainDisk {
  /** The name that the guest sees: `vda`. */
  readonly name: string;
  /** The file that it is in. */
  readonly path?: string;
}

/** Facts from outside the document. Each is optional: what is not known changes nothing. */
export interface DocumentContext {
  /** The clock, in seconds since 1970, for creation times that are missing. */
  readonly now?: number;
  /** Makes a UUID for a document that has none. */
  readonly newUuid?: () => string;
  /** Makes a hardware address for an interface that has none. */
  readonly newMac?: () => string;
  /** The host's architecture, as libvirt spells it, for domains that do not say theirs: `x86_64`. */
  readonly arch?: string;
  /** The UUID of the domain that a snapshot is of. */
  readonly domainUuid?: string;
  /**
   * Whether a snapshot or a checkpoint is one that exists and is told to a host again, rather than one to be taken.
   * @default what has a creation time exists
   */
  readonly redefine?: boolean;
  /** The checkpoint that a new one follows. */
  readonly currentCheckpoint?: string;
  /** The disks of the domain that a checkpoint or a backup is of, where those are to be said that it does not name. */
  readonly domainDisks?: readonly DomainDisk[];
  /** Ends the names of the files that a backup goes to, behind the disk's own file and a dot. */
  readonly backupSuffix?: string;
  /** The type of the storage pool that a volume belongs to. */
  readonly poolType?: string;
}

/** What normalise and check hooks are given. */
export interface Reading {
  readonly context: DocumentContext;
  /**
   * Refuses the document.
   *
   * @param path the property concerned, from the hook's own value: `"target.format"`, `"disks.1.source"`; `""` for
   * the value itself
   * @param message what is wrong, as a sentence without a period
   * @throws always
   */
  refuse(path: string, message: string, options?: RefusalOptions): never;
}

/** More about a refusal. */
export interface RefusalOptions {
  /** Ends the sentence "expected …". */
  readonly expected?: string;
}
