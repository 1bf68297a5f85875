/**
 * What the recipes `build_vm.ts` and `golden_image.ts` have in common: what a machine is made of, how it is waited for, and how
 * it is reached.
 *
 * @module
 */
import {
  cloudInit,
  type DesiredBacking,
  type DesiredDisk,
  type DesiredDomain,
  type Domain,
  duration,
  type Host,
  type ImageVolume,
  type Pool,
  type SeedVolume,
  volume,
  z,
} from "drover";

/** A size: `"512MiB"`, `"20GiB"`. */
const size = z.templateLiteral([z.int().min(1), z.enum(["MiB", "GiB", "TiB"])]);

/** What both recipes are told about a machine. */
export const machineInput = {
  pool: z.string().min(1).default("default").describe("The storage pool of disks and seeds"),
  image: z.string().min(1).optional().describe(
    "The image: its address, or the path of a file where Drover runs",
  ),
  sha256: z.string().optional().describe("The image's checksum"),
  sha512: z.string().optional().describe("The same by SHA-512, instead"),
  checksums: z.string().optional().describe("The address of a list in which the checksum stands, instead"),
  disk: size.optional().describe("How large its disk is; as large as the image where not said"),
  kernel: z.string().startsWith("/").optional().describe(
    "A kernel on the host to boot, and not what the disk holds",
  ),
  initrd: z.string().startsWith("/").optional().describe("The kernel's initial file system, on the host"),
  arguments: z.string().default("console=ttyS0").describe("What the kernel is told"),
  type: z.enum(["kvm", "qemu"]).optional().describe("How it is run; as the host does best where not said"),
  memory: size.default("1GiB"),
  vcpus: z.int().min(1).default(1),
  network: z.string().default("default").describe("The network that it is plugged into; nothing for none"),
  user: z.string().regex(/^[a-z_][a-z0-9_-]*$/).default("admin").describe("Who may log in with the keys"),
  keys: z.array(z.string().min(1)).default([]).describe("Public keys for ssh, a line each"),
  packages: z.array(z.string().min(1)).default([]).describe("What is installed at the first boot"),
  wait: z.enum(["address", "agent", "cloud-init", "console", "none"]).default("address").describe(
    "What says that it can be reached",
  ),
  console: z.string().default("login: ?$").describe(
    "The text of its console that is waited for, a regular expression",
  ),
  within: z.string().default("5m").transform(duration).describe("How long that may take"),
};

/** What both recipes are told about a machine, read. */
export type MachineInput = z.output<z.ZodObject<typeof machineInput>>;

/** What is needed of the host for a machine. */
export const machineNeeds = [
  "connect:getattr,read",
  "storage_pool:getattr,search_storage_vols",
  "storage_vol:getattr,read,create,delete,data_read,data_write,resize",
  "domain:getattr,read,write,save,start,suspend,open_device",
  "host:fetch,local_read,kernel",
] as const;

/** The image that disks are made on; nothing where no image is named. */
export async function baseImage(pool: Pool, input: MachineInput): Promise<ImageVolume | undefined> {
  const { image: from, sha256, sha512, checksums } = input;
  if (from === undefined) return undefined;
  return await pool.image({
    from,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(sha512 === undefined ? {} : { sha512 }),
    ...(checksums === undefined ? {} : { checksums }),
  });
}

/** A machine's own disk. */
export interface OwnDisk {
  readonly disk: DesiredDisk;
  readonly changed: boolean;
}

/**
 * The machine's own disk, made on the image. What is there stays on the image that it was made on, whatever the newest one is;
 * it may grow.
 */
export async function ownDisk(
  host: Host,
  pool: Pool,
  { name, base, size }: {
    readonly name: string;
    readonly base: DesiredBacking | undefined;
    readonly size: MachineInput["disk"];
  },
): Promise<OwnDisk> {
  const own = { pool: pool.name, name: `${name}.qcow2` };
  const isThere = (await pool.volumes({ name: own.name })).names.length > 0;
  const { changed } = await host.ensure(volume({
    ...own,
    ...(size === undefined ? {} : { capacity: size }),
    ...(isThere || base === undefined ? {} : { backing: base }),
  }));
  return { disk: { volume: own, format: "qcow2" }, changed };
}

/** What a machine is told at its first boot: its name, who may log in, what is installed. */
export async function seedOf(
  pool: Pool,
  name: string,
  { user, keys, packages }: MachineInput,
): Promise<SeedVolume> {
  const users = keys.length === 0 ? {} : {
    users: [{
      name: user,
      sudo: "ALL=(ALL) NOPASSWD:ALL",
      shell: "/bin/bash",
      ssh_authorized_keys: keys,
    }],
  };
  const settings = { ...users, ...(packages.length === 0 ? {} : { packages, package_update: true }) };
  return await pool.seed(name, cloudInit({ hostname: name, userData: settings }));
}

/** The machine as it shall be, off: whoever waits for its console has to be there before it starts. */
export function machine(
  { name, disks, mac }: {
    readonly name: string;
    readonly disks: readonly DesiredDisk[];
    readonly mac?: string;
  },
  { type, memory, vcpus, network, kernel, initrd, arguments: told }: MachineInput,
): DesiredDomain {
  return {
    name,
    type,
    memory,
    vcpus,
    disks,
    interfaces: network === "" ? [] : [{ network, ...(mac === undefined ? {} : { mac }) }],
    ...(kernel === undefined
      ? {}
      : { kernel: { path: kernel, arguments: told, ...(initrd === undefined ? {} : { initrd }) } }),
  };
}

/** Starts a machine and waits for what says that it can be reached. */
export async function startAndWait(
  vm: Domain,
  { wait, console, within, network }: MachineInput,
): Promise<{ readonly address?: string; readonly said?: string }> {
  const { state } = await vm.info();
  const starts = state === "shutoff";
  if (wait === "console") {
    // What a machine has printed before is gone: only one that is just starting can be waited for.
    if (!starts) return {};
    await vm.start({ paused: true });
    await vm.console.open();
    await vm.resume();
    return { said: (await vm.console.expect(new RegExp(console, "m"), { within })).text };
  }
  if (starts) await vm.start();
  if (wait === "agent") await vm.until.agent({ within });
  if (wait === "cloud-init") await vm.until.cloudInit({ within });
  if (wait === "none" || network === "") return {};
  return wait === "address" || wait === "cloud-init" ? { address: await vm.until.ip({ within }) } : {};
}

/** How a machine is reached from where Drover runs. */
export function waysIn(
  host: Host,
  { name, address, input: { user, keys } }: {
    readonly name: string;
    readonly address: string | undefined;
    readonly input: MachineInput;
  },
): readonly string[] {
  return [
    ...(address === undefined || keys.length === 0 ? [] : [`ssh ${user}@${address}`]),
    `drover console ${name} -c ${host.uri}`,
  ];
}
