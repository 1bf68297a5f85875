import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { ClientMachine } from "../../../protocol/client_machine.ts";
import type { TlsLink } from "../../../protocol/link.ts";
import { loadTlsCredentials } from "../../../protocol/transport/tls_credentials.ts";
import { cannotMakeCertificates, CertificateFolder } from "../kit/certificates.ts";
import { fakeMachine } from "../kit/machine.ts";
import { refused } from "../kit/refusal.ts";

const reason = cannotMakeCertificates();
const link: TlsLink = { kind: "tls", host: "host", port: 16514, verify: true, checkOwn: true };
const uri = "qemu://host/system";

const system = {
  authority: "/etc/pki/CA/cacert.pem",
  certificate: "/etc/pki/libvirt/clientcert.pem",
  key: "/etc/pki/libvirt/private/clientkey.pem",
};
const own = "/home/alice/.pki/libvirt";

Deno.test({
  name: reason === undefined
    ? "certificates are looked for where libvirt looks"
    : `certificates are looked for where libvirt looks (skipped: ${reason})`,
  ignore: reason !== undefined,
  async fn(): Promise<void> {
    await using pki = await CertificateFolder.make();
    await pki.authority("ours");
    await pki.certificate("client", { by: "ours" });
    const [authority, certificate, key] = [
      pki.text("ours.pem"),
      pki.text("client.pem"),
      pki.text("client.key"),
    ];
    const everywhere = {
      [system.authority]: authority,
      [system.certificate]: certificate,
      [system.key]: key,
      [`${own}/cacert.pem`]: authority,
      [`${own}/clientcert.pem`]: certificate,
      [`${own}/clientkey.pem`]: key,
      "/mine/cacert.pem": authority,
    };
    const found = (
      files: Readonly<Record<string, string>>,
      { uid = 1000, pkiPath }: { readonly uid?: number; readonly pkiPath?: string } = {},
    ): readonly (string | undefined)[] => {
      const machine = fakeMachine({ files, uid });
      const way = pkiPath === undefined ? link : { ...link, pkiPath };
      const { authorities, identity } = loadTlsCredentials(way, { uri, machine });
      return [authorities?.file, identity?.certificateFile, identity?.keyFile];
    };
    assert.deepEqual(found(everywhere), [
      `${own}/cacert.pem`,
      `${own}/clientcert.pem`,
      `${own}/clientkey.pem`,
    ]);
    assert.deepEqual(found(everywhere, { uid: 0 }), [system.authority, system.certificate, system.key]);
    assert.deepEqual(found(everywhere, { pkiPath: "/mine" }), ["/mine/cacert.pem", undefined, undefined]);
    const { [`${own}/clientkey.pem`]: _, ...halfAPair } = everywhere;
    assert.deepEqual(found(halfAPair), [`${own}/cacert.pem`, system.certificate, system.key]);
    const { [system.key]: __, ...keyOfRoot } = halfAPair;
    assert.deepEqual(found(keyOfRoot), [`${own}/cacert.pem`, undefined, undefined]);
    assert.match(
      refused("not-found", () => found(keyOfRoot, { uid: 0 })).message,
      /private\/clientkey\.pem" is missing/,
    );
    assert.match(refused("not-found", () => found({})).message, /"\/etc\/pki\/CA\/cacert\.pem"/);
    const unverified = loadTlsCredentials({ ...link, verify: false }, { uri, machine: fakeMachine() });
    assert.deepEqual(unverified, { identityPlace: system.certificate });
  },
});

Deno.test("a file that is there and cannot be read is told from one that is not there", () => {
  const machine: ClientMachine = {
    ...fakeMachine({ uid: 0 }),
    readText: (path) => {
      throw new VirtError("permission-denied", `Cannot read "${path}"`);
    },
  };
  const error = refused("permission-denied", () => loadTlsCredentials(link, { uri, machine }));
  assert.equal(error.message, `Cannot connect to "${uri}": "/etc/pki/CA/cacert.pem" cannot be read`);
  assert.match(error.hint ?? "", /namei -l/);
});
