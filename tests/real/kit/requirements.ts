/**
 * What tests on real hypervisors need of the machine. Where it is missing they are skipped, and say why.
 *
 * @module
 */

/** A program with the Debian package that it comes in. */
const programs: Readonly<Record<string, string>> = {
  bash: "bash",
  cpio: "cpio",
  ip: "iproute2",
  libvirtd: "libvirt-daemon-system",
  "qemu-img": "qemu-utils",
  "qemu-system-x86_64": "qemu-system-x86",
  unshare: "util-linux",
  virsh: "libvirt-clients",
};

/** Whether a file is there. */
function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Where a program is, or `undefined`. */
export function programPath(name: string): string | undefined {
  return ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map((folder) => `${folder}/${name}`).find(exists);
}

/**
 * Why a private libvirtd cannot run here; `undefined` where it can.
 *
 * @param needed programs that a test needs beside those that all need, with their packages
 */
export function unavailable(needed: Readonly<Record<string, string>> = {}): string | undefined {
  if (Deno.build.os !== "linux") return "private libvirtds run on Linux only";
  if (Deno.uid() !== 0) return "only root can give libvirtd a namespace of its own";
  const missing = Object.entries({ ...programs, ...needed }).find(([name]) =>
    programPath(name) === undefined
  );
  if (missing !== undefined) return `${missing[0]} is not installed (package ${missing[1]})`;
  const driver = "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so";
  return exists(driver)
    ? undefined
    : "libvirt's QEMU driver is not installed (package libvirt-daemon-driver-qemu)";
}
