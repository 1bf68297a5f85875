import assert from "node:assert/strict";
import type { UnixLink } from "../../../protocol/link.ts";
import {
  hostAndPort,
  openTcp,
  openUnix,
  tcpFailure,
  unixFailure,
} from "../../../protocol/transport/socket.ts";
import { systemClock as clock } from "../../../runtime/clock.ts";
import { fakeMachine } from "../kit/machine.ts";
import { refusedLater } from "../kit/refusal.ts";
import { isAlive, Scripts } from "../kit/scripts.ts";

const { signal } = new AbortController();
const uri = "qemu:///system";

Deno.test("bytes go by sockets of both kinds, and what is closed stays so", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/sock`;
  using unix = Deno.listen({ transport: "unix", path });
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = tcp.addr;
  const openings = [
    [unix, () => openUnix({ kind: "unix", path }, { uri, signal, clock }), path],
    [tcp, () => openTcp({ kind: "tcp", host: "localhost", port }, { uri, signal }), `localhost:${port}`],
  ] as const;
  for (const [listener, open, peer] of openings) {
    const [transport, far] = await Promise.all([open(), listener.accept()]);
    assert.equal(transport.peer, peer);
    const echoing = far.readable.pipeTo(far.writable);
    const sent = new Uint8Array(3_000_000).map((_, at) => at % 251);
    const writing = transport.write(sent);
    const got = new Uint8Array(sent.length);
    for (let at = 0; at < got.length;) {
      at += await transport.read(got.subarray(at)) ?? assert.fail("it ended");
    }
    await writing;
    assert.deepEqual(got, sent);
    const reading = transport.read(new Uint8Array(1));
    await transport.close();
    assert.equal(await reading, null);
    await transport.close();
    await echoing;
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("why a socket cannot be used is told with what to do", () => {
  const own: UnixLink = { kind: "unix", path: "/s" };
  const system: UnixLink = { ...own, socket: { path: "/s", daemon: "virtqemud", owner: "system" } };
  const user: UnixLink = { ...own, socket: { path: "/s", daemon: "libvirtd", owner: "user" } };
  const { PermissionDenied, NotFound, ConnectionRefused } = Deno.errors;
  const cases: readonly (readonly [error: Error, link: UnixLink, code: string, text: RegExp])[] = [
    [
      new PermissionDenied(),
      system,
      "permission-denied",
      /may not use the socket "\/s".*usermod -aG libvirt.*\/session/,
    ],
    [new PermissionDenied(), own, "permission-denied", /namei -l \/s/],
    [new NotFound(), system, "unreachable", /no socket "\/s".*systemctl status virtqemud\.socket virtqemud/],
    [new ConnectionRefused(), user, "unreachable", /nobody listens.*systemctl --user status libvirtd/],
    [new NotFound(), own, "unreachable", /ss -xl/],
    [new TypeError("path must be shorter than SUN_LEN"), own, "unreachable", /path must be shorter/],
  ];
  for (const [error, link, code, text] of cases) {
    const told = unixFailure(error, { uri, link });
    assert.equal(told.code, code);
    assert.match(`${told.message}; ${told.hint}`, text);
  }
});

Deno.test("why a host cannot be reached is told with what to do", () => {
  const link = { kind: "tls", host: "fe80::1%eth0", port: 16514 } as const;
  const told = (error: Error): string => {
    const { code, message, hint } = tcpFailure(error, { uri, link });
    return `${code}: ${message}; ${hint}`;
  };
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  assert.match(told(refused), /^unreachable: .*nobody listens on "\[fe80::1%eth0\]:16514".*listen_tls/);
  assert.match(told(new Error("failed to lookup address information")), /is not known; .*getent hosts/);
  assert.match(told(Object.assign(new Error("x"), { code: "ETIMEDOUT" })), /no answer from/);
  assert.match(
    told(new Error("Network is unreachable (os error 101)")),
    /cannot be reached: Network is unreachable/,
  );
  assert.equal(hostAndPort({ host: "a.example", port: 1 }), "a.example:1");
});

Deno.test("nobody on the port is told as such", async () => {
  const { port } = ((): Deno.NetAddr => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return listener.addr;
  })();
  const error = await refusedLater(
    "unreachable",
    openTcp({ kind: "tcp", host: "127.0.0.1", port }, { uri, signal }),
  );
  assert.match(error.message, /nobody listens on "127\.0\.0\.1:\d+"/);
});

Deno.test("who no longer waits gets no socket", async () => {
  const aborted = AbortSignal.abort(new Error("enough"));
  const folder = await Deno.makeTempDir();
  const path = `${folder}/sock`;
  using _unix = Deno.listen({ transport: "unix", path });
  await assert.rejects(openUnix({ kind: "unix", path }, { uri, signal: aborted, clock }), /enough/);
  await assert.rejects(
    openTcp({ kind: "tcp", host: "127.0.0.1", port: 1 }, { uri, signal: aborted }),
    /enough/,
  );
  await Deno.remove(folder, { recursive: true });
});

/** A daemon that listens on a socket until its one client leaves. */
function daemonScript(socket: string): string {
  const program = `const listener = Deno.listen({ transport: "unix", path: "${socket}" });
    const socket = await listener.accept(); listener.close(); await socket.readable.pipeTo(socket.writable);`;
  return `echo $$ > $HERE/pid; echo "$@" > $HERE/args; exec ${Deno.execPath()} eval '${program}'`;
}

/** A user's machine, where the daemons are scripts. */
function userOf(
  scripts: Scripts,
  more: Readonly<Record<string, string>> = {},
): ReturnType<typeof fakeMachine> {
  return fakeMachine({ environment: { VIRTD_PATH: scripts.folder, ...more } });
}

function userLink(scripts: Scripts): UnixLink {
  const path = `${scripts.folder}/sock`;
  return { kind: "unix", path, socket: { path, daemon: "libvirtd", owner: "user" } };
}

Deno.test("a user's own daemon is started by the first who wants it", async () => {
  await using scripts = await Scripts.make();
  const link = userLink(scripts);
  await scripts.add("libvirtd", daemonScript(link.path));
  const transport = await openUnix(link, { uri, signal, clock, machine: userOf(scripts) });
  await transport.write(new Uint8Array([1, 2, 3]));
  const got = new Uint8Array(10);
  assert.equal(await transport.read(got), 3);
  assert.deepEqual(await scripts.lines("args"), ["--timeout=120"]);
  const pid = Number((await scripts.lines("pid"))[0]);
  assert.ok(isAlive(pid));
  await transport.close();
  // It is reaped by this process, which started it.
  const isThere = (): Promise<boolean> => Deno.stat(`/proc/${pid}`).then(() => true, () => false);
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("a daemon is not started where that is forbidden, or where it is not the user's own", async () => {
  await using scripts = await Scripts.make();
  const link = userLink(scripts);
  await scripts.add("libvirtd", "echo > $HERE/started");
  const { path } = link;
  const cases = [
    [link, userOf(scripts, { LIBVIRT_AUTOSTART: "0" })],
    [{ kind: "unix", path, socket: { path, daemon: "libvirtd", owner: "system" } }, userOf(scripts)],
    [{ kind: "unix", path }, userOf(scripts)],
  ] as const;
  for (const [way, machine] of cases) {
    await refusedLater("unreachable", openUnix(way, { uri, signal, clock, machine }));
  }
  await assert.rejects(Deno.stat(`${scripts.folder}/started`), Deno.errors.NotFound);
});

Deno.test("a daemon that does not come up is told as such", async () => {
  await using scripts = await Scripts.make();
  const link = userLink(scripts);
  const machine = userOf(scripts);
  const missing = await refusedLater("unreachable", openUnix(link, { uri, signal, clock, machine }));
  assert.match(`${missing.message}; ${missing.hint}`, /libvirtd" cannot be started.*\?socket=PATH/);
  await scripts.add("libvirtd", "exit 7");
  let passed = 0;
  // An impatient clock: each look finds that half a second has passed.
  const impatient = {
    now: () => passed += 500,
    after: (_ms: number, action: () => void) => clock.after(0, action),
  };
  const failing = await refusedLater(
    "unreachable",
    openUnix(link, { uri, signal, clock: impatient, machine }),
  );
  assert.match(`${failing.message}; ${failing.hint}`, /was started and ended with 7.*--timeout=120/);
});
