import assert from "node:assert/strict";
import { systemClock } from "../../../runtime/clock.ts";
import { readSecretCommand } from "../../../runtime/secret/command_source.ts";
import { readSecretFile } from "../../../runtime/secret/file_source.ts";
import { namedSource } from "../../../runtime/secret/named_sources.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a file's value is what stands in it, without the end of its line", () =>
  inFolder(async (folder) => {
    const path = `${folder}/db`;
    for (const [content, value] of [["pa ss\n", "pa ss"], ["pass\r\n", "pass"], ["a\n\n", "a\n"]] as const) {
      await Deno.writeTextFile(path, content, { mode: 0o600 });
      assert.equal(await readSecretFile(path, "db"), value);
    }
    const bytes = new Uint8Array([0, 255, 10]);
    await Deno.writeFile(path, bytes);
    assert.deepEqual(await readSecretFile(path, "db"), bytes);
  }));

Deno.test("a file that others can get at, that is none, or that holds nothing is refused", () =>
  inFolder(async (folder) => {
    const path = `${folder}/db`;
    await Deno.writeTextFile(path, "hunter2");
    for (const mode of [0o640, 0o604, 0o620, 0o644]) {
      await Deno.chmod(path, mode);
      await assert.rejects(readSecretFile(path, "db"), {
        code: "permission-denied",
        message: /others can get at it \(its mode is 06/,
        hint: `Take their rights away: chmod 600 ${path}`,
      });
    }
    await Deno.chmod(path, 0o600);
    await Deno.writeTextFile(path, "\n");
    await assert.rejects(readSecretFile(path, "db"), /its value is empty/);
    await Deno.writeTextFile(path, "x".repeat(70_000));
    await assert.rejects(readSecretFile(path, "db"), /larger than 65536 bytes/);
    await assert.rejects(readSecretFile(folder, "db"), /not a regular file/);
    await assert.rejects(readSecretFile(`${folder}/none`, "db"), { code: "not-found" });
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    await assert.rejects(readSecretFile(`${folder}/pipe`, "db"), /not a regular file/);
  }));

Deno.test("a program's output is the value, and what it says when it fails is shown to nobody", async () => {
  const options = { about: "db", clock: systemClock, signal: new AbortController().signal };
  assert.equal(await readSecretCommand(["printf", "%s\n", "$HOME `id`"], options), "$HOME `id`");
  const failing = ["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"];
  await assert.rejects(
    readSecretCommand(failing, options),
    (error: Error) => /it left with 3$/.test(error.message) && !Deno.inspect(error).includes("hunter2 "),
  );
  await assert.rejects(readSecretCommand(["/no/such"], options), /it cannot be started$/);
  await assert.rejects(readSecretCommand(["yes"], options), /printed more than 65536 bytes$/);
  await assert.rejects(readSecretCommand(["true"], options), /its value is empty$/);
});

Deno.test("a program that does not end is ended, in time or with the run", async () => {
  const clock = new VirtualClock();
  const late = readSecretCommand(["sleep", "1000"], {
    about: "db",
    clock,
    signal: new AbortController().signal,
  });
  await clock.advance(60_000);
  await assert.rejects(late, { code: "timed-out" });
  const aborter = new AbortController();
  const left = readSecretCommand(["sleep", "1000"], { about: "db", clock, signal: aborter.signal });
  aborter.abort(new Error("the run has ended"));
  await assert.rejects(left, /the run has ended/);
});

Deno.test("what the owner has named is read from a file that only the owner can write", () =>
  inFolder(async (folder) => {
    const path = `${folder}/secrets.yaml`;
    await assert.rejects(namedSource("db", folder), { code: "not-found" });
    await Deno.writeTextFile(path, "db: file:/run/db\nbad: hunter2\nagain: named:db\n", { mode: 0o600 });
    assert.deepEqual(await namedSource("db", folder), { kind: "file", path: "/run/db" });
    await assert.rejects(namedSource("other", folder), { code: "not-found" });
    await assert.rejects(namedSource("toString", folder), { code: "not-found" });
    await assert.rejects(namedSource("again", folder), { code: "invalid-argument" });
    await assert.rejects(
      namedSource("bad", folder),
      ({ message, code }) => code === "invalid-argument" && !message.includes("hunter2"),
    );
    await Deno.chmod(path, 0o622);
    await assert.rejects(namedSource("db", folder), { code: "permission-denied" });
  }));
