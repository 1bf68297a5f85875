/**
 * Certificates and keys of a client, where libvirt keeps them ("TLS certificates and keys", "pkipath").
 *
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { VirtError } from "../../model/error.ts";
import { type ClientMachine, thisMachine } from "../client_machine.ts";
import type { TlsLink } from "../link.ts";
import { RevocationList } from "./revocation.ts";

/** A certificate of ours, and its key. */
export interface TlsIdentity {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM; the certificate, and those between it and the authority. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Who we are by the certificate: `CN=client`. */
  readonly subject: string;
}

/** What a client brings to TLS. */
export interface TlsCredentials {
  /** Who is trusted; absent only where nothing is verified and there is no file. */
  readonly authorities?: {
    readonly file: string;
    /** Those that are valid now, in PEM. */
    readonly trusted: readonly string[];
    /** All of them, for messages. */
    readonly certificates: readonly X509Certificate[];
  };
  readonly revoked?: RevocationList;
  /** Who we are; absent where there is no certificate. */
  readonly identity?: TlsIdentity;
  /** Where a certificate of ours would be. */
  readonly identityPlace: string;
}

interface Places {
  readonly authority: string;
  readonly revoked: string;
  readonly certificate: string;
  readonly key: string;
}

/** What {@linkcode loadTlsCredentials} needs beside the link. */
export interface TlsCredentialsOptions {
  /** The connection URI, for messages. */
  readonly uri: string;
  /** The machine whose files are read. @default the one that this runs on */
  readonly machine?: ClientMachine;
  /** Milliseconds since 1970, against which certificates are checked. @default now */
  readonly now?: number;
}

const systemPlaces: Places = {
  authority: "/etc/pki/CA/cacert.pem",
  revoked: "/etc/pki/CA/cacrl.pem",
  certificate: "/etc/pki/libvirt/clientcert.pem",
  key: "/etc/pki/libvirt/private/clientkey.pem",
};

function placesIn(folder: string): Places {
  return {
    authority: join(folder, "cacert.pem"),
    revoked: join(folder, "cacrl.pem"),
    certificate: join(folder, "clientcert.pem"),
    key: join(folder, "clientkey.pem"),
  };
}

function findPlaces(pkiPath: string | undefined, machine: ClientMachine): Places {
  if (pkiPath !== undefined) return placesIn(pkiPath);
  if (machine.uid === 0) return systemPlaces;
  const own = placesIn(join(machine.home, ".pki/libvirt"));
  const pick = (file: "authority" | "revoked"): string =>
    machine.exists(own[file]) ? own[file] : systemPlaces[file];
  // A certificate is of no use without its key: both come from the same place.
  const pair = machine.exists(own.certificate) && machine.exists(own.key) ? own : systemPlaces;
  return {
    authority: pick("authority"),
    revoked: pick("revoked"),
    certificate: pair.certificate,
    key: pair.key,
  };
}

/**
 * Reads a client's certificates and keys and looks whether they can be used.
 *
 * @throws {VirtError} `not-found` where the authority's certificate or one of a pair is missing, `permission-denied`
 * where a file cannot be read, `invalid-argument` for what is no certificate or key, does not belong together or has
 * expired; each with the file and what to do.
 */
export function loadTlsCredentials(link: TlsLink, options: TlsCredentialsOptions): TlsCredentials {
  const { machine = thisMachine, uri, now = Date.now() } = options;
  const places = findPlaces(link.pkiPath, machine);
  const read = (file: string): string | undefined => {
    try {
      return machine.readText(file);
    } catch (cause) {
      throw new VirtError("permission-denied", `Cannot connect to "${uri}": "${file}" cannot be read`, {
        hint: `Look at its owner and mode: namei -l ${file}`,
        cause,
      });
    }
  };
  const authority = read(places.authority);
  const revoked = read(places.revoked);
  if (authority === undefined && link.verify) {
    throw new VirtError(
      "not-found",
      `Cannot connect to "${uri}": there is no certificate of an authority, "${places.authority}"`,
      {
        hint:
          "Copy the certificate of the authority that signed the host's certificate there, or name its folder with ?pkipath=FOLDER",
      },
    );
  }
  // Many machines have a certificate of which only root may read the key: for everybody else there is none.
  const isOthers = machine.uid !== 0 && places.key === systemPlaces.key && !machine.exists(places.key);
  const identity = isOthers ? undefined : readIdentity(places, { ...options, link, read });
  return {
    ...(authority === undefined ? {} : {
      authorities: readAuthorities(authority, { file: places.authority, uri, now }),
    }),
    ...(revoked === undefined ? {} : { revoked: new RevocationList(revoked, places.revoked) }),
    ...(identity === undefined ? {} : { identity }),
    identityPlace: places.certificate,
  };
}

function readAuthorities(
  pem: string,
  { file, uri, now }: { readonly file: string; readonly uri: string; readonly now: number },
): NonNullable<TlsCredentials["authorities"]> {
  const certificates = readCertificates(pem, { file, uri });
  return {
    file,
    // TLS does not look at the dates of those whom it is told to trust.
    trusted: certificates.filter((one) => isValid(one, now)).map((one) => one.toString()),
    certificates,
  };
}

function isValid({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

function readCertificates(
  pem: string,
  { file, uri }: { readonly file: string; readonly uri: string },
): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END [^-]*-----/g) ??
    [];
  try {
    const [first, ...others] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch (cause) {
    throw unusable(`"${file}" is no certificate in PEM`, { uri, file, cause });
  }
  throw unusable(`there is no certificate in PEM in "${file}"`, { uri, file });
}

function unusable(
  what: string,
  { uri, file, cause, hint }: {
    readonly uri: string;
    readonly file: string;
    readonly cause?: unknown;
    readonly hint?: string;
  },
): VirtError {
  return new VirtError("invalid-argument", `Cannot connect to "${uri}": ${what}`, {
    hint: hint ?? `Look at it: openssl x509 -in ${file} -noout -text`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function readIdentity(
  { certificate: certificateFile, key: keyFile }: Places,
  { uri, now = Date.now(), link, read }: TlsCredentialsOptions & {
    readonly link: TlsLink;
    readonly read: (file: string) => string | undefined;
  },
): TlsIdentity | undefined {
  const certificate = read(certificateFile);
  if (certificate === undefined) return undefined;
  const [own] = readCertificates(certificate, { file: certificateFile, uri });
  const key = read(keyFile);
  if (key === undefined) {
    throw new VirtError("not-found", `Cannot connect to "${uri}": the key "${keyFile}" is missing`, {
      hint:
        `It belongs to the certificate "${certificateFile}"; put it there, or both elsewhere with ?pkipath=FOLDER`,
    });
  }
  const secret = readKey(key, { uri, file: keyFile });
  if (secret !== undefined && !own.checkPrivateKey(secret)) {
    throw unusable(`the key "${keyFile}" does not belong to the certificate "${certificateFile}"`, {
      uri,
      file: certificateFile,
      hint: "Compare: openssl x509 -noout -pubkey -in CERTIFICATE, and openssl pkey -pubout -in KEY",
    });
  }
  if (link.checkOwn) refuseOutdated(own, { uri, now, file: certificateFile });
  return { certificateFile, keyFile, certificate, key, subject: oneLine(own.subject) };
}

/** A name as certificates have it, on one line. */
export function oneLine(name: string): string {
  return name.trim().split("\n").join(",");
}

/** The key; absent where it looks like one and only TLS can tell whether it is. */
function readKey(
  pem: string,
  { uri, file }: { readonly uri: string; readonly file: string },
): KeyObject | undefined {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw unusable(`"${file}" is no key in PEM`, {
      uri,
      file,
      hint: `Look at it: openssl pkey -in ${file} -noout`,
    });
  }
  if (/ENCRYPTED/.test(pem)) {
    throw unusable(`the key "${file}" is encrypted, and nobody can be asked for its passphrase`, {
      uri,
      file,
      hint: `Decrypt it, and let nobody else read it: openssl pkey -in ${file} -out KEY`,
    });
  }
  try {
    return createPrivateKey(pem);
  } catch {
    // GnuTLS writes elliptic keys with a leading zero, which TLS takes and this reader does not.
    return undefined;
  }
}

function refuseOutdated(
  certificate: X509Certificate,
  { uri, now, file }: { readonly uri: string; readonly now: number; readonly file: string },
): void {
  const hint = "Have a new one signed, or set the clock right";
  if (Date.parse(certificate.validTo) < now) {
    throw unusable(`our certificate "${file}" has expired, on ${certificate.validTo}`, { uri, file, hint });
  }
  if (Date.parse(certificate.validFrom) > now) {
    throw unusable(`our certificate "${file}" is not valid before ${certificate.validFrom}`, {
      uri,
      file,
      hint,
    });
  }
}
