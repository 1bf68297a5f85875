import assert from "node:assert/strict";
import { type Domain, isVirtError, ObjectChanged, OutcomeUnknown, recipe, z } from "../../mod.ts";
import { FakeRuntime, ref, type Responder } from "./fake_runtime.ts";

const web = ref("domain", "web-1", { generation: 3 });
const running = { state: "running", phase: "active", generation: 4 };

const domains: Responder = ({ operation }) => {
  if (operation === "domain.lookup") return { value: web };
  if (operation === "domain.start") return { value: running, generation: 4 };
  if (operation === "domain.destroy") return { value: { ...running, state: "shutoff" }, generation: 5 };
  return undefined;
};

function using(run: (vm: Domain) => unknown): ReturnType<typeof recipe> {
  return recipe({
    summary: "Test",
    needs: [],
    run: async ({ host }) => await run(await host.domain("web-1")),
  });
}

Deno.test("a recipe finds a domain, starts it, logs and returns", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "Start one",
      input: z.object({ name: z.string().default("web-1") }),
      needs: ["domain:getattr,start@web-*"],
      run: async ({ host, input, log }) => {
        const vm = await host.domain(input.name);
        const { state } = await vm.start({ paused: false }, { within: "2m", priority: 3 });
        log.info("started", { vm });
        return { vm, state };
      },
    }),
    domains,
  );
  const result = await runtime.result();
  assert.deepEqual(result, { vm: { ...web, generation: 4 }, state: "running" });
  const [lookup, start] = runtime.all("call");
  assert.deepEqual([lookup?.step, start?.step], [0, 1]);
  assert.deepEqual(lookup?.input, { name: "web-1" });
  assert.deepEqual(start?.target, web);
  assert.deepEqual(start?.options, { withinMs: 120_000, priority: 3 });
  assert.match(start?.at?.file ?? "", /session_test\.ts$/);
  assert.deepEqual(runtime.all("log")[0]?.fields, { vm: { ...web, generation: 4 } });
});

Deno.test("the declaration says what the recipe needs and takes", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "Two hosts",
      input: z.object({ count: z.int().default(2) }),
      needs: ["domain:migrate"],
      files: ["a.xml"],
      hosts: { source: "from", target: "to" },
      run: () => 1,
    }),
  );
  runtime.tell({ t: "hello", version: 1, run: "r", recipe: "file:///x.ts", methods: [] });
  const { declaration } = await runtime.heard("recipe");
  assert.deepEqual(declaration.hosts, ["source", "target"]);
  assert.deepEqual(declaration.needs, ["domain:migrate"]);
  assert.deepEqual(declaration.files, ["a.xml"]);
  assert.equal(declaration.inputSchema.type, "object");
});

Deno.test("a wrong input fails and names the field", async () => {
  const runtime = new FakeRuntime(
    recipe({ summary: "x", input: z.object({ count: z.int() }), needs: [], run: () => 1 }),
  );
  const outcome = await runtime.outcome({ count: "many" });
  assert.equal(outcome.t === "failed" && outcome.error.code, "invalid-argument");
  assert.match(outcome.t === "failed" ? outcome.error.message : "", /count/);
});

Deno.test("a handle follows the generations of what the run itself did", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host }) => {
        const [first, second] = [await host.domain("web-1"), await host.domain("web-1")];
        await first.start();
        await second.destroy();
      },
    }),
    domains,
  );
  await runtime.result();
  assert.equal(
    runtime.all("call").at(-1)?.target?.generation,
    4,
    "the second handle knows of the first one's start",
  );
});

Deno.test("a handle does not follow what others did", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host }) => {
        const old = await host.domain("web-1");
        await host.domain("web-1");
        await old.destroy();
      },
    }),
    ({ operation, step }) =>
      operation === "domain.lookup"
        ? { value: { ...web, generation: 3 + step } }
        : { value: running, generation: 9 },
  );
  await runtime.result();
  assert.equal(runtime.all("call").at(-1)?.target?.generation, 3);
});

Deno.test("errors carry code, hint and the recipe's own line", async () => {
  const seen: unknown[] = [];
  const runtime = new FakeRuntime(
    using(async (vm) => {
      try {
        await vm.start();
      } catch (error) {
        seen.push(error);
        throw error;
      }
    }),
    (call, runtime) =>
      call.operation === "domain.start"
        ? {
          error: {
            code: "wrong-state",
            message: 'Cannot start domain "web-1": it is active',
            hint: "Look first",
          },
        }
        : domains(call, runtime),
  );
  const outcome = await runtime.outcome();
  const [error] = seen;
  assert.ok(isVirtError(error, "wrong-state"));
  assert.equal(error.hint, "Look first");
  assert.equal(outcome.t, "failed");
  assert.equal(outcome.t === "failed" && outcome.error.code, "wrong-state");
  assert.match(outcome.t === "failed" ? outcome.error.at?.file ?? "" : "", /session_test\.ts$/);
  assert.equal(error.at?.line, outcome.t === "failed" ? outcome.error.at?.line : undefined);
});

Deno.test("what callers catch by class has its class", async () => {
  for (
    const [code, type] of [["outcome-unknown", OutcomeUnknown], ["object-changed", ObjectChanged]] as const
  ) {
    const runtime = new FakeRuntime(
      using((vm) => vm.start().then(() => "done", (error: unknown) => error instanceof type)),
      (call, runtime) =>
        call.operation === "domain.start" ? { error: { code, message: "so" } } : domains(call, runtime),
    );
    assert.equal(await runtime.result(), true);
  }
});

Deno.test("an aborted call is cancelled, and answers all the same", async () => {
  const controller = new AbortController();
  const runtime = new FakeRuntime(
    using((vm) => vm.start({}, { signal: controller.signal })),
    (call, runtime) => call.operation === "domain.start" ? undefined : domains(call, runtime),
  );
  runtime.start();
  const { step } = await runtime.heard("call", 2);
  controller.abort();
  assert.equal((await runtime.heard("cancel")).step, step);
  runtime.answer(step, { value: running });
  await runtime.served;
  assert.equal(runtime.said.at(-1)?.t, "done");
});

Deno.test("after a cancel nothing is begun, and leases are given back", async () => {
  const runtime = new FakeRuntime(
    using(async (vm) => {
      await using _lease = await vm.exclusive();
      await vm.start();
      await vm.destroy();
    }),
    (call, runtime) => call.operation === "domain.start" ? undefined : domains(call, runtime),
  );
  runtime.start();
  const acquire = await runtime.heard("acquire");
  runtime.answer(acquire.step, { value: { lease: "lease-1" } });
  const start = await runtime.heard("call", 2);
  runtime.cancel("Ctrl-C");
  runtime.answer(start.step, { value: running });
  const release = await runtime.heard("release");
  assert.equal(release.lease, "lease-1");
  runtime.answer(release.step, {});
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.equal(last?.t === "failed" && last.error.code, "cancelled");
  assert.equal(runtime.all("call").length, 2, "destroy was not asked for");
});

Deno.test("named steps know what belongs to them, also side by side", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host, step, log }) => {
        await Promise.all(["a", "b"].map((name) =>
          step(name, async () => {
            await host.domain(name);
            log.info(name);
          })
        ));
      },
    }),
    domains,
  );
  await runtime.result();
  const stepOf = new Map(runtime.all("begin").map(({ name, step }) => [name, step]));
  for (const { input, within } of runtime.all("call")) {
    assert.equal(within, stepOf.get((input as { name: string }).name));
  }
  for (const { message, within } of runtime.all("log")) assert.equal(within, stepOf.get(message));
  assert.deepEqual(runtime.all("end").map(({ ok }) => ok), [true, true]);
});

Deno.test("a forgotten await is waited for and reported", async () => {
  const runtime = new FakeRuntime(
    using((vm) => {
      vm.start().catch(() => {});
    }),
    (call, runtime) => call.operation === "domain.start" ? undefined : domains(call, runtime),
  );
  runtime.start();
  const warning = await runtime.heard("log");
  assert.match(warning.message, /domain\.start at line \d+ is still under way/);
  assert.equal(runtime.all("done").length, 0);
  runtime.answer((await runtime.heard("call", 2)).step, { value: running });
  await runtime.served;
  assert.equal(runtime.said.at(-1)?.t, "done");
});

Deno.test("what cannot travel is refused with its path", async () => {
  const runtime = new FakeRuntime(using(() => ({ list: [1, () => 2] })), domains);
  const outcome = await runtime.outcome();
  assert.match(
    outcome.t === "failed" ? outcome.error.message : "",
    /result of the recipe\.list\[1\] on: it is a function/,
  );
});

Deno.test("a default export that is no recipe is said to be none", async () => {
  const runtime = new FakeRuntime({ run: 1 });
  runtime.start();
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.match(last?.t === "failed" ? last.error.message : "", /its default export is not a recipe/);
});

Deno.test("pages of a list arrive as one list of handles", async () => {
  const entry = (name: string): unknown => ({
    domain: ref("domain", name),
    state: "running",
    persistent: true,
    autostart: false,
  });
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host }) => (await host.listDomains()).map(({ domain }) => `${domain}`),
    }),
    ({ step }, runtime) => {
      runtime.tell({ t: "page", step, items: [entry("a"), entry("b")] });
      return { value: [entry("c")] };
    },
  );
  assert.deepEqual(await runtime.result(), ['domain "a"', 'domain "b"', 'domain "c"']);
});

Deno.test("deliveries that were taken are credited", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host }) => {
        for (let count = 0; count < 200; count++) await host.domain("web-1");
      },
    }),
    domains,
  );
  await runtime.result();
  assert.deepEqual(runtime.all("credit").map(({ frames }) => frames), [64, 64, 64]);
});

Deno.test("a wrong declaration is refused with what to write instead", () => {
  const good = { summary: "x", needs: [], run: () => 1 };
  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ summary: "" }, /no summary/],
    [{ needs: undefined }, /what it needs/],
    [{ needs: "domain:start" }, /what it needs/],
    [{ files: [1] }, /files/],
    [{ hosts: [] }, /hosts/],
    [{ hosts: { "a b": "" } }, /hosts/],
    [{ run: undefined }, /no run function/],
    [{ input: z.string() }, /not an object/],
  ];
  for (const [change, message] of wrong) {
    // As a recipe in JavaScript would have it.
    const definition = { ...good, ...change } as unknown as typeof good;
    assert.throws(
      () => recipe(definition),
      (error) => isVirtError(error, "invalid-argument") && message.test(error.message),
    );
  }
});
