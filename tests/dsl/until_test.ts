import assert from "node:assert/strict";
import { type Domain, isVirtError, recipe } from "../../mod.ts";
import { FakeRuntime, ref, type Responder } from "./fake_runtime.ts";

const web = ref("domain", "web-1", { generation: 1 });

function info(state: string, reason = ""): unknown {
  return { name: "web-1", uuid: "u", state, reason };
}

function using(run: (vm: Domain) => unknown): ReturnType<typeof recipe> {
  return recipe({
    summary: "Test",
    needs: [],
    run: async ({ host }) => await run(await host.domain("web-1")),
  });
}

/** A domain whose state a test sets. */
class Guest {
  state = "shutoff";
  reason = "destroyed";
  /** What happens while `domain.info` is on its way. */
  meanwhile: ((runtime: FakeRuntime) => void) | undefined;
  readonly respond: Responder = ({ operation }, runtime) => {
    if (operation === "domain.lookup") return { value: web };
    if (operation === "domain.info") {
      const value = info(this.state, this.reason);
      const { meanwhile } = this;
      this.meanwhile = undefined;
      meanwhile?.(runtime);
      return { value };
    }
    if (operation === "domain.shutdown" || operation === "domain.destroy") return { value: {} };
    return undefined;
  };

  become(runtime: FakeRuntime, state: string, type: string): void {
    this.state = state;
    for (const { step } of runtime.all("subscribe")) {
      runtime.tell({ t: "event", step, event: { sequence: 1, at: 1_000, object: web, type }, now: 2_000 });
    }
  }
}

Deno.test("a wait subscribes before it looks, and ends both", async () => {
  const guest = new Guest();
  guest.state = "running";
  const runtime = new FakeRuntime(using(async (vm) => (await vm.until.running()).state), guest.respond);
  assert.equal(await runtime.result(), "running");
  const order = runtime.said.filter(({ t }) => t === "subscribe" || t === "call").map(({ t }) => t);
  assert.deepEqual(order, ["call", "subscribe", "call"], "look-up, subscription, look");
  const ended = runtime.all("cancel").map(({ step }) => step);
  assert.ok(ended.includes(runtime.all("subscribe")[0]!.step));
  assert.ok(ended.includes(runtime.all("timer")[0]!.step));
});

Deno.test("what happens while the look is on its way is not missed", async () => {
  const guest = new Guest();
  guest.meanwhile = (runtime) => guest.become(runtime, "running", "started");
  const runtime = new FakeRuntime(using(async (vm) => (await vm.until.running()).state), guest.respond);
  assert.equal(await runtime.result(), "running");
});

Deno.test("an event wakes a wait", async () => {
  const guest = new Guest();
  const runtime = new FakeRuntime(using(async (vm) => (await vm.until.running()).state), guest.respond);
  runtime.start();
  await runtime.heard("call", 2);
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  guest.become(runtime, "paused", "suspended");
  await runtime.heard("call", 3);
  guest.become(runtime, "running", "resumed");
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.equal(last?.t === "done" && last.result, "running");
});

Deno.test("a wait that lasts too long looks once more, and says what it saw", async () => {
  const guest = new Guest();
  const runtime = new FakeRuntime(using((vm) => vm.until.running({ within: "90s" })), guest.respond);
  runtime.start();
  const { ms, step } = await runtime.heard("timer");
  assert.equal(ms, 90_000);
  await runtime.heard("call", 2);
  guest.become(runtime, "shutoff", "stopped");
  runtime.fire(step);
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.equal(last?.t === "failed" && last.error.code, "timed-out");
  assert.match(
    last?.t === "failed" ? last.error.message : "",
    /^Waited 1m 30s for domain "web-1" to be running: it is shutoff \(destroyed\); its last event was "stopped"/,
  );
});

Deno.test("what came in the last moment counts", async () => {
  const guest = new Guest();
  const runtime = new FakeRuntime(using(async (vm) => (await vm.until.running()).state), guest.respond);
  runtime.start();
  const { step } = await runtime.heard("timer");
  await runtime.heard("call", 2);
  guest.state = "running";
  runtime.fire(step);
  await runtime.served;
  assert.equal(runtime.said.at(-1)?.t, "done");
});

Deno.test("a wait ends with the run and with its own signal", async () => {
  const guest = new Guest();
  const cancelled = new FakeRuntime(using((vm) => vm.until.running()), guest.respond);
  cancelled.start();
  await cancelled.heard("call", 2);
  cancelled.cancel("Ctrl-C");
  await cancelled.served;
  const last = cancelled.said.at(-1);
  assert.equal(last?.t === "failed" && last.error.code, "cancelled");

  const controller = new AbortController();
  const aborted = new FakeRuntime(
    using((vm) => vm.until.running({ signal: controller.signal }).catch((error: unknown) => String(error))),
    guest.respond,
  );
  aborted.start();
  await aborted.heard("call", 2);
  controller.abort("enough");
  await aborted.served;
  const end = aborted.said.at(-1);
  assert.equal(end?.t === "done" && end.result, "enough");
});

Deno.test("a domain that is gone is off", async () => {
  const runtime = new FakeRuntime(
    using((vm) => vm.until.shutoff()),
    ({ operation }) =>
      operation === "domain.lookup"
        ? { value: web }
        : { error: { code: "not-found", message: "There is no such domain" } },
  );
  await runtime.result();
});

Deno.test("an event that comes before the call has been awaited is not missed", async () => {
  const guest = new Guest();
  const runtime = new FakeRuntime(
    using(async (vm) => {
      const stopped = vm.until.event(["stopped", "crashed"]);
      await vm.destroy();
      return (await stopped).type;
    }),
    (call, runtime) => {
      if (call.operation === "domain.destroy") guest.become(runtime, "shutoff", "stopped");
      return guest.respond(call, runtime);
    },
  );
  assert.equal(await runtime.result(), "stopped");
});

Deno.test("shutdown asks the guest and waits until it is really off", async () => {
  const guest = new Guest();
  guest.state = "running";
  const runtime = new FakeRuntime(using((vm) => vm.shutdown({ within: "2m" })), guest.respond);
  runtime.start();
  await runtime.heard("call", 3);
  assert.deepEqual(runtime.all("call").map(({ operation }) => operation), [
    "domain.lookup",
    "domain.info",
    "domain.shutdown",
  ]);
  await Promise.resolve();
  guest.become(runtime, "shutoff", "stopped");
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.deepEqual(last?.t === "done" && last.result, { how: "shutdown" });
});

Deno.test("shutdown pulls the cord only where it was told to", async () => {
  for (const otherwise of ["destroy", "fail"] as const) {
    const guest = new Guest();
    guest.state = "running";
    const runtime = new FakeRuntime(using((vm) => vm.shutdown({ within: "2m", otherwise })), guest.respond);
    runtime.start();
    const { step } = await runtime.heard("timer");
    await runtime.heard("call", 3);
    runtime.fire(step);
    await runtime.served;
    const last = runtime.said.at(-1);
    const destroyed = runtime.all("call").some(({ operation }) => operation === "domain.destroy");
    assert.equal(destroyed, otherwise === "destroy");
    if (otherwise === "destroy") assert.deepEqual(last?.t === "done" && last.result, { how: "destroyed" });
    else assert.equal(last?.t === "failed" && last.error.code, "timed-out");
  }
});

Deno.test("a domain that is off is left alone", async () => {
  const runtime = new FakeRuntime(using((vm) => vm.shutdown()), new Guest().respond);
  assert.deepEqual(await runtime.result(), { how: "was-off" });
});

Deno.test("an address is looked for until one fits", async () => {
  const addresses = ["fe80::1", "10.0.0.5", "192.168.122.7"];
  let known = 1;
  const runtime = new FakeRuntime(
    using((vm) => vm.until.ip({ family: "ipv4", cidr: "192.168.122.0/24" })),
    ({ operation }) =>
      operation === "domain.lookup" ? { value: web } : {
        value: [{
          interface: "vnet0",
          addresses: addresses.slice(0, known).map((address) => ({
            family: address.includes(":") ? "ipv6" : "ipv4",
            address,
            prefix: 24,
          })),
        }],
      },
  );
  runtime.start();
  for (; known < addresses.length; known++) {
    const poll = await runtime.heard("timer", known + 1);
    runtime.fire(poll.step);
  }
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.equal(last?.t === "done" && last.result, "192.168.122.7");
});

Deno.test("a network that is none is refused at once", async () => {
  const guest = new Guest();
  const runtime = new FakeRuntime(
    using(async (vm) => {
      try {
        await vm.until.ip({ cidr: "192.168.122.0/40" });
        return "found";
      } catch (error) {
        return isVirtError(error, "invalid-argument");
      }
    }),
    guest.respond,
  );
  assert.equal(await runtime.result(), true);
});
