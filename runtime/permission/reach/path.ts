/**
 * Paths as text: their one spelling, and whether they lie within granted storage. Symbolic links are the host's
 * affair, and unknown here.
 *
 * @module
 */

/** A path's one spelling, or why it has none. */
export type CanonicalPath =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly problem: string };

/**
 * Brings a path into its one spelling: single slashes, no `.`, no slash at the end. What does not begin with a
 * slash is left as it is. `..` is refused: where it leads depends on links that nobody here can see.
 */
export function canonicalPath(text: string): CanonicalPath {
  if (/\p{Cc}/u.test(text)) return { ok: false, problem: "a control character in it" };
  const segments = text.split("/");
  if (segments.includes("..")) return { ok: false, problem: '".." in it' };
  if (!text.startsWith("/")) return { ok: true, path: text };
  return { ok: true, path: `/${segments.filter((segment) => segment !== "" && segment !== ".").join("/")}` };
}

/** Whether a value could be taken for a path, though nobody said that it is one. */
export function looksLikePath(text: string): boolean {
  return /^\s*(?:\/|~\/|file:)/i.test(text) || text.split("/").includes("..");
}

/**
 * Directories that hold everything: a pool there (libvirt's disk and SCSI pools have /dev or /dev/disk/by-path as
 * their target) says which names its volumes have, not that all else there is granted.
 */
const shared = /^\/(?:(?:dev(?:\/(?:disk(?:\/[^/]*)?|mapper|block|char|zvol))?|proc|sys|run)(?:\/)?)?$/;

/** Storage that needs no grant. */
export class GrantedStorage {
  readonly #directories: readonly string[];

  constructor(paths: readonly string[]) {
    this.#directories = paths.flatMap((text) => {
      const canonical = canonicalPath(text);
      return canonical.ok && text.startsWith("/") && !shared.test(canonical.path) ? [canonical.path] : [];
    });
  }

  /** Whether a path in its one spelling is one of these or lies below. */
  holds(path: string): boolean {
    return this.#directories.some((directory) => path === directory || path.startsWith(`${directory}/`));
  }
}
