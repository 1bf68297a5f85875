/**
 * The tests' guest: Debian's cloud kernel and a busybox with the guest agent in memory. Made once for each machine and
 * each form of it.
 *
 * @module
 */
import { cacheDirectory } from "./cache_directory.ts";
import { type ArchiveFile, packInitramfs } from "./initramfs.ts";
import { dependencyFile, kernelModules } from "./kernel_modules.ts";

/** What a guest is booted from. */
export interface GuestImage {
  /** The path of the kernel. */
  readonly kernel: string;
  /** The path of the initramfs. */
  readonly initrd: string;
}

/** What has to be installed to make a guest, with the packages that it comes in. */
export const guestNeeds: Readonly<Record<string, string>> = {
  "apt-get": "apt",
  busybox: "busybox-static",
  "dpkg-deb": "dpkg",
  "qemu-ga": "qemu-guest-agent",
};

const busybox = "/bin/busybox";
const agent = "/usr/sbin/qemu-ga";
const modules = [
  ...[
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_console",
    "virtio_balloon",
    "virtio_rng",
    "virtio_scsi",
  ],
  ...["sd_mod", "isofs", "button", "evdev"],
];
const scripts = {
  init: "guest_init.sh",
  "etc/lease": "guest_lease.sh",
  "sbin/shutdown": "guest_shutdown.sh",
};

/** Runs a program and gives what it says. */
async function output(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** The texts of the guest's own scripts. */
async function ownFiles(): Promise<readonly ArchiveFile[]> {
  return await Promise.all(
    Object.entries(scripts).map(async ([path, name]) => ({
      path,
      content: await Deno.readTextFile(new URL(name, import.meta.url)),
      mode: 0o755,
    })),
  );
}

/** Names the form of the guest that would be made now. */
async function form(own: readonly ArchiveFile[]): Promise<string> {
  const programs = await Promise.all([busybox, agent].map(async (path) => {
    const { size, mtime } = await Deno.stat(path);
    return [path, size, mtime?.getTime()];
  }));
  const makers = ["guest_image.ts", "initramfs.ts", "kernel_modules.ts"];
  const texts = await Promise.all(makers.map((name) => Deno.readTextFile(new URL(name, import.meta.url))));
  const bytes = new TextEncoder().encode(JSON.stringify([programs, own, texts]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 8).toHex();
}

/** A program and the libraries that it is loaded with, at their own paths. */
async function withLibraries(program: string): Promise<readonly ArchiveFile[]> {
  const libraries = (await output("ldd", [program])).match(/\/\S+/g) ?? [];
  return await Promise.all([program, ...libraries].map(async (path) => ({
    path: path.slice(1),
    content: await Deno.readFile(path),
    mode: 0o755,
  })));
}

/** The name of the package that has the cloud kernel itself. */
async function kernelPackage(): Promise<string> {
  const found = /Depends: (\S+)/.exec(await output("apt-cache", ["depends", "linux-image-cloud-amd64"]));
  if (found === null) throw new Error("apt knows no cloud kernel: run apt-get update first");
  return found[1]!;
}

/** Makes the guest in a folder. */
async function make(folder: string, own: readonly ArchiveFile[]): Promise<void> {
  await output("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", await kernelPackage()], folder);
  const [archive] = (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt downloaded no kernel");
  const unpacked = `${folder}/kernel`;
  await output("dpkg-deb", ["-x", `${folder}/${archive.name}`, unpacked]);
  const [version] = await Array.fromAsync(Deno.readDir(`${unpacked}/lib/modules`));
  if (version === undefined) throw new Error("The kernel's package has no modules");
  const taken = await kernelModules(`${unpacked}/lib/modules/${version.name}`, modules);
  const home = `lib/modules/${version.name}`;
  const initramfs = await packInitramfs([
    { path: "bin/busybox", content: await Deno.readFile(busybox), mode: 0o755 },
    ...await withLibraries(agent),
    ...own,
    { path: "etc/passwd", content: "root::0:0:root:/:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\n" },
    { path: "etc/modules", content: `${modules.join("\n")}\n` },
    { path: `${home}/modules.dep`, content: dependencyFile(taken) },
    ...taken.map(({ name, content }) => ({ path: `${home}/${name}.ko`, content })),
  ], ["dev", "proc", "sys", "tmp", "run", "mnt", "root", "var/run"]);
  await Deno.writeFile(`${folder}/initrd.gz`, initramfs);
  await Deno.rename(`${unpacked}/boot/vmlinuz-${version.name}`, `${folder}/vmlinuz`);
  await Deno.remove(unpacked, { recursive: true });
  await Deno.remove(`${folder}/${archive.name}`);
}

/** The guest, made now where it is not there yet. Several test processes at once make it once. */
export async function guestImage(): Promise<GuestImage> {
  const own = await ownFiles();
  const cache = await cacheDirectory("guest");
  const folder = `${cache}/${await form(own)}`;
  using lock = await Deno.open(`${cache}/lock`, { create: true, write: true });
  await lock.lock(true);
  if (await Deno.stat(folder).then(() => false, () => true)) {
    const draft = await Deno.makeTempDir({ dir: cache });
    try {
      await make(draft, own);
      await Deno.chmod(draft, 0o755);
      await Deno.rename(draft, folder);
    } catch (error) {
      await Deno.remove(draft, { recursive: true });
      throw error;
    }
  }
  return { kernel: `${folder}/vmlinuz`, initrd: `${folder}/initrd.gz` };
}
