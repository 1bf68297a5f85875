import assert from "node:assert/strict";
import { eventWords, isWanted, type TellingEvent } from "../../cli/live/event_wish.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { drover, type Ran } from "./kit/drover.ts";
import { inPlace } from "./kit/process.ts";

function event(sequence: number, more: Partial<TellingEvent> = {}): TellingEvent {
  return {
    kind: "event",
    sequence,
    at: 0,
    object: { $ref: "domain", id: "u-1", name: "web-1" },
    type: "started",
    ...more,
  };
}

/** Runs a command while these things happen, and nothing afterwards. */
function during(events: readonly TellingEvent[], ...args: readonly string[]): Promise<Ran> {
  return drover(args, {
    answers: {
      "events.watch": async (_params, { send, signal }) => {
        await send({ kind: "listening" });
        for (const each of events) await send(each);
        if (!signal.aborted) {
          await new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => resolve(), { once: true })
          );
        }
        return {};
      },
    },
  });
}

const happened = [
  event(1, { detail: "booted" }),
  event(2, { object: { $ref: "network", id: "n", name: "default" }, type: "stopped" }),
  event(3, { type: "job", detail: "block-pull vda completed" }),
  event(4, {
    object: { $ref: "domain", id: "u-2", name: "db\x1b[2J" },
    type: "stopped",
    detail: "destroyed",
  }),
];

Deno.test("events are told one a line until there are enough", async () => {
  const { exit, out, err } = await during(happened, "events", "--count", "4");
  assert.equal(exit, 0, err);
  assert.equal(out.trim().split("\n").length, 4);
  assert.match(out, /domain "web-1" {2}started {2}booted\n/);
  assert.ok(!out.includes("\x1b"));
  assert.match(err, /^Listening to test:\/\/\/default\n$/);
});

Deno.test("only what is wanted is told and counted", async () => {
  const told = async (...flags: readonly string[]): Promise<number[]> => {
    const { out } = await during(happened, "events", "-o", "ndjson", "--count", "1", ...flags);
    return out.trim().split("\n").map((line) => JSON.parse(line).item.sequence);
  };
  assert.deepEqual(await told("--on", "network"), [2]);
  assert.deepEqual(await told("--name", "db*"), [4]);
  assert.deepEqual(await told("--type", "block-job"), [3]);
  assert.deepEqual(await told("--type", "stopped", "--on", "domain"), [4]);
});

Deno.test("virsh's command ends with the first event, and with --loop goes on", async () => {
  const first = await during(happened, "event", "--domain", "web-1");
  assert.deepEqual([first.exit, first.out.trim().split("\n").length], [0, 1]);
  const network = await during(happened, "net-event", "default");
  assert.match(network.out, /network "default" {2}stopped/);
  const loop = await during(happened, "event", "--loop", "--all", "--timeout", "0.05");
  assert.equal(loop.exit, 0, "something has happened");
  assert.equal(loop.out.trim().split("\n").length, 3);
});

Deno.test("time that is over without anything is 124", async () => {
  const { exit, err } = await during([], "events", "--within", "20ms");
  assert.equal(exit, 124);
  assert.match(err, /Nothing has happened/);
});

Deno.test("a misspelt event is refused, since it would be waited for in vain", async () => {
  assert.equal((await during([], "event", "--event", "lifecicle")).exit, 64);
  assert.equal((await during([], "events", "--on", "secret", "--type", "reboot")).exit, 64);
  assert.match((await during([], "event", "--list")).out, /^agent\n[^]*lifecycle\n/);
});

Deno.test("that events may have been missed is always told, and is none of those that are counted", () => {
  const missed = event(9, { object: { $ref: "connection", id: "self", name: "x" }, type: "resync" });
  assert.ok(isWanted(missed, { objectClass: "domain", types: ["started"], name: Glob.exact("web-1") }));
});

Deno.test("every word of virsh's means something", () => {
  for (const word of eventWords()) isWanted(event(1), { types: [word] });
  assert.ok(isWanted(event(1), { types: ["lifecycle"] }));
  assert.ok(!isWanted(event(1, { type: "reboot" }), { types: ["lifecycle"] }));
  assert.ok(
    isWanted(event(1, { type: "changed", detail: "metadata title" }), { types: ["metadata-change"] }),
  );
});

Deno.test("a second process's doings are told, and Ctrl-C ends it with 130", async () => {
  await inPlace(async (place) => {
    const listening = place.start("events", "-o", "ndjson");
    await listening.complained("Listening to");
    assert.equal((await place.run("suspend", "test")).code, 0);
    await listening.printed("suspended");
    listening.signal("SIGINT");
    const { code, out } = await listening.ended();
    assert.equal(code, 130);
    assert.equal(JSON.parse(out.split("\n")[0] ?? "").item.object.name, "test");
  });
});
