import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { isVirtError, toErrorData, VirtError } from "../../../model/error.ts";
import { parseUri } from "../../../model/uri.ts";
import type { CredentialsRequest } from "../../../protocol/authentication/credentials.ts";
import { chooseMechanism } from "../../../protocol/authentication/sasl.ts";
import { parseClientConfig } from "../../../protocol/client_config.ts";
import { endpointOf } from "../../../protocol/endpoint.ts";
import { connectTo, welcomingDaemon } from "../kit/daemon.ts";
import type { FakeServer } from "../kit/fake_server.ts";
import { fakeMachine } from "../kit/machine.ts";
import { refused, refusedLater } from "../kit/refusal.ts";
import { ScramServer } from "./scram_server.ts";

const fred = { user: "fred", password: "pass=word,2" };
const credentials = (): typeof fred => fred;

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** A daemon that asks for SASL by the mechanisms given. */
function askingDaemon(mechlist: string): FakeServer {
  const server = welcomingDaemon("sasl");
  server.answer("authSaslInit", () => ({ mechlist }));
  return server;
}

/** A daemon that knows Fred, by SCRAM-SHA-256. */
function scramDaemon({ doneWithProof }: { readonly doneWithProof: boolean }): FakeServer {
  const server = askingDaemon("SCRAM-SHA-256");
  const scram = new ScramServer(fred);
  let proven = false;
  server.answer("authSaslStart", ({ mech, nil, data }) => {
    assert.deepEqual([mech, nil], ["SCRAM-SHA-256", 0]);
    return { complete: 0, nil: 0, data: bytes(scram.challenge(text(data))) };
  });
  server.answer("authSaslStep", ({ nil, data }) => {
    if (proven) {
      assert.deepEqual([nil, data.length], [1, 0]);
      return { complete: 1, nil: 1, data: new Uint8Array() };
    }
    const proof = scram.check(text(data));
    if (proof.startsWith("e=")) throw new VirtError("permission-denied", "authentication failed", authFailed);
    proven = true;
    return { complete: doneWithProof ? 1 : 0, nil: 0, data: bytes(proof) };
  });
  return server;
}

const authFailed = { remoteCode: "VIR_ERR_AUTH_FAILED" };

function chosen(mechlist: string, uri: string): string {
  const machine = fakeMachine();
  const config = parseClientConfig("", "libvirt.conf");
  return chooseMechanism(mechlist, endpointOf(parseUri(uri), { machine, config }));
}

Deno.test("the password is shown to nobody but the right daemon", () => {
  const cases: readonly (readonly [offered: string, uri: string, expected: string])[] = [
    ["PLAIN SCRAM-SHA-256", "qemu+tls://host/system", "SCRAM-SHA-256"],
    ["plain,scram-sha-256", "qemu:///system", "SCRAM-SHA-256"],
    ["GSSAPI DIGEST-MD5 PLAIN", "qemu+tls://host/system", "PLAIN"],
    ["PLAIN", "qemu:///system", "PLAIN"],
    ["PLAIN", "qemu+ssh://host/system", "PLAIN"],
    ["PLAIN SCRAM-SHA-256", "qemu+tls://host/system?auth=sasl.PLAIN", "PLAIN"],
    ["PLAIN", "qemu+tls://host/system?no_verify=1&auth=sasl.plain", "PLAIN"],
    ["PLAIN", "qemu+ext:///system?command=c&auth=sasl.PLAIN", "PLAIN"],
    ["PLAIN SCRAM-SHA-256", "qemu+tcp://host/system", "SCRAM-SHA-256"],
    ["PLAIN SCRAM-SHA-256", "qemu+tcp://host/system?auth=sasl", "SCRAM-SHA-256"],
  ];
  for (const [offered, uri, expected] of cases) {
    assert.equal(chosen(offered, uri), expected, `${offered} ${uri}`);
  }
  const refusals: readonly (readonly [offered: string, uri: string, why: RegExp])[] = [
    ["PLAIN", "qemu+tcp://host/system", /show the password/],
    ["PLAIN", "qemu+tcp://host/system?auth=sasl.PLAIN", /show the password/],
    ["PLAIN", "qemu+tls://host/system?no_verify=1", /show the password/],
    ["PLAIN", "qemu+ext:///system?command=c", /show the password/],
    ["GSSAPI", "qemu+tls://host/system", /offers SASL by GSSAPI/],
    ["DIGEST-MD5", "qemu+tcp://host/system", /offers SASL by DIGEST-MD5/],
    ["", "qemu:///system", /offers SASL by nothing/],
    ["SCRAM-SHA-256-PLUS", "qemu:///system", /offers SASL by SCRAM-SHA-256-PLUS/],
    ["SCRAM-SHA-256", "qemu:///system?auth=sasl.PLAIN", /does not offer SASL by "PLAIN"/],
    ["GSSAPI", "qemu:///system?auth=sasl.GSSAPI", /"GSSAPI" is not known here/],
  ];
  for (const [offered, uri, why] of refusals) {
    const error = refused("unsupported", () => chosen(offered, uri));
    assert.match(error.message, why);
    assert.notEqual(error.hint, undefined);
  }
});

for (const doneWithProof of [false, true]) {
  Deno.test(`who knows the password gets in, ${doneWithProof ? "at once" : "with one step more"}`, async () => {
    const connection = await connectTo(scramDaemon({ doneWithProof }), { credentials });
    await connection.close();
  });
}

Deno.test("PLAIN is one message", async () => {
  const server = askingDaemon("PLAIN");
  server.answer("authSaslStart", ({ mech, nil, data }) => {
    assert.deepEqual([mech, nil, text(data)], ["PLAIN", 0, "\0fred\0pass=word,2"]);
    return { complete: 1, nil: 1, data: new Uint8Array() };
  });
  const connection = await connectTo(server, { credentials });
  await connection.close();
});

Deno.test("a wrong password is denied with what to do, and never repeated", async () => {
  const wrong = { user: "fred", password: "hunter2" };
  const error = await refusedLater(
    "permission-denied",
    connectTo(scramDaemon({ doneWithProof: false }), { credentials: () => wrong }),
  );
  assert.match(error.message, /does not accept user "fred"/);
  assert.match(error.hint ?? "", /saslpasswd2/);
  assert.equal(error.remoteCode, "VIR_ERR_AUTH_FAILED");
  const server = askingDaemon("PLAIN");
  server.answer("authSaslStart", ({ data }) => {
    throw new VirtError("permission-denied", `no: ${text(data.subarray(1))}`, authFailed);
  });
  const echoed = await refusedLater("permission-denied", connectTo(server, { credentials: () => wrong }));
  assert.doesNotMatch(`${Deno.inspect(echoed)} ${JSON.stringify(toErrorData(echoed))}`, /hunter2/);
});

Deno.test("a daemon that does not keep to the mechanism is left", async () => {
  const done = { complete: 1, nil: 1, data: new Uint8Array() };
  const start = (answer: { complete: number; nil: number; data: Uint8Array }): FakeServer => {
    const server = askingDaemon("SCRAM-SHA-256");
    server.answer("authSaslStart", () => answer);
    return server;
  };
  const endless = scramDaemon({ doneWithProof: false });
  const scram = new ScramServer(fred);
  endless.answer(
    "authSaslStart",
    ({ data }) => ({ complete: 0, nil: 0, data: bytes(scram.challenge(text(data))) }),
  );
  let steps = 0;
  endless.answer("authSaslStep", ({ data }) => {
    steps++;
    return { complete: 0, nil: 0, data: steps === 1 ? bytes(scram.check(text(data))) : bytes("more") };
  });
  const chatty = askingDaemon("PLAIN");
  chatty.answer("authSaslStart", () => ({ complete: 0, nil: 0, data: bytes("more") }));
  const cases: readonly (readonly [server: FakeServer, why: RegExp])[] = [
    [start(done), /without having proved/],
    [start({ ...done, complete: 0 }), /without having proved/],
    [start({ complete: 0, nil: 0, data: bytes("r=x,s=W22Z,i=4096") }), /nonce/],
    [start({ complete: 0, nil: 0, data: new Uint8Array([0xff, 0xfe]) }), /no text/],
    [start({ complete: 0, nil: 0, data: new Uint8Array(65_536) }), /SCRAM/],
    [endless, /goes on where everything has been said/],
    [chatty, /goes on where everything has been said/],
  ];
  for (const [server, why] of cases) {
    const error = await refusedLater("protocol", connectTo(server, { credentials }));
    assert.match(error.message, why);
    assert.match(error.message, /^Cannot connect to "qemu\+tls:\/\/host\/system": the /);
    assert.ok(server.link.closed, "the connection is closed");
  }
  assert.equal(steps, 2);
});

Deno.test("user and password come from the URI, libvirt's file and whoever can be asked, in this order", async () => {
  const file = (lines: string): Record<string, string> => ({
    "/home/alice/.config/libvirt/auth.conf": lines,
  });
  const whole = `
# for a host
[credentials-one]
authname=fred
password=pass=word,2
[auth-libvirt-host]
credentials=one
[credentials-two]
username = other
password = else
[auth-libvirt-default]
credentials = two
`;
  const named = { "/etc/mine": whole.replace("pass=word,2", "from\\smine") };
  const asked: CredentialsRequest[] = [];
  const ask = (request: CredentialsRequest): typeof fred => {
    asked.push(request);
    return { user: request.user ?? "asked", password: "answered" };
  };
  const got = async (uri: string, files: Record<string, string>, environment = {}): Promise<string> => {
    const server = askingDaemon("PLAIN");
    let seen = "";
    server.answer("authSaslStart", ({ data }) => {
      seen = text(data).slice(1).replace("\0", ":");
      return { complete: 1, nil: 1, data: new Uint8Array() };
    });
    const machine = fakeMachine({ files, environment });
    await (await connectTo(server, { uri, machine, credentials: ask })).close();
    return seen;
  };
  assert.equal(await got("qemu://host/system", file(whole)), "fred:pass=word,2");
  assert.equal(await got("qemu://fred@host/system", file(whole)), "fred:pass=word,2");
  assert.equal(await got("qemu://elsewhere/system", file(whole)), "other:else");
  assert.equal(await got("qemu://host/system", { "/etc/libvirt/auth.conf": whole }), "fred:pass=word,2");
  assert.equal(
    await got("qemu://host/system?authfile=/etc/mine", { ...named, ...file(whole) }),
    "fred:from mine",
  );
  assert.equal(
    await got("qemu://host/system?authfile=/nowhere", named, { LIBVIRT_AUTH_FILE: "/etc/mine" }),
    "fred:from mine",
  );
  assert.equal(asked.length, 0);
  assert.equal(await got("qemu://host/system", {}), "asked:answered");
  assert.equal(await got("qemu://jane@host/system", file(whole)), "jane:answered");
  assert.equal(
    await got("qemu://host/system", file(whole.replace("password=pass=word,2", ""))),
    "fred:answered",
  );
  assert.deepEqual(asked.map(({ uri, host, mechanism, user }) => [uri, host, mechanism, user]), [
    ["qemu://host/system", "host", "PLAIN", undefined],
    ["qemu://jane@host/system", "host", "PLAIN", "jane"],
    ["qemu://host/system", "host", "PLAIN", "fred"],
  ]);
});

Deno.test("credentials that are not there, or cannot be read, are asked for with what to write where", async () => {
  const connect = (options: { files?: Record<string, string>; uri?: string }): Promise<unknown> =>
    connectTo(askingDaemon("PLAIN"), {
      machine: fakeMachine({ files: options.files ?? {} }),
      ...(options.uri === undefined ? {} : { uri: options.uri }),
    });
  const path = "/home/alice/.config/libvirt/auth.conf";
  const nobody = await refusedLater("permission-denied", connect({}));
  assert.match(`${nobody.message} ${nobody.hint}`, /user and password are not known.*\[auth-libvirt-host\]/);
  const missing = await refusedLater("permission-denied", connect({ uri: "qemu://fred@host/system" }));
  assert.match(missing.message, /password of "fred" is not known/);
  await refusedLater("not-found", connect({ uri: "qemu://host/system?authfile=/nowhere" }));
  const faulty: readonly (readonly [lines: string, why: RegExp])[] = [
    ["[auth-libvirt-host]\ncredentials=x", /\[credentials-x\], which is not there/],
    ["[auth-libvirt-host]", /has no credentials=NAME/],
    ["hunter2", /auth\.conf"$/],
    ["[a]\nhunter2", /auth\.conf"$/],
  ];
  for (const [lines, why] of faulty) {
    const error = await refusedLater("invalid-argument", connect({ files: { [path]: lines } }));
    assert.match(error.message, why);
    assert.doesNotMatch(Deno.inspect(error), /hunter2/);
  }
});

Deno.test("libvirtd's own silence about SASL over plain TCP is explained", async () => {
  const failing = (): FakeServer => {
    const server = askingDaemon("");
    server.answer("authSaslInit", () => {
      throw new VirtError("permission-denied", "authentication failed", authFailed);
    });
    return server;
  };
  const error = await refusedLater("unsupported", connectTo(failing(), { uri: "qemu+tcp://host/system" }));
  assert.match(`${error.message} ${error.hint}`, /without protection.*\+tls.*\+ssh/);
  const other = await refusedLater("permission-denied", connectTo(failing()));
  assert.match(other.message, /^Cannot connect to .*: authentication failed$/);
});

Deno.test("polkit is asked by the daemon, and its no comes with what to do", async () => {
  const server = welcomingDaemon("polkit");
  server.answer("authPolkit", () => ({ complete: 1 }));
  await (await connectTo(server, { uri: "qemu:///system" })).close();
  const denying = (): FakeServer => {
    const denied = welcomingDaemon("polkit");
    denied.answer("authPolkit", () => {
      throw new VirtError("permission-denied", "no agent", { remoteCode: "VIR_ERR_AUTH_UNAVAILABLE" });
    });
    return denied;
  };
  const manage = await refusedLater("permission-denied", connectTo(denying(), { uri: "qemu:///system" }));
  assert.match(manage.message, /polkit does not allow "org\.libvirt\.unix\.manage"/);
  assert.match(manage.hint ?? "", /pkttyagent.*group libvirt.*polkit-1\/rules\.d/);
  assert.ok(isVirtError(manage.cause));
  const monitor = await refusedLater(
    "permission-denied",
    connectTo(denying(), { uri: "qemu+ssh://host/system", readonly: true }),
  );
  assert.match(`${monitor.message} ${monitor.hint}`, /unix\.monitor".*on the far side/);
  assert.doesNotMatch(monitor.hint ?? "", /pkttyagent/);
});

Deno.test("what the URI demands must be offered", async () => {
  const demand = (uri: string, types: readonly ("none" | "sasl" | "polkit")[]): Promise<VirtError> => {
    const server = askingDaemon("PLAIN");
    server.answer("authList", () => ({ types }));
    return refusedLater("unsupported", connectTo(server, { uri }));
  };
  assert.match((await demand("qemu:///system?auth=polkit", ["none"])).hint ?? "", /leave auth out/);
  assert.match((await demand("qemu:///system?auth=sasl", [])).message, /but nothing$/);
  assert.match((await demand("qemu:///system?auth=sasl", ["polkit"])).message, /but polkit$/);
});
