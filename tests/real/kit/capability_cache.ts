/**
 * What libvirt found out about the emulators of this machine, kept between private hosts: finding out takes each of
 * them a second of processor time, and libvirt itself checks whether what it finds here still holds.
 *
 * @module
 */
import { cacheDirectory } from "./cache_directory.ts";

const below = "qemu/capabilities";

/** The names of the files in a folder; none where there is no folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).filter(({ isFile }) => isFile).map(({ name }) =>
      name
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Puts what is known into a host's own cache. */
export async function lendCapabilities(to: string): Promise<void> {
  const from = await cacheDirectory("capabilities");
  await Deno.mkdir(`${to}/${below}`, { recursive: true });
  for (const name of await filesIn(from)) {
    if (name.endsWith(".xml")) await Deno.copyFile(`${from}/${name}`, `${to}/${below}/${name}`);
  }
}

/** Takes over what a host has found out. */
export async function keepCapabilities(from: string): Promise<void> {
  const to = await cacheDirectory("capabilities");
  for (const name of await filesIn(`${from}/${below}`)) {
    const text = await Deno.readTextFile(`${from}/${below}/${name}`);
    const known = await Deno.readTextFile(`${to}/${name}`).catch(() => undefined);
    // libvirt writes these files in place: one that is not complete is left alone.
    if (text === known || !text.trimEnd().endsWith("</qemuCaps>")) continue;
    const fresh = await Deno.makeTempFile({ dir: to });
    await Deno.writeTextFile(fresh, text);
    await Deno.rename(fresh, `${to}/${name}`);
  }
}
