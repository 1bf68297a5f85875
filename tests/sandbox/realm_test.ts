import assert from "node:assert/strict";
import { beginning, Folder, playBody, type Played, playFile, recipeText } from "./stage.ts";

Deno.test("a recipe says what it is, runs, and returns its result", async () => {
  const { messages, result, exit } = await playBody("return { sum: input.a + 1 };", { input: { a: 1 } });
  assert.deepEqual(messages.map(({ t }) => t), ["ready", "recipe", "done"]);
  assert.deepEqual(result, { sum: 2 });
  assert.deepEqual(exit, { kind: "finished" });
});

/** What a recipe gets for each attempt: the text of the error. */
async function attempts(codes: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const tries = Object.entries(codes).map(([name, code]) =>
    `try { out[${JSON.stringify(name)}] = "got " + String(await (async () => { ${code} })()); }
     catch (error) { out[${JSON.stringify(name)}] = String(error); }`
  );
  const { result, failure } = await playBody(`const out: any = {};\n${tries.join("\n")}\nreturn out;`);
  assert.equal(failure, undefined);
  return result as Record<string, string>;
}

Deno.test("what reaches outside is refused with a word on what to use instead", async () => {
  const refused = {
    Deno: "return Deno.readTextFileSync('/etc/passwd')",
    "Deno, by the global object": "return (globalThis as any)['De' + 'no'].env",
    fetch: "return await fetch('http://127.0.0.1')",
    WebSocket: "return new WebSocket('ws://127.0.0.1')",
    EventSource: "return new EventSource('http://127.0.0.1')",
    Worker: "return new Worker('data:text/javascript,1', { type: 'module' })",
    WebAssembly: "return new WebAssembly.Memory({ initial: 1 })",
    SharedArrayBuffer: "return new SharedArrayBuffer(8)",
    Atomics: "return Atomics.wait(new Int32Array(1), 0, 0)",
    caches: "return await caches.open('x')",
    localStorage: "return localStorage.setItem('a', 'b')",
    sessionStorage: "return sessionStorage.length",
    WeakRef: "return new WeakRef({})",
    FinalizationRegistry: "return new FinalizationRegistry(() => {})",
    prompt: "return prompt('password')",
    confirm: "return confirm('sure')",
    alert: "return alert('x')",
    close: "return close()",
    reportError: "return reportError(1)",
    BroadcastChannel: "return new BroadcastChannel('x')",
    MessageChannel: "return new MessageChannel()",
    Request: "return new Request('http://x')",
    "crypto.subtle": "return crypto.subtle",
  };
  for (const [name, text] of Object.entries(await attempts(refused))) {
    assert.match(text, new RegExp(`^TypeError: Recipes cannot use ${name.split(",")[0]}`), name);
  }
});

Deno.test("code cannot be built from strings", async () => {
  const refused = {
    eval: "return eval('1')",
    "eval by another name": "return (0, eval)('1')",
    Function: "return new Function('return 1')()",
    "a timer": "return setTimeout('1' as any, 1)",
    "a function's constructor": "return (function () {} as any).constructor('return 1')()",
    "an async function's constructor": "return ((async () => {}) as any).constructor('return 1')()",
    "a generator's constructor": "return (function* () {} as any).constructor('yield 1')()",
  };
  for (const [name, text] of Object.entries(await attempts(refused))) {
    assert.match(
      text,
      /Recipes cannot build code from strings|Code generation from strings disallowed/,
      name,
    );
  }
});

Deno.test("what libraries look for to know where they are is not there", async () => {
  const { result } = await playBody(`const all: any = globalThis;
    return ["process", "Buffer", "global", "window", "navigator", "location", "require", "setImmediate", "onerror"]
      .filter((name) => typeof all[name] !== "undefined");`);
  assert.deepEqual(result, []);
});

Deno.test("Deno cannot be had back by deleting or redefining what stands in its place", async () => {
  const refused = {
    delete: "delete (globalThis as any).Deno; return typeof (globalThis as any).Deno",
    define: "Object.defineProperty(globalThis, 'Deno', { value: 1 }); return 1",
    "a stack": `const before = (Error as any).prepareStackTrace;
      (Error as any).prepareStackTrace = (_: unknown, sites: any[]) => sites.map((site) => site.getThis() ?? site.getFunction());
      try { if ((new Error("x").stack as any).some((found: unknown) => found !== undefined)) return "frames"; }
      finally { (Error as any).prepareStackTrace = before; }
      throw new TypeError("no frames");`,
  };
  for (const [name, text] of Object.entries(await attempts(refused))) assert.match(text, /^TypeError/, name);
});

const timesAndChances = `
  await sleep(1234);
  const random = [Math.random(), Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint16Array(3))]];
  const times = [Date.now(), new Date().toISOString(), Date(), performance.now(), String(Temporal.Now.instant()),
    String(Temporal.Now.plainDateTimeISO()), new Intl.DateTimeFormat("de").format(), new Event("x").timeStamp];
  return { random, times };`;

Deno.test("time and chance follow from what is delivered, and from nothing else", async () => {
  const first = (await playBody(timesAndChances, { seed: "a" })).result as {
    random: unknown[];
    times: unknown[];
  };
  const again = (await playBody(timesAndChances, { seed: "a", isolation: "process" })).result;
  const other = (await playBody(timesAndChances, { seed: "b" })).result as {
    random: unknown[];
    times: unknown[];
  };
  assert.deepEqual(again, first);
  assert.deepEqual(other.times, first.times);
  for (const [index, drawn] of first.random.entries()) assert.notDeepEqual(other.random[index], drawn);
  assert.deepEqual(first.times, [
    beginning + 1234,
    "2026-01-02T03:04:06.234Z",
    "Fri Jan 02 2026 03:04:06 GMT+0000 (Coordinated Universal Time)",
    1234,
    "2026-01-02T03:04:06.234Z",
    "2026-01-02T03:04:06.234",
    "2.1.2026",
    1234,
  ]);
  assert.match(
    String(first.random[2]),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

Deno.test("the clock stands still until something is delivered", async () => {
  const { result } = await playBody(`
    const before = performance.now();
    for (let index = 0; index < 1e6; index++);
    const spun = performance.now() - before;
    await sleep(5);
    return [spun, performance.now() - before];`);
  assert.deepEqual(result, [0, 5]);
});

Deno.test("dates made from something are as ever", async () => {
  const { result } = await playBody(`return [
    new Date(0).toISOString(), new Date(2020, 1, 29).getDate(), Date.UTC(1970, 0, 2), Date.parse("1970-01-01T00:00:01Z"),
    new Date() instanceof Date, Object.prototype.toString.call(new Date()), new Date(new Date(7)).getTime(), Date.length,
    new (class Later extends Date {})(5).getTime(), String(new Date(NaN)), new Date(0).constructor === Date,
  ];`);
  assert.deepEqual(
    result,
    [
      "1970-01-01T00:00:00.000Z",
      29,
      86_400_000,
      1000,
      true,
      "[object Date]",
      7,
      7,
      5,
      "Invalid Date",
      true,
    ],
  );
});

Deno.test("a recipe cannot ask for time or chance before its run", async () => {
  for (
    const [expression, message] of [
      ["Date.now()", /cannot use Date while their module loads/],
      ["new Date()", /cannot use Date while/],
      ["performance.now()", /cannot use performance while/],
      ["Temporal.Now.instant()", /cannot use Temporal.Now while/],
      ["Math.random()", /cannot draw random numbers while/],
      ["crypto.randomUUID()", /cannot draw random numbers while/],
      ["setTimeout(() => {}, 1)", /cannot use timers while/],
    ] as const
  ) {
    await using folder = await Folder.with({
      "recipe.ts": recipeText("return 1;", `const early = ${expression};`),
    });
    const { failure } = await playFile(folder.file("recipe.ts"));
    assert.match(failure?.message ?? "", message);
    assert.equal(failure?.at?.line, 2);
  }
});

Deno.test("timers go through the channel and fire when they are said to", async () => {
  const fired: number[] = [];
  const { result, messages } = await playBody(
    `const order: string[] = [];
    const done = Promise.withResolvers<void>();
    setTimeout((word: string) => order.push(word), 20, "late");
    setTimeout(() => order.push("early"), 10);
    let ticks = 0;
    const interval = setInterval(() => { order.push("tick"); if (++ticks === 2) { clearInterval(interval); done.resolve(); } }, 5);
    const never = setTimeout(() => order.push("never"), 1);
    clearTimeout(never);
    await done.promise;
    return order;`,
    {
      // The runtime decides; it fires them in an order of its own.
      answer: async (message, endpoint) => {
        if (message.t !== "timer") return undefined;
        fired.push(message.step);
        if (message.step !== 3) return { t: "page", step: message.step, items: [] };
        for (const step of [2, 1, 0, 3]) await endpoint.send({ t: "fired", step, now: beginning });
        return { t: "fired", step: 4, now: beginning };
      },
    },
  );
  assert.deepEqual(result, ["tick", "early", "late", "tick"]);
  assert.deepEqual(fired.slice(0, 4), [0, 1, 2, 3]);
  assert.ok(messages.some((message) => message.t === "cancel" && message.step === 3));
});

Deno.test("everything that follows from one delivery happens before the next", async () => {
  const { result } = await playBody(
    `const order: string[] = [];
    const chain = async (name: string) => {
      for (let index = 0; index < 50; index++) await Promise.resolve();
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      await import("drover");
      order.push(name);
    };
    await Promise.all(["a", "b", "c"].map(async (name) => {
      await sleep(1);
      order.push(name + "1");
      await chain(name + "2");
    }));
    return order;`,
    {
      answer: async (message, endpoint) => {
        if (message.t !== "timer") return undefined;
        if (message.step < 2) return { t: "page", step: message.step, items: [] };
        // All three at once: they are in the recipe's pipe together.
        await Promise.all([0, 1].map((step) => endpoint.send({ t: "fired", step, now: beginning })));
        return { t: "fired", step: 2, now: beginning };
      },
    },
  );
  assert.deepEqual(result, ["a1", "a2", "b1", "b2", "c1", "c2"]);
});

Deno.test("a signal times out by the run's clock", async () => {
  const { result } = await playBody(`
    const timeout = AbortSignal.timeout(1500);
    await new Promise((resolve) => timeout.addEventListener("abort", resolve));
    return [timeout.reason.name, performance.now()];`);
  assert.deepEqual(result, ["TimeoutError", 1500]);
});

Deno.test("the console becomes log lines", async () => {
  const { messages } = await playBody(String.raw`
    console.log("a", 1, { b: [2] });
    console.warn("careful");
    console.error(new RangeError("far").message);
    console.debug("\x1b[31mred\x1b[0m");
    console.assert(1 === 1, "fine");
    console.assert(false, "wrong");
    console.log({ toString() { throw 1; }, [Symbol.toPrimitive]() { throw 2; } });
    console.log("x".repeat(100_000));`);
  const lines = messages.flatMap((message) =>
    message.t === "log" ? [[message.level, message.message.slice(0, 30)]] : []
  );
  assert.deepEqual(lines.slice(0, 5), [
    ["info", "a 1 { b: [ 2 ] }"],
    ["warn", "careful"],
    ["error", "far"],
    ["debug", "red"],
    ["error", "Assertion failed: wrong"],
  ]);
  assert.equal(lines.length, 7);
});

for (
  const [how, body] of [
    ["is thrown", `throw new RangeError("too far");`],
    ["is thrown later", `setTimeout(() => { throw new RangeError("too far"); }, 1); await sleep(10);`],
    [
      "is thrown in a microtask",
      `queueMicrotask(() => { throw new RangeError("too far"); }); await sleep(10);`,
    ],
    ["rejects a promise that nobody awaits", `Promise.reject(new RangeError("too far")); await sleep(10);`],
  ] as const
) {
  Deno.test(`an error that ${how} ends the run with its place`, async () => {
    const { failure, exit } = await playBody(`\n${body}`);
    assert.equal(failure?.code, "recipe-failed");
    assert.equal(failure?.message, "RangeError: too far");
    assert.match(failure?.at?.file ?? "", /recipe\.ts$/);
    assert.equal(failure?.at?.line, 9);
    assert.equal(exit.kind, "finished");
  });
}

Deno.test("a recipe whose errors fight back still ends with one", async () => {
  for (
    const thrown of [
      "null",
      "undefined",
      "Symbol('x')",
      "{ get message() { throw 1; } }",
      "Object.assign(new Error('x'), { get stack() { throw 1; } })",
      "new Proxy({}, { get() { throw 1; } })",
      "Object.create(null)",
    ]
  ) {
    const { failure, exit } = await playBody(`throw ${thrown};`);
    assert.ok(failure !== undefined, thrown);
    assert.equal(exit.kind, "finished");
  }
});

Deno.test("a result or an input that is too large for the channel is an error of the recipe", async () => {
  const { failure } = await playBody(`return "x".repeat(2 ** 21);`);
  assert.match(
    failure?.message ?? "",
    /Cannot send a message of 20971\d\d bytes: the limit is 2097152 bytes/,
  );
  const { result } = await playBody(`
    try { await host.hostname({ padding: "x".repeat(2 ** 21) }); } catch (error: any) { return error.code; }`);
  assert.equal(result, "invalid-argument");
});

Deno.test("a recipe that waits for nothing is told so instead of hanging", async () => {
  const { failure } = await playBody("await new Promise(() => {});");
  assert.match(failure?.message ?? "", /waits for something that cannot happen/);
});

Deno.test("a file without a recipe is named", async () => {
  await using folder = await Folder.with({ "recipe.ts": "export const x = 1;" });
  const { failure } = await playFile(folder.file("recipe.ts"));
  assert.match(failure?.message ?? "", /default export is not a recipe/);
});

/** A recipe that has tampered with its realm, asks for something, and is answered. */
function playTampered(tampering: string): Promise<Played> {
  const broken = `const broken: any = () => { throw new Error("tampered"); };`;
  return playBody(`${broken}\n${tampering}\nreturn await host.hostname();`, {
    answer: (message) =>
      message.t === "call" ? { t: "answer", step: message.step, value: "hv1", now: beginning } : undefined,
  });
}

for (
  const tampering of [
    "JSON.parse = JSON.stringify = broken;",
    "Promise.prototype.catch = Promise.prototype.finally = Promise.resolve = broken;",
    "Uint8Array.prototype.subarray = Uint8Array.prototype.set = TextDecoder.prototype.decode = broken;",
    "TextEncoder.prototype.encode = String.prototype.includes = Math.max = Object.keys = Array.isArray = broken;",
    "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = Reflect.apply = broken;",
    "(globalThis as any).setTimeout = (globalThis as any).queueMicrotask = Date.now = broken;",
    "EventTarget.prototype.addEventListener = Error.captureStackTrace = broken;",
    'Object.defineProperty(Object.prototype, "t", { get: () => "done", set: broken, configurable: true });',
    'Object.defineProperty(Object.prototype, "0", { get: broken, set: broken, configurable: true });',
    'Object.defineProperty(Object.prototype, "value", { get: () => "evil", set: () => {}, configurable: true });',
    "Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(Promise.prototype);",
  ]
) {
  Deno.test(`a recipe that has run ${tampering} still gets its answer`, async () => {
    assert.equal((await playTampered(tampering)).result, "hv1");
  });
}

Deno.test("a recipe that breaks what it runs on ends, and says so", async () => {
  for (
    const tampering of [
      "Promise.prototype.then = broken;",
      "Map.prototype.get = Map.prototype.set = Map.prototype.delete = broken;",
      "Array.prototype[Symbol.iterator] = broken;",
      'Object.defineProperty(Object.prototype, "then", { get: () => broken, configurable: true });',
      'Object.defineProperty(Object.prototype, "toJSON", { value: () => ({ t: "done" }), configurable: true });',
      "(globalThis as any).Error = (globalThis as any).Promise = (globalThis as any).Map = broken; null!.x;",
      "(Error as any).prepareStackTrace = broken; throw new Error();",
    ]
  ) {
    const { failure, exit, result } = await playTampered(tampering);
    assert.equal(result, undefined);
    assert.ok(failure?.message !== undefined || exit.reason !== undefined, tampering);
  }
});

Deno.test("a prototype that a recipe pollutes stays its own", async () => {
  await playBody(
    `(Object.prototype as any).polluted = true; (Array.prototype as any).polluted = true; return {};`,
  );
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(([] as { polluted?: unknown }).polluted, undefined);
});
