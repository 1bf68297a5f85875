/**
 * Every way to a real libvirtd but SASL: sockets, TCP, TLS, ssh's helper, and what virsh makes of the same URIs.
 */
import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import { parseUri } from "../../model/uri.ts";
import { type ConnectOptions, connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { endpointOf } from "../../protocol/endpoint.ts";
import { systemClock as clock } from "../../runtime/clock.ts";
import { welcomingDaemon } from "../protocol/kit/daemon.ts";
import type { FakeServer } from "../protocol/kit/fake_server.ts";
import { refusedLater } from "../protocol/kit/refusal.ts";
import { Scripts } from "../protocol/kit/scripts.ts";
import { UnixDaemon } from "../protocol/kit/unix_daemon.ts";
import { makeCertificates } from "./kit/certificates.ts";
import { realTests } from "./kit/real_test.ts";

const real = realTests({
  tcp: true,
  tls: {},
  needs: { certtool: "gnutls-bin", nsenter: "util-linux" },
});

function connect(uri: string, options: Partial<ConnectOptions> = {}): Promise<RpcConnection> {
  return connectRpc(parseUri(uri), { clock, ...options });
}

async function openedName(uri: string, options?: Partial<ConnectOptions>): Promise<string> {
  await using connection = await connect(uri, options);
  return (await connection.call("connectGetUri", undefined)).uri;
}

real.test("libvirtd is reached by socket, TCP and TLS", async (host) => {
  for (const transport of ["unix", "tcp", "tls"] as const) {
    assert.equal(await openedName(host.uri("qemu", { transport })), "qemu:///system");
    assert.equal(await openedName(host.uri("test", { transport })), "test:///default");
  }
  const byAddress = host.uri("test", { transport: "tls" }).replace("localhost", "127.0.0.1");
  assert.equal(await openedName(byAddress), "test:///default");
  assert.equal(await openedName(`${byAddress}&no_verify=1`), "test:///default");
  assert.equal(
    await openedName(`remote+unix:///?socket=${host.socket}&name=test:///default`),
    "test:///default",
  );
});

real.test("a connection that only reads cannot write, by the socket for it and by the flag", async (host) => {
  for (
    const [uri, readonly] of [[host.uri("qemu", { readonly: true }), false], [host.uri(), true]] as const
  ) {
    await using connection = await connect(uri, { readonly });
    const xml = "<domain type='qemu'><name>x</name><memory>1</memory><os><type>hvm</type></os></domain>";
    const error = await refusedLater("permission-denied", connection.call("domainDefineXml", { xml }));
    assert.equal(error.remoteCode, "VIR_ERR_OPERATION_DENIED");
  }
});

real.test("many calls at once are answered on TLS, where a daemon opens one packet at a time", async (host) => {
  for (const maxOutstanding of [1, 5]) {
    await using connection = await connect(host.uri("test", { transport: "tls" }), { maxOutstanding });
    const versions = await Promise.all(Array.from({ length: 200 }, async () => {
      return (await connection.call("connectGetLibVersion", undefined)).libVer;
    }));
    assert.equal(new Set(versions).size, 1);
  }
});

real.test("large packets go whole on TLS", async (host) => {
  await using connection = await connect(host.uri("test", { transport: "tls" }));
  const description = "x".repeat(600_000);
  const xml = `<domain type='test'><name>large</name><description>${description}</description>` +
    "<memory>1024</memory><os><type>hvm</type></os></domain>";
  const { dom } = await connection.call("domainDefineXml", { xml });
  const [read] = await Promise.all(
    [0, 1, 2].map(async () => (await connection.call("domainGetXmlDesc", { dom, flags: 0 })).xml),
  );
  assert.ok(read?.includes(description));
  await connection.call("domainUndefine", { dom });
});

real.test("libvirtd sends away whom it does not know", async (host) => {
  const folder = await Deno.makeTempDir();
  await Deno.copyFile(`${host.pkiPath}/cacert.pem`, `${folder}/cacert.pem`);
  const uri = host.uri("test", { transport: "tls" }).replace(host.pkiPath, folder);
  const nobody = await refusedLater("permission-denied", connect(uri));
  assert.match(
    nobody.message,
    /wants a certificate of ours, and there is none with its key at ".*clientcert\.pem"/,
  );
  await makeCertificates(`${folder}/foreign`, { host: "other", address: "127.0.0.2", client: "stranger" });
  for (const file of ["clientcert.pem", "clientkey.pem"]) {
    await Deno.copyFile(`${folder}/foreign/${file}`, `${folder}/${file}`);
  }
  const wrong = await refusedLater("permission-denied", connect(uri));
  assert.match(wrong.message, /does not accept our certificate, "CN=stranger"/);
  await Deno.remove(folder, { recursive: true });
});

real.test("the port of the other kind is told as such", async (host) => {
  const tls = host.uri("test", { transport: "tls" });
  const noTls = await refusedLater("unreachable", connect(tls.replace(`${host.tlsPort}`, `${host.tcpPort}`)));
  assert.match(`${noTls.message}; ${noTls.hint}`, /ended the handshake of TLS; .*16514/);
  const tcp = host.uri("test", { transport: "tcp" });
  const noTcp = await refusedLater("unreachable", connect(tcp.replace(`${host.tcpPort}`, `${host.tlsPort}`)));
  assert.match(noTcp.hint ?? "", /want TLS/);
});

real.test("a daemon that has stopped is given up at the deadline, and a dead one at once", async (host) => {
  host.freeze();
  try {
    const silent = await refusedLater("unreachable", connect(host.uri(), { timeoutMs: 300 }));
    assert.match(silent.message, /no answer within 0\.3 s while proving who we are/);
    const tls = await refusedLater(
      "unreachable",
      connect(host.uri("test", { transport: "tls" }), { timeoutMs: 300 }),
    );
    assert.match(tls.message, /no answer within 0\.3 s while reaching the daemon/);
  } finally {
    host.thaw();
  }
  host.kill();
  const dead = await refusedLater("unreachable", connect(host.uri()));
  assert.match(
    dead.message,
    /: (nobody listens on the socket|the far side closed|cannot read from it|cannot write)/,
  );
  await host.restart();
  assert.equal(await openedName(host.uri()), "qemu:///system");
});

real.test("virt-ssh-helper finds the daemon on the far side", async (host) => {
  await using scripts = await Scripts.make();
  // The far side is the inside of the private host; ssh itself is not what this is about.
  const enter = `nsenter --target ${host.initPid} --mount --uts --ipc --net --pid`;
  const ssh = await scripts.add("ssh", `while [ $# -gt 1 ]; do shift; done; exec ${enter} sh -c "$1"`);
  const uri = `qemu+ssh://host/system?command=${ssh}`;
  assert.equal(await openedName(`${uri}&proxy=native`), "qemu:///system");
  assert.equal(await openedName(uri), "qemu:///system");
  await using readonly = await connect(uri, { readonly: true });
  await refusedLater(
    "permission-denied",
    readonly.call("nodeSuspendForDuration", { target: 0, duration: 60n, flags: 0 }),
  );
});

/** URIs of which virsh sends something to a socket. */
const uris: readonly string[] = [
  "qemu+unix:///system?",
  "qemu:///system?",
  "test+unix:///default?",
  "qemu+unix:///session?mode=legacy&",
  "qemu+unix:///system?foo=b%20a%26r&x&",
  "qemu+unix:///sys%20tem/a%2Fb?",
  "qemu+unix:///a:b@c;d+e=f$,g'h!(i)*~?",
  "qemu+unix:///%C3%A4%3F%23?",
  "xen+unix:///?",
  "xen+unix://?",
  "remote+unix:///?",
  "remote:///system?",
  "qemu+unix:///system?name=lxc%3A%2F%2F%2F&",
  "qemu+unix:///system?authfile=/x&no_sanity=1&no_tty=1&",
  "qemu+unix:///system?a=1;b=2&",
  "qemu+unix:///system?a=1+2&b=%2B&",
];

real.test("virsh asks a daemon for the same name by the same URI", async () => {
  await using scripts = await Scripts.make();
  const names: (string | undefined)[] = [];
  const make = (): FakeServer => {
    const server = welcomingDaemon();
    server.answer("connectOpen", ({ name }) => {
      names.push(name);
      throw new VirtError("unsupported", "nothing is open here");
    });
    return server;
  };
  await using daemon = new UnixDaemon(`${scripts.folder}/sock`, make);
  for (const start of uris) {
    const uri = `${start}socket=${daemon.path}`;
    await new Deno.Command("virsh", { args: ["-c", uri, "uri"], stdout: "null", stderr: "null" }).output();
    assert.equal(endpointOf(parseUri(uri)).name, names.pop(), uri);
  }
});
