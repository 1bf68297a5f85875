import assert from "node:assert/strict";
import { escapeByte } from "../../cli/actions/console.ts";
import { VirtError } from "../../model/error.ts";
import { drover, type Ran } from "./kit/drover.ts";
import type { FakeAnswers } from "./kit/fake_control.ts";

const encoder = new TextEncoder();

/** Keys as they are typed, and then nothing more. */
async function* typed(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield encoder.encode(piece);
  await new Promise(() => {});
}

/** A guest that prints a login, and echoes. */
function guest(seen: string[], more: Partial<FakeAnswers> = {}): FakeAnswers {
  return {
    "console.attach": async (_params, { send, signal }) => {
      await send({ kind: "open", reader: "r1" });
      await send({ kind: "data", data: encoder.encode("\x1b[1mlogin:\x1b[m ") });
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      throw signal.reason;
    },
    "console.type": ({ reader, data }) => {
      seen.push(`${reader} ${new TextDecoder().decode(data)}`);
      return Promise.resolve({});
    },
    ...more,
  };
}

function sit(
  answers: FakeAnswers,
  keys: AsyncIterable<Uint8Array>,
  args: readonly string[] = [],
): Promise<Ran> {
  return drover(["console", "web-1", ...args], { terminal: true, keys, answers });
}

Deno.test("what is typed goes to the guest, Ctrl-C included, and Ctrl-] leaves", async () => {
  const seen: string[] = [];
  const { exit, out, err, io } = await sit(guest(seen), typed("root\r\x03", "ls\r\x1dnever"));
  assert.equal(exit, 0, err);
  assert.equal(out, "\x1b[1mlogin:\x1b[m ", "the guest draws as it likes: it is its terminal");
  assert.match(err, /Connected to domain "web-1"; \^\] leaves/);
  assert.equal(seen.join("").replaceAll("r1 ", ""), "root\r\x03ls\r");
  assert.equal(io.raw, false, "the keyboard is given back");
});

Deno.test("another key may leave", async () => {
  const seen: string[] = [];
  const { exit, err } = await sit(guest(seen), typed("a\x1db", "~"), ["--escape", "~"]);
  assert.equal(exit, 0, err);
  assert.deepEqual(seen, ["r1 a\x1db"]);
  assert.deepEqual([escapeByte("^]"), escapeByte("^a"), escapeByte("~")], [0x1d, 1, 0x7e]);
  for (const key of ["", "^", "^^^", "ab", "\x1b", "é"]) {
    if (key === "^") continue;
    assert.throws(() => escapeByte(key), { code: "invalid-argument" }, key);
  }
});

Deno.test("a console that ends says why, and gives the keyboard back", async () => {
  const answers = guest([], {
    "console.attach": async (_params, { send }) => {
      await send({ kind: "open", reader: "r1" });
      await send({ kind: "lost", bytes: 2048 });
      return { why: "the hypervisor has closed it" };
    },
  });
  const { exit, err, io } = await sit(answers, typed());
  assert.equal(exit, 0);
  assert.match(err, /2\.00 KiB were lost[^]*The console has ended: the hypervisor has closed it/);
  assert.equal(io.raw, false);
});

Deno.test("a guest that takes nothing any more is an error, and not silence", async () => {
  const answers = guest([], {
    "console.type": () => Promise.reject(new VirtError("object-gone", "The domain is gone")),
  });
  const { exit, err, io } = await sit(answers, typed("x"));
  assert.notEqual(exit, 0);
  assert.match(err, /The domain is gone/);
  assert.equal(io.raw, false);
});

Deno.test("a console that somebody else has is told with the flag that takes it", async () => {
  const answers = guest([], {
    "console.attach": () =>
      Promise.reject(new VirtError("in-use", "Somebody else has it open", { hint: "…" })),
  });
  const { exit, err } = await sit(answers, typed());
  assert.equal(exit, 7);
  assert.match(err, /hint:.*--force/);
});

Deno.test("without a terminal nobody sits at a console", async () => {
  const { exit, err, control } = await drover(["domain", "console", "web-1"]);
  assert.equal(exit, 64);
  assert.match(err, /read-console/);
  assert.deepEqual(control.asked, []);
});
