/**
 * Where the daemon's settings are.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { userConfigDirectory } from "../protocol/client_machine.ts";
import { dirname, join } from "node:path";
import { defaultSettings, parseDaemonSettings, type ReadSettings } from "../daemon/settings.ts";
import type { Io } from "./io.ts";

/** The file where nobody names one: the machine's for root, else the user's own. */
export function daemonSettingsFile({ machine }: Io): string {
  if (machine.uid === 0) return "/etc/drover/daemon.conf";
  return join(dirname(userConfigDirectory(machine)), "drover", "daemon.conf");
}

/**
 * Reads the settings. The file that nobody has named need not be there.
 *
 * @throws {VirtError} `not-found` or `permission-denied` where it cannot be read, `invalid-argument` where it cannot be
 * understood.
 */
export function readDaemonSettings(
  io: Io,
  given: string | undefined,
): ReadSettings & { readonly file: string } {
  const file = given ?? daemonSettingsFile(io);
  const text = io.machine.readText(file);
  if (text !== undefined) return { ...parseDaemonSettings(text, file), file };
  if (given === undefined) return { settings: defaultSettings, ignored: [], file };
  throw new VirtError("not-found", `Cannot read the settings in "${file}": there is no such file`);
}
