/**
 * Where tests keep what is expensive to make and the same for all of them.
 *
 * @module
 */

/** A folder under the user's cache, made where it is not there. */
export async function cacheDirectory(name: string): Promise<string> {
  const base = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  const path = `${base}/drover-tests/${name}`;
  await Deno.mkdir(path, { recursive: true });
  return path;
}
