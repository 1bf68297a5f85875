/**
 * Which of libvirt's daemons can be reached on this machine, found out by asking them.
 *
 * @module
 */
import { parseUri } from "../../model/uri.ts";
import {
  type ClientMachine,
  systemRuntimeDirectory,
  userRuntimeDirectory,
} from "../../protocol/client_machine.ts";
import { connectRpc } from "../../protocol/connect.ts";
import { daemonProgram } from "../../protocol/daemon_socket.ts";
import { systemClock } from "../../runtime/clock.ts";
import { failed, type Finding } from "./finding.ts";

/** How long a daemon may take to answer, in milliseconds. */
const answerMs = 3_000;

/** What daemons are asked to open, by their names. Source: libvirt, "Libvirt Daemons". */
const opens: Readonly<Record<string, string>> = {
  libvirtd: "remote:///",
  virtqemud: "qemu:///",
  virtlxcd: "lxc:///",
  virtxend: "xen:///",
  virtbhyved: "bhyve:///",
  virtchd: "ch:///",
  virtvboxd: "vbox:///",
  virtvzd: "vz:///",
  virtnetworkd: "network:///",
  virtstoraged: "storage:///",
  virtinterfaced: "interface:///",
  virtnodedevd: "nodedev:///",
  virtsecretd: "secret:///",
  virtnwfilterd: "nwfilter:///",
};

/** Whose daemons they are. */
type Owner = "system" | "session";

/** A daemon's socket that is there. */
interface Place {
  readonly daemon: string;
  readonly owner: Owner;
  readonly path: string;
}

/** Asks every daemon whose socket is there, all at once. */
export async function daemons(machine: ClientMachine): Promise<readonly Finding[]> {
  const places = [
    ...placesIn(systemRuntimeDirectory(machine), { owner: "system", machine }),
    // libvirt takes root to the system's daemon.
    ...(machine.uid === 0 ? [] : placesIn(userRuntimeDirectory(machine), { owner: "session", machine })),
  ];
  const found = await Promise.all(places.map(ask));
  return [...found, ...(found.length === 0 ? [none(machine)] : []), ...onDemand(places, machine)];
}

function placesIn(
  folder: string,
  { owner, machine }: { readonly owner: Owner; readonly machine: ClientMachine },
): readonly Place[] {
  return Object.keys(opens).map((daemon) => ({
    daemon,
    owner,
    path: `${folder}/${daemon === "libvirtd" ? "libvirt" : daemon}-sock`,
  })).filter(({ path }) => machine.exists(path));
}

/** What a daemon says of itself. */
async function ask({ daemon, owner, path }: Place): Promise<Finding> {
  const check = `${daemon} (${owner})`;
  const base = opens[daemon] ?? "remote:///";
  const scope = /^(lxc|remote):/.test(base) ? "" : owner;
  const uri = parseUri(`${base.replace("://", "+unix://")}${scope}?socket=${encodeURIComponent(path)}`);
  try {
    await using rpc = await connectRpc(uri, { clock: systemClock, timeoutMs: answerMs });
    const [{ libVer }, { uri: opened }] = await Promise.all([
      rpc.call("connectGetLibVersion", undefined),
      rpc.call("connectGetUri", undefined),
    ]);
    return { check, state: "ok", found: `libvirt ${versionText(libVer)}, ${opened}` };
  } catch (error) {
    return failed(check, error);
  }
}

/** `9.0.0` for 9000000. Source: libvirt, virConnectGetLibVersion. */
function versionText(version: bigint): string {
  return [version / 1_000_000n, version / 1000n % 1000n, version % 1000n].join(".");
}

function none(machine: ClientMachine): Finding {
  return {
    check: "libvirt daemons",
    state: "weak",
    found: `none in ${systemRuntimeDirectory(machine)}`,
    hint: "Not needed for other hosts (qemu+ssh://host/system); for this one install libvirt-daemon-system",
  };
}

/** A user's own daemon need not run: it is started when it is needed. */
function onDemand(places: readonly Place[], machine: ClientMachine): readonly Finding[] {
  if (machine.uid === 0 || places.some(({ owner }) => owner === "session")) return [];
  const daemon = ["virtqemud", "libvirtd"].find((name) => machine.exists(daemonProgram(name, machine)));
  if (daemon === undefined) return [];
  const off = machine.environment("LIBVIRT_AUTOSTART") === "0";
  return [{
    check: `${daemon} (session)`,
    state: off ? "weak" : "ok",
    found: off ? "does not run, and LIBVIRT_AUTOSTART=0 keeps it from being started" : "started when needed",
    ...(off ? { hint: `Unset LIBVIRT_AUTOSTART, or start ${daemon} by hand` } : {}),
  }];
}

/** Whether a connection can be opened, for one that was named. */
export async function connection(uri: string): Promise<Finding> {
  const check = `connection ${uri}`;
  const { servesRemotely } = await import("../../drivers/remote/schemes.ts");
  const parsed = parseUri(uri);
  if (!servesRemotely(parsed)) return { check, state: "ok", found: "simulated, inside Drover" };
  const rpc = await connectRpc(parsed, { clock: systemClock, timeoutMs: answerMs });
  try {
    const { libVer } = await rpc.call("connectGetLibVersion", undefined);
    const { uri: opened } = await rpc.call("connectGetUri", undefined);
    const { hostname } = await rpc.call("connectGetHostname", undefined);
    return { check, state: "ok", found: `libvirt ${versionText(libVer)} on ${hostname}, ${opened}` };
  } finally {
    await rpc.close();
  }
}
