/**
 * User and password for a daemon that asks for them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type ClientMachine, thisMachine } from "../client_machine.ts";
import type { Endpoint } from "../endpoint.ts";
import { storedCredentials } from "./auth_file.ts";

/** User and password. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** For what they are wanted. */
export interface CredentialsRequest {
  /** The connection URI. */
  readonly uri: string;
  readonly host: string;
  /** How they are going to be used: `SCRAM-SHA-256` does not show the password to the daemon, `PLAIN` does. */
  readonly mechanism: string;
  /** The user, where the URI or libvirt's file names one; another may be answered. */
  readonly user?: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Whom to ask: a person, or a store of secrets. Answers nothing where there is none. */
export type AskCredentials = (
  request: CredentialsRequest,
) => Credentials | undefined | Promise<Credentials | undefined>;

/** Where credentials may come from. */
export interface CredentialsOptions {
  readonly endpoint: Endpoint;
  readonly mechanism: string;
  readonly signal: AbortSignal;
  /** Whom to ask for what libvirt's file does not have. */
  readonly ask?: AskCredentials;
  /** The machine whose files are looked at. @default the one that this runs on */
  readonly machine?: ClientMachine;
}

/**
 * Finds user and password: the user of the URI and what libvirt's `auth.conf` has for the host, and what is missing then
 * is asked for.
 *
 * @throws {VirtError} `permission-denied` where something is missing in the end; as {@linkcode storedCredentials} does.
 */
export async function findCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { endpoint, mechanism, signal, ask, machine = thisMachine } = options;
  const stored = storedCredentials(endpoint.host, { machine, named: endpoint.authFile });
  const user = endpoint.user ?? stored?.user;
  // The password of somebody else is of no use.
  const password = stored?.user === undefined || stored.user === user ? stored?.password : undefined;
  if (user !== undefined && password !== undefined) return { user, password };
  const asked = await ask?.({
    uri: endpoint.uri,
    host: endpoint.host,
    mechanism,
    ...(user === undefined ? {} : { user }),
    signal,
  });
  signal.throwIfAborted();
  if (asked !== undefined) return asked;
  const missing = user === undefined ? "user and password are" : `the password of "${user}" is`;
  const file = stored?.file ?? "~/.config/libvirt/auth.conf";
  throw new VirtError(
    "permission-denied",
    `Cannot connect to "${endpoint.uri}": the daemon asks who we are, and ${missing} not known`,
    {
      hint:
        `Write into ${file}: [credentials-NAME] with authname= and password=, and [auth-libvirt-${endpoint.host}] ` +
        `with credentials=NAME`,
    },
  );
}
