import assert from "node:assert/strict";
import { exitCode } from "../../model/exit_code.ts";
import { hoist } from "../../cli/app.ts";
import { drover } from "./kit/drover.ts";

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [["frobnicate"], /No command "frobnicate"/],
  [["domain", "strat"], /Did you mean start/],
  [["lisst"], /Did you mean list/],
  [["domain", "list", "--stat", "x"], /No flag --stat\nhint: Did you mean --state/],
  [["domain", "list", "--state", "runing"], /"runing" for --state: it is one of running/],
  [["domain", "list", "-z"], /No flag -z/],
  [["domain", "list", "-o", "xml"], /"xml" for --output: it is one of table/],
  [["domain", "list", "--within", "soon"], /"soon" for --within: it is not a duration/],
  [["domain", "list", "--state"], /--state needs a value/],
  [["domain", "list", "--state", "running", "--state", "paused"], /--state is given twice/],
  [["domain", "list", "a", "surplus"], /"surplus" is one argument too many/],
  [["domain", "start"], /The name of the domain is missing/],
  [["domain", "start", ""], /The name of the domain is missing/],
  [["domain", "start", "a", "b"], /"b" is one argument too many/],
  [["domain", "rename", "a"], /NEW-NAME is missing/],
  [["domain", "set-memory", "a", "much"], /"much" for MEMORY/],
  [["domain", "set-vcpus", "a", "1GiB"], /"1GiB" for VCPUS: it is not a number/],
  [["volume", "delete", "images"], /The name of the storage volume is missing/],
  [["run"], /FILE is missing/],
  [["run", "a.ts", "b.ts"], /Too many arguments/],
  [["run", "--sandbox", "loose", "a.ts"], /it is one of best, strict/],
  [["runs", "resume", "x", "--assume", "3"], /./],
  [["jobs", "accept", "key"], /--as/],
  [["jobs", "accept", "key", "--as", "maybe"], /it is one of done, not-done/],
  [["completions", "powershell"], /No completions for "powershell"/],
  [["new", "recipe", "../x"], /letters, digits/],
  [["xml"], /FILE/],
];

for (const [args, said] of wrong) {
  Deno.test(`"drover ${args.join(" ")}" is a usage error that says what is wrong`, async () => {
    const { exit, out, err } = await drover(args, { answers: { "runs.list": () => Promise.resolve([]) } });
    assert.match(err, said);
    assert.match(err, /^error: /);
    assert.equal(out, "");
    if (args[1] !== "resume") assert.equal(exit, exitCode.usage);
  });
}

Deno.test("what the command line says in an error cannot steer the terminal", async () => {
  const { err } = await drover(["domain", "start", "web", "\x1b]0;owned\x07"]);
  assert.ok(!err.includes("\x1b") && !err.includes("\x07"), err);
});

Deno.test("flags before the command are understood, as virsh has them there", () => {
  assert.deepEqual(hoist(["-c", "test:///default", "list", "--state", "running"]), [
    "list",
    "--state",
    "running",
    "-c",
    "test:///default",
  ]);
  assert.deepEqual(hoist(["--connect=test:///default", "send-key", "a", "--", "-1"]), [
    "send-key",
    "a",
    "--connect=test:///default",
    "--",
    "-1",
  ]);
  assert.deepEqual(hoist(["list", "-c", "x"]), ["list", "-c", "x"]);
  assert.deepEqual(hoist(["-c"]), ["-c"]);
});
