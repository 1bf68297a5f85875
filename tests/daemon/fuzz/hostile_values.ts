/**
 * Values for any description of XDR data, chosen to hurt: limits and what is beside them, texts that mean something
 * elsewhere, the objects that are there.
 *
 * @module
 */
import type { Xdr } from "../../../protocol/xdr/mod.ts";
import type { Random } from "../../../testing/random.ts";

const numbers: readonly number[] = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  16,
  31,
  64,
  255,
  1024,
  65_536,
  0x7fffffff,
  -1,
  -2147483648,
];
const longs: readonly bigint[] = [0n, 1n, 512n, 4096n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n];

const texts: readonly string[] = [
  ...[
    "",
    "test",
    "default",
    "default-pool",
    "eth1",
    "scsi_host1",
    "sample",
    "vda",
    "hda",
    "serial0",
    "x".repeat(5000),
  ],
  ...[
    "test:///default",
    "test:///../../etc/passwd",
    "test:///",
    "qemu:///system",
    "../../../etc/shadow",
    "/dev/zero",
  ],
  ...[
    "%s%n%x",
    "a\nb",
    "\u{202e}",
    "é".repeat(300),
    "aa:bb:cc:dd:ee:ff",
    "PLAIN",
    "SCRAM-SHA-256",
    "title",
    "{}",
  ],
  "<domain type='test'><name>fuzz</name><memory>65536</memory><os><type>hvm</type></os></domain>",
  "<domain type='test'><name>fuzz</name><memory unit='EiB'>99999999999999</memory></domain>",
  "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><domain>&b;&b;</domain>",
  "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain><name>&a;</name></domain>",
  `${"<a>".repeat(2000)}${"</a>".repeat(2000)}`,
  "<network><name>fuzz</name></network>",
  "<pool type='dir'><name>fuzz</name><target><path>/fuzz</path></target></pool>",
  "<volume><name>fuzz</name><capacity unit='MiB'>1</capacity></volume>",
  "<domainsnapshot><name>fuzz</name></domainsnapshot>",
  "<domain",
];

const uuids: readonly string[] = [
  "6695eb01-f6a4-8304-79aa-97f2502e193f",
  "dd8fe884-6c02-601e-7551-cca97df1c5df",
  "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

/** One of several, by chance. */
export function oneOf<T>(random: Random, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new TypeError("There is nothing to choose from");
  return found;
}

/** A whole number below a limit, by chance. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** Bytes by chance. */
export function someBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

/** A value of a description. Its limits are kept: who wants to break them does so in what is written. */
export function hostileValue(description: Xdr<unknown>, random: Random): unknown {
  const { shape } = description;
  switch (shape.kind) {
    case "int":
      return oneOf(random, numbers) | 0;
    case "uint":
      return oneOf(random, numbers) >>> 0;
    case "hyper":
      return oneOf(random, longs) * (random() < 0.2 ? -1n : 1n);
    case "uhyper":
      return oneOf(random, longs);
    case "double":
      return oneOf(random, [0, -0, 1.5, NaN, Infinity]);
    case "bool":
      return random() < 0.5;
    case "uuid":
      return oneOf(random, uuids);
    case "nothing":
      return undefined;
    case "enumeration":
      return oneOf(random, Object.keys(shape.names));
    case "string":
      return oneOf(random, texts).slice(0, Math.min(shape.max, 10_000));
    case "bytes":
    case "chars":
      return someBytes(random, Math.min(shape.max, below(random, 40)));
    case "opaque":
    case "fixedChars":
      return someBytes(random, shape.length);
    case "list":
      return Array.from(
        { length: Math.min(shape.max, below(random, 4)) },
        () => hostileValue(shape.of, random),
      );
    case "fixedList":
      return Array.from({ length: shape.length }, () => hostileValue(shape.of, random));
    case "optional":
      return random() < 0.3 ? undefined : hostileValue(shape.of, random);
    case "struct":
      return Object.fromEntries(
        Object.entries(shape.fields).map(([name, of]) => [name, hostileField(name, { of, random })]),
      );
    case "union": {
      const kind = Number(oneOf(random, Object.keys(shape.cases)));
      const found = shape.cases[kind];
      return { kind, value: found === undefined ? undefined : hostileValue(found, random) };
    }
  }
}

/** Bits that nobody knows are refused before anything else happens: most flags are none, or one. */
function hostileField(
  name: string,
  { of, random }: { readonly of: Xdr<unknown>; readonly random: Random },
): unknown {
  if (name !== "flags" || random() < 0.2) return hostileValue(of, random);
  return random() < 0.6 ? 0 : 2 ** below(random, 12);
}
