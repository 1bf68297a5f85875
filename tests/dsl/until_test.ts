import assert from "node:assert/strict";
import { type Domain, isVirtError, recipe } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";
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

Deno.test("a wait whose last look nobody answers says what it waited for", async () => {
  const guest = new Guest();
  const runtime = new FakeRuntime(using((vm) => vm.until.running({ within: "3s" })), (call, runtime) => {
    if (call.operation !== "domain.info") return guest.respond(call, runtime);
    runtime.fire(runtime.all("timer")[0]!.step);
    return { error: { code: "timed-out", message: 'no answer in time at "domainGetState"' } };
  });
  runtime.start();
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.equal(last?.t === "failed" && last.error.code, "timed-out");
  assert.match(
    last?.t === "failed" ? last.error.message : "",
    /^Waited 3s for domain "web-1" to be running: nobody could tell: no answer in time/,
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
        await vm.until.ip({ cidr: "192.168.122.0/40" }).catch((error: unknown) => {
          throw error;
        });
        return "found";
      } catch (error) {
        return isVirtError(error, "invalid-argument");
      }
    }),
    guest.respond,
  );
  assert.equal(await runtime.result(), true);
});

/** Guests that take their time, in virtual time. */
async function booting<T>(run: (vm: Domain) => Promise<T>): Promise<{ result: unknown; durationMs: number }> {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", channels: ["org.example.0"] }] },
    guests: { boot: "20s" },
  });
  const story = await lab.run(recipe({
    summary: "Wait",
    needs: ["domain:getattr,read,write,start,stop,open_device"],
    run: async ({ host }) => await run(await host.domain("web-1")),
  }));
  if (story.error !== undefined) throw story.error;
  return { result: story.result, durationMs: story.durationMs };
}

Deno.test("an address is there when the guest is", async () => {
  const { result, durationMs } = await booting(async (vm) => {
    await vm.start();
    return await vm.until.ip({ within: "1m" });
  });
  assert.match(String(result), /^192\.168\.122\./);
  assert.ok(durationMs >= 20_000 && durationMs <= 22_000);
});

Deno.test("why there is no address says what each one who knows has answered", async () => {
  const { result } = await booting(async (vm) => {
    await vm.start();
    return await vm.until.ip({ within: "5s" }).catch((error: Error) => error.message);
  });
  assert.match(
    String(result),
    /^Waited 5s for an address of domain "web-1": it has none; .*its agent is not connected/,
  );
});

Deno.test("an agent is heard when it comes up", async () => {
  const { result, durationMs } = await booting(async (vm) => {
    await vm.start();
    const early = await vm.until.agent({ within: "5s" }).catch((error: Error) => error.message);
    await vm.until.agent({ within: "1m" });
    return early;
  });
  assert.match(
    String(result),
    /^Waited 5s for the agent of domain "web-1" to answer: .*its agent is not connected/,
  );
  assert.equal(durationMs, 20_000);
});

Deno.test("a console is waited for by the waits too", async () => {
  const { result } = await booting(async (vm) => {
    const login = vm.start().then(() => vm.until.console(/(\w+-\d) login: $/, { within: "1m" }));
    return (await login).groups;
  });
  assert.deepEqual(result, ["web-1"]);
});

Deno.test("a link-local address is none, unless it is asked for", async () => {
  const addresses = ["127.0.0.1", "fe80::1", "169.254.3.4", "2001:db8::7"].map((address) => ({
    family: address.includes(":") ? "ipv6" : "ipv4",
    address,
    prefix: 64,
  }));
  const respond: Responder = ({ operation }) =>
    operation === "domain.lookup" ? { value: web } : { value: [{ interface: "eth0", addresses }] };
  const any = new FakeRuntime(using((vm) => vm.until.ip()), respond);
  assert.equal(await any.result(), "2001:db8::7");
  const local = new FakeRuntime(using((vm) => vm.until.ip({ cidr: "fe80::/10" })), respond);
  assert.equal(await local.result(), "fe80::1");
});

Deno.test("a device is gone when the guest lets go of it, and the wait fails when it does not", async () => {
  const xml = (alias: string): string =>
    `<domain><devices><disk><alias name='${alias}'/></disk></devices></domain>`;
  for (
    const [detail, expected] of [["device-removed ua-1", "gone"], [
      "device-removal-failed ua-1",
      "operation-failed",
    ]]
  ) {
    const runtime = new FakeRuntime(
      using((vm) => vm.until.deviceRemoved("ua-1").then(() => "gone", (error) => error.code)),
      ({ operation }) => operation === "domain.lookup" ? { value: web } : { value: xml("ua-1") },
    );
    runtime.start();
    await runtime.heard("call", 2);
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    const { step } = await runtime.heard("subscribe");
    const event = { sequence: 1, at: 1_000, object: web, type: "changed", detail: detail! };
    runtime.tell({ t: "event", step, event, now: 2_000 });
    await runtime.served;
    const last = runtime.said.at(-1);
    assert.equal(last?.t === "done" && last.result, expected);
  }
});

Deno.test("a device that is gone already is not waited for", async () => {
  const runtime = new FakeRuntime(
    using((vm) => vm.until.deviceRemoved("ua-1")),
    ({ operation }) =>
      operation === "domain.lookup" ? { value: web } : { value: "<domain><devices/></domain>" },
  );
  await runtime.result();
});
