import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { makeCertificates } from "../real/kit/certificates.ts";
import { RunningDaemon } from "./kit/running_daemon.ts";

function lacks(): string | undefined {
  for (
    const [program, flag, from] of [["openssl", "version", "openssl"], [
      "certtool",
      "--version",
      "gnutls-bin",
    ]]
  ) {
    try {
      new Deno.Command(program ?? "", { args: [flag ?? ""], stdout: "null", stderr: "null" }).outputSync();
    } catch {
      return `${program} is not there (Debian: ${from})`;
    }
  }
  return undefined;
}

const missing = lacks();

/** The number of the certificate that a daemon shows. */
async function shownAt(port: number): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("openssl", {
    args: ["s_client", "-tls1_2", "-connect", `127.0.0.1:${port}`],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const [found] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(text) ?? [];
  assert.ok(found !== undefined, new TextDecoder().decode(stderr));
  return new X509Certificate(found).fingerprint256;
}

async function certificateIn(folder: string): Promise<string> {
  return new X509Certificate(await Deno.readTextFile(`${folder}/servercert.pem`)).fingerprint256;
}

/** Has the settings read again, and resolves with what was said of it. */
async function readAgain(daemon: RunningDaemon): Promise<string> {
  const before = daemon.log.length;
  Deno.kill(daemon.pid, "SIGHUP");
  return await daemon.until((log) =>
    log.slice(before).find(({ message }) => message.startsWith("settings"))?.message
  );
}

Deno.test({
  name:
    `a certificate that was replaced is shown once the settings are read again, unless it does not fit its key${
      missing === undefined ? "" : ` (skipped: ${missing})`
    }`,
  ignore: missing !== undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "drover-pki-" });
    try {
      const [pki, next] = [`${folder}/pki`, `${folder}/next`];
      for (const each of [pki, next]) {
        await makeCertificates(each, { host: "localhost", address: "127.0.0.1", client: "drover" });
      }
      const settings = [
        "ca_file = CA/cacert.pem",
        "cert_file = CA/servercert.pem",
        "key_file = CA/serverkey.pem",
      ]
        .map((line) => line.replace(/= CA(.*)/, `= "${pki}$1"\n`)).join("");
      await using daemon = await RunningDaemon.start({ settings, args: ["--listen", "tls:127.0.0.1:0"] });
      const places = daemon.log.map(({ place }) => String(place));
      const port = Number(places.find((place) => place.startsWith("tls:"))?.split(":").at(-1));
      const first = await certificateIn(pki);
      assert.equal(await shownAt(port), first);

      const key = await Deno.readFile(`${pki}/serverkey.pem`);
      await Deno.copyFile(`${next}/serverkey.pem`, `${pki}/serverkey.pem`);
      assert.equal(await readAgain(daemon), "settings stay as they were");
      assert.equal(await shownAt(port), first);
      await Deno.writeFile(`${pki}/serverkey.pem`, key);

      for (const name of ["cacert", "servercert", "serverkey"]) {
        await Deno.copyFile(`${next}/${name}.pem`, `${pki}/${name}.pem`);
      }
      assert.equal(await readAgain(daemon), "settings read again");
      assert.equal(await shownAt(port), await certificateIn(next));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
