import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { TlsOptions, TLSSocket } from "node:tls";
import type { TlsLink } from "../../../protocol/link.ts";
import type { Transport } from "../../../protocol/transport.ts";
import { openTls } from "../../../protocol/transport/tls.ts";
import { cannotMakeCertificates, CertificateFolder } from "../kit/certificates.ts";
import { refusedLater } from "../kit/refusal.ts";
import { TlsServer, type Welcome } from "../kit/tls_server.ts";

const reason = cannotMakeCertificates();
let pki: CertificateFolder;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn,
  });
}

const onLoopback = "DNS:localhost,IP:127.0.0.1";

if (reason === undefined) {
  Deno.test.beforeAll(async () => {
    pki = await CertificateFolder.make();
    for (const name of ["ours", "rogue"]) await pki.authority(name);
    await pki.authority("past", { to: 2021 });
    await pki.certificate("server", { by: "ours", names: onLoopback });
    await pki.certificate("by_name_alone", { by: "ours", commonName: "localhost" });
    await pki.certificate("expired", { by: "ours", names: onLoopback, to: 2021 });
    await pki.certificate("future", { by: "ours", names: onLoopback, from: 2044 });
    await pki.certificate("elsewhere", { by: "ours", names: "DNS:elsewhere.example" });
    await pki.certificate("for_clients", { by: "ours", names: onLoopback, purpose: "clientAuth" });
    await pki.certificate("foreign", { by: "rogue", names: onLoopback });
    await pki.certificate("by_past", { by: "past", names: onLoopback });
    await pki.certificate("client", { by: "ours" });
    await pki.certificate("foreign_client", { by: "rogue" });
    await pki.certificate("expired_client", { by: "ours", to: 2021 });
    await pki.certificate("future_client", { by: "ours", from: 2044 });
    await pki.encrypt("client.key", "encrypted.key");
  });
  Deno.test.afterAll(async () => {
    await pki[Symbol.asyncDispose]();
  });
}

function certificateOf(name: string): TlsOptions {
  return { cert: pki.text(`${name}.pem`), key: pki.text(`${name}.key`), ca: pki.text("ours.pem") };
}

function client(files: Readonly<Record<string, string>> = {}): Promise<string> {
  return pki.client({ cacert: "ours.pem", clientcert: "client.pem", clientkey: "client.key", ...files });
}

interface Opening extends Partial<TlsLink> {
  /** The server's certificate. */
  readonly certificate?: string;
  readonly options?: TlsOptions;
  readonly welcome?: Welcome;
  readonly signal?: AbortSignal;
}

/** Opens a session with a server of its own, has a look at it, and closes both. */
async function open(
  { certificate = "server", options, welcome, signal = new AbortController().signal, ...link }: Opening,
  look: (transport: Transport) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await using server = await TlsServer.start({ ...certificateOf(certificate), ...options }, welcome);
  const transport = await openTls({
    kind: "tls",
    host: "localhost",
    port: server.port,
    verify: true,
    checkOwn: true,
    pkiPath: await client(),
    ...link,
  }, { uri: "qemu://localhost/system", signal });
  try {
    await look(transport);
  } finally {
    await transport.close();
  }
}

test("who has the right certificates gets in, by name and by address", async () => {
  await open({}, async ({ peer }) => {
    await Promise.resolve();
    assert.match(peer, /^localhost:\d+$/);
  });
  await open({ host: "127.0.0.1" });
  await open({ certificate: "by_name_alone" });
});

test("each way in which a server's certificate is not right has its message, and nothing is sent", async () => {
  const cases: readonly (readonly [what: Opening, message: RegExp])[] = [
    [{ certificate: "expired" }, /"localhost:\d+" has expired, on Jan +1 .* 2021/],
    [{ certificate: "future" }, /is not valid before Jan +1 .* 2044/],
    [{ certificate: "elsewhere" }, /is for DNS:elsewhere\.example, not for "localhost"/],
    [
      { certificate: "elsewhere", host: "127.0.0.1" },
      /is for DNS:elsewhere\.example, not for "127\.0\.0\.1"/,
    ],
    [{ certificate: "by_name_alone", host: "127.0.0.1" }, /is for CN=localhost, not for "127\.0\.0\.1"/],
    [{ certificate: "for_clients" }, /cannot be accepted/],
    [{ certificate: "foreign" }, /is signed by "CN=rogue", whom ".*cacert\.pem" does not have/],
    [
      { certificate: "by_past", pkiPath: await client({ cacert: "past.pem" }) },
      /"CN=past", who has expired, on Jan/,
    ],
  ];
  for (const [what, message] of cases) {
    let heard = 0;
    const welcome = (socket: TLSSocket): void => {
      socket.on("data", (data: Uint8Array) => heard += data.length);
      socket.write(new Uint8Array([1]));
    };
    const error = await refusedLater("permission-denied", open({ ...what, welcome }));
    assert.match(error.message, message);
    assert.notEqual(error.hint, undefined, error.message);
    assert.equal(heard, 0);
  }
});

test("an authority of the same name is not the same authority", async () => {
  await using other = await CertificateFolder.make();
  await other.authority("ours");
  await Deno.writeTextFile(`${pki.path}/impostor.pem`, other.text("ours.pem"));
  const pkiPath = await client({ cacert: "impostor.pem" });
  const error = await refusedLater("permission-denied", open({ pkiPath }));
  assert.match(error.message, /names "CN=ours" as its signer/);
});

test("a certificate that was taken back is refused, and a list that cannot be read is no empty list", async () => {
  await pki.certificate("revoked", { by: "ours", names: onLoopback });
  await pki.list({ by: "ours", list: "none.crl" });
  await open({ certificate: "revoked", pkiPath: await client({ cacrl: "none.crl" }) });
  await pki.revoke("revoked", { by: "ours", list: "some.crl" });
  const pkiPath = await client({ cacrl: "some.crl" });
  const error = await refusedLater("permission-denied", open({ certificate: "revoked", pkiPath }));
  assert.match(error.message, /is revoked by ".*cacrl\.pem"/);
  await open({ pkiPath });
  for (
    const [name, text] of [["a", "nothing"], [
      "b",
      "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----",
    ]] as const
  ) {
    await Deno.writeTextFile(`${pki.path}/${name}.crl`, text);
    await refusedLater("invalid-argument", open({ pkiPath: await client({ cacrl: `${name}.crl` }) }));
  }
});

test("no_verify lets in any server", async () => {
  for (const certificate of ["foreign", "expired", "elsewhere"]) await open({ certificate, verify: false });
  const pkiPath = await pki.client({ clientcert: "client.pem", clientkey: "client.key" });
  await open({ certificate: "foreign", verify: false, pkiPath });
});

test("a server that does not want us says so, however it does", async () => {
  const foreign = await client({ clientcert: "foreign_client.pem", clientkey: "foreign_client.key" });
  const nobody = await pki.client({ cacert: "ours.pem" });
  const strict: TlsOptions = { rejectUnauthorized: true };
  const cases: readonly (readonly [what: Opening, message: RegExp])[] = [
    [{ pkiPath: foreign }, /does not accept our certificate, "CN=foreign_client"/],
    [{ pkiPath: foreign, options: strict }, /does not accept our certificate, "CN=foreign_client"/],
    [
      { pkiPath: nobody },
      /wants a certificate of ours, and there is none with its key at ".*clientcert\.pem"/,
    ],
    [{ pkiPath: nobody, options: strict }, /wants a certificate of ours/],
    [{ pkiPath: nobody, options: { ...strict, maxVersion: "TLSv1.2" } }, /wants a certificate of ours/],
    [{ welcome: (socket) => void socket.write(new Uint8Array([0])) }, /does not accept our certificate/],
    [{ welcome: (socket) => void socket.end() }, /does not accept our certificate/],
    [{ welcome: (socket) => void socket.destroy() }, /does not accept our certificate/],
  ];
  for (const [what, message] of cases) {
    const error = await refusedLater("permission-denied", open(what));
    assert.match(error.message, message);
    assert.notEqual(error.hint, undefined);
  }
});

test("each way in which our own files are not right has its message", async () => {
  const text = async (place: string, content: string): Promise<string> => {
    const folder = await client();
    await Deno.writeTextFile(`${folder}/${place}.pem`, content);
    return folder;
  };
  const without = async (place: string): Promise<string> => {
    const folder = await client();
    await Deno.remove(`${folder}/${place}.pem`);
    return folder;
  };
  const cases:
    readonly (readonly [code: "not-found" | "invalid-argument", pkiPath: string, message: RegExp])[] = [
      ["not-found", await without("cacert"), /no certificate of an authority, ".*cacert\.pem"/],
      ["not-found", await without("clientkey"), /the key ".*clientkey\.pem" is missing/],
      ["invalid-argument", await text("cacert", "nonsense"), /no certificate in PEM in ".*cacert\.pem"/],
      ["invalid-argument", await text("clientcert", ""), /no certificate in PEM in ".*clientcert\.pem"/],
      [
        "invalid-argument",
        await text("clientcert", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        /"[^"]*clientcert\.pem" is no certificate in PEM/,
      ],
      ["invalid-argument", await text("clientkey", "nonsense"), /clientkey\.pem" is no key in PEM/],
      [
        "invalid-argument",
        await text("clientkey", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        /clientkey\.pem" cannot be used/,
      ],
      [
        "invalid-argument",
        await client({ clientkey: "foreign_client.key" }),
        /does not belong to the certificate/,
      ],
      ["invalid-argument", await client({ clientkey: "encrypted.key" }), /is encrypted/],
      [
        "invalid-argument",
        await client({ clientcert: "expired_client.pem", clientkey: "expired_client.key" }),
        /our certificate ".*" has expired, on Jan/,
      ],
      [
        "invalid-argument",
        await client({ clientcert: "future_client.pem", clientkey: "future_client.key" }),
        /our certificate ".*" is not valid before Jan/,
      ],
    ];
  for (const [code, pkiPath, message] of cases) {
    const error = await refusedLater(code, open({ pkiPath }));
    assert.match(error.message, message);
    assert.notEqual(error.hint, undefined, error.message);
    assert.doesNotMatch(Deno.inspect(error), /BEGIN/, "what is in the files stays there");
  }
  const outdated = await client({ clientcert: "expired_client.pem", clientkey: "expired_client.key" });
  const refusal = await refusedLater("permission-denied", open({ pkiPath: outdated, checkOwn: false }));
  assert.match(refusal.message, /does not accept our certificate/);
});

test("who does not speak TLS, or nobody, is told from who does", async () => {
  const told = async (handle: (socket: Deno.TcpConn) => Promise<unknown>): Promise<string> => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = listener.accept().then(async (socket) => {
      await handle(socket).catch(() => {});
      try {
        socket.close();
      } catch {
        // The handler did.
      }
    });
    const link: TlsLink = {
      kind: "tls",
      host: "localhost",
      port: listener.addr.port,
      verify: true,
      checkOwn: true,
      pkiPath: await client(),
    };
    const { signal } = new AbortController();
    const error = await openTls(link, { uri: "qemu://localhost/system", signal }).then(
      () => assert.fail(),
      (e) => e,
    );
    await serving;
    return `${error.code}: ${error.message}`;
  };
  const hello = new Uint8Array(2048);
  assert.match(
    await told((socket) => socket.write(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"))),
    /^protocol: .*does not speak TLS$/,
  );
  assert.match(await told(() => Promise.resolve()), /^unreachable: .*ended the handshake of TLS$/);
  assert.match(await told((socket) => socket.read(hello)), /^unreachable: .*ended the handshake of TLS$/);
  const alert = new Uint8Array([21, 3, 3, 0, 2, 2, 70]);
  assert.match(
    await told(async (socket) => void (await socket.read(hello), await socket.write(alert))),
    /^protocol: /,
  );
  using closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr;
  closed.close();
  const nobody = await refusedLater(
    "unreachable",
    openTls(
      { kind: "tls", host: "localhost", port, verify: true, checkOwn: true, pkiPath: await client() },
      { uri: "qemu://localhost/system", signal: new AbortController().signal },
    ),
  );
  assert.match(nobody.message, /nobody listens on "localhost:\d+"/);
});

test("a server that never answers is left when the attempt is", async () => {
  const silent: readonly ((socket: Deno.TcpConn) => Promise<unknown>)[] = [
    () => Promise.resolve(),
    (socket) => socket.read(new Uint8Array(2048)),
  ];
  for (const handle of silent) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const controller = new AbortController();
    const opening = openTls(
      {
        kind: "tls",
        host: "localhost",
        port: listener.addr.port,
        verify: true,
        checkOwn: true,
        pkiPath: await client(),
      },
      { uri: "qemu://localhost/system", signal: controller.signal },
    );
    using socket = await listener.accept();
    await handle(socket);
    controller.abort(new Error("enough"));
    await assert.rejects(opening, /enough/);
  }
  const controller = new AbortController();
  const welcome = (): void => controller.abort(new Error("enough"));
  await assert.rejects(open({ welcome, signal: controller.signal }), /enough/);
});

test("bytes go both ways unchanged, however they are cut", async () => {
  const echo = (socket: TLSSocket): void => {
    socket.write(new Uint8Array([1]));
    socket.pipe(socket);
  };
  await open({ welcome: echo }, async (transport) => {
    const sent = new Uint8Array(300_000).map((_, at) => at % 251);
    new DataView(sent.buffer).setUint32(0, sent.length);
    const writing = transport.write(sent);
    const got: number[] = [];
    const piece = new Uint8Array(7_919);
    while (got.length < sent.length) {
      got.push(...piece.subarray(0, await transport.read(piece) ?? assert.fail("it ended")));
    }
    await writing;
    assert.deepEqual(Uint8Array.from(got), sent);
  });
});

test("each packet is in records of its own", async () => {
  const packet = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(0, length);
    return bytes;
  };
  const records: number[] = [];
  await using server = await TlsServer.start(certificateOf("server"));
  // A relay sees the records, which TLS itself does not show.
  using relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const relaying = (async (): Promise<void> => {
    using near = await relay.accept();
    using far = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const back = far.readable.pipeTo(near.writable, { preventClose: true }).catch(() => {});
    let rest = new Uint8Array();
    const piece = new Uint8Array(65_536);
    for (let length = await near.read(piece); length !== null; length = await near.read(piece)) {
      rest = Uint8Array.from([...rest, ...piece.subarray(0, length)]);
      while (rest.length >= 5) {
        const size = new DataView(rest.buffer).getUint16(3);
        if (rest.length < 5 + size) break;
        if (rest[0] === 23) records.push(size);
        rest = rest.slice(5 + size);
      }
      for (let sent = 0; sent < length;) sent += await far.write(piece.subarray(sent, length));
    }
    far.close();
    await back;
  })().catch(() => {});
  const transport = await openTls(
    {
      kind: "tls",
      host: "localhost",
      port: relay.addr.port,
      verify: true,
      checkOwn: true,
      pkiPath: await client(),
    },
    { uri: "qemu://localhost/system", signal: new AbortController().signal },
  );
  records.length = 0;
  await transport.write(Buffer.concat([packet(28), packet(60), packet(20_000), packet(4)]));
  await transport.close();
  await relaying;
  // Each has 17 bytes more in TLS 1.3; the most that one record carries is 16384 bytes.
  assert.deepEqual(records.slice(0, 5), [28, 60, 16_384, 20_000 - 16_384, 4].map((length) => length + 17));
});
