/**
 * The daemon's certificate, and which certificates of clients it accepts.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsOptions, TLSSocket } from "node:tls";
import { VirtError } from "../../model/error.ts";
import { RevocationList } from "../../protocol/transport/revocation.ts";
import { messageOf } from "../../protocol/wording.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import type { DaemonSettings } from "../settings.ts";
import { distinguishedName } from "./distinguished_name.ts";

/** Where libvirt keeps a server's files. Source: libvirt, "TLS certificates and keys". */
const places = {
  key: "/etc/pki/libvirt/private/serverkey.pem",
  certificate: "/etc/pki/libvirt/servercert.pem",
  authority: "/etc/pki/CA/cacert.pem",
  revoked: "/etc/pki/CA/cacrl.pem",
} as const;

/** What a client has shown. */
export interface ShownCertificate {
  /** The name in it, as a list of names has it: `C=DE,O=Example,CN=alice`; absent where it has shown none. */
  readonly name?: string;
}

/** The daemon's side of TLS. */
export class ServerCredentials {
  /** For Node's server. Whoever has no right certificate gets through the handshake and no further. */
  readonly options: TlsOptions;
  readonly #verify: boolean;
  readonly #revoked: RevocationList | undefined;
  readonly #names: readonly Glob[];

  /**
   * Reads the files that the settings name.
   *
   * @throws {VirtError} `not-found` or `permission-denied` where one cannot be read, `invalid-argument` where it cannot be
   * used; each with the file.
   */
  constructor(settings: DaemonSettings) {
    const certificateFile = settings.cert_file || places.certificate;
    const keyFile = settings.key_file || places.key;
    this.#verify = !settings.tls_no_verify_certificate;
    this.options = {
      ...pairIn(certificateFile, keyFile),
      // With 1.3 come tickets behind the handshake; libvirt's clients (9.0) take them for a missing confirmation.
      maxVersion: "TLSv1.2",
      requestCert: this.#verify,
      rejectUnauthorized: false,
      ...(this.#verify ? { ca: certificateIn(settings.ca_file || places.authority) } : {}),
    };
    this.#revoked = this.#verify ? revokedIn(settings.crl_file) : undefined;
    this.#names = settings.tls_allowed_dn_list.map((text) => Glob.parse(text));
  }

  /**
   * Looks at what a client has shown.
   *
   * @throws {VirtError} `permission-denied` where it may not in.
   */
  check(socket: TLSSocket): ShownCertificate {
    if (!this.#verify) return {};
    const refuse = (why: string): VirtError => new VirtError("permission-denied", why);
    const shown = socket.getPeerX509Certificate();
    if (shown === undefined) throw refuse("the client has no certificate");
    if (!socket.authorized) throw refuse(`its certificate is not trusted: ${socket.authorizationError}`);
    if (this.#revoked?.has(shown.raw) === true) throw refuse("its certificate has been revoked");
    const name = distinguishedName(shown.raw);
    if (this.#names.length > 0 && !this.#names.some((glob) => glob.matches(name))) {
      throw refuse(`its certificate's name "${name}" is not in tls_allowed_dn_list`);
    }
    return { name };
  }
}

function revokedIn(given: string): RevocationList | undefined {
  // Only a list that somebody has named must be there.
  if (given !== "") return new RevocationList(textOf(given), given);
  try {
    return new RevocationList(Deno.readTextFileSync(places.revoked), places.revoked);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A certificate and its key. TLS itself would say only at the first handshake that they do not belong together. */
function pairIn(certificateFile: string, keyFile: string): { readonly cert: string; readonly key: string } {
  const cert = certificateIn(certificateFile);
  const key = textOf(keyFile);
  let isPair: boolean;
  try {
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new VirtError("invalid-argument", `Cannot use the key in "${keyFile}": ${messageOf(cause)}`, {
      cause,
    });
  }
  if (isPair) return { cert, key };
  throw new VirtError(
    "invalid-argument",
    `Cannot use the key in "${keyFile}": it does not belong to the certificate in "${certificateFile}"`,
  );
}

function certificateIn(file: string): string {
  const text = textOf(file);
  try {
    new X509Certificate(text);
  } catch (cause) {
    throw new VirtError("invalid-argument", `Cannot use the certificate in "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
  return text;
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    const code = cause instanceof Deno.errors.NotFound ? "not-found" : "permission-denied";
    throw new VirtError(code, `Cannot read "${file}", which TLS needs`, {
      hint: "Name other files by cert_file, key_file and ca_file in the settings",
      cause,
    });
  }
}
