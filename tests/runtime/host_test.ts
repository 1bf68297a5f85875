import assert from "node:assert/strict";
import { recipe } from "drover";
import { openHost } from "../../runtime/host.ts";
import type { Driver } from "../../runtime/driver.ts";
import { InProcessEndpoint } from "../../testing/in_process.ts";
import { LedgerHost } from "./run/ledger.ts";

const starter = recipe({
  summary: "Start",
  needs: ["domain:getattr,start"],
  run: async ({ host }) => void await (await host.domain("web-1")).start(),
});

function options(stateDirectory: string, ...drivers: readonly Driver[]): Parameters<typeof openHost>[0] {
  return {
    stateDirectory,
    drivers,
    version: "0.1.0",
    launch: ({ recipe }) =>
      Promise.resolve({ endpoint: new InProcessEndpoint(starter), recipe, hash: "hash" }),
  };
}

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(`${directory}/state`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a state directory has one kernel at a time, and each one a later epoch", () =>
  withDirectory(async (directory) => {
    {
      await using first = await openHost(options(directory));
      assert.equal(first?.epoch, 1);
      assert.equal(await openHost(options(directory)), undefined, "the lock is held");
    }
    await using second = await openHost(options(directory));
    assert.equal(second?.epoch, 2);
  }));

Deno.test("only its owner can read a state directory", () =>
  withDirectory(async (directory) => {
    await using _host = await openHost(options(directory));
    for (const [name, mode] of [["", 0o700], ["/lock", 0o600], ["/journal.db", 0o600]] as const) {
      assert.equal(((await Deno.stat(`${directory}${name}`)).mode ?? 0) & 0o777, mode, name);
    }
  }));

Deno.test("a run is on record when its kernel has gone, with what was allowed", () =>
  withDirectory(async (directory) => {
    const ledger = new LedgerHost("web-1");
    const start = {
      file: "/recipes/start.ts",
      hosts: { host: "ledger:///" },
      input: {},
      principal: "uid:1000",
    };
    let id = "";
    {
      await using host = await openHost(options(directory, ledger.driver));
      const run = await host?.runs.start({ ...start, grants: ["domain:getattr,start"] });
      id = run?.id ?? "";
      assert.equal((await run?.ended)?.state, "done");
    }
    await using host = await openHost(options(directory));
    const shown = await host?.runs.show(id);
    assert.equal(shown?.run.state, "done");
    assert.equal(shown?.steps.length, 2);
    assert.deepEqual(await host?.runs.list(), [], "it does not go on");
    assert.equal((await host?.runs.list({ all: true }))?.length, 1);
    const audit = await host?.store.audit({ run: id }) ?? [];
    assert.deepEqual(
      new Set(audit.filter(({ decision }) => decision === "allowed").map(({ permission }) => permission)),
      new Set(["domain:getattr", "domain:start"]),
    );
  }));

Deno.test("what is not granted is refused, and the refusal is on record", () =>
  withDirectory(async (directory) => {
    const ledger = new LedgerHost("web-1");
    await using host = await openHost(options(directory, ledger.driver));
    const run = await host?.runs.start({
      file: "/recipes/start.ts",
      hosts: { host: "ledger:///" },
      input: {},
      principal: "uid:1000",
      grants: ["domain:getattr"],
    });
    const end = await run?.ended;
    assert.equal(end?.exit, 8);
    assert.deepEqual(ledger.ledger, []);
    const audit = await host?.store.audit({ run: run?.id ?? "" }) ?? [];
    assert.ok(
      audit.some(({ decision, permission }) => decision === "denied" && permission === "domain:start"),
    );
  }));

Deno.test("closing interrupts what goes on, and the next kernel can resume it", () =>
  withDirectory(async (directory) => {
    const ledger = new LedgerHost("web-1");
    const acting = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    ledger.onAct = async (moment) => {
      if (moment !== "before") return;
      acting.resolve();
      await goOn.promise;
    };
    let id = "";
    {
      await using host = await openHost(options(directory, ledger.driver));
      const run = await host?.runs.start({
        file: "/recipes/start.ts",
        hosts: { host: "ledger:///" },
        input: {},
        principal: "uid:1000",
        grants: ["all"],
      });
      id = run?.id ?? "";
      await acting.promise;
      const closing = host?.close();
      goOn.resolve();
      await closing;
      assert.equal((await run?.ended)?.state, "interrupted");
    }
    await using host = await openHost(options(directory, ledger.driver));
    const run = await host?.runs.resume(id);
    assert.equal((await run?.ended)?.state, "done");
    assert.deepEqual(ledger.ledger, ["start web-1"]);
  }));

Deno.test("a single operation is on record as a run of one step", () =>
  withDirectory(async (directory) => {
    const ledger = new LedgerHost("web-1");
    await using host = await openHost(options(directory, ledger.driver));
    assert.ok(host !== undefined);
    const connection = await host.runs.connect("ledger:///");
    const [guest] = connection.objects();
    assert.ok(guest !== undefined);
    const { outcome } = await host.runs.carryOut({
      operation: "domain.start",
      connections: new Map([["host", connection]]),
      connection: "host",
      target: guest.ref("host"),
      input: {},
      caller: { principal: "uid:1000", title: "drover domain start", since: 0 },
      authority: { check: () => {}, checkReach: () => {}, sees: () => true },
    });
    assert.equal(outcome.kind, "done");
    const [run] = await host.store.runs();
    assert.equal(run?.kind, "operation");
    assert.equal(run?.state, "done");
    const [step] = await host.store.steps(run?.id ?? "");
    assert.deepEqual([step?.operation, step?.outcome, step?.label], ["domain.start", "done", "web-1"]);
    assert.ok((await host.store.audit()).some(({ decision }) => decision === "done"));
  }));
