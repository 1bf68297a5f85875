/**
 * What a guest is told when it boots for the first time.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { refuseSecrets } from "../opaque_secret.ts";
import { isoImage } from "./iso_image.ts";

/** Whether a guest that has booted before looks at a seed that is another one than last time. */
export interface Reading {
  /** Whether it does. */
  readonly again: boolean;
  /** As it goes on after "The guest reads it again" or "The guest does not read it again". */
  readonly why: string;
}

/** What a guest is told, ready to be put where it looks. */
export interface Seed {
  /** `nocloud`: a drive with cloud-init's files. `ignition`: a file that the firmware hands on. */
  readonly kind: "nocloud" | "ignition";
  /** The bytes of the drive or file. The same settings give the same bytes. */
  readonly bytes: Uint8Array;
  /** How its volume's name ends. */
  readonly suffix: "iso" | "ign";
  /** Whether a guest that has booted before reads it. */
  readonly reading: Reading;
}

/** Settings as an object, or as the text of a file that is passed on as it is. */
export type SeedDocument = Readonly<Record<string, unknown>> | string;

/** What cloud-init is told. */
export interface CloudInitOptions {
  /** What the guest is called; also what makes it the same instance as before. */
  readonly hostname: string;
  /** What to set up: an object becomes `#cloud-config`; a text says in its first line what it is. */
  readonly userData?: SeedDocument;
  /** How the network is set up: version 1 or 2 of cloud-init's network configuration. */
  readonly networkConfig?: SeedDocument;
  /** More of its metadata. */
  readonly metaData?: Readonly<Record<string, unknown>>;
  /**
   * When the guest runs all of it again: `never`, or `on-change`, which makes a guest with other settings a new instance.
   * A new instance gets new host keys for SSH too.
   * @default "never"
   */
  readonly rerun?: "never" | "on-change";
}

/** What cloud-init takes user data for, by its first line. Source: cloud-init, "User-data formats". */
const userDataStarts = [
  "#cloud-config",
  "#!",
  "#include",
  "#cloud-boothook",
  "#part-handler",
  "#upstart-job",
  "## template: jinja",
  "#cloud-config-archive",
  "#cloud-config-jsonp",
  "Content-Type:",
  "MIME-Version:",
];

const encoder = new TextEncoder();

/**
 * A drive from which cloud-init's data source NoCloud reads its settings at the first boot.
 *
 * @throws {VirtError} `invalid-argument` where the host name is none, or a text is nothing that cloud-init knows.
 *
 * @example
 * ```ts
 * import { cloudInit } from "drover";
 *
 * export const seed = cloudInit({
 *   hostname: "web-1",
 *   userData: { ssh_authorized_keys: ["ssh-ed25519 AAAA… admin"], packages: ["nginx"] },
 *   networkConfig: { version: 2, ethernets: { any: { match: { name: "en*" }, dhcp4: true } } },
 * });
 * ```
 */
export function cloudInit(options: CloudInitOptions): Seed {
  refuseSecrets(options, seedAdvice);
  const { hostname, networkConfig, metaData = {}, rerun = "never" } = options;
  if (!/^(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i.test(hostname)) {
    throw new VirtError("invalid-argument", `Cannot call a guest ${JSON.stringify(hostname)}`, {
      hint: "A host name has letters, digits and hyphens",
    });
  }
  const userData = userDataText(options.userData ?? {});
  const network = networkConfig === undefined ? undefined : documentText(networkConfig);
  const told = metaData["instance-id"];
  const digest = digestOf(encoder.encode([userData, network ?? "", JSON.stringify(metaData)].join("\0")));
  const instance = typeof told === "string" ? told : rerun === "never" ? hostname : `${hostname}-${digest}`;
  const meta = JSON.stringify({ "local-hostname": hostname, ...metaData, "instance-id": instance });
  const bytes = isoImage({
    label: "cidata",
    files: {
      "meta-data": encoder.encode(`${meta}\n`),
      "user-data": encoder.encode(userData),
      ...(network === undefined ? {} : { "network-config": encoder.encode(network) }),
    },
  });
  const again = rerun === "on-change" && told === undefined;
  const why = again
    ? `at its next boot: its instance-id is another one, "${instance}"`
    : `its instance-id stays "${instance}"; what is to run again needs rerun: "on-change"`;
  return { kind: "nocloud", bytes, suffix: "iso", reading: { again, why } };
}

/** Who may read the volume reads the seed: no value is put in. */
const seedAdvice =
  "Put the hash of a password into the seed, or call setPassword once the guest's agent answers";

function userDataText(userData: SeedDocument): string {
  if (typeof userData !== "string") return `#cloud-config\n${documentText(userData)}`;
  if (userDataStarts.some((start) => userData.startsWith(start))) return userData;
  const first = userData.split("\n", 1)[0] ?? "";
  throw new VirtError(
    "invalid-argument",
    `Cannot use user data that begin with ${JSON.stringify(first.slice(0, 60))}: cloud-init passes over them`,
    { hint: "Begin with #cloud-config for settings, with #! for a script; or give an object" },
  );
}

/** What is JSON is YAML too. */
function documentText(document: SeedDocument): string {
  return typeof document === "string" ? document : `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The version of Ignition's configuration where an object says none. */
const ignitionVersion = "3.4.0";

/**
 * What Ignition reads at the first boot of Fedora CoreOS, Flatcar and their like.
 *
 * @param config the configuration, an object or its JSON; one of Butane's has to be translated before
 *
 * @throws {VirtError} `invalid-argument` where it is no JSON object, or says a version of Ignition that is none.
 *
 * @example
 * ```ts
 * import { ignition } from "drover";
 *
 * export const seed = ignition({
 *   passwd: { users: [{ name: "core", sshAuthorizedKeys: ["ssh-ed25519 AAAA… admin"] }] },
 * });
 * ```
 */
export function ignition(config: SeedDocument): Seed {
  refuseSecrets(config, seedAdvice);
  const given = typeof config === "string" ? parsed(config) : config;
  const said = given["ignition"];
  const header = typeof said === "object" && said !== null ? said as Record<string, unknown> : {};
  const { version = ignitionVersion } = header;
  if (typeof version !== "string" || !/^[23]\.\d+\.\d+(?:-experimental)?$/.test(version)) {
    throw new VirtError("invalid-argument", `Cannot use version ${JSON.stringify(version)} of Ignition`, {
      hint: `Write for instance ignition: { version: "${ignitionVersion}" }`,
    });
  }
  const text = `${JSON.stringify({ ...given, ignition: { ...header, version } })}\n`;
  return {
    kind: "ignition",
    bytes: encoder.encode(text),
    suffix: "ign",
    reading: { again: false, why: "Ignition runs at the first boot of a disk only; give it a fresh disk" },
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new VirtError(
      "invalid-argument",
      `Cannot read Ignition's configuration: ${(error as Error).message}`,
      {
        hint: "It is JSON; Butane's YAML has to be translated by butane before",
      },
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new VirtError("invalid-argument", "Cannot read Ignition's configuration: it is no JSON object");
}

/**
 * Sixteen hexadecimal digits that stand for bytes: for names, not against forgery. Recipes have no other digest that answers
 * at once; whoever finds something under such a name compares it.
 */
export function digestOf(data: Uint8Array): string {
  let one = 0x811c9dc5;
  let other = 0x9e3779b9;
  for (const byte of data) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x85ebca6b);
    other ^= other >>> 13;
  }
  return [one, other].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
