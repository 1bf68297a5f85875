import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError, VirtError } from "../../model/error.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { Transport } from "../../protocol/transport.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import { connectTo, welcomingDaemon } from "./kit/daemon.ts";
import { FakeServer } from "./kit/fake_server.ts";
import type { Received } from "./kit/received.ts";
import { refusedLater } from "./kit/refusal.ts";

/** The steps in the order in which libvirt's client takes them, as far as the order matters to a daemon. */
const steps = [
  "authList",
  "connectSupportsFeature",
  "connectOpen",
  "connectSupportsFeature",
  "connectSupportsFeature",
  "connectRegisterCloseCallback",
];

/** Lets a connection get one step on. */
function answer(received: Received): void {
  switch (received.name) {
    case "authList":
      return received.reply("authList", { types: ["none"] });
    case "connectSupportsFeature":
      return received.reply("connectSupportsFeature", { supported: 1 });
    case "connectOpen":
      return received.reply("connectOpen", undefined);
    default:
      assert.fail(`${received.name} is no step`);
  }
}

/** A transport on which, after so many good answers, something else comes; or the end. */
function spoilt(
  transport: Transport,
  { after, by }: { readonly after: number; readonly by: Uint8Array | null },
): Transport {
  let good = after;
  return {
    peer: transport.peer,
    async read(into): Promise<number | null> {
      const length = await transport.read(into);
      if (length === null || good-- > 0) return length;
      into.set(by ?? []);
      return by === null ? null : by.length;
    },
    write: (data) => transport.write(data),
    close: () => transport.close(),
  };
}

Deno.test("a connection is opened step by step, with as few round trips as the order allows", async () => {
  const server = welcomingDaemon();
  const asked: string[] = [];
  server.answer("connectSupportsFeature", ({ feature }) => {
    asked.push(`feature ${feature}`);
    return { supported: 1 };
  });
  server.answer("connectOpen", ({ name, flags }) => {
    asked.push(`open ${name} ${flags}`);
    return undefined;
  });
  server.answer("connectRegisterCloseCallback", () => {
    asked.push("close callback");
    return undefined;
  });
  await using _connection = await connectTo(server, { uri: "lxc+ssh://host/?a=b" });
  assert.deepEqual(asked, ["feature 10", "open lxc:///?a=b 0", "feature 14", "feature 15", "close callback"]);
  assert.deepEqual(server.writes, [1, 2, 2, 1]);
});

Deno.test("a connection that only reads says so", async () => {
  const server = welcomingDaemon();
  let flags = -1;
  server.answer("connectOpen", (open) => {
    ({ flags } = open);
    return undefined;
  });
  await using _connection = await connectTo(server, { readonly: true });
  assert.equal(flags, 1);
});

Deno.test("what a daemon does not offer is not asked of it", async () => {
  const server = welcomingDaemon();
  const offers = (...features: readonly number[]): void =>
    server.answer(
      "connectSupportsFeature",
      ({ feature }) => ({ supported: features.includes(feature) ? 1 : 0 }),
    );
  offers(14);
  server.answer("connectRegisterCloseCallback", () => assert.fail("it was asked"));
  const clock = new VirtualClock();
  await using _connection = await connectTo(server, { clock });
  await clock.advance(60_000);
  assert.equal(server.pings, 0);
  const old = welcomingDaemon();
  old.answer("connectSupportsFeature", () => ({ supported: 0 }));
  const error = await refusedLater("unsupported", connectTo(old));
  assert.match(`${error.message}; ${error.hint}`, /older than libvirt 1\.3\.3.*Update/);
});

Deno.test("the oldest daemons, which know no authentication, are let be", async () => {
  const server = welcomingDaemon();
  server.answer("authList", () => {
    throw new VirtError("protocol", "unknown procedure: 66", {
      remoteCode: "VIR_ERR_RPC",
      detail: { from: "VIR_FROM_RPC" },
    });
  });
  await using _connection = await connectTo(server);
});

Deno.test("a silent daemon is asked whether it lives", async () => {
  const clock = new VirtualClock();
  const server = welcomingDaemon();
  await using connection = await connectTo(server, { clock, keepalive: { intervalMs: 1000, count: 2 } });
  await clock.advance(10_000);
  assert.ok(server.pings >= 9, `${server.pings}`);
  server.alive = false;
  await clock.advance(4_000);
  assert.match((await connection.closed).message, /no sign of life/);
});

Deno.test("a daemon that falls silent at any step is given up at the deadline", async () => {
  for (let silentAt = 0; silentAt < steps.length; silentAt++) {
    const clock = new VirtualClock();
    const server = new FakeServer();
    const connecting = refusedLater("unreachable", connectTo(server, { clock, timeoutMs: 5_000 }));
    for (let at = 0; at < silentAt; at++) answer(await server.next());
    await server.next();
    await clock.advance(5_000);
    const { message } = await connecting;
    const doing = silentAt === 0 ? "proving who we are" : `opening "qemu:///system"`;
    assert.equal(message, `Cannot connect to "qemu+tls://host/system": no answer within 5 s while ${doing}`);
    assert.ok(server.link.closed);
  }
});

Deno.test("a transport that never opens is given up at the deadline", async () => {
  const clock = new VirtualClock();
  const server = welcomingDaemon();
  const connecting = connectTo(server, {
    clock,
    open: (_endpoint, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  const refused = refusedLater("unreachable", connecting);
  await clock.advance(30_000);
  assert.match((await refused).message, /no answer within 30 s while reaching the daemon/);
});

Deno.test("the time in which a person looks for their password does not count, and begins anew behind it", async () => {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const said = Promise.withResolvers<{ readonly user: string; readonly password: string }>();
  const asked = Promise.withResolvers<void>();
  const connecting = refusedLater(
    "unreachable",
    connectTo(server, {
      clock,
      timeoutMs: 5_000,
      credentials: () => {
        asked.resolve();
        return said.promise;
      },
    }),
  );
  (await server.next()).reply("authList", { types: ["sasl"] });
  (await server.next()).reply("authSaslInit", { mechlist: "PLAIN" });
  await asked.promise;
  await clock.advance(3_600_000);
  assert.ok(!server.link.closed);
  said.resolve({ user: "fred", password: "secret" });
  assert.equal((await server.next()).name, "authSaslStart");
  await clock.advance(5_000);
  assert.match((await connecting).message, /no answer within 5 s while proving who we are/);
  assert.equal(clock.pending, 0);
});

Deno.test("whoever no longer waits is told so at every step", async () => {
  for (let step = 0; step < 3; step++) {
    const controller = new AbortController();
    const server = new FakeServer();
    const connecting = connectTo(server, { signal: controller.signal });
    for (let at = 0; at < step; at++) {
      answer(await server.next());
    }
    await server.next();
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(connecting, (error) => error === reason);
    assert.ok(server.link.closed);
  }
  await assert.rejects(
    connectTo(welcomingDaemon(), { signal: AbortSignal.abort(new Error("before")) }),
    /before/,
  );
});

Deno.test("a connection that is open does not end with the signal of its attempt", async () => {
  const controller = new AbortController();
  const clock = new VirtualClock();
  const server = welcomingDaemon();
  server.answer("connectGetLibVersion", () => ({ libVer: 9_000_000n }));
  await using connection = await connectTo(server, { clock, signal: controller.signal });
  controller.abort();
  await clock.advance(60_000);
  assert.deepEqual(await connection.call("connectGetLibVersion", undefined), { libVer: 9_000_000n });
});

Deno.test("a daemon that closes at any step is told as such", async () => {
  for (let closesAt = 0; closesAt < steps.length; closesAt++) {
    const server = welcomingDaemon();
    const transport = spoilt(server.transport, { after: closesAt, by: null });
    const error = await refusedLater(
      "unreachable",
      connectTo(server, { open: () => Promise.resolve(transport) }),
    );
    assert.match(
      error.message,
      /^Cannot connect to "qemu\+tls:\/\/host\/system": the far side closed the connection$/,
    );
    assert.notEqual(error.hint, undefined);
    assert.equal(error.detail, undefined, "nothing is in doubt: nothing was asked for");
  }
});

Deno.test("whatever answers, an error of ours comes of it, and nothing stays open", async () => {
  const garbage = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 100 }),
    fc.constant(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
    fc.constant(new Uint8Array([0xff, 0xff, 0xff, 0xff])),
    fc.constant(new Uint8Array([0, 0, 0, 3])),
    fc.constant(new Uint8Array([1, 0, 0, 0])),
  );
  await fc.assert(
    fc.asyncProperty(garbage, fc.nat({ max: 5 }), async (bytes, good) => {
      const clock = new VirtualClock();
      const server = welcomingDaemon();
      const transport = spoilt(server.transport, { after: good, by: bytes });
      const open = (): Promise<Transport> => Promise.resolve(transport);
      const connecting = connectTo(server, { clock, open }).then(
        () => assert.fail("it connected"),
        (error) => error,
      );
      await clock.advance(30_000);
      const error = await connecting;
      assert.ok(isVirtError(error), String(error));
      assert.match(error.message, /^Cannot connect to "/);
      assert.ok(server.link.closed);
    }),
    { numRuns: 200 },
  );
});

Deno.test("what the daemon says to opening is passed on with what to do", async () => {
  const server = welcomingDaemon();
  server.answer("connectOpen", () => {
    throw new VirtError("unsupported", "no connection driver available for bhyve:///system", {
      remoteCode: "VIR_ERR_NO_CONNECT",
    });
  });
  const error = await refusedLater("unsupported", connectTo(server, { uri: "bhyve+ssh://host/system" }));
  assert.equal(
    error.message,
    'Cannot connect to "bhyve+ssh://host/system": no connection driver available for bhyve:///system',
  );
  assert.equal(error.remoteCode, "VIR_ERR_NO_CONNECT");
  assert.match(error.hint ?? "", /install it there/);
});

Deno.test("what a transport knows of its end is what the caller reads", async () => {
  const server = new FakeServer();
  const why = new VirtError(
    "permission-denied",
    'Connection to "qemu+ssh://host/system": the host did not let us log in',
  );
  const connecting = refusedLater("permission-denied", connectTo(server));
  await server.next();
  server.link.break(why);
  assert.equal(await connecting, why);
});

Deno.test("a socket that is not there is told with what to do", async () => {
  const folder = await Deno.makeTempDir();
  const connect = (uri: string): Promise<unknown> => connectRpc(parseUri(uri), { clock: new VirtualClock() });
  const socket = `qemu+unix:///system?socket=${folder}/sock`;
  const missing = await refusedLater("unreachable", connect(socket));
  assert.equal(missing.message, `Cannot connect to "${socket}": there is no socket "${folder}/sock"`);
  await Deno.writeTextFile(`${folder}/sock`, "");
  const dead = await refusedLater("unreachable", connect(socket));
  assert.equal(dead.message, `Cannot connect to "${socket}": nobody listens on the socket "${folder}/sock"`);
  await Deno.remove(folder, { recursive: true });
});
