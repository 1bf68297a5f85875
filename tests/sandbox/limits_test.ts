import assert from "node:assert/strict";
import type { Budget } from "../../runtime/sandbox/budget.ts";
import { probeIsolation } from "../../runtime/sandbox/isolation.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import { environmentOf, processesWith } from "./processes.ts";
import { Folder, launch, playBody, playEndpoint, playFile, recipeText } from "./stage.ts";

const mebibyte = 2 ** 20;
const { level, prlimit } = await probeIsolation();
const withoutPrlimit = prlimit === undefined;
const small: Partial<Budget> = { heapBytes: 64 * mebibyte, memoryBytes: 192 * mebibyte };

Deno.test("a recipe that fills the heap is ended with the limit's name, at every level", async () => {
  for (const isolation of new Set([level, "process"] as const)) {
    const { exit } = await playBody("const all = []; for (;;) all.push({ at: all.length, of: [] });", {
      isolation,
      budget: small,
    });
    assert.deepEqual(exit, { kind: "crashed", reason: "exceeded its heap limit of 64 MiB" });
  }
});

Deno.test("what V8 says when it dies is not passed on", async () => {
  const { lines } = await playBody("const all = []; for (;;) all.push({ at: all.length, of: [] });", {
    budget: small,
  });
  assert.deepEqual(lines, []);
});

Deno.test("a recipe that fills memory beside the heap is stopped", {
  ignore: withoutPrlimit, // prlimit (util-linux) is not installed
}, async () => {
  const { exit, failure } = await playBody(
    "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));",
    {
      budget: small,
    },
  );
  const why = `${failure?.message ?? ""} ${exit.reason ?? ""}`;
  assert.match(why, /Array buffer allocation failed|exceeded its memory limit of 192 MiB/);
});

for (
  const [where, body] of [
    ["in its run", `console.log("looping"); for (;;);`],
    ["of promises", `console.log("looping"); for (;;) await 0;`],
    ["in a regular expression", `console.log("looping"); return /^(a+)+$/.test("a".repeat(64) + "b");`],
    ["in a getter of its result", `console.log("looping"); return { get x() { for (;;); } };`],
  ] as const
) {
  Deno.test(`a recipe in an endless loop ${where} is ended when it takes nothing any more`, async () => {
    const clock = new VirtualClock();
    const { exit, lines } = await playBody(body, {
      clock,
      answer: async (message) => {
        if (message.t === "log") await clock.advance(31_000);
        return undefined;
      },
    });
    assert.deepEqual(lines, ["looping"]);
    assert.equal(exit.kind, "broke-rules");
    assert.match(
      exit.reason ?? "",
      /did not take what was delivered to it for 30 s; is it in an endless loop\?/,
    );
  });
}

Deno.test("a recipe in an endless loop at its top level is ended", async () => {
  const clock = new VirtualClock();
  await using folder = await Folder.with({ "recipe.ts": `console.log("looping"); for (;;);` });
  const { exit } = await playFile(folder.file("recipe.ts"), {
    clock,
    answer: async (message) => {
      if (message.t === "log") await clock.advance(31_000);
      return undefined;
    },
  });
  assert.match(exit.reason ?? "", /was not loaded within 30 s/);
});

Deno.test("a recipe that waits without doing anything is left alone until its time is up", async () => {
  const clock = new VirtualClock();
  await using folder = await Folder.with({ "recipe.ts": recipeText("await sleep(3_600_000);") });
  await using endpoint = await launch(folder.file("recipe.ts"), { clock });
  const { exit } = await playEndpoint(endpoint, {
    answer: async (message) => {
      if (message.t !== "timer") return undefined;
      // The credit for the start comes with the timer or soon after it; an hour later nothing has happened.
      await clock.advance(20_000);
      await clock.advance(23 * 3_600_000);
      await clock.advance(2 * 3_600_000);
      return { t: "page", step: message.step, items: [] };
    },
  });
  assert.equal(exit.kind, "broke-rules");
  assert.equal(exit.reason, "ran longer than its 86400 s");
});

Deno.test("a recipe that computes for longer than it may is ended", {
  ignore: withoutPrlimit, // prlimit (util-linux) is not installed
}, async () => {
  const { exit } = await playBody("for (;;);", { budget: { cpuSeconds: 1 } });
  assert.deepEqual(exit, { kind: "crashed", reason: "exceeded its computing time of 1 s" });
});

Deno.test("a recipe can be ended at any moment, and leaves nothing behind", async () => {
  for (const isolation of new Set([level, "process"] as const)) {
    await using folder = await Folder.with({ "recipe.ts": recipeText(`console.log("looping"); for (;;);`) });
    const recipe = `file://${folder.file("recipe.ts")}`;
    await using endpoint = await launch(folder.file("recipe.ts"), { isolation });
    let scratch: string | undefined;
    const { exit } = await playEndpoint(endpoint, {
      answer: async (message) => {
        if (message.t !== "log") return undefined;
        const [pid] = processesWith(recipe);
        scratch = environmentOf(pid!).find((text) => text.startsWith("DENO_DIR="))?.slice("DENO_DIR=".length);
        await endpoint.kill("was interrupted");
        return undefined;
      },
    });
    assert.deepEqual(exit, { kind: "killed", reason: "was interrupted" });
    assert.deepEqual(processesWith(recipe), []);
    await assert.rejects(Deno.stat(scratch!), Deno.errors.NotFound);
    await assert.rejects(
      endpoint.send({ t: "cancel", reason: "", now: 0 }),
      /The recipe is gone: it was interrupted/,
    );
  }
});

Deno.test("a recipe that is killed before it is ready is gone", async () => {
  await using folder = await Folder.with({ "recipe.ts": recipeText("return 1;") });
  const endpoint = await launch(folder.file("recipe.ts"), {});
  await endpoint.kill("was not wanted");
  assert.deepEqual(await endpoint.exited, { kind: "killed", reason: "was not wanted" });
  await endpoint[Symbol.asyncDispose]();
});
