import assert from "node:assert/strict";
import { recipe } from "../../../dsl/mod.ts";
import { VirtError } from "../../../model/error.ts";
import { toText } from "../../../runtime/journal/json.ts";
import type { StartRun } from "../../../runtime/run/manager.ts";
// What is loaded when it is needed takes time that is not the world's.
import "../../../runtime/secret/placeholder.ts";
import { everythingAllowed } from "../../kit/caller.ts";
import { LedgerHost } from "./ledger.ts";
import { RawRecipe, type Talk } from "./raw_recipe.ts";
import { eventsOf, World } from "./world.ts";

type StepTarget = Extract<Parameters<Talk["say"]>[0], { readonly t: "call" }>["target"];

const value = "hunter2 & <more>";

/** What whoever runs it has, and says when it is asked for. */
const given: Partial<StartRun> = {
  secrets: { db: "prompt" },
  askSecret: () => Promise.resolve(value),
};

/** Every form that a hypervisor might quote a value in. */
const quoted = [
  value,
  "hunter2 &amp; &lt;more&gt;",
  encodeURIComponent(value),
  btoa(value),
  btoa(`admin:${value}`),
  new TextEncoder().encode(value).toHex(),
];

/** All that is on record of the only run. */
async function record(world: World): Promise<string> {
  const { id } = await world.run();
  return toText([
    await world.run(),
    await world.store.steps(id),
    await world.store.deliveries(id),
    await world.store.audit(),
    await world.store.logs(id),
    await world.store.uncertain(),
  ]);
}

function assertNowhere(text: string): void {
  for (const form of [...quoted, "hunter2", "aHVudGVyMg", "68756e74657232"]) {
    assert.ok(!text.includes(form), `${form} in ${text}`);
  }
}

/** Sets the host's secret, and says what it was told. */
const setting = recipe({
  summary: "Set a secret",
  needs: ["secret:write,save,getattr"],
  secrets: { db: { description: "for the database" } },
  async run({ host, secrets, log }): Promise<unknown> {
    log.info(`using ${secrets.db}`);
    const kept = await host.secret({ name: "s" });
    try {
      await kept.setValue({ value: secrets.db });
    } catch (error) {
      return String(error);
    }
    return "set";
  },
});

/** The same without looking it up, which this host has no way to do. */
function settingRaw(after: (told: unknown) => void): RawRecipe {
  return new RawRecipe(async ({ say, hear }) => {
    const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
    const call = {
      t: "call",
      operation: "secret.setValue",
      connection: "host",
      target,
      options: {},
    } as const;
    say({ ...call, step: 0, input: { value: { $secret: "name:db" } } });
    after((await hear("refused")).error);
    say({ t: "log", level: "error", message: `it said: ${value}`, fields: { [value]: [quoted] } });
    say({
      t: "failed",
      error: { code: "recipe-failed", message: `over: ${quoted.join(" ")}`, cause: value },
    });
  }, { secrets: { db: {} } });
}

Deno.test("an error that quotes the value in any form is on record and shown without it, and the recipe is told less", async () => {
  const host = new LedgerHost("web-1");
  host.onAct = (moment) => {
    if (moment === "after") return;
    throw new VirtError(
      "operation-failed",
      `the password "${quoted.join('" "')}" has ${value.length} characters`,
      {
        hint: value,
        remoteCode: value,
        detail: { tried: [value] },
        cause: new VirtError("internal", quoted.join(" ")),
      },
    );
  };
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  let told: unknown;
  world.launchNext(settingRaw((error) => told = error));
  const run = await world.start(given);
  const [events, end] = await Promise.all([eventsOf(run), world.until(run.ended)]);
  assert.equal(end.state, "failed");
  assert.deepEqual(told, {
    code: "operation-failed",
    message:
      "Cannot secret.setValue (operation-failed): why is kept from the recipe, since a secret was put in",
    hint: `See what was said with: drover runs show ${run.id}`,
  });
  const written = await record(world);
  assertNowhere(written);
  assertNowhere(toText([events, end]));
  assert.ok(written.includes('the password \\"Secret(db)\\"'), "whoever runs it is told the rest");
  assert.ok(written.includes(`has ${value.length} characters`));
});

Deno.test("an outcome that nobody knows keeps the value to itself", async () => {
  const host = new LedgerHost("web-1");
  host.onAct = (moment) => {
    if (moment === "after") throw new VirtError("unreachable", `lost the link while sending ${value}`);
  };
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  world.launchNext(settingRaw(() => {}));
  await world.until((await world.start(given)).ended);
  assertNowhere(await record(world));
  assertNowhere(toText(world.kernel.slots()));
  assert.deepEqual(host.ledger, [`set secret to ${value}`]);
});

Deno.test("a run that dies is resumed with the value asked for again", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const raw = (dies: boolean): RawRecipe =>
    new RawRecipe(async ({ say, hear }) => {
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      const call = { t: "call", connection: "host", options: {} } as const;
      say({
        ...call,
        step: 0,
        operation: "secret.setValue",
        target,
        input: { value: { $secret: "name:db" } },
      });
      await hear("answer");
      if (dies) return world.kill();
      say({
        ...call,
        step: 1,
        operation: "secret.setValue",
        target,
        input: { value: { $secret: "name:db" } },
      });
      await hear("answer");
      say({ t: "done", result: value });
    }, { secrets: { db: {} } });
  let asked = 0;
  const askSecret = (): Promise<string> => Promise.resolve(`${value}${++asked}`);
  world.launchNext(raw(true));
  await world.start({ ...given, askSecret });
  await world.store.flush();
  await world.until(world.died);
  await world.reboot();
  world.launchNext(raw(false));
  const end = await world.until((await world.resume({ askSecret })).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, [`set secret to ${value}1`, `set secret to ${value}2`]);
  assertNowhere((await record(world)).replaceAll(toText(value), ""));
});

Deno.test("handles that a recipe makes up stand for nothing, and say nothing about what there is", async () => {
  const host = new LedgerHost("web-1");
  host.secret = "something else";
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const refusals: string[] = [];
  const forged: readonly unknown[] = [
    ...["name:other", "name:", "name:__proto__", "name:constructor", "0000/0/value", "/0/value", "", "db"],
    ...[0, null, { $secret: "name:db" }, ["name:db"]],
  ];
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      const call = {
        t: "call",
        operation: "secret.setValue",
        connection: "host",
        target,
        options: {},
      } as const;
      for (const [step, $secret] of forged.entries()) {
        say({ ...call, step, input: { value: { $secret } } });
        refusals.push((await hear("refused")).error.code);
      }
      const misplaced: readonly (readonly [operation: string, input: unknown])[] = [
        ["domain.lookup", { name: { $secret: "name:db" } }],
        ["domain.define", { xml: { $secret: "name:db" } }],
        ["domain.define", { xml: "<domain><name>drover:secret:db</name></domain>" }],
        ["domain.define", { xml: "<domain/>", basedOn: "<title>drover:secret:db</title>" }],
        ["domain.setMetadata", { kind: "title", value: "drover:secret:db" }],
        ["domain.guestExec", { program: "/bin/sh", stdin: { $secret: "name:db" } }],
        ["domain.writeConsole", { secret: { $secret: "name:db" } }],
        ["domain.agentCommand", { command: '{"execute":"drover:secret:db"}' }],
      ];
      for (const [index, [operation, input]] of misplaced.entries()) {
        const { target: _, ...rest } = call;
        say({ ...rest, step: forged.length + index, operation, input });
        refusals.push((await hear("refused")).error.message);
      }
      say({ t: "done", result: null });
    }, { secrets: { db: {} } }),
  );
  let asked = 0;
  const askSecret = (): Promise<string> => Promise.resolve(`${value}${++asked}`);
  const end = await world.until((await world.start({ ...given, askSecret })).ended);
  assert.equal(end.state, "done", end.error?.message);
  for (const code of refusals.slice(0, forged.length)) assert.equal(code, "invalid-argument");
  for (const message of refusals.slice(forged.length)) assert.match(message, /^Cannot use a secret /);
  assert.deepEqual([host.ledger, asked], [[], 1]);
});

Deno.test("what a recipe declares and what is said of it have to agree before it starts", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: setting });
  const failure = async (options: Partial<StartRun>): Promise<string> => {
    // Files are read in real time.
    const { state, error } = await (await world.start(options)).ended;
    assert.equal(state, "failed");
    return `${error?.message} ${error?.hint}`;
  };
  assert.match(await failure({}), /its secret "db" \(for the database\) comes from .*--secret db=prompt/);
  assert.match(
    await failure({ secrets: { db: "prompt", bd: "prompt" } }),
    /has no secret "bd" Its secrets are db/,
  );
  assert.match(await failure({ secrets: { db: "env:NOPE" } }), /the kernel's environment has no NOPE/);
  const askSecret = (): Promise<undefined> => Promise.resolve(undefined);
  assert.match(
    await failure({ secrets: { db: "env:HOME" }, askSecret }),
    /environment of whoever runs it has no HOME/,
  );
  assert.match(await failure({ secrets: { db: "file:/no/such" } }), /there is no such file/);
  assert.match(await failure({ secrets: { db: "named:nope" } }), /./);
  await assert.rejects(
    world.start({ secrets: { db: value } }),
    (error: Error) => !error.message.includes("hunter2"),
  );
  assertNowhere(toText(await world.store.runs()));
});

Deno.test("why a value cannot be had is for whoever runs it, and not for the recipe", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  let told: unknown;
  world.launchNext(settingRaw((error) => told = error));
  const askSecret = (): Promise<string> => Promise.resolve("abc");
  await world.until((await world.start({ ...given, askSecret })).ended);
  assert.doesNotMatch(toText(told), /shorter/);
  assert.match(await record(world), /its value is shorter than 4 characters/);
});

Deno.test("one operation that is given a value in plain does not have it in its error either", async () => {
  const host = new LedgerHost("web-1");
  host.onAct = (moment) => {
    if (moment === "before") throw new VirtError("operation-failed", `cannot keep ${quoted.join(" ")}`);
  };
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const connection = await world.runs.connect("ledger:///");
  const { outcome } = await world.runs.carryOut({
    operation: "secret.setValue",
    connections: new Map([["host", connection]]),
    connection: "host",
    target: { $ref: "secret", connection: "host", id: "s", name: "s" },
    input: { value },
    caller: { principal: "alice", since: 0 },
    authority: everythingAllowed,
  });
  assert.equal(outcome.kind, "not-done");
  assert.match(toText(outcome), /cannot keep Secret\(value\)/);
  assertNowhere(toText(outcome));
  assertNowhere(await record(world));
});

Deno.test("a call that was under way when the kernel died is looked at with the value that it had", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const xml =
    "<domain><name>new</name><devices><graphics type='vnc' passwd='drover:secret:db'/></devices></domain>";
  const raw = (): RawRecipe =>
    new RawRecipe(async ({ say, hear }) => {
      say({
        t: "call",
        step: 0,
        operation: "domain.define",
        connection: "host",
        options: {},
        input: { xml },
      });
      await hear("answer");
      say({ t: "done", result: null });
    }, { secrets: { db: {} } });
  host.onAct = (moment) => {
    if (moment === "after") world.kill();
  };
  const values: string[] = [];
  const askSecret = (): Promise<string> => {
    values.push(value);
    return Promise.resolve(value);
  };
  world.launchNext(raw());
  await world.start({ ...given, askSecret });
  await world.until(world.died);
  host.onAct = () => {};
  await world.reboot();
  world.launchNext(raw());
  const end = await world.until((await world.resume({ askSecret })).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, ["define new"], "it was found to have happened, and not done again");
  assert.equal(values.length, 2, "asked for when it was put in, and when it was looked for");
  assertNowhere(await record(world));
});

Deno.test("a recipe that guesses is not told whether it was right: errors that quote its guesses look the same", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const told: string[] = [];
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const call = { t: "call", operation: "domain.lookup", connection: "host", options: {} } as const;
      const guesses = ["hunter1", value, `xx${value}xx`, btoa(value), "hunter3"];
      for (const [step, name] of guesses.entries()) {
        say({ ...call, step, input: { name } });
        told.push((await hear("refused")).error.message.replace(name, "GUESS"));
      }
      say({ t: "done", result: null });
    }, { secrets: { db: {} } }),
  );
  await world.until((await world.start(given)).ended);
  assert.deepEqual([...new Set(told)], ['There is no domain "GUESS"']);
});

Deno.test("a value that a later call's error quotes is kept from the recipe, which never said it", async () => {
  const host = new LedgerHost("web-1");
  host.onAct = (moment, deed) => {
    if (moment === "before" && deed === "start web-1") {
      throw new VirtError("operation-failed", `cannot start with ${quoted.join(" ")}`);
    }
  };
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  let told: unknown;
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const call = { t: "call", connection: "host", options: {} } as const;
      say({ ...call, step: 0, operation: "domain.lookup", input: { name: "web-1" } });
      const target = (await hear("answer")).value as NonNullable<StepTarget>;
      say({ ...call, step: 1, operation: "domain.start", target, input: {} });
      told = (await hear("refused")).error;
      say({ t: "done", result: null });
    }, { secrets: { db: {} } }),
  );
  await world.until((await world.start(given)).ended);
  assert.match(toText(told), /cannot start with Secret\(db\)/);
  assertNowhere(toText(told));
  assertNowhere(await record(world));
});

Deno.test("a resume takes other sources for the secrets that a run has, and a misspelt one changes nothing", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const raw = (): RawRecipe =>
    new RawRecipe(async ({ say, hear }) => {
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      const call = {
        t: "call",
        operation: "secret.setValue",
        connection: "host",
        target,
        options: {},
      } as const;
      if (world.endpoints.length === 1) return world.kill();
      say({ ...call, step: 0, input: { value: { $secret: "name:db" } } });
      await hear("answer");
      say({ t: "done", result: null });
    }, { secrets: { db: {} } });
  world.launchNext(raw());
  await world.start(given);
  await world.until(world.died);
  await world.reboot();
  await assert.rejects(world.resume({ secrets: { bd: "prompt" } }), /it has no secret "bd"/);
  await assert.rejects(world.resume({ secrets: { db: value } }), { code: "invalid-argument" });
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "from a file\n");
    await Deno.chmod(file, 0o600);
    world.launchNext(raw());
    const end = await (await world.resume({ secrets: { db: `file:${file}` } })).ended;
    assert.equal(end.state, "done", end.error?.message);
    assert.deepEqual(host.ledger, ["set secret to from a file"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a recipe cannot keep its kernel busy with values that are looked for", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      const call = {
        t: "call",
        operation: "secret.setValue",
        connection: "host",
        target,
        options: {},
      } as const;
      for (let step = 0; step < 100; step++) {
        say({ ...call, step, input: { value: `value ${step} ends` } });
        await hear("answer");
      }
      say({ t: "log", level: "info", message: "value 63 ends, value 64 ends", fields: {} });
      say({ t: "done", result: null });
    }),
  );
  const run = await world.start();
  await run.ended;
  const [line] = await world.store.logs(run.id);
  assert.equal(line?.message, "Secret(value), value 64 ends");
});
