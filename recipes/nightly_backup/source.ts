/**
 * What of a domain is backed up, read from its definition as libvirt writes it.
 *
 * @module
 */

/** A disk that is backed up. */
export interface SourceDisk {
  readonly target: string;
  readonly bus: string;
  readonly format: string;
}

/** The disks that a guest writes to: no drives, and nothing that it only reads or that others write to as well. */
export function disksIn(xml: string): readonly SourceDisk[] {
  const blocks = xml.match(/<disk [\s\S]*?<\/disk>/g) ?? [];
  return blocks.flatMap((block): readonly SourceDisk[] => {
    const isDisk = !/^<disk [^>]*device=['"](cdrom|floppy|lun)['"]/.test(block);
    if (!isDisk || !block.includes("<source") || /<(readonly|shareable|transient)\/>/.test(block)) return [];
    const target = /<target [^>]*dev=['"]([^'"]+)['"]/.exec(block)?.[1];
    if (target === undefined) return [];
    return [{
      target,
      bus: /<target [^>]*bus=['"]([^'"]+)['"]/.exec(block)?.[1] ?? "virtio",
      format: /<driver [^>]*type=['"]([^'"]+)['"]/.exec(block)?.[1] ?? "raw",
    }];
  });
}

/** Elements of a definition that tell what the guest sees, whatever it is plugged into. */
const carried = ["memory", "vcpu", "os", "features", "cpu", "clock"];

/**
 * The definition of a domain that is the same to its guest, with other disks and without anything that leads outside: no network,
 * no devices of the host, no variables of the firmware that the other one has.
 */
export function scratchDefinition(
  definition: string,
  { name, disks }: {
    readonly name: string;
    readonly disks: readonly (SourceDisk & { readonly path: string })[];
  },
): string {
  const parts = carried.flatMap((each) =>
    new RegExp(`^  <${each}(?: [^>]*)?(?:/>|>[\\s\\S]*?</${each}>)`, "m").exec(definition)?.[0] ?? []
  ).map((part) => part.replaceAll(/\s*<nvram[\s\S]*?(?:\/>|<\/nvram>)/g, ""));
  const type = /^<domain [^>]*type=['"]([^'"]+)['"]/.exec(definition)?.[1] ?? "qemu";
  const emulator = /<emulator>[^<]*<\/emulator>/.exec(definition)?.[0] ?? "";
  const model = /<controller type='scsi' [^>]*model='([^']+)'/.exec(definition)?.[1];
  const devices = [
    emulator,
    ...disks.map(({ path, target, bus }) =>
      `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/>
      <target dev='${target}' bus='${bus}'/></disk>`
    ),
    model === undefined ? "" : `<controller type='scsi' index='0' model='${model}'/>`,
    "<serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>",
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
    "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
  ];
  return `<domain type='${type}'><name>${name}</name>
${parts.join("\n")}
<on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
<devices>${devices.filter((each) => each !== "").join("\n")}</devices></domain>`;
}

/**
 * The definition of a domain as it was, for one of another name with the disks that were restored. What no two domains can have in
 * common (UUID, hardware addresses, the firmware's variables) is made up anew.
 *
 * @param paths of the restored disks, by target; others are left out
 */
export function restoredDefinition(
  definition: string,
  { name, paths }: { readonly name: string; readonly paths: ReadonlyMap<string, string> },
): string {
  return definition
    .replace(/<name>[^<]*<\/name>/, () => `<name>${name}</name>`)
    .replace(/\s*<uuid>[^<]*<\/uuid>/, "")
    .replace(/\s*<genid>[^<]*<\/genid>/, "")
    .replaceAll(/\s*<mac address=[^>]*\/>/g, "")
    .replaceAll(/\s*<nvram[^>]*?(?:\/>|>[\s\S]*?<\/nvram>)/g, "")
    .replaceAll(/\s*<disk [\s\S]*?<\/disk>/g, (block) => restoredDisk(block, paths));
}

function restoredDisk(block: string, paths: ReadonlyMap<string, string>): string {
  if (/device=['"](cdrom|floppy)['"]/.test(block)) return block;
  const path = paths.get(/<target [^>]*dev=['"]([^'"]+)['"]/.exec(block)?.[1] ?? "");
  if (path === undefined) return "";
  return block
    .replace(/<disk [^>]*>/, "<disk type='file' device='disk'>")
    .replace(/<driver [^>]*\/>/, "<driver name='qemu' type='qcow2'/>")
    .replace(/\s*<backingStore[\s\S]*<\/backingStore>|\s*<backingStore[^>]*\/>/, "")
    .replace(/<source [^>]*?(?:\/>|>[\s\S]*?<\/source>)/, () => `<source file='${path}'/>`);
}
