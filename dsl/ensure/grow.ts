/**
 * Growing volumes: where a running guest has one as a disk it is grown there, so that the guest sees it, and nobody writes into an
 * image that is in use.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { type Handle, type ObjectHandle, objectsOf } from "../handle.ts";
import type { Domain } from "../handles.ts";

/** A disk of a running domain. */
interface Use {
  readonly vm: Domain;
  readonly target: string;
}

/** Grows a volume, in the running guest that has it or else in its pool. */
export async function grow(
  host: Handle<"connection">,
  volume: ObjectHandle<"volume">,
  { capacityBytes, pool }: { readonly capacityBytes: number; readonly pool: string },
): Promise<void> {
  const objects = objectsOf(host);
  const use = await useOf(host, volume, pool);
  if (use === undefined) {
    await objects.invoke("volume.resize", volume, { capacityBytes });
    return;
  }
  const { vm, target } = use;
  await objects.invoke("domain.resizeBlock", vm, { disk: target, sizeBytes: capacityBytes });
  // The pool still knows the size that it had.
  const parent = await objects.invoke("pool.lookup", host, { name: pool });
  try {
    await objects.invoke("pool.refresh", parent, {}, { rebase: true });
  } catch (error) {
    if (!isVirtError(error, "permission-denied")) throw error;
  }
}

/** Who has a volume as a disk right now. Whoever may not look at domains has it grown in its pool. */
async function useOf(
  host: Handle<"connection">,
  volume: ObjectHandle<"volume">,
  pool: string,
): Promise<Use | undefined> {
  const objects = objectsOf(host);
  try {
    const { path } = await objects.invoke("volume.info", volume, {});
    for (const { domain: vm } of await objects.invoke("domain.list", host, { state: "running" })) {
      const disks = await objects.invoke("domain.blockDevices", vm, {});
      const target = disks.find(({ source }) => source === path)?.target ??
        (disks.some(({ type }) => type === "volume")
          ? targetIn(await objects.invoke("domain.xml", vm, {}), { pool, name: volume.name })
          : undefined);
      if (target !== undefined) return { vm, target };
    }
  } catch (error) {
    if (!isVirtError(error, "permission-denied") && !isVirtError(error, "unsupported")) throw error;
  }
  return undefined;
}

/** The disk of a definition that consists of a volume, not of one that is made of it. Source: libvirt formatdomain, <disk>. */
function targetIn(
  xml: string,
  { pool, name }: { readonly pool: string; readonly name: string },
): string | undefined {
  const [poolText, nameText] = [pool, name].map((text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&apos;")
  );
  const disk = (xml.match(/<disk [\s\S]*?<\/disk>/g) ?? []).find((block) => {
    const [top = ""] = block.split("<backingStore");
    return top.includes(`pool='${poolText}'`) && top.includes(`volume='${nameText}'`);
  });
  return disk === undefined ? undefined : /<target [^>]*dev='([^']+)'/.exec(disk)?.[1];
}
