/**
 * Real files whose owners and trusted attributes a test may change, and why it may not where it cannot.
 *
 * @module
 */
import { systemClock } from "../../runtime/clock.ts";
import { HostFiles } from "../../runtime/posix/host_files.ts";

/** Why owners cannot be remembered on files here; `undefined` where they can. */
export async function cannotRemember(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "owners are remembered on Linux only";
  if (Deno.uid() !== 0) return "only root can change owners";
  const path = await Deno.makeTempFile({ prefix: "drover-owner-" });
  try {
    await new HostFiles({ clock: systemClock }).setAttribute(path, "trusted.libvirt.security.probe", "1");
    return undefined;
  } catch (error) {
    return `this file system keeps no trusted attributes for us: ${
      error instanceof Error ? error.message : error
    }`;
  } finally {
    await Deno.remove(path);
  }
}

/** All attributes of one aspect that libvirt would look at, for the owner. */
export async function remembersOf(
  files: HostFiles,
  path: string,
): Promise<
  { readonly owner: string; readonly was?: string; readonly users?: string; readonly stamp?: string }
> {
  const [owner, was, users, stamp] = [
    await files.read(path, "owner"),
    await files.attribute(path, "trusted.libvirt.security.dac"),
    await files.attribute(path, "trusted.libvirt.security.ref_dac"),
    await files.attribute(path, "trusted.libvirt.security.timestamp_dac"),
  ];
  return {
    owner,
    ...(was === undefined ? {} : { was }),
    ...(users === undefined ? {} : { users }),
    ...(stamp === undefined ? {} : { stamp }),
  };
}

/** A folder that goes away. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "drover-owner-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Makes a file with an owner. */
export function fileOf(path: string, uid = 1234, gid = 1235): string {
  Deno.writeTextFileSync(path, "0123456789");
  Deno.chownSync(path, uid, gid);
  return path;
}
