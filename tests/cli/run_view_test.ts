import assert from "node:assert/strict";
import { LiveRun } from "../../cli/live/run_view.ts";
import type { RunEvent } from "../../runtime/control/methods.ts";
import { FakeIo, MemorySink } from "./kit/fake_io.ts";

type OperationEvent = Extract<RunEvent, { readonly type: "operation" }>;

function operation(at: number, more: Partial<OperationEvent>): OperationEvent {
  return {
    type: "operation",
    at,
    step: 1,
    operation: "domain.start",
    effect: "write",
    target: "web-1",
    state: "running",
    ...more,
  };
}

/** A view on a stream that is, or is not, a terminal, at a time that the test sets. */
function view(
  terminal: boolean,
): { readonly live: LiveRun; readonly sink: MemorySink; readonly time: { now: number } } {
  const sink = new MemorySink({ terminal, columns: 80 });
  const time = { now: 0 };
  const live = new LiveRun({ io: new FakeIo({ env: { NO_COLOR: "1" } }), sink, now: () => time.now });
  return { live, sink, time };
}

/** What stands on a terminal after everything that was written. */
function screen(text: string): readonly string[] {
  const lines: string[] = [""];
  // deno-lint-ignore no-control-regex -- the two sequences that the view uses
  for (const part of text.split(/(\x1b\[\d+A\r\x1b\[J|\n)/)) {
    // deno-lint-ignore no-control-regex -- as above
    const up = /^\x1b\[(\d+)A/.exec(part);
    if (up !== null) {
      lines.length -= Number(up[1]);
      lines[lines.length - 1] = "";
    } else if (part === "\n") lines.push("");
    else lines[lines.length - 1] += part;
  }
  return lines.filter((line) => line !== "");
}

Deno.test("off a terminal an operation is told of when it begins, every half minute, and when it ends", () => {
  const { live, sink, time } = view(false);
  using _live = live;
  live.show(operation(0, {}));
  for (time.now = 1000; time.now <= 65_000; time.now += 1000) live.tick();
  live.show(operation(70_000, { state: "done" }));
  assert.deepEqual(sink.text.split("\n"), [
    "  web-1     start       running      0.0s",
    "  web-1     start       running     30.0s",
    "  web-1     start       running     1m00s",
    "  web-1     start       done        1m10s",
    "",
  ]);
});

Deno.test("off a terminal nothing steers a cursor", () => {
  const { live, sink } = view(false);
  using _live = live;
  live.show(operation(0, { state: "waiting", position: 2 }));
  live.show({ type: "progress", at: 0, fraction: 0.5, text: "half" });
  live.show({
    type: "log",
    at: 0,
    level: "info",
    message: "a\x1b[31mb",
    fields: { vm: { $ref: "domain", name: "x\x1b" } },
  });
  live.show(operation(1, { state: "unknown" }));
  assert.ok(!sink.text.includes("\x1b"), sink.text);
});

Deno.test("on a terminal each running operation has one line, and what has ended stays above", () => {
  const { live, sink, time } = view(true);
  using _live = live;
  live.show(operation(0, { step: 1, target: "web-1" }));
  live.show(operation(0, {
    step: 2,
    target: "web-2",
    state: "waiting",
    position: 1,
    holder: {
      operation: "domain.backup",
      job: "async:backup",
      caller: { principal: "alice", run: "7f11", title: "recipes/nightly.ts", since: -41_000 },
      since: -41_000,
      fraction: 0.63,
    },
  }));
  live.show(operation(0, { step: 1, target: "web-1", fraction: 0.4, detail: "copying" }));
  assert.deepEqual(screen(sink.text), [
    "  web-1     start       running      0.0s  40%  copying",
    "  web-2     start       waiting   position 1, held by backup (run 7f11, nightl…",
  ]);
  time.now = 2500;
  live.show(operation(2500, { step: 1, state: "done" }));
  live.show({ type: "log", at: 2500, level: "warn", message: "slow" });
  assert.deepEqual(screen(sink.text).slice(0, 2), [
    "  web-1     start       done         2.5s",
    "  warning  slow",
  ]);
  assert.equal(screen(sink.text).length, 3);
  live[Symbol.dispose]();
  assert.equal(screen(sink.text).length, 2, "the live lines are gone at the end");
});

Deno.test("more operations than a screen holds are counted", () => {
  const { live, sink } = view(true);
  using _live = live;
  for (let step = 0; step < 40; step++) live.show(operation(0, { step, target: `web-${step}` }));
  const lines = screen(sink.text);
  assert.equal(lines.length, 13);
  assert.equal(lines.at(-1), "  … and 28 more");
});

Deno.test("reads are told of only where somebody had to wait for them", () => {
  const { live, sink } = view(false);
  using _live = live;
  live.show(operation(0, { effect: "read", operation: "domain.info" }));
  live.show(operation(10, { effect: "read", operation: "domain.info", state: "done" }));
  assert.equal(sink.text, "");
  live.show(operation(0, { step: 2, effect: "read", operation: "domain.info" }));
  live.show(operation(5000, { step: 2, effect: "read", operation: "domain.info", state: "done" }));
  assert.match(sink.text, /web-1 +info +done +5\.0s/);
});

Deno.test("while somebody else has the screen nothing is drawn over it", () => {
  const { live, sink } = view(true);
  using _live = live;
  live.show(operation(0, {}));
  const held = live.hold();
  const before = sink.text;
  live.tick();
  live.show(operation(0, { fraction: 0.5 }));
  assert.equal(sink.text, before);
  held[Symbol.dispose]();
  assert.match(screen(sink.text).at(-1) ?? "", /50%/);
});
