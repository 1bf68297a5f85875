/**
 * What of a domain's definition decides whether and where it can move. Definitions come from a hypervisor, which writes them
 * in one way; what is a domain's own metadata is not looked at as devices.
 *
 * @module
 */

/** The namespace of labels in the metadata of domains, as grants select by them. */
export const labelNamespace = "urn:drover:labels";

/** A disk that lies on its host. */
export interface LocalDisk {
  /** What the guest sees: `vda`. */
  readonly target: string;
  /** Its path, or its pool and volume. */
  readonly source: string;
  /** The path, where it is one. */
  readonly path?: string;
  /** The pool, where it is a volume. */
  readonly pool?: string;
}

/** What ties a domain to its host. */
export interface Ties {
  /** Devices of the host that it has, as people call them. */
  readonly hostDevices: readonly string[];
  /** Disks that it writes and that are not reached by network. */
  readonly disks: readonly LocalDisk[];
}

/** What ties a domain to its host, by its definition. */
export function tiesIn(xml: string): Ties {
  const devices = /<devices>([\s\S]*)<\/devices>/.exec(withoutMetadata(xml))?.[1] ?? "";
  const disks = [...devices.matchAll(/<disk\b([^>]*)>([\s\S]*?)<\/disk>/g)]
    .map(([, attributes = "", body = ""]) => ({ attributes, body }));
  return {
    hostDevices: [
      ...[...devices.matchAll(/<hostdev\b([^>]*)>/g)]
        .map(([, attributes = ""]) => `a ${valueOf(attributes, "type") ?? "host"} device of the host`),
      ...[...devices.matchAll(/<interface\b([^>]*)>/g)]
        .filter(([, attributes = ""]) => valueOf(attributes, "type") === "hostdev")
        .map(() => "a network card of the host"),
      ...disks.filter(({ attributes }) => valueOf(attributes, "type") === "nvme")
        .map(() => "an NVMe drive of the host"),
      ...(/<filesystem\b/.test(devices) ? ["a folder of the host"] : []),
    ],
    disks: disks.flatMap(localDisk),
  };
}

/** The labels in a domain's definition, as grants read them. */
export function labelsInDefinition(xml: string): readonly string[] {
  const metadata = /<metadata>([\s\S]*?)<\/metadata>/.exec(xml)?.[1] ?? "";
  return metadata.includes(labelNamespace) ? labelsIn(metadata) : [];
}

/** The texts of elements that are called `label`. */
export function labelsIn(element: string): readonly string[] {
  return [...element.matchAll(/<(?:[\w.-]+:)?label(?:\s[^>]*)?>([^<]*)<\//g)]
    .map(([, text = ""]) => unescaped(text).trim());
}

function withoutMetadata(xml: string): string {
  return xml.replace(/<metadata>[\s\S]*?<\/metadata>/, "").replace(/<!--[\s\S]*?-->/g, "");
}

function localDisk(
  { attributes, body }: { readonly attributes: string; readonly body: string },
): readonly LocalDisk[] {
  const type = valueOf(attributes, "type") ?? "file";
  const device = valueOf(attributes, "device") ?? "disk";
  const isMedium = device === "cdrom" || device === "floppy" || /<readonly\s*\/>/.test(body);
  const source = /<source\b([^>]*)>/.exec(body)?.[1];
  if (isMedium || source === undefined || !["file", "block", "dir", "volume"].includes(type)) return [];
  const target = valueOf(/<target\b([^>]*)>/.exec(body)?.[1] ?? "", "dev") ?? "?";
  const pool = valueOf(source, "pool");
  const path = valueOf(source, "file") ?? valueOf(source, "dev") ?? valueOf(source, "dir");
  if (pool !== undefined) return [{ target, source: `${pool}/${valueOf(source, "volume") ?? "?"}`, pool }];
  return path === undefined ? [] : [{ target, source: path, path }];
}

function valueOf(attributes: string, name: string): string | undefined {
  const [, single, double] = new RegExp(`\\b${name}\\s*=\\s*(?:'([^']*)'|"([^"]*)")`).exec(attributes) ?? [];
  const value = single ?? double;
  return value === undefined ? undefined : unescaped(value);
}

/** Text with XML's own entities resolved. */
function unescaped(text: string): string {
  return text.replaceAll("&apos;", "'").replaceAll("&quot;", '"').replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
