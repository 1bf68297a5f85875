import assert from "node:assert/strict";
import { channelLimits } from "../../model/channel.ts";
import { isVirtError } from "../../model/error.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import {
  Folder,
  launch,
  playBody,
  type Played,
  playEndpoint,
  playFile,
  type PlayOptions,
  recipeText,
} from "./stage.ts";
import { NakedBundle } from "./naked_bundle.ts";

/** Plays a recipe that says what it likes. */
async function playRaw(body: string, options: PlayOptions = {}): Promise<Played> {
  await using naked = await NakedBundle.make();
  await using folder = await Folder.with({
    "recipe.js": `import { declare, frame, raw, say, stall } from "drover";\n${body}\n`,
  });
  return await playFile(folder.file("recipe.js"), { bundle: naked.bundle, ...options });
}

for (
  const [what, body, reason] of [
    [
      "speaks before it is ready",
      `say({ t: "log", level: "info", message: "x" });`,
      /spoke before it was ready/,
    ],
    [
      "says twice that it is ready",
      `declare(); say({ t: "ready", version: 1 });`,
      /said twice that it is ready/,
    ],
    ["speaks another version", `say({ t: "ready", version: 2 });`, /speaks version 2 of the channel, not 1/],
    [
      "calls before it has declared itself",
      `say({ t: "ready", version: 1 }); say({ t: "timer", step: 0, ms: 1 });`,
      /sent "timer" out of turn/,
    ],
    [
      "sends a message of no kind",
      `declare(); say({ t: "sudo", command: "id" });`,
      /sent a message that is not one/,
    ],
    ["sends no object", `declare(); raw(frame("null"));`, /sent a message that is not one/],
    ["sends a step below zero", `declare(); say({ t: "timer", step: -1, ms: 1 });`, /not one: step/],
    ["sends a step that is no number", `declare(); say({ t: "timer", step: "0", ms: 1 });`, /not one: step/],
    [
      "uses a step's number twice",
      `declare(); say({ t: "timer", step: 5, ms: 1 }); say({ t: "timer", step: 5, ms: 1 });`,
      /used the step number 5 out of turn/,
    ],
    [
      "goes back in its numbers",
      `declare(); say({ t: "timer", step: 5, ms: 1 }); say({ t: "begin", step: 4, name: "x" });`,
      /used the step number 4 out of turn/,
    ],
    ["asks for a timer in the past", `declare(); say({ t: "timer", step: 0, ms: -1 });`, /not one: ms/],
    [
      "announces a frame of 4 GiB",
      `declare(); raw(Uint8Array.of(255, 255, 255, 255));`,
      /announces 4294967295 bytes/,
    ],
    ["sends an empty frame", `declare(); raw(Uint8Array.of(0, 0, 0, 0));`, /A frame is empty/],
    ["sends what is not JSON", `declare(); raw(frame("{"));`, /does not hold JSON in UTF-8/],
    ["prints to the channel", `declare(); console.log("hello, world");`, /announces 1751477356 bytes/],
    [
      "sends what is nested deep",
      `declare(); raw(frame('{"t":"done","result":' + "[".repeat(200) + "]".repeat(200) + "}"));`,
      /nested deeper than 100 levels/,
    ],
    [
      "sends a prototype",
      `declare(); raw(frame('{"t":"done","result":{"__proto__":{"admin":true}}}'));`,
      /a key "__proto__"/,
    ],
    [
      "sends a prototype, spelt otherwise",
      String.raw`declare(); raw(frame('{"t":"done","result":{"\\u005f_proto__":{"admin":true}}}'));`,
      /a key "__proto__"/,
    ],
    [
      "gives credit that it was not given",
      `declare(); say({ t: "credit", frames: 100 });`,
      /credit that it does not have/,
    ],
    [
      "goes on after its end",
      `declare(); say({ t: "done", result: 1 }); say({ t: "done", result: 2 });`,
      /out of turn/,
    ],
    [
      "has more open than it may",
      `declare(); for (let step = 0; step < 11; step++) say({ t: "timer", step, ms: 1e9 });`,
      /more than 10 calls, timers, subscriptions and named steps open/,
    ],
    [
      "begins more named steps than it may",
      `declare(); for (let step = 0; step < 11; step++) say({ t: "begin", step, name: "x" });`,
      /more than 10 calls, timers, subscriptions and named steps open/,
    ],
  ] as const
) {
  Deno.test(`a recipe that ${what} is ended`, async () => {
    const { exit, messages } = await playRaw(`${body}\nawait stall();`, {
      budget: { pending: 10 },
      answer: (message) => message.t === "timer" ? neverFired : undefined,
    });
    assert.equal(exit.kind, "broke-rules");
    assert.match(exit.reason ?? "", reason);
    assert.ok(messages.length <= 13);
  });
}

/** An answer to a step that is not the recipe's: it changes nothing for the step that was asked for. */
const neverFired = { t: "page", step: 1_000_000, items: [] } as const;

Deno.test("named steps that have ended are not open any more, and a call does not end by a word of the recipe's", async () => {
  const { exit } = await playRaw(
    `declare();
    for (let step = 0; step < 20; step++) {
      say({ t: "begin", step, name: "x" });
      say({ t: "end", step, ok: true });
    }
    for (let step = 20; step < 31; step++) {
      say({ t: "file", step, name: "x" });
      say({ t: "end", step, ok: true });
      say({ t: "cancel", step });
    }
    await stall();`,
    { budget: { pending: 10 } },
  );
  assert.match(exit.reason ?? "", /more than 10 calls/);
});

Deno.test("what a recipe sends passes with its own numbers only, whatever they are in another run", async () => {
  // Nothing in a message names a run: it belongs to the channel on which it came.
  const { messages, exit } = await playRaw(`
    declare();
    say({ t: "release", step: 0, lease: "lease-of-another-run", run: "run-2" });
    say({ t: "done", result: { run: "run-2" } });
    Deno.exit(0);`);
  assert.deepEqual(messages.find(({ t }) => t === "release"), {
    t: "release",
    step: 0,
    lease: "lease-of-another-run",
  });
  assert.equal(exit.kind, "finished");
});

Deno.test("a recipe that steals what is sent to it learns what it is told anyway, and nothing else", async () => {
  const { result } = await playRaw(`
    declare();
    const bytes = new Uint8Array(65536);
    const size = Deno.stdin.readSync(bytes);
    say({ t: "done", result: new TextDecoder().decode(bytes.subarray(4, size)) });
    Deno.exit(0);`);
  assert.match(String(result), /^{"t":"hello"/);
});

Deno.test("terminal escapes are gone from all that people get to see", async () => {
  const { messages, failure } = await playRaw(String.raw`
    declare();
    const evil = "\x1b]0;title\x07\x1b[31mred\x1b[2J\x9b1m\x08\u202e\r!";
    say({ t: "log", level: "info", message: evil, fields: { [evil]: [evil, { deep: evil }] } });
    say({ t: "begin", step: 0, name: evil });
    say({ t: "progress", fraction: 0.5, text: evil });
    say({ t: "end", step: 0, ok: false, message: evil });
    say({ t: "failed", error: { code: "x", message: evil, hint: evil, stack: evil } });
    Deno.exit(0);`);
  const seen = JSON.stringify(messages);
  assert.doesNotMatch(seen, /\\u001b|\\u009b|\\b|\\r|\u202e|title|31m/);
  assert.equal(failure?.message, "red\n!");
  assert.deepEqual(messages.find(({ t }) => t === "log"), {
    t: "log",
    level: "info",
    message: "red\n!",
    fields: { "red\n!": ["red\n!", { deep: "red\n!" }] },
  });
});

Deno.test("what a recipe writes to its error output is passed on, without escapes", async () => {
  const { lines } = await playRaw(String.raw`
    declare();
    Deno.stderr.writeSync(new TextEncoder().encode("\x1b[1mplain\x1b[0m text\nand more"));
    say({ t: "done", result: null });
    Deno.exit(0);`);
  assert.deepEqual(lines, ["plain text", "and more"]);
});

Deno.test("a flood on the error output is read, and all but its beginning dropped", async () => {
  const { lines, exit } = await playRaw(`
    declare();
    const line = new TextEncoder().encode("x".repeat(1023) + "\\n");
    for (let index = 0; index < 4096; index++) Deno.stderr.writeSync(line);
    say({ t: "done", result: null });
    Deno.exit(0);`);
  assert.equal(exit.kind, "finished");
  assert.ok(lines.length >= 60 && lines.length <= 70, `${lines.length} lines`);
});

Deno.test("a recipe that logs without end is cut short with a note", async () => {
  const { lines } = await playRaw(
    `declare();
    for (let index = 0; index < 100; index++) say({ t: "log", level: "info", message: "x".repeat(1000) });
    say({ t: "done", result: null });
    Deno.exit(0);`,
    { budget: { logBytes: 10_000 } },
  );
  assert.equal(lines.length, 10);
  assert.match(lines.at(-1)!, /logged more than 10000 bytes; the rest is dropped/);
});

Deno.test("a flood of messages is held back, not taken in", async () => {
  const clock = new VirtualClock();
  await using naked = await NakedBundle.make();
  await using folder = await Folder.with({
    "recipe.js": `import { declare, say, stall } from "drover";
      declare();
      for (;;) say({ t: "progress", fraction: 0.5 });`,
  });
  await using endpoint = await launch(folder.file("recipe.js"), {
    bundle: naked.bundle,
    clock,
    budget: { messagesPerSecond: 100 },
  });
  const messages = endpoint.messages[Symbol.asyncIterator]();
  for (let second = 1; second <= 3; second++) {
    // One more than the pace is taken in before the recipe is held back.
    for (let count = second === 1 ? 0 : 1; count < 101; count++) await messages.next();
    const next = messages.next();
    assert.equal(await Promise.race([next, clock.advance(999).then(() => "held back")]), "held back");
    await clock.advance(1);
    assert.equal((await next).done, false);
  }
});

Deno.test("what was answered does not count as open any more, however much there was of it", async () => {
  const { result, exit } = await playBody(
    `for (let count = 0; count < 100; count++) await sleep(1); return "done";`,
    { budget: { pendingBytes: 500 } },
  );
  assert.equal(exit.kind, "finished", exit.reason);
  assert.equal(result, "done");
});

Deno.test("a recipe that makes its journal grow without end is ended, whoever of the two does the talking", async () => {
  for (
    const [budget, body] of [
      [20_000, `for (let count = 0; count < 1000; count++) await sleep(1);`],
      [20_000, `log.info("x".repeat(16_000)); log.info("x".repeat(16_000)); await sleep(1);`],
    ] as const
  ) {
    const { exit } = await playBody(body, { budget: { channelBytes: budget } });
    assert.deepEqual(exit, { kind: "broke-rules", reason: "asked for and was told more than 20000 bytes" });
  }
});

Deno.test("a recipe that does not read what it is sent is ended", async () => {
  const clock = new VirtualClock();
  const { exit } = await playRaw("declare(); await stall();", {
    clock,
    answer: async (message, endpoint) => {
      if (message.t !== "recipe") return undefined;
      await endpoint.send({ t: "start", hosts: [], input: {}, seed: "", now: 0 });
      await clock.advance(29_000);
      const alive = await Promise.race([
        endpoint.exited.then(() => "gone"),
        clock.advance(0).then(() => "alive"),
      ]);
      assert.equal(alive, "alive");
      await clock.advance(10_000);
      return { t: "page", step: 0, items: [] };
    },
  });
  assert.equal(exit.kind, "broke-rules");
  assert.match(exit.reason ?? "", /did not take what was delivered to it for 30 s/);
});

Deno.test("senders wait while a recipe has no credit, and are told when it is gone", async () => {
  await using naked = await NakedBundle.make();
  await using folder = await Folder.with({
    "recipe.js": `import { declare, stall } from "drover"; declare(); await stall();`,
  });
  await using endpoint = await launch(folder.file("recipe.js"), { bundle: naked.bundle });
  const fired = (step: number) => endpoint.send({ t: "fired", step, now: 0 });
  for (let step = 0; step < 256; step++) await fired(step);
  let sent = false;
  const waiting = fired(256).then(() => sent = true);
  waiting.catch(() => {});
  await endpoint.messages[Symbol.asyncIterator]().next();
  assert.equal(sent, false);
  await endpoint.kill("has been waited for long enough");
  await assert.rejects(
    waiting,
    (error) => isVirtError(error, "cancelled") && /gone: it has been waited for/.test(error.message),
  );
  await assert.rejects(fired(257), /The recipe is gone/);
});

Deno.test("deliveries come in the order in which they were sent, also where there was no credit for them", async () => {
  await using folder = await Folder.with({
    "recipe.ts": recipeText(`
      const order: number[] = [];
      await Promise.all(Array.from({ length: 2000 }, async (_, index) => { await sleep(1); order.push(index); }));
      return order.every((value, index) => value === index) && order.length;`),
  });
  await using endpoint = await launch(folder.file("recipe.ts"), {});
  const sent: Promise<void>[] = [];
  const { result } = await playEndpoint(endpoint, {
    answer: (message) => {
      if (message.t !== "timer") return undefined;
      if (message.step === 1999) {
        for (let step = 0; step < 2000; step++) sent.push(endpoint.send({ t: "fired", step, now: step }));
      }
      return { t: "page", step: message.step, items: [] };
    },
  });
  await Promise.all(sent);
  assert.equal(result, 2000);
});

Deno.test("a delivery larger than a frame is refused to the sender, and the recipe goes on", async () => {
  await using folder = await Folder.with({
    "recipe.ts": `import { recipe } from "drover";
      export default recipe({ summary: "Goes on", needs: [], run: () => "went on" });`,
  });
  await using endpoint = await launch(folder.file("recipe.ts"), {});
  await assert.rejects(
    endpoint.send({ t: "page", step: 0, items: ["x".repeat(channelLimits.frameBytes)] }),
    (error) => isVirtError(error, "protocol") && /Cannot deliver "page"/.test(error.message),
  );
  assert.equal((await playEndpoint(endpoint)).result, "went on");
});

Deno.test("the messages of a recipe can be read by one reader only", async () => {
  await using folder = await Folder.with({ "recipe.ts": "export default 1;" });
  await using endpoint = await launch(folder.file("recipe.ts"), {});
  await endpoint.messages[Symbol.asyncIterator]().next();
  await assert.rejects(
    () => endpoint.messages[Symbol.asyncIterator]().next(),
    /Cannot read the messages of a recipe twice/,
  );
});

Deno.test("a recipe that ends without a word is said to have crashed", async () => {
  for (
    const [code, reason] of [[0, "ended without a result"], [
      7,
      "ended without a result, with exit code 7",
    ]] as const
  ) {
    const { exit } = await playRaw(`declare(); Deno.exit(${code});`);
    assert.deepEqual(exit, { kind: "crashed", reason });
  }
});
