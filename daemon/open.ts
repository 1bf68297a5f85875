/**
 * A daemon put together: the kernel of its state directory, its settings, and everywhere that it listens.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type ClientMachine, thisMachine } from "../protocol/client_machine.ts";
import type { Host } from "../runtime/host.ts";
import { Glob } from "../runtime/permission/glob.ts";
import type { PolicyFile } from "../runtime/journal/record.ts";
import { AccessControl } from "./access.ts";
import { accountNames } from "./account_names.ts";
import { AuditTrail } from "./audit.ts";
import type { Mechanism } from "./authentication/scram.ts";
import { UserSasl } from "./authentication/scram.ts";
import type { SaslServer } from "./authentication/sasl.ts";
import { parseUsers, type Users } from "./authentication/user_file.ts";
import { Daemon } from "./daemon.ts";
import { dispatchTable } from "./dispatch/table.ts";
import { Hosts } from "./hosts.ts";
import { parseKeptHost } from "./kept_hosts.ts";
import type { ClientTransport } from "./identity.ts";
import { addressesOf, type ListenAddress } from "./listen_address.ts";
import type { Log } from "./log.ts";
import { type Reread, reread } from "./reread.ts";
import type { DaemonSettings } from "./settings.ts";
import type { InheritedSocket } from "./transport/inherited.ts";
import { clearTransfers } from "./transfer_file.ts";
import { ServerCredentials } from "./transport/tls_credentials.ts";

/** What a daemon is opened with. */
export interface OpenDaemonOptions {
  /** The kernel of its state directory. It stays open when the daemon is closed. */
  readonly host: Host;
  readonly settings: DaemonSettings;
  readonly log: Log;
  /** Where to listen. @default everywhere that the settings say */
  readonly addresses?: readonly ListenAddress[];
  /** Sockets that were handed over; where there are any, nothing else is listened on unless `addresses` says so. */
  readonly inherited?: readonly InheritedSocket[];
  /** @default the one that this runs on */
  readonly machine?: ClientMachine;
}

/** A daemon that listens. */
export interface OpenedDaemon {
  readonly daemon: Daemon;
  /** Decides what its clients may do. */
  readonly access: AccessControl;
  /** Where it listens. */
  readonly addresses: readonly ListenAddress[];
  /**
   * Goes on by settings that were read again, with whatever files they name, as far as they may change.
   *
   * @throws {VirtError} where one of them cannot be used; nothing is other than before then.
   */
  reread(settings: DaemonSettings): Reread;
}

/**
 * Opens a daemon.
 *
 * @throws {VirtError} where a setting, a file that it names or a place to listen cannot be used; nothing is open then.
 */
export async function openDaemon(options: OpenDaemonOptions): Promise<OpenedDaemon> {
  const { host, settings, log, inherited = [], machine = thisMachine } = options;
  const { kernel, runs, store } = host;
  const { clock } = kernel;
  const addresses = options.addresses ?? (inherited.length > 0 ? [] : addressesOf(settings, machine));
  const policy = policyOf(settings);
  const access = new AccessControl({
    clock,
    owner: machine.uid,
    names: accountNames(),
    ...(policy === undefined ? {} : { policy }),
  });
  const audit = new AuditTrail({ store, clock });
  const transferDirectory = `${host.stateDirectory}/transfers`;
  await clearTransfers(transferDirectory, clock.now());
  const wantsTls = [...addresses, ...inherited].some(({ kind }) => kind === "tls");
  const sasl = saslOf(settings);
  const hosts = new Hosts({
    kernel,
    runs,
    audit,
    access,
    allowed: settings.allowed_uris,
    kept: new Map(settings.hosts.map(parseKeptHost).map(({ name, uri }) => [name, uri])),
    preferred: settings.default_uri,
    transferDirectory,
  });
  const daemon = new Daemon({
    settings,
    clock,
    log,
    dispatch: dispatchTable,
    audit,
    hosts,
    ...(wantsTls ? { credentials: new ServerCredentials(settings) } : {}),
    ...(sasl === undefined ? {} : { sasl }),
  });
  try {
    const bound: ListenAddress[] = [];
    for (const socket of inherited) await daemon.inherit(socket);
    for (const address of addresses) bound.push(await daemon.listen(address));
    const rereadSettings = (read: DaemonSettings): Reread => {
      const next = reread(settings, read);
      // What a file is wrong with is found before anything is different.
      const sasl = saslOf(next.settings);
      const credentials = wantsTls ? new ServerCredentials(next.settings) : undefined;
      for (const glob of next.settings.allowed_uris) Glob.parse(glob);
      access.usePolicy(policyOf(next.settings));
      hosts.change({ allowed: next.settings.allowed_uris, preferred: next.settings.default_uri });
      daemon.change({
        settings: next.settings,
        ...(credentials === undefined ? {} : { credentials }),
        ...(sasl === undefined ? {} : { sasl }),
      });
      return next;
    };
    return { daemon, access, addresses: bound, reread: rereadSettings };
  } catch (error) {
    await daemon.close();
    audit[Symbol.dispose]();
    throw error;
  }
}

/**
 * Conversations with the users of the file that the settings name. It is read for each, so that a change counts at once.
 */
function saslOf(settings: DaemonSettings): ((transport: ClientTransport) => SaslServer) | undefined {
  const { sasl_user_file: file, sasl_allowed_username_list: names, tcp_min_ssf: leastProtection } = settings;
  if (file === "") return undefined;
  const users = (): Users => parseUsers(textOf(file), file);
  // What is wrong with the file is said now, and not to the first client.
  users();
  const globs = names.map((text) => Glob.parse(text));
  const allows = (user: string): boolean => globs.length === 0 || globs.some((glob) => glob.matches(user));
  return (transport) => {
    // Over TCP whoever listens would hear a password, and everything that follows.
    const mechanisms: readonly Mechanism[] = transport !== "tcp"
      ? ["SCRAM-SHA-256", "PLAIN"]
      : leastProtection <= 0
      ? ["SCRAM-SHA-256"]
      : [];
    return new UserSasl({ mechanisms, users, allows });
  };
}

/**
 * The policy that the settings name, as it is now: for {@linkcode AccessControl.usePolicy}, when it is to be read again.
 *
 * @throws {VirtError} `not-found` or `permission-denied` where it cannot be read.
 */
export function policyOf({ access_policy: file }: DaemonSettings): PolicyFile | undefined {
  return file === "" ? undefined : { file, text: textOf(file) };
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    const code = cause instanceof Deno.errors.NotFound ? "not-found" : "permission-denied";
    throw new VirtError(code, `Cannot read "${file}", which the settings name`, { cause });
  }
}
