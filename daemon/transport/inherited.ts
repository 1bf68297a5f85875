/**
 * Sockets that whoever started the daemon has opened for it, as systemd does (sd_listen_fds).
 *
 * @module
 */

/** A listening socket that was handed over. */
export interface InheritedSocket {
  /** The number of the open file. */
  readonly fd: number;
  readonly kind: "unix" | "tcp" | "tls";
  /** Whether it is for looking only. */
  readonly readonly: boolean;
  /** What systemd calls it: `libvirtd-ro.socket`. */
  readonly name: string;
}

/** The first number that is handed over. Source: sd_listen_fds(3). */
const firstDescriptor = 3;

/**
 * The sockets that were handed over to this process. What they are follows from their names, which are those of libvirt's
 * units: `…-ro.socket`, `…-tcp.socket`, `…-tls.socket`; an administrator's (`…-admin.socket`) is passed over, and every
 * other one is of this machine, for everything.
 *
 * @param variable reads the environment
 */
export function inheritedSockets(
  variable: (name: string) => string | undefined,
  pid: number = Deno.pid,
): readonly InheritedSocket[] {
  // Who inherits the variables without the files is none of those who are meant.
  if (variable("LISTEN_PID") !== `${pid}`) return [];
  const count = Number(variable("LISTEN_FDS") ?? "0");
  if (!Number.isInteger(count) || count < 1 || count > 64) return [];
  const names = (variable("LISTEN_FDNAMES") ?? "").split(":");
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const name = names[index] ?? "";
    if (/-admin(\.socket)?$/.test(name)) return [];
    const [, word] = /-(ro|tcp|tls)(?:\.socket)?$/.exec(name) ?? [];
    const kind = word === "tcp" || word === "tls" ? word : "unix";
    return [{ fd: firstDescriptor + index, kind, readonly: word === "ro", name }];
  });
}
