/**
 * Certificates for tests, made by openssl: authorities, servers and clients, good and bad.
 *
 * @module
 */

/** Why no certificates can be made here; absent where they can. */
export function cannotMakeCertificates(): string | undefined {
  try {
    new Deno.Command("openssl", { args: ["version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "openssl is not there (Debian: openssl)";
  }
}

/** What a certificate is to say. */
export interface CertificateOptions {
  /** The name of its authority. */
  readonly by: string;
  /** @default the file's name */
  readonly commonName?: string;
  /** As in OpenSSL's settings: `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  /** Such as `serverAuth`; both where not given. */
  readonly purpose?: string;
  /** The year in which it begins. @default 2020 */
  readonly from?: number;
  /** The year in which it ends. @default 2045 */
  readonly to?: number;
}

async function openssl(folder: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("openssl", {
    args: [...args],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A folder of certificates `NAME.pem` and keys `NAME.key`. */
export class CertificateFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty one. */
  static async make(): Promise<CertificateFolder> {
    return new CertificateFolder(await Deno.makeTempDir({ prefix: "drover-pki-" }));
  }

  /** The text of a file. */
  text(file: string): string {
    return Deno.readTextFileSync(`${this.path}/${file}`);
  }

  /** Makes an authority, whose database is kept for what it signs and revokes. */
  async authority(name: string, { to = 2045 }: { readonly to?: number } = {}): Promise<void> {
    await Deno.mkdir(`${this.path}/${name}.db`);
    await Deno.writeTextFile(`${this.path}/${name}.db/index.txt`, "");
    for (const counter of ["serial", "crlnumber"]) {
      await Deno.writeTextFile(`${this.path}/${name}.db/${counter}`, "01\n");
    }
    await Deno.writeTextFile(
      `${this.path}/${name}.cnf`,
      `[ca]
default_ca = d
[d]
database = ${name}.db/index.txt
serial = ${name}.db/serial
crlnumber = ${name}.db/crlnumber
new_certs_dir = ${name}.db
certificate = ${name}.pem
private_key = ${name}.key
default_md = sha256
default_crl_days = 3650
unique_subject = no
policy = p
x509_extensions = authority
[p]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = ${name}
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
`,
    );
    await this.#request(name, name);
    const dates = ["-startdate", "20200101000000Z", "-enddate", `${to}0101000000Z`];
    await openssl(
      this.path,
      ..."ca -batch -notext -selfsign -config".split(" "),
      `${name}.cnf`,
      ...dates,
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
    );
  }

  /** Makes a certificate and its key. */
  async certificate(name: string, options: CertificateOptions): Promise<void> {
    const { by, commonName = name, names, purpose = "serverAuth,clientAuth", from = 2020, to = 2045 } =
      options;
    await this.#request(name, commonName);
    await Deno.writeTextFile(
      `${this.path}/${name}.ext`,
      [
        "basicConstraints = critical,CA:FALSE",
        "keyUsage = critical,digitalSignature,keyEncipherment",
        `extendedKeyUsage = ${purpose}`,
        ...(names === undefined ? [] : [`subjectAltName = ${names}`]),
        "",
      ].join("\n"),
    );
    const dates = ["-startdate", `${from}0101000000Z`, "-enddate", `${to}0101000000Z`];
    await openssl(
      this.path,
      ..."ca -batch -notext -config".split(" "),
      `${by}.cnf`,
      ...dates,
      "-extfile",
      `${name}.ext`,
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
    );
  }

  /** Takes a certificate back, and writes the list of all that were to a file. */
  async revoke(name: string, { by, list }: { readonly by: string; readonly list: string }): Promise<void> {
    await openssl(this.path, "ca", "-config", `${by}.cnf`, "-revoke", `${name}.pem`);
    await this.list({ by, list });
  }

  /** Writes the list of what an authority has taken back. */
  async list({ by, list }: { readonly by: string; readonly list: string }): Promise<void> {
    await openssl(this.path, "ca", "-config", `${by}.cnf`, "-gencrl", "-out", list);
  }

  /** Encrypts a key. */
  async encrypt(key: string, to: string): Promise<void> {
    await openssl(this.path, "pkcs8", "-topk8", "-in", key, "-out", to, "-passout", "pass:secret");
  }

  /** Puts a client's files where TLS looks for them: `cacert.pem` and so on, each a copy of a file here. */
  async client(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await Deno.makeTempDir({ dir: this.path });
    for (const [place, file] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${place}.pem`, this.text(file));
    }
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }

  async #request(name: string, commonName: string): Promise<void> {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await openssl(
      this.path,
      "req",
      "-new",
      ...curve,
      "-keyout",
      `${name}.key`,
      "-subj",
      `/CN=${commonName}`,
      "-out",
      `${name}.csr`,
    );
  }
}
