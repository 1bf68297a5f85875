/**
 * Certificates for a private host: an authority, a server's and a client's, made by certtool.
 *
 * @module
 */

/** Whose certificates. */
interface CertificateOptions {
  /** The server's name. */
  readonly host: string;
  /** The server's address. */
  readonly address: string;
  /** The client's name. */
  readonly client: string;
}

async function certtool(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("certtool", {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  })
    .output();
  if (code !== 0) throw new Error(`certtool: ${new TextDecoder().decode(stderr)}`);
}

/** Makes them in a folder, under the names that libvirt gives them there. */
export async function makeCertificates(
  folder: string,
  { host, address, client }: CertificateOptions,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const make = async (name: string, template: readonly string[]): Promise<void> => {
    const file = (kind: string): string => `${folder}/${name}${kind}.pem`;
    await Deno.writeTextFile(
      `${folder}/${name}.template`,
      [...template, "expiration_days = 30", ""].join("\n"),
    );
    await certtool(["--generate-privkey", "--key-type", "rsa", "--bits", "2048", "--outfile", file("key")]);
    const issuer = name === "ca" ? ["--generate-self-signed"] : [
      "--generate-certificate",
      "--load-ca-certificate",
      `${folder}/cacert.pem`,
      "--load-ca-privkey",
      `${folder}/cakey.pem`,
    ];
    await certtool([
      ...issuer,
      "--load-privkey",
      file("key"),
      "--template",
      `${folder}/${name}.template`,
      "--outfile",
      file("cert"),
    ]);
  };
  await make("ca", ["cn = Drover test authority", "ca", "cert_signing_key"]);
  await make("server", [
    `cn = ${host}`,
    `dns_name = ${host}`,
    `ip_address = ${address}`,
    "tls_www_server",
    "signing_key",
    "encryption_key",
  ]);
  await make("client", [`cn = ${client}`, "tls_www_client", "signing_key", "encryption_key"]);
}
