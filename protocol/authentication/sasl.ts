/**
 * Proving who we are by SASL: which mechanism, and its conversation with the daemon.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { RpcConnection } from "../connection.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Link } from "../link.ts";
import { inSentence, printable } from "../wording.ts";
import { type Credentials, type CredentialsOptions, findCredentials } from "./credentials.ts";
import { saslPrep } from "./saslprep.ts";
import { ScramClient } from "./scram.ts";

const mechanisms = ["SCRAM-SHA-256", "PLAIN"] as const;

/** A way of SASL to prove who we are. */
export type Mechanism = typeof mechanisms[number];

/** What the conversation needs. */
export interface SaslOptions extends Omit<CredentialsOptions, "mechanism"> {
  readonly connection: Pick<RpcConnection, "call">;
}

/** What a step of the conversation got for an answer. */
interface Answer {
  readonly complete: number;
  readonly nil: number;
  readonly data: Uint8Array;
}

/**
 * Proves who we are.
 *
 * @throws {VirtError} `permission-denied` where the daemon says no or credentials are missing, `unsupported` where no
 * mechanism fits, `protocol` where the daemon does not keep to the mechanism or cannot prove that it knows the password.
 */
export async function authenticateBySasl(options: SaslOptions): Promise<void> {
  const { endpoint } = options;
  const mechanism = chooseMechanism(await offers(options), endpoint);
  const credentials = await findCredentials({ ...options, mechanism });
  try {
    await (mechanism === "PLAIN" ? plain(credentials, options) : scram(credentials, options));
  } catch (error) {
    throw isVirtError(error) ? told(error, { endpoint, mechanism, user: credentials.user }) : error;
  }
}

/** What the daemon offers. libvirtd fails where a link has no protection and no mechanism of its brings one along. */
async function offers({ connection, endpoint: { uri, link }, signal }: SaslOptions): Promise<string> {
  try {
    return (await connection.call("authSaslInit", undefined, { signal })).mechlist;
  } catch (error) {
    if (link.kind !== "tcp" || !isVirtError(error, "permission-denied")) throw error;
    throw new VirtError(
      "unsupported",
      `Cannot connect to "${uri}": the daemon offers no SASL without protection`,
      {
        hint: withProtection,
        cause: error,
      },
    );
  }
}

const withProtection =
  "Connect by TLS (+tls) or ssh (+ssh): by plain TCP libvirtd only takes mechanisms that encrypt, " +
  "such as GSSAPI, which are not known here";

/** Whether nobody but the right daemon can hear what is said. */
function isPrivate(link: Link): boolean {
  switch (link.kind) {
    case "unix":
    case "ssh":
      return true;
    case "tls":
      return link.verify;
    case "tcp":
    case "ext":
      return false;
  }
}

/**
 * The mechanism for a link. `PLAIN` shows the password to whoever is at the other end: it is taken where that is sure to
 * be the daemon, else only where the URI demands it, and never without protection over TCP.
 *
 * @throws {VirtError} `unsupported` where the daemon offers none that can be used.
 */
export function chooseMechanism(
  mechlist: string,
  { uri, link, authentication }: Pick<Endpoint, "uri" | "link" | "authentication">,
): Mechanism {
  const offered = mechlist.toUpperCase().split(/[\s,]+/).filter((name) => name !== "");
  const wanted = authentication?.kind === "sasl" ? authentication.mechanism : undefined;
  const list = printable(offered.join(", ")) || "nothing";
  const refuse = (what: string, hint: string): VirtError =>
    new VirtError("unsupported", `Cannot connect to "${uri}": ${what}`, { hint });
  if (wanted !== undefined && !mechanisms.some((one) => one === wanted)) {
    throw refuse(`SASL by "${wanted}" is not known here`, `Known are ${mechanisms.join(", ")}`);
  }
  if (wanted !== undefined && !offered.includes(wanted)) {
    throw refuse(
      `the daemon does not offer SASL by "${wanted}" but ${list}`,
      "Change auth= in the URI, or leave it out",
    );
  }
  const isTold = wanted === "PLAIN";
  const allowed = mechanisms.filter((one) =>
    one !== "PLAIN" || link.kind !== "tcp" && (isTold || isPrivate(link))
  );
  const found = allowed.find((one) => offered.includes(one) && (wanted === undefined || wanted === one));
  if (found !== undefined) return found;
  if (offered.includes("PLAIN")) {
    throw refuse(
      `the daemon offers ${list}, and "PLAIN" would show the password to whoever listens`,
      link.kind === "tcp"
        ? "Connect by TLS (+tls) or ssh (+ssh), or add SCRAM-SHA-256 to mech_list in the daemon's /etc/sasl2/libvirt.conf"
        : "Leave no_verify out; or, where the other end is sure to be right, demand it with auth=sasl.PLAIN",
    );
  }
  throw refuse(
    `the daemon offers SASL by ${list}, of which nothing is known here`,
    link.kind === "tcp"
      ? withProtection
      : "Add scram-sha-256 to mech_list in the daemon's /etc/sasl2/libvirt.conf, and set passwords with saslpasswd2",
  );
}

async function scram(credentials: Credentials, { connection, signal }: SaslOptions): Promise<void> {
  const client = new ScramClient(credentials);
  const mech: Mechanism = "SCRAM-SHA-256";
  const challenge = await connection.call("authSaslStart", { mech, ...words(client.first()) }, { signal });
  if (challenge.complete !== 0) throw unproven();
  const proof = await client.prove(textOf(challenge));
  const verdict = await connection.call("authSaslStep", words(proof), { signal });
  // Before its proof is seen, it does not count that the daemon is content.
  client.verify(textOf(verdict));
  if (verdict.complete !== 0) return;
  // A daemon that cannot say something and be done at the same time waits to be told that it was heard.
  const end = await connection.call("authSaslStep", { nil: 1, data: new Uint8Array() }, { signal });
  if (end.complete === 0) throw unending();
}

async function plain({ user, password }: Credentials, { connection, signal }: SaslOptions): Promise<void> {
  const mech: Mechanism = "PLAIN";
  const message = `\0${saslPrep(user, "user name")}\0${saslPrep(password, "password")}`;
  const end = await connection.call("authSaslStart", { mech, ...words(message) }, { signal });
  if (end.complete === 0) throw unending();
}

function words(text: string): { readonly nil: number; readonly data: Uint8Array } {
  return { nil: 0, data: new Uint8Array(Buffer.from(text, "utf8")) };
}

function textOf({ nil, data }: Answer): string {
  if (nil !== 0) throw unproven();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch (cause) {
    throw new VirtError("protocol", "The daemon said what is no text", { cause });
  }
}

function unproven(): VirtError {
  return new VirtError(
    "protocol",
    "The daemon claims to be done without having proved that it knows the password",
  );
}

function unending(): VirtError {
  return new VirtError("protocol", "The daemon goes on where everything has been said");
}

/**
 * What went wrong, in our words: a daemon's own text may repeat what it was told.
 */
function told(
  error: VirtError,
  { endpoint: { uri, host }, mechanism, user }: {
    readonly endpoint: Endpoint;
    readonly mechanism: Mechanism;
    readonly user: string;
  },
): VirtError {
  const remote = error.remoteCode === undefined ? {} : { remoteCode: error.remoteCode };
  if (error.code !== "permission-denied") {
    const what = error.remoteCode === undefined
      ? inSentence(error.message)
      : `the daemon could not look who we are (${error.remoteCode})`;
    return new VirtError(error.code, `Cannot connect to "${uri}": ${what}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(error.remoteCode === undefined ? { cause: error.cause } : remote),
    });
  }
  return new VirtError(
    "permission-denied",
    `Cannot connect to "${uri}": the daemon does not accept user "${user}" with this password (${mechanism})`,
    {
      hint: `Check user and password in auth.conf for "${host}"; on the host, sasldblistusers2 -f ` +
        `/etc/libvirt/passwd.db shows who is known, saslpasswd2 -a libvirt USER sets a password`,
      ...remote,
    },
  );
}
