/**
 * A random value goes in through every source, and is hunted for wherever it may not be. A canary goes the way that a
 * value must not go: where it is not found, nobody looked.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ControlClient } from "../../runtime/control/client.ts";
import { socketPath } from "../../runtime/control/socket.ts";
import {
  descendants,
  foundIn,
  foundInFolder,
  foundInProcess,
  foundInText,
  type Quarry,
  quarry,
  randomValue,
} from "./kit/hunt.ts";
import { type Finished, HuntingGround } from "./kit/ground.ts";

const recipe = fileURLToPath(new URL("recipes/use.ts", import.meta.url));

/** Two secrets, and a text that is none. */
interface Hunted {
  readonly one: string;
  readonly vnc: string;
  readonly canary: string;
  readonly secrets: readonly Quarry[];
  readonly bait: readonly Quarry[];
}

function hunted(): Hunted {
  const [one, vnc, canary] = [randomValue(), randomValue(), randomValue()];
  return {
    one,
    vnc,
    canary,
    secrets: [quarry(one, "one"), quarry(vnc, "vnc")],
    bait: [quarry(canary, "canary")],
  };
}

/** Nothing of the secrets may be in what was said, and the canary has to be. */
function judgeSaid({ out, err }: Finished, { secrets, bait }: Hunted, how: string): void {
  assert.deepEqual(foundInText(out + err, secrets), [], `${how}: ${out}${err}`);
  assert.deepEqual(foundInText(out + err, bait), ["canary"], `${how}: nobody looked`);
}

/** The same for all that is left in the state directory: journal, logs, plays, sockets. */
function judgeState(ground: HuntingGround, { secrets, bait }: Hunted, how: string): void {
  assert.deepEqual(foundInFolder(ground.state, secrets), [], how);
  assert.deepEqual(foundInFolder(`${ground.directory}/temporary`, secrets), [], `${how}, temporary files`);
  const journal = foundInFolder(ground.state, bait).filter((place) => place.includes("journal.db"));
  assert.notDeepEqual(journal, [], `${how}: nobody looked`);
}

/** Every source, and how the command line says it. */
const sources: Readonly<
  Record<string, (ground: HuntingGround, hunted: Hunted) => Promise<readonly string[]>>
> = {
  "environment": () => Promise.resolve(["--secret", "one=env:HUNTED_ONE", "--secret", "vnc=env:HUNTED_VNC"]),
  "file": async (ground, { one, vnc }) => [
    ...["--secret", `one=file:${await ground.private("one", `${one}\n`)}`],
    ...["--secret", `vnc=file:${await ground.private("vnc", vnc)}`],
  ],
  "command": async (ground, { one, vnc }) => [
    ...["--secret", `one=command:cat '${await ground.private("one", `${one}\n`)}'`],
    ...["--secret", `vnc=command:cat "${await ground.private("vnc", vnc)}"`],
  ],
  "policy file and names of the owner": async (ground, { one, vnc }) => {
    await ground.private("secrets.yaml", `kept: file:${await ground.private("one", one)}\n`, ground.state);
    await ground.private("vnc", vnc);
    const policy = await ground.private("policy.yaml", "secrets:\n  one: named:kept\n  vnc: file:vnc\n");
    return ["--policy", policy];
  },
};

for (const [source, flags] of Object.entries(sources)) {
  Deno.test(`a value from the ${source} is nowhere that it may not be, however the run is shown`, async () => {
    await using ground = await HuntingGround.make();
    const prey = hunted();
    const given = [...await flags(ground, prey), "--input", `canary=${JSON.stringify(prey.canary)}`];
    const env = source === "environment" ? { HUNTED_ONE: prey.one, HUNTED_VNC: prey.vnc } : {};
    const done = await ground.drover(["run", recipe, "-y", ...given, "-o", "json"], env);
    assert.equal(done.code, 0, done.err);
    judgeSaid(done, prey, "run -o json");
    const { item } = JSON.parse(done.out);
    assert.deepEqual(
      new Set(item.result.refused.map((code: string) => code.replace(/-.*/, ""))),
      new Set(["invalid"]),
    );
    assert.equal(
      ground.hypervisorHolds(prey.secrets).length,
      2,
      "the values arrived where they should, or this test shows nothing",
    );
    const thrown = await ground.drover(
      ["run", recipe, "-y", ...given, "--input", "end=throw", "-o", "ndjson"],
      env,
    );
    assert.equal(thrown.code, 1);
    judgeSaid(thrown, prey, "run -o ndjson");
    judgeState(ground, prey, "afterwards");
  });
}

Deno.test("what others are shown of a run has no value in it: in every format, in the audit and in plans", async () => {
  await using ground = await HuntingGround.make();
  const prey = hunted();
  const env = { HUNTED_ONE: prey.one, HUNTED_VNC: prey.vnc };
  const given = [
    ...["--secret", "one=env:HUNTED_ONE", "--secret", "vnc=env:HUNTED_VNC"],
    ...["--input", `canary=${JSON.stringify(prey.canary)}`],
  ];
  const table = await ground.drover(["run", recipe, "-y", ...given], env);
  judgeSaid(table, prey, "run");
  const id = /^run (\w+) /.exec(table.out)?.[1] ?? assert.fail(table.out);
  const formats = ["table", "wide", "name", "json", "ndjson", "yaml"];
  const commands = [
    ...formats.map((format) => ["runs", "show", id, "-o", format]),
    ["runs", "logs", id, "-o", "json"],
    ["runs", "list", "--all", "-o", "json"],
    ["audit", "-o", "json"],
  ];
  for (const command of commands) {
    const { out, err, code } = await ground.drover(command);
    assert.equal(code, 0, `${command.join(" ")}: ${err}`);
    assert.deepEqual(foundInText(out + err, prey.secrets), [], command.join(" "));
  }
  judgeSaid(await ground.drover(["runs", "logs", id]), prey, "runs logs");
  const plan = await ground.drover(["plan", recipe, "--diff", ...given, "-o", "json"], env);
  assert.deepEqual(foundInText(plan.out + plan.err, prey.secrets), [], "plan");
});

Deno.test("a recipe's process has no value, and neither has what an onlooker hears; the run goes on after a kill", async () => {
  await using ground = await HuntingGround.make();
  const prey = hunted();
  const given = [
    ...["--secret", `one=file:${await ground.private("one", prey.one)}`],
    ...["--secret", `vnc=command:cat ${await ground.private("vnc", prey.vnc)}`],
    ...["--input", `canary=${JSON.stringify(prey.canary)}`, "--input", "end=wait"],
  ];
  const running = ground.start(["run", recipe, "-y", ...given]);
  await running.printed("waiting");
  const sandbox = descendants(running.pid);
  assert.ok(sandbox.length > 0, "the recipe has a process of its own");
  const inProcesses = sandbox.map((pid) => foundInProcess(pid, [...prey.secrets, ...prey.bait])).flat();
  assert.deepEqual(inProcesses.filter((place) => !place.startsWith("canary")), []);
  assert.ok(
    inProcesses.some((place) => /^canary in the memory/.test(place)),
    "nobody looked into the memory",
  );

  const heard: Uint8Array[] = [];
  await using relay = ground.relay(await socketPath(ground.state), (bytes) => heard.push(bytes));
  {
    await using client = await ControlClient.greet(
      await Deno.connect({ transport: "unix", path: relay.path }),
    );
    const [run] = await client.request("runs.list", {});
    const id = run?.id ?? assert.fail("no run");
    await client.request("runs.show", { id });
    await client.request("runs.logs", { id }, { onItem: () => {} });
    await client.request("audit.list", {}, { onItem: () => {} });
    await client.request("jobs.list", {});
  }
  const traffic = new Uint8Array(await new Blob(heard.map((bytes) => bytes.slice())).arrayBuffer());
  assert.deepEqual(foundIn(traffic, prey.secrets), []);
  assert.deepEqual(foundIn(traffic, prey.bait), ["canary"], "nobody listened");
  judgeState(ground, prey, "while it runs");

  running.kill();
  await running.ended();
  judgeState(ground, prey, "after the kill");
  const [{ id }] = JSON.parse((await ground.drover(["runs", "list", "-o", "json"])).out).items;
  // The value is fetched again, and is another one by now.
  const later = randomValue();
  await ground.private("one", later);
  const resumed = ground.start(["runs", "resume", id]);
  await resumed.printed("from the journal");
  assert.equal((await ground.drover(["domain", "destroy", "test"])).code, 0);
  const { code, out, err } = await resumed.ended();
  assert.equal(code, 0, err);
  const all = { ...prey, secrets: [...prey.secrets, quarry(later, "later")] };
  assert.deepEqual(foundInText(out + err, all.secrets), [], "resumed");
  judgeState(ground, all, "after the resume");
  assert.deepEqual(ground.hypervisorHolds([quarry(later, "later")]), ["later"], "the new value arrived");
});

Deno.test("a run that is left behind, and one whose kernel is another process, have what their commands had", async () => {
  await using ground = await HuntingGround.make();
  const prey = hunted();
  const env = { HUNTED_ONE: prey.one, HUNTED_VNC: prey.vnc };
  const given = [
    ...["--secret", "one=env:HUNTED_ONE", "--secret", "vnc=env:HUNTED_VNC"],
    ...["--input", `canary=${JSON.stringify(prey.canary)}`],
  ];
  const kernel = ground.start(["run", recipe, "-y", ...given, "--input", "end=wait"], env);
  await kernel.printed("waiting");
  const inProcesses = descendants(kernel.pid).flatMap((pid) => foundInProcess(pid, prey.secrets));
  assert.deepEqual(inProcesses, [], "the environment of the command is not the recipe's");
  const attached = await ground.drover(["run", recipe, "-y", ...given, "-o", "json"], env);
  assert.equal(attached.code, 0, attached.err);
  judgeSaid(attached, prey, "attached");
  const left = await ground.drover(["run", recipe, "-y", "--detach", ...given, "-o", "name"], env);
  const watched = await ground.drover(["runs", "watch", left.out.trim()]);
  assert.equal(watched.code, 0, watched.err);
  const missing = await ground.drover(["run", recipe, "-y", "--detach", ...given, "-o", "name"]);
  const failed = await ground.drover(["runs", "watch", missing.out.trim()]);
  assert.match(failed.err, /the environment of whoever runs it has no HUNTED_ONE/);
  await ground.drover(["domain", "destroy", "test"]);
  const { code, err } = await kernel.ended();
  assert.equal(code, 0, err);
  judgeState(ground, prey, "afterwards");
});
