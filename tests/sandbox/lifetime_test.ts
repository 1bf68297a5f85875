import assert from "node:assert/strict";
import { probeIsolation } from "../../runtime/sandbox/isolation.ts";
import { processesWith } from "./processes.ts";
import { Folder, launch, playFile, recipeText } from "./stage.ts";

const { level, setpriv, bwrap } = await probeIsolation();
const root = new URL("../../", import.meta.url);

Deno.test("a recipe does not outlive a runtime that is killed, even in an endless loop", {
  ignore: bwrap === undefined && setpriv === undefined, // neither bubblewrap nor setpriv (util-linux) is installed
}, async () => {
  for (const isolation of new Set([level, "process"])) {
    await using folder = await Folder.with({
      "recipe.ts": recipeText(`console.log("looping"); for (;;);`),
      "runtime.ts": `
        import { launch, playEndpoint } from "${new URL("tests/sandbox/stage.ts", root)}";
        const endpoint = await launch(Deno.args[0], { isolation: Deno.args[1] });
        await playEndpoint(endpoint, { answer: (message) => void (message.t === "log" && console.log(message.message)) });`,
    });
    const recipe = folder.file("recipe.ts");
    await using runtime = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        `--config=${new URL("deno.json", root).pathname}`,
        folder.file("runtime.ts"),
        recipe,
        isolation,
      ],
      stdout: "piped",
    }).spawn();
    const { value } = await runtime.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    assert.equal(value, "looping\n");
    const sandboxes = processesWith(`file://${recipe}`);
    assert.ok(sandboxes.length > 0);
    runtime.kill("SIGKILL");
    for (const pid of sandboxes) assert.ok(await ends(pid), `process ${pid} of level ${isolation} lives on`);
  }
});

/** Whether a process ends; tail(1) waits for that. */
async function ends(pid: number): Promise<boolean> {
  const { success } = await new Deno.Command("timeout", {
    args: ["10", "tail", `--pid=${pid}`, "--sleep-interval=0.05", "--follow", "/dev/null"],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

Deno.test("a recipe that is gone says why, though nobody has read what it said", async () => {
  await using folder = await Folder.with({
    "recipe.ts": recipeText(`for (let index = 0; index < 5000; index++) log.info("line");`),
  });
  await using endpoint = await launch(folder.file("recipe.ts"), {});
  const messages = endpoint.messages[Symbol.asyncIterator]();
  await endpoint.send({ t: "hello", version: 1, run: "run-1", recipe: "recipe.ts", methods: [] });
  for (let seen = ""; seen !== "recipe";) seen = (await messages.next()).value?.t ?? "recipe";
  await endpoint.send({ t: "start", hosts: [], input: {}, seed: "", now: 0 });
  await messages.next();
  await endpoint.kill("was not read");
  assert.deepEqual(await endpoint.exited, { kind: "killed", reason: "was not read" });
});

Deno.test("a recipe of many modules is loaded", async () => {
  const numbers = Array.from({ length: 300 }, (_, index) => index);
  const modules = Object.fromEntries(
    numbers.map((n) => [`lib/module_${n}.ts`, `export const value: number = ${n};`]),
  );
  const imports = numbers.map((n) => `import { value as v${n} } from "./lib/module_${n}.ts";`).join("\n");
  await using folder = await Folder.with({
    ...modules,
    "recipe.ts": recipeText(`return ${numbers.map((n) => `v${n}`).join(" + ")};`, imports),
  });
  assert.equal((await playFile(folder.file("recipe.ts"))).result, 44_850);
});
