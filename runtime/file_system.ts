/**
 * What drivers do with the files of a host: locks on their metadata, extended attributes, owners and labels.
 *
 * Every method but the giving back of a lock leaves the process and is called in a hop.
 *
 * @module
 */

/** A lock on a file's metadata. Disposing it gives it back, at once and without leaving the process. */
export type FileLock = Disposable;

/** What security knows of a file: who owns it, and how it is labelled. */
export const fileAspects = ["owner", "label"] as const;

/** One of the things that security knows of a file. */
export type FileAspect = typeof fileAspects[number];

/** The files of a host. */
export interface HostFileSystem {
  /**
   * Locks a file's metadata against everybody else who does so, in this process and in others; waits until it is free.
   * `undefined` where the file cannot be locked: it is missing, a folder, a socket, or on a file system that is read-only
   * or refuses us.
   *
   * @param held what whoever asks has locked already: the same file under another name is not waited for again.
   * @throws {VirtError} `timed-out`; the signal's reason.
   */
  lock(path: string, signal: AbortSignal, held?: readonly FileLock[]): Promise<FileLock | undefined>;
  /**
   * The value of an extended attribute; `undefined` where the file has none of that name.
   *
   * @throws {VirtError} `unsupported` where the file system keeps no extended attributes.
   */
  attribute(path: string, name: string): Promise<string | undefined>;
  /** Sets an extended attribute, or removes it where `value` is `undefined`. Removing what is not there does no harm. */
  setAttribute(path: string, name: string, value: string | undefined): Promise<void>;
  /** The owner as `+UID:+GID`, or the label as the security driver writes it. */
  read(path: string, aspect: FileAspect): Promise<string>;
  /** Gives the file another owner or label. */
  write(path: string, aspect: FileAspect, value: string): Promise<void>;
  /**
   * When the host was booted, in a form that differs from boot to boot. The first is what is to be written; where the
   * host can tell only roughly, the others are what somebody else may have written since the same boot.
   */
  bootTimes(): Promise<readonly string[]>;
}
