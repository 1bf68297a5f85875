import assert from "node:assert/strict";
import { parseUri } from "../../model/uri.ts";
import { parseClientConfig } from "../../protocol/client_config.ts";
import type { ClientMachine } from "../../protocol/client_machine.ts";
import {
  type Endpoint,
  endpointOf,
  type EndpointOptions,
  isServedByDaemon,
} from "../../protocol/endpoint.ts";
import type { SshLink } from "../../protocol/link.ts";
import { fakeMachine } from "./kit/machine.ts";
import { refused } from "./kit/refusal.ts";

const noSettings = parseClientConfig("", "libvirt.conf");

function endpoint(uri: string, options: EndpointOptions = {}): Endpoint {
  return endpointOf(parseUri(uri), { machine: fakeMachine(), config: noSettings, ...options });
}

function socketOf(uri: string, machine: ClientMachine, readonly = false): string {
  const { link } = endpoint(uri, { machine, readonly });
  return link.kind === "unix" ? link.path : assert.fail(`${uri} goes by ${link.kind}`);
}

function ssh(uri: string, options: EndpointOptions = {}): SshLink {
  const { link } = endpoint(uri, options);
  return link.kind === "ssh" ? link : assert.fail(`${uri} goes by ${link.kind}`);
}

function hint(uri: string): string {
  const { message, hint } = refused("invalid-argument", () => endpoint(uri));
  return `${message}; ${hint}`;
}

Deno.test("only test:/// without transport and host is served without a daemon", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["test:///default", false],
    ["test:///some/file.xml", false],
    ["test+unix:///default", true],
    ["test+ssh://host/default", true],
    ["test://host/default", true],
    ["qemu:///system", true],
  ];
  for (const [uri, expected] of cases) assert.equal(isServedByDaemon(parseUri(uri)), expected, uri);
});

Deno.test("the transport is TLS where a host is given and none is named, else a socket of this machine", () => {
  const cases: readonly (readonly [string, Endpoint["link"]])[] = [
    ["qemu://host/system", { kind: "tls", host: "host", port: 16514, verify: true, checkOwn: true }],
    ["qemu+tls://host:77/system", { kind: "tls", host: "host", port: 77, verify: true, checkOwn: true }],
    ["qemu+tls:///system", { kind: "tls", host: "localhost", port: 16514, verify: true, checkOwn: true }],
    ["qemu://host/system?no_verify=1&no_sanity=1&pkipath=/pki", {
      kind: "tls",
      host: "host",
      port: 16514,
      pkiPath: "/pki",
      verify: false,
      checkOwn: false,
    }],
    ["qemu://host/system?no_verify=0", {
      kind: "tls",
      host: "host",
      port: 16514,
      verify: true,
      checkOwn: true,
    }],
    ["qemu+tcp://host/system", { kind: "tcp", host: "host", port: 16509 }],
    ["qemu+tcp://[::1]:5000/system", { kind: "tcp", host: "::1", port: 5000 }],
    ["QEMU+TCP://[fe80::1%25eth0]/system", { kind: "tcp", host: "fe80::1%eth0", port: 16509 }],
    ["qemu+ext:///system?command=/bin/tunnel", { kind: "ext", program: "/bin/tunnel" }],
    ["qemu+unix:///system?socket=/a%20b/sock", { kind: "unix", path: "/a b/sock" }],
  ];
  for (const [uri, link] of cases) assert.deepEqual(endpoint(uri).link, link, uri);
});

Deno.test("system and user have sockets in places of their own", () => {
  const alice = fakeMachine({ environment: { XDG_RUNTIME_DIR: "/run/user/1000" } });
  const withoutLogin = fakeMachine();
  const withCache = fakeMachine({ environment: { XDG_CACHE_HOME: "/cache" } });
  const root = fakeMachine({ uid: 0, environment: { XDG_RUNTIME_DIR: "/run/user/0" } });
  const cases: readonly (readonly [string, ClientMachine, string])[] = [
    ["qemu:///system", alice, "/run/libvirt/libvirt-sock"],
    ["lxc:///", alice, "/run/libvirt/libvirt-sock"],
    ["qemu:///session", alice, "/run/user/1000/libvirt/libvirt-sock"],
    ["test+unix:///default", alice, "/run/user/1000/libvirt/libvirt-sock"],
    ["qemu:///session", withoutLogin, "/home/alice/.cache/libvirt/libvirt-sock"],
    ["qemu:///session", withCache, "/cache/libvirt/libvirt-sock"],
    ["qemu:///session", root, "/run/libvirt/libvirt-sock"],
    ["test+unix:///default", root, "/run/libvirt/libvirt-sock"],
  ];
  for (const [uri, machine, path] of cases) assert.equal(socketOf(uri, machine), path, uri);
  assert.equal(socketOf("qemu:///system", alice, true), "/run/libvirt/libvirt-sock-ro");
  assert.equal(socketOf("qemu:///session", alice, true), "/run/user/1000/libvirt/libvirt-sock");
});

Deno.test("the driver's own daemon serves where its socket is there", () => {
  const both = fakeMachine({
    uid: 0,
    there: ["/run/libvirt/virtqemud-sock", "/run/libvirt/virtqemud-sock-ro", "/run/libvirt/libvirt-sock"],
  });
  const old = fakeMachine({ uid: 0, there: ["/run/libvirt/libvirt-sock", "/usr/sbin/libvirtd"] });
  const modularButNotRunning = fakeMachine({ uid: 0, there: ["/usr/sbin/virtqemud"] });
  const settled = parseClientConfig('remote_mode = "legacy"', "libvirt.conf");
  assert.equal(socketOf("qemu:///system", both), "/run/libvirt/virtqemud-sock");
  assert.equal(socketOf("qemu:///system", both, true), "/run/libvirt/virtqemud-sock-ro");
  assert.equal(socketOf("lxc:///", both), "/run/libvirt/libvirt-sock");
  assert.equal(socketOf("qemu:///system?mode=legacy", both), "/run/libvirt/libvirt-sock");
  assert.equal(socketOf("remote:///", both), "/run/libvirt/libvirt-sock");
  assert.equal(socketOf("qemu:///system", old), "/run/libvirt/libvirt-sock");
  assert.equal(socketOf("qemu:///system?mode=direct", old), "/run/libvirt/virtqemud-sock");
  assert.equal(socketOf("qemu:///system", modularButNotRunning), "/run/libvirt/virtqemud-sock");
  assert.deepEqual(endpoint("qemu:///system", { machine: both, config: settled }).link, {
    kind: "unix",
    path: "/run/libvirt/libvirt-sock",
    socket: { path: "/run/libvirt/libvirt-sock", daemon: "libvirtd", owner: "system" },
  });
});

Deno.test("the daemon is asked for the URI without all that says how to get there", () => {
  // Each of these is what virsh 9.0 sends to the daemon for the same URI.
  const cases: readonly (readonly [string, string])[] = [
    ["test+unix:///default", "test:///default"],
    ["qemu+ssh://bob@host:22/system", "qemu:///system"],
    ["qemu://host/system?no_verify=1", "qemu:///system"],
    ["qemu+unix:///system?socket=/s&authfile=/x&no_sanity=1&no_tty=1&mode=legacy", "qemu:///system"],
    ["qemu+unix:///system?SOCKET=/s", "qemu:///system"],
    ["qemu+unix:///system?socket=/s&foo=b%20a%26r&x", "qemu:///system?foo=b%20a%26r&x="],
    ["qemu+unix:///system?a=1;b=2", "qemu:///system?a=1&b=2"],
    ["qemu+unix:///system?a=1+2&b=%2B", "qemu:///system?a=1%2B2&b=%2B"],
    ["qemu+unix:///sys%20tem/a%2Fb", "qemu:///sys%20tem/a/b"],
    ["qemu+unix:///a:b@c;d+e=f$,g'h!(i)*~", "qemu:///a%3Ab@c;d+e=f$,g'h!(i)*~"],
    ["qemu+unix:///%C3%A4%3F%23", "qemu:///%C3%A4%3F%23"],
    ["xen+unix:///", "xen:///"],
    ["xen+unix://", "xen://"],
    ["remote+unix:///", ""],
    ["remote+ssh://host/system", ""],
    ["qemu+unix:///system?name=lxc%3A%2F%2F%2F", "lxc:///"],
  ];
  for (const [uri, name] of cases) assert.equal(endpoint(uri).name, name, uri);
});

Deno.test("ssh is told what the URI says", () => {
  assert.deepEqual(
    ssh(
      "qemu+ssh://bob@host:222/system?command=/opt/ssh&keyfile=/k&known_hosts=/kh&known_hosts_verify=auto" +
        "&sshauth=privkey,agent&no_tty=1&netcat=/bin/nc2",
      { readonly: true },
    ),
    {
      kind: "ssh",
      host: "host",
      port: 222,
      user: "bob",
      program: "/opt/ssh",
      keyFile: "/k",
      knownHosts: "/kh",
      hostKeys: "auto",
      logins: ["privkey", "agent"],
      mayAsk: false,
      proxy: "netcat",
      netcat: "/bin/nc2",
      socket: "/var/run/libvirt/libvirt-sock-ro",
      helperUri: "qemu:///system",
      readonly: true,
    },
  );
  for (const transport of ["ssh", "libssh", "libssh2"]) {
    assert.equal(ssh(`qemu+${transport}://host/system`).proxy, "auto", transport);
  }
  assert.equal(ssh("qemu+ssh://host/system?no_verify=1").hostKeys, "auto");
  assert.equal(ssh("qemu+ssh:///system").host, "localhost");
});

Deno.test("the proxy on the far side is the one that can find the socket", () => {
  const proxy = (query: string, path = "/system"): string => ssh(`qemu+ssh://host${path}${query}`).proxy;
  assert.equal(proxy(""), "auto");
  assert.equal(proxy("?socket=/s"), "netcat");
  assert.equal(proxy("?netcat=nc"), "netcat");
  assert.equal(proxy("?proxy=netcat"), "netcat");
  assert.equal(proxy("?proxy=native"), "native");
  assert.equal(proxy("?mode=direct"), "native");
  assert.equal(proxy("", "/session"), "native");
  assert.equal(proxy("?socket=/s", "/session"), "netcat");
  assert.equal(ssh("qemu+ssh://host/system?mode=direct").helperUri, "qemu:///system?mode=direct");
  const native = ssh("qemu+ssh://host/system?socket=/s%20x&proxy=native&foo=1");
  assert.equal(native.helperUri, "qemu:///system?foo=1&socket=%2Fs%20x");
  const settled = parseClientConfig('remote_proxy = "native"', "libvirt.conf");
  assert.equal(ssh("qemu+ssh://host/system", { config: settled }).proxy, "native");
  assert.match(hint("qemu+ssh://host/system?proxy=native&netcat=x"), /does not use netcat/);
  assert.match(hint("qemu+ssh://host/session?proxy=netcat"), /virt-ssh-helper/);
});

Deno.test("a way of authentication can be demanded", () => {
  const demanded = (text: string): unknown => endpoint(`qemu:///system?auth=${text}`).authentication;
  assert.deepEqual(demanded("polkit"), { kind: "polkit" });
  assert.deepEqual(demanded("SASL"), { kind: "sasl" });
  assert.deepEqual(demanded("sasl.plain"), { kind: "sasl", mechanism: "PLAIN" });
  assert.equal(endpoint("qemu:///system").authentication, undefined);
  assert.match(hint("qemu:///system?auth=kerberos"), /sasl\.SCRAM-SHA-256/);
  assert.match(hint("qemu:///system?auth=sasl."), /unknown/);
});

Deno.test("a slip of the pen is told, and what belongs to the far side goes there", () => {
  assert.match(hint("qemu+unix:///system?sokcet=/s"), /"sokcet".*"socket"/);
  assert.match(hint("qemu+ssh://host/system?keyflie=/k"), /"keyfile"/);
  assert.match(hint("qemu://host/system?noverify=1"), /"no_verify"/);
  assert.match(hint("qemu://host/system?pki-path=1"), /"pkipath"/);
  assert.match(hint("qemu+ssh://host/system?know_hosts=x"), /"known_hosts"/);
  assert.equal(
    endpoint("qemu:///system?root=/x&vcenter=y&a=b").name,
    "qemu:///system?root=%2Fx&vcenter=y&a=b",
  );
});

Deno.test("what contradicts itself is refused with what was probably meant", () => {
  assert.match(hint("qemu://system"), /qemu:\/\/\/system/);
  assert.match(hint("vbox://session/"), /vbox:\/\/\/session/);
  assert.match(hint("qemu+unix://host/system"), /qemu\+ssh:\/\/host\/system/);
  assert.match(hint("qemu+shh://host/system"), /Transports are tls, unix, ssh/);
  assert.match(hint("qemu+ext://host/system"), /\?command=/);
  assert.match(hint("qemu://host/system?no_verify=yes"), /no_verify=1/);
  assert.match(hint("qemu:///system?mode=modular"), /"auto", "legacy", "direct"/);
  assert.match(hint("qemu+ssh://host/system?proxy=nc"), /"netcat"/);
  assert.match(hint("qemu+ssh://host/system?known_hosts_verify=never"), /"ignore"/);
  assert.match(hint("qemu+ssh://host/system?sshauth=kerberos"), /keyboard-interactive/);
  assert.match(hint("qemu+unix:///system?socket=libvirt-sock"), /absolute/);
  assert.match(hint("remote+unix:///?mode=direct"), /driver/);
  const config = parseClientConfig('remote_mode = "new"', "libvirt.conf");
  assert.match(
    refused("invalid-argument", () => endpoint("qemu:///system", { config })).message,
    /in libvirt\.conf is "new"/,
  );
});

Deno.test("nothing in a URI can become an option of ssh", () => {
  assert.match(hint("qemu+ssh://-oProxyCommand=evil/system"), /begins with "-"/);
  assert.match(hint("qemu+ssh://-lroot@host/system"), /begins with "-"/);
  assert.match(hint("qemu+ssh://a%0Ab@host/system"), /control character/);
  assert.match(hint("qemu+ssh://host/system?socket=%2Fs%0Arm"), /socket has a control character/);
  assert.match(hint("qemu+ssh://host/system?keyfile=%2Fs%00x"), /keyFile has a control character/);
});

Deno.test("what libvirt does without a daemon is not promised", () => {
  for (const uri of ["esx://host", "vpx://vc/dc/host", "hyperv://host", "qemu:///embed?root=/x"]) {
    assert.notEqual(refused("unsupported", () => endpoint(uri)).hint, undefined);
  }
  assert.equal(endpoint("esx+ssh://host/").name, "esx:///");
  const hintOfTls = refused("unsupported", () => endpoint("qemu://host/system?tls_priority=SECURE256")).hint;
  assert.match(hintOfTls ?? "", /Leave tls_priority out/);
  const config = parseClientConfig('tls_priority = "NORMAL"', "libvirt.conf");
  assert.equal(endpoint("qemu://host/system", { config }).link.kind, "tls");
});
