import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import { eventHandlers } from "../../../runtime/control/events.ts";
import { LocalControl } from "../../../runtime/control/local.ts";
import type { WatchedEvent } from "../../../runtime/control/methods.ts";
import { handlersOf } from "../../cli/kit/fake_control.ts";
import { FakeHost, FakeKernel } from "../../kit/fake_host.ts";

interface Watch {
  readonly host: FakeHost;
  readonly kernel: FakeKernel;
  readonly watching: Promise<unknown>;
  /** The next thing that is told. */
  next(): Promise<WatchedEvent>;
  stop(): void;
}

/** Watches a host; nothing is taken before the test asks for it. */
function watch(host = new FakeHost()): Watch {
  const kernel = new FakeKernel({ host });
  const control = new LocalControl(
    handlersOf(
      eventHandlers({ kernel: kernel.kernel, connect: (uri, how) => kernel.kernel.connect(uri, how) }),
    ),
    { principal: "uid:1000", leave: () => Promise.resolve() },
  );
  const stop = new AbortController();
  let offer = Promise.withResolvers<WatchedEvent>();
  let taken = Promise.withResolvers<void>();
  const watching = control.request("events.watch", { uri: "host:///x" }, {
    signal: stop.signal,
    onItem: async (item) => {
      offer.resolve(item);
      await taken.promise;
    },
  });
  return {
    host,
    kernel,
    watching,
    async next(): Promise<WatchedEvent> {
      const item = await offer.promise;
      offer = Promise.withResolvers();
      const before = taken;
      taken = Promise.withResolvers();
      before.resolve();
      return item;
    },
    stop: () => stop.abort(new VirtError("cancelled", "Interrupted")),
  };
}

Deno.test("whatever happens is told in order, from the moment on that says so", async () => {
  const { host, watching, next, stop } = watch();
  const web = host.add("domain", "web-1");
  host.tell({ object: web, type: "defined" });
  host.ready.open();
  assert.deepEqual(await next(), { kind: "listening" });
  host.tell({ object: web, type: "started", detail: "booted" });
  host.tell({ object: host.add("volume", "disk0", { parent: "images" }), type: "changed" });
  const [started, changed] = [await next(), await next()];
  assert.deepEqual(started, {
    kind: "event",
    sequence: 1,
    at: 0,
    object: { $ref: "domain", id: web.id, name: "web-1" },
    type: "started",
    detail: "booted",
  });
  assert.equal(changed.kind === "event" && changed.object.parent, "images");
  stop();
  assert.deepEqual(await watching, {});
});

Deno.test("who reads more slowly than things happen is told that something is missing", async () => {
  const { host, watching, next, stop } = watch();
  host.ready.open();
  assert.deepEqual(await next(), { kind: "listening" });
  const web = host.add("domain", "web-1");
  for (let count = 0; count < 10_050; count++) host.tell({ object: web, type: "changed" });
  const first = await next();
  assert.equal(first.kind === "event" && first.type, "resync");
  let last = await next();
  while (last.kind === "event" && last.sequence < 10_050) last = await next();
  stop();
  await watching;
});

Deno.test("a host that cannot be read is an error, and no silence", async () => {
  const { host, watching } = watch();
  host.ready.fail(new VirtError("unreachable", "The host is gone"));
  await assert.rejects(watching, { code: "unreachable" });
});
