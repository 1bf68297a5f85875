import assert from "node:assert/strict";
import { isVirtError } from "../../model/error.ts";
import { chooseIsolation, isolationLevels, probeIsolation } from "../../runtime/sandbox/isolation.ts";
import { environmentOf, processesWith } from "./processes.ts";
import { NakedBundle } from "./naked_bundle.ts";
import { Folder, launch, type Played, playFile, type PlayOptions } from "./stage.ts";

const { level, bwrap } = await probeIsolation();
const levels = level === "process" ? [level] : [level, "process"] as const;

/** Plays a recipe that has all of Deno, in a process that is shut in as ever. */
async function playNaked(body: string, options: PlayOptions = {}): Promise<Played> {
  await using naked = await NakedBundle.make();
  await using folder = await Folder.with({
    "recipe.js": `import { declare, say } from "drover";
const done = (result) => { say({ t: "done", result }); Deno.exit(0); };
declare();
${body}
`,
    "neighbour.txt": "secret",
  });
  return await playFile(folder.file("recipe.js"), { bundle: naked.bundle, ...options });
}

/** What cannot be done even with all of Deno in hand; each must fail with an error. */
const attempts: Readonly<Record<string, string>> = {
  "read a file of the host": `Deno.readTextFileSync("/etc/passwd")`,
  "read a neighbour": `Deno.readTextFileSync(import.meta.dirname + "/neighbour.txt")`,
  "list its own folder": `[...Deno.readDirSync(import.meta.dirname)]`,
  "list the root": `[...Deno.readDirSync("/")]`,
  "look at a file of the host": `Deno.statSync("/etc/passwd")`,
  "read an environment": `Deno.readTextFileSync("/proc/1/environ")`,
  "read the runtime's environment": `Deno.readTextFileSync("/proc/" + Deno.ppid + "/environ")`,
  "read its own environment": `Deno.env.toObject()`,
  "write a file": `Deno.writeTextFileSync("/tmp/drover-attempt", "x")`,
  "write itself": `Deno.writeTextFileSync(import.meta.filename, "x")`,
  "make a temporary file": `Deno.makeTempFileSync()`,
  "make a link": `Deno.symlinkSync("/etc/passwd", import.meta.dirname + "/link")`,
  "change a mode": `Deno.chmodSync(import.meta.filename, 0o777)`,
  "change its folder": `Deno.chdir("/tmp")`,
  "connect to a port": `await Deno.connect({ hostname: "127.0.0.1", port: 22 })`,
  "connect to a socket": `await Deno.connect({ transport: "unix", path: "/run/libvirt/libvirt-sock" })`,
  "listen on a port": `Deno.listen({ port: 0 })`,
  "fetch": `await fetch("http://127.0.0.1:1/")`,
  "open a web socket": `await new Promise((_, reject) => {
    const socket = new WebSocket("ws://127.0.0.1:1/");
    socket.onerror = (event) => reject(new Error("not connected " + event.type));
  })`,
  "ask a name server": `await Deno.resolveDns("example.org", "A")`,
  "load a library":
    `Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", { getpid: { parameters: [], result: "i32" } })`,
  "signal the runtime": `Deno.kill(Deno.ppid, "SIGTERM")`,
  "signal everybody": `Deno.kill(-1, "SIGKILL")`,
  "signal the first process": `Deno.kill(1, "SIGKILL")`,
  "learn the name of the host": `Deno.hostname()`,
  "learn the memory of the host": `Deno.systemMemoryInfo()`,
  "use WebAssembly": `new WebAssembly.Memory({ initial: 1 })`,
  "build code": `(0, eval)("1")`,
  "import a file of the host": `await import("/etc/" + "passwd", { with: { type: "text" } })`,
  "import from the network": `await import("http://127.0.0.1:1/" + "x.js")`,
  "import a package": `await import("npm:" + "zod")`,
  "ask for a permission": `(() => {
    if (Deno.permissions.requestSync({ name: "read" }).state === "denied") throw new Error("denied");
  })()`,
};

for (const isolation of levels) {
  Deno.test(`a recipe with all of Deno in hand is kept in at level ${isolation}`, async (test) => {
    const tries = Object.entries(attempts).map(([what, code]) =>
      `try { ${code}; out[${JSON.stringify(what)}] = "DONE"; } catch (error) { out[${
        JSON.stringify(what)
      }] = String(error); }`
    );
    const { result, exit } = await playNaked(`const out = {};\n${tries.join("\n")}\ndone(out);`, {
      isolation,
    });
    assert.equal(exit.kind, "finished");
    for (const [what, outcome] of Object.entries(result as Record<string, string>)) {
      await test.step(`it cannot ${what}`, () => assert.notEqual(outcome, "DONE"));
    }
    assert.equal(Object.keys(result as object).length, Object.keys(attempts).length);
    await assert.rejects(Deno.stat("/tmp/drover-attempt"), Deno.errors.NotFound);
  });

  for (
    const [what, body] of [
      [
        "start a program",
        `new Deno.Command("/bin/sh", { args: ["-c", "touch /tmp/drover-attempt"] }).outputSync()`,
      ],
      ["use Node's files", `(await import("node:" + "fs")).readFileSync("/etc/passwd", "utf8")`],
      ["use Node's loader", `(await import("node:" + "module")).createRequire("/etc/")("/etc/passwd")`],
      [
        "start a program by Node",
        `(await import("node:" + "child_process")).execSync("touch /tmp/drover-attempt")`,
      ],
      [
        "make a database",
        `new (await import("node:" + "sqlite")).DatabaseSync("/tmp/drover-attempt").exec("create table t(x)")`,
      ],
      ["open an inspector", `(await import("node:" + "inspector")).open(0)`],
      [
        "write a picture of its heap",
        `(await import("node:" + "v8")).writeHeapSnapshot("/tmp/drover-attempt")`,
      ],
      ["raise its priority", `(await import("node:" + "os")).setPriority(0, -20)`],
    ] as const
  ) {
    Deno.test(`a recipe cannot ${what} at level ${isolation}`, async () => {
      const { result, exit } = await playNaked(
        `try { ${body}; done("DONE"); } catch (error) { done(String(error)); }`,
        { isolation },
      );
      // Where there is no /proc, Deno itself gives up on some of these: the recipe's process ends, and nothing else.
      if (exit.kind === "finished") assert.notEqual(result, "DONE");
      else assert.equal(exit.kind, "crashed");
      await assert.rejects(Deno.stat("/tmp/drover-attempt"), Deno.errors.NotFound);
    });
  }

  Deno.test(`a recipe that swallows signals is ended all the same at level ${isolation}`, async () => {
    await using naked = await NakedBundle.make();
    await using folder = await Folder.with({
      "recipe.js": `import { declare, stall } from "drover";
        for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) Deno.addSignalListener(signal, () => {});
        declare();
        await stall();`,
    });
    await using endpoint = await launch(folder.file("recipe.js"), { bundle: naked.bundle, isolation });
    await endpoint.messages[Symbol.asyncIterator]().next();
    await endpoint.kill("was told to");
    assert.deepEqual(await endpoint.exited, { kind: "killed", reason: "was told to" });
  });
}

Deno.test("a recipe's process is alone among its processes", {
  ignore: bwrap === undefined, // bubblewrap is not installed, or user namespaces are off
}, async () => {
  const { result } = await playNaked("done(Deno.pid);");
  assert.ok(Number(result) < 10, `its number is ${result}`);
});

Deno.test("filling the caches of the web ends at the size of the scratch space", {
  ignore: bwrap === undefined, // bubblewrap is not installed, or user namespaces are off
}, async () => {
  const { result, exit } = await playNaked(`
    let stored = 0;
    try {
      const cache = await caches.open("fill");
      for (; stored < 256; stored++) {
        await cache.put("http://x/" + stored, new Response(new Uint8Array(1 << 20)));
      }
    } catch { /* what is wanted */ }
    done(stored);`);
  if (exit.kind === "finished") assert.ok(Number(result) < 64, `${result} MiB were stored`);
  else assert.equal(exit.kind, "crashed");
});

Deno.test("the environment of a sandbox holds nothing of ours", async () => {
  Deno.env.set("DROVER_ATTEMPT_SECRET", "hunter2");
  try {
    await using folder = await Folder.with({ "recipe.ts": "export default 1;" });
    await using endpoint = await launch(folder.file("recipe.ts"), { isolation: "process" });
    await endpoint.messages[Symbol.asyncIterator]().next();
    const [pid] = processesWith(`file://${folder.file("recipe.ts")}`);
    const environment = environmentOf(pid!);
    assert.ok(environment.includes("DENO_NO_PACKAGE_JSON=1"));
    for (const text of environment) assert.doesNotMatch(text, /^(DROVER_ATTEMPT_SECRET|HOME|PATH|USER)=/);
  } finally {
    Deno.env.delete("DROVER_ATTEMPT_SECRET");
  }
});

Deno.test("a level is reported, and a strict sandbox refuses less than the best", async () => {
  await using folder = await Folder.with({ "recipe.ts": "export default 1;" });
  for (const isolation of levels) {
    await using endpoint = await launch(folder.file("recipe.ts"), { isolation });
    assert.equal(endpoint.isolation, isolation);
  }
  if (level === isolationLevels[0]) {
    assert.equal((await chooseIsolation("strict")).level, level);
  } else {
    await assert.rejects(chooseIsolation("strict"), (error) => isVirtError(error, "unsupported"));
  }
});
