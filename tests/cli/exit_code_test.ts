import assert from "node:assert/strict";
import { type ErrorCode, errorCodes } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { RunView } from "../../runtime/control/methods.ts";
import { drover } from "./kit/drover.ts";
import type { FakeAnswers } from "./kit/fake_control.ts";

function failing(code: ErrorCode, kind: "not-done" | "unknown" = "not-done"): FakeAnswers {
  return {
    "operation.call": () =>
      Promise.resolve({ kind, error: { code, message: `It failed with ${code}`, hint: "Try again" } }),
  };
}

for (const [code, { exit: expected }] of Object.entries(errorCodes)) {
  Deno.test(`an operation that fails with "${code}" leaves with ${expected}`, async () => {
    const { exit, out, err } = await drover(["start", "web-1"], { answers: failing(code as ErrorCode) });
    assert.equal(exit, expected);
    assert.equal(out, "");
    assert.equal(err, `error: It failed with ${code}\nhint: Try again\n`);
  });
}

Deno.test("an operation whose outcome is unknown leaves with 10", async () => {
  const { exit } = await drover(["start", "web-1"], { answers: failing("outcome-unknown", "unknown") });
  assert.equal(exit, exitCode.unknownOutcome);
});

function ended(view: Partial<RunView>): FakeAnswers {
  const run: RunView = {
    id: "7f3a",
    file: "a.ts",
    hosts: { host: "test:///default" },
    state: "done",
    principal: "uid:1000",
    since: 0,
    ended: 1200,
    isolation: "bwrap",
    ...view,
  };
  return {
    "runs.start": async (_params, { send }) => {
      await send({ type: "run", at: 0, run: { ...run, state: "running" } });
      return run;
    },
  };
}

const recipe = new URL("./kit/drover.ts", import.meta.url).pathname;

const ends: readonly (readonly [string, Partial<RunView>, number])[] = [
  ["is done", { exit: 0 }, 0],
  ["failed", { state: "failed", exit: 1, error: { code: "recipe-failed", message: "no" } }, 1],
  ["found drift", { state: "done", exit: 5 }, 5],
  [
    "failed on some targets",
    { state: "failed", exit: 3, error: { code: "recipe-failed", message: "no" } },
    3,
  ],
  ["could not reach some targets", {
    state: "failed",
    exit: 4,
    error: { code: "unreachable", message: "no" },
  }, 4],
  ["lacked a grant", { state: "failed", exit: 8, error: { code: "permission-denied", message: "no" } }, 8],
  ["did not get a slot", { state: "failed", exit: 9, error: { code: "slot-timeout", message: "no" } }, 9],
  ["has an unknown outcome, although its recipe went on", { state: "done", exit: 10 }, 10],
  ["timed out", { state: "failed", exit: 124, error: { code: "timed-out", message: "no" } }, 124],
  ["was cancelled by somebody else", { state: "cancelled", exit: 130 }, 130],
  ["was interrupted, and does not say how", { state: "interrupted" }, 130],
];

for (const [what, view, expected] of ends) {
  Deno.test(`a run that ${what} leaves with ${expected}`, async () => {
    const { exit } = await drover(["run", recipe], { answers: ended(view) });
    assert.equal(exit, expected);
  });
}

Deno.test("a run's error is told with its place", async () => {
  const error = {
    code: "recipe-failed",
    message: "The recipe failed",
    at: { file: "a.ts", line: 12, column: 7 },
  } as const;
  const { err } = await drover(["run", recipe], { answers: ended({ state: "failed", exit: 1, error }) });
  assert.equal(err, "error: The recipe failed\nat a.ts:12:7\n");
});

Deno.test("a recipe that is not there leaves with 6, and no kernel is asked", async () => {
  const { exit, err, control } = await drover(["run", "/nowhere/at/all.ts"]);
  assert.equal(exit, exitCode.notFound);
  assert.match(err, /no such file/);
  assert.deepEqual(control.asked, []);
});

Deno.test("a run that is not there leaves with 6", async () => {
  const { exit, err } = await drover(["runs", "show", "abcd"], {
    answers: { "runs.list": () => Promise.resolve([]) },
  });
  assert.equal(exit, exitCode.notFound);
  assert.match(err, /No run "abcd"/);
});

Deno.test("an error that nobody foresaw leaves with 1, and shows no stack", async () => {
  const { exit, err } = await drover(["list"], {
    answers: { "operation.call": () => Promise.reject(new TypeError("boom")) },
  });
  assert.equal(exit, exitCode.error);
  assert.equal(err, "error: TypeError: boom\n");
});
