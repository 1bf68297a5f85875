/**
 * Whether a server is the one that was meant, and what is wrong with its certificate where it is not.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { VirtError } from "../../model/error.ts";
import type { TlsLink } from "../link.ts";
import { hostAndPort } from "./socket.ts";
import { oneLine, type TlsCredentials } from "./tls_credentials.ts";

/** What a server's certificate is held against. */
export interface DistrustOptions {
  readonly uri: string;
  readonly link: TlsLink;
  readonly credentials: TlsCredentials;
  /** Milliseconds since 1970. @default now */
  readonly now?: number;
}

/** Why the server of a finished handshake is not to be trusted; absent where it is, or where nothing is verified. */
export function distrust(socket: TLSSocket, options: DistrustOptions): VirtError | undefined {
  const { link, uri, credentials: { revoked } } = options;
  if (!link.verify) return undefined;
  const { raw } = socket.getPeerCertificate();
  const trusted = socket.authorized === true && raw instanceof Uint8Array;
  if (trusted && revoked?.has(raw) !== true) return undefined;
  const reason = trusted
    ? { what: `is revoked by "${revoked?.file}"`, hint: "Have a new one made for the host" }
    : raw instanceof Uint8Array
    ? fault(new X509Certificate(Buffer.from(raw)), { ...options, reason: String(socket.authorizationError) })
    : { what: "is missing", hint: `Look at what answers: openssl s_client -connect ${hostAndPort(link)}` };
  return new VirtError(
    "permission-denied",
    `Cannot connect to "${uri}": the certificate of "${hostAndPort(link)}" ${reason.what}`,
    { hint: reason.hint },
  );
}

/** What is wrong, and what to do. */
interface Fault {
  readonly what: string;
  readonly hint: string;
}

/** The first of what is commonly wrong; TLS itself says only that something is. */
function fault(
  certificate: X509Certificate,
  { link, credentials: { authorities }, now = Date.now(), reason }: DistrustOptions & {
    readonly reason: string;
  },
): Fault {
  const anew = "Have a new one made for the host, or set the clock right";
  if (Date.parse(certificate.validTo) < now) {
    return { what: `has expired, on ${certificate.validTo}`, hint: anew };
  }
  if (Date.parse(certificate.validFrom) > now) {
    return { what: `is not valid before ${certificate.validFrom}`, hint: anew };
  }
  if (reason === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = certificate.subjectAltName ?? oneLine(certificate.subject);
    return {
      what: `is for ${names}, not for "${link.host}"`,
      hint: "Write one of these names into the URI, or have a certificate made that has this one",
    };
  }
  const signer = oneLine(certificate.issuer);
  const namesakes = authorities?.certificates.filter((one) => oneLine(one.subject) === signer) ?? [];
  const issuer = namesakes.find((one) => certificate.verify(one.publicKey));
  if (namesakes.length === 0) {
    return {
      what: `is signed by "${signer}", whom "${authorities?.file}" does not have`,
      hint:
        "Put the certificate of that authority there if you trust it; the host must send those in between itself",
    };
  }
  if (issuer === undefined) {
    return {
      what: `names "${signer}" as its signer, but the one of "${authorities?.file}" did not sign it`,
      hint:
        "The authority may have been made anew: copy its present certificate; else somebody stands between",
    };
  }
  if (Date.parse(issuer.validTo) < now) {
    return {
      what: `is signed by "${signer}", who has expired, on ${issuer.validTo}`,
      hint: `Renew the authority and copy its certificate to "${authorities?.file}"`,
    };
  }
  return {
    what: `cannot be accepted (${reason})`,
    hint:
      "It must be for servers (tls_www_server), with a signature of SHA-256 or better and a key of 2048 bits or more",
  };
}
