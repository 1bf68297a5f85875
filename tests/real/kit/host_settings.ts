/**
 * The settings of a private libvirtd, as files.
 *
 * @module
 */
import { makeCertificates } from "./certificates.ts";

/** What a host offers, and how it is set up. */
export interface HostSettings {
  /** Listens on TCP, unencrypted: on loopback, or on everything in a network of its own. */
  readonly tcp?: boolean;
  /** Listens on TLS, as on TCP, with certificates of its own. Clients need one too, unless told otherwise. */
  readonly tls?: { readonly verifyClients?: boolean };
  /**
   * Asks for a user and a password on the transports named. Mechanisms without encryption of their own, such as these,
   * are offered by libvirtd on TLS and on its unix socket only.
   */
  readonly sasl?: {
    readonly on: readonly ("unix" | "tcp" | "tls")[];
    /** Such as `SCRAM-SHA-256` or `PLAIN`. */
    readonly mechanism: string;
    readonly users: Readonly<Record<string, string>>;
  };
  /** More lines for `libvirtd.conf`. */
  readonly daemonConfig?: readonly string[];
  /** More lines for `qemu.conf`, or others in the place of the kit's own. */
  readonly qemuConfig?: readonly string[];
  /** When the host was booted, in seconds since 1970, as its record of logins tells. @default there is no such record */
  readonly bootedAt?: number;
  /**
   * Whether it has a network of its own, in which nothing listens but itself.
   * @default "own", or "shared" where it listens on TCP or TLS
   */
  readonly network?: "own" | "shared";
}

/** A port on loopback that nobody listens on now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Writes everything that a host reads when it starts. */
export async function writeSettings(
  directory: string,
  { name, ports, address, ...settings }: HostSettings & {
    /** The host's name, which is its users' realm too. */
    readonly name: string;
    /** Where it listens, if it listens on more than sockets. */
    readonly address: string;
    readonly ports: { readonly tcp: number | undefined; readonly tls: number | undefined };
  },
): Promise<void> {
  const { sasl, tls } = settings;
  const folders = ["etc/qemu", "etc/sasl2", "lib/images", "lib/qemu", "cache", "log", "run/lock"];
  for (const folder of folders) await Deno.mkdir(`${directory}/${folder}`, { recursive: true });
  const auth = (on: "unix" | "tcp" | "tls"): string => sasl?.on.includes(on) === true ? "sasl" : "none";
  const pki = `${directory}/pki`;
  if (tls !== undefined) {
    await makeCertificates(pki, { host: "localhost", address: "127.0.0.1", client: "drover" });
  }
  await write(`${directory}/etc/libvirtd.conf`, [
    `listen_tls = ${tls === undefined ? 0 : 1}`,
    `listen_tcp = ${settings.tcp === true ? 1 : 0}`,
    `listen_addr = "${address}"`,
    ...(ports.tcp === undefined ? [] : [`tcp_port = "${ports.tcp}"`]),
    ...(ports.tls === undefined ? [] : [
      `tls_port = "${ports.tls}"`,
      `ca_file = "${pki}/cacert.pem"`,
      `cert_file = "${pki}/servercert.pem"`,
      `key_file = "${pki}/serverkey.pem"`,
      `tls_no_verify_certificate = ${tls?.verifyClients === false ? 1 : 0}`,
    ]),
    `auth_unix_rw = "${auth("unix")}"`,
    `auth_unix_ro = "none"`,
    `auth_tcp = "${auth("tcp")}"`,
    `auth_tls = "${auth("tls")}"`,
    `unix_sock_rw_perms = "0777"`,
    `log_outputs = "2:file:${directory}/log/libvirtd.log"`,
    `host_uuid = "${crypto.randomUUID()}"`,
    ...(settings.daemonConfig ?? []),
  ]);
  const given = settings.qemuConfig ?? [];
  const own = [
    `user = "root"`,
    `group = "root"`,
    `security_driver = "none"`,
    `dynamic_ownership = 0`,
    `stdio_handler = "file"`,
    `cgroup_controllers = [ ]`,
    `namespaces = [ ]`,
  ];
  // Of two lines for one setting libvirt takes the first.
  await write(`${directory}/etc/qemu.conf`, [...given, ...own]);
  if (settings.bootedAt !== undefined) {
    await Deno.writeFile(`${directory}/run/utmp`, bootRecord(settings.bootedAt));
  }
  if (sasl !== undefined) await writeUsers(directory, { ...sasl, name });
}

/** A record of logins with nothing but a boot in it. Source: utmp(5), glibc's utmpx.h for x86-64. */
function bootRecord(seconds: number): Uint8Array {
  const entry = new DataView(new ArrayBuffer(384));
  entry.setInt16(0, 2, true);
  entry.setInt32(340, seconds, true);
  return new Uint8Array(entry.buffer);
}

async function write(path: string, lines: readonly string[]): Promise<void> {
  await Deno.writeTextFile(path, lines.map((line) => `${line}\n`).join(""));
}

/** The mechanism, and a database with the users. */
async function writeUsers(
  directory: string,
  { mechanism, users, name }: NonNullable<HostSettings["sasl"]> & { readonly name: string },
): Promise<void> {
  const database = `${directory}/etc/users.db`;
  await write(`${directory}/etc/sasl2/libvirt.conf`, [`mech_list: ${mechanism}`, `sasldb_path: ${database}`]);
  for (const [user, password] of Object.entries(users)) {
    const child = new Deno.Command("saslpasswd2", {
      args: ["-p", "-c", "-f", database, "-a", "libvirt", "-u", name, user],
      stdin: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(password));
    await writer.close();
    const { code, stderr } = await child.output();
    if (code !== 0) throw new Error(`saslpasswd2: ${new TextDecoder().decode(stderr)}`);
  }
}
