/**
 * Recipes on guests get through the death of their kernel, wherever it comes.
 */
import assert from "node:assert/strict";
import { recipe } from "../../mod.ts";
import { everyDeath, type MortalEnd, type MortalRun } from "./mortal_run.ts";

const running = { name: "web-1", state: "running" } as const;

function doneOf({ view }: MortalEnd, when: string): unknown {
  assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
  return view.result;
}

function effectsOn({ lives }: MortalEnd, host = "host"): string[] {
  return lives.host(host)?.effects.map(({ effect }) => effect) ?? [];
}

/** Whether somebody else could have the console now. */
function isFree({ lives }: MortalEnd): boolean {
  const host = lives.host();
  if (host === undefined) return true;
  try {
    const { uuid: id } = host.domain("web-1");
    host.outside("console.open", { id, port: "console:", line: "virsh", force: false });
    return true;
  } catch {
    return false;
  }
}

/** A guest that counts on its console, once each second. */
function ticking(lives: MortalRun): void {
  let tick = 0;
  const next = (): void => {
    const host = lives.host();
    if (host !== undefined) {
      host.outside("guest.print", { id: host.domain("web-1").uuid, text: `tick ${++tick}\r\n` });
    }
    lives.clock.after(1_000, next);
  };
  lives.clock.after(1_000, next);
}

Deno.test("who reads a console reads each line once, and is told where lines may be missing", async () => {
  const watching = recipe({
    summary: "Count ticks",
    needs: ["domain:getattr,open_device"],
    async run({ host }): Promise<{ ticks: number[]; reopened: number }> {
      const { console } = await host.domain("web-1");
      const ticks: number[] = [];
      for await (const line of console.lines({ within: "10m" })) {
        ticks.push(Number(/^tick (\d+)$/.exec(line)?.[1]));
        if (ticks.length >= 5) break;
      }
      return { ticks, reopened: console.gaps.reopened };
    },
  });
  const options = { recipe: watching, hosts: { host: { domains: [running] } }, meanwhile: ticking };
  await everyDeath(options, (end, when) => {
    const { ticks, reopened } = doneOf(end, when) as { ticks: number[]; reopened: number };
    assert.deepEqual(ticks, [...new Set(ticks)].sort((a, b) => a - b), when);
    const isWhole = ticks.every((tick, index) => index === 0 || tick === ticks[index - 1]! + 1);
    assert.ok(isWhole || reopened > 0, `${when}: ${ticks}`);
    const warnings = end.logs.filter(({ message }) => /had to be opened again/.test(message));
    assert.equal(warnings.length, reopened, when);
    if (when === "undisturbed") assert.ok(isWhole && reopened === 0);
    assert.ok(isFree(end), when);
  });
});

Deno.test("who talks on a console is asked what became of a line in flight, and goes on", async () => {
  const talking = recipe({
    summary: "Talk",
    needs: ["domain:getattr,open_device"],
    async run({ host }): Promise<string> {
      const { console } = await host.domain("web-1");
      // Whatever came of what was typed before, the prompt tells.
      for (let tries = 0; tries < 5; tries++) {
        await console.sendLine("");
        const found = await console.expect([/login: $/, /# $/], { within: "10s" }).catch(() => undefined);
        if (found === undefined) continue;
        await console.sendLine(found.index === 0 ? "root" : "echo I am $?");
        const last = await console.expect([/\nI am \d+\n/, /# $/], { within: "10s" }).catch(() => undefined);
        if (last?.index === 0) return last.text.trim();
      }
      return "never";
    },
  });
  await everyDeath({
    recipe: talking,
    hosts: { host: { domains: [running] } },
    happened: ({ number }, lives) => number % 2 === 0 || lives.host() === undefined,
  }, (end, when) => {
    assert.match(String(doneOf(end, when)), /^I am \d+$/, when);
    assert.ok(isFree(end), when);
  });
});

Deno.test("a program in a guest is not run twice without anybody having said so", async () => {
  const executing = recipe({
    summary: "Run a program",
    needs: ["domain:getattr,write"],
    async run({ host }): Promise<string> {
      const { agent } = await host.domain("web-1");
      const { out } = await agent.exec("hostname", [], { within: "1m" });
      return out;
    },
  });
  const execs = (lives: MortalRun): number =>
    lives.host()?.effects.filter(({ effect }) => effect === "agent.exec").length ?? 0;
  await everyDeath({
    recipe: executing,
    hosts: { host: { domains: [running] } },
    happened: (_step, lives) => execs(lives) > 0,
  }, (end, when) => {
    assert.equal(execs(end.lives), 1, when);
    const { view } = end;
    // What was done and never told: a person said that it happened, and nobody knows what it printed.
    if (view.state !== "done") assert.match(view.error?.message ?? "", /what came of it is not known/, when);
  });
});

Deno.test("a program that takes long is waited for on, not run again", async () => {
  const executing = recipe({
    summary: "Run a long program",
    needs: ["domain:getattr,write"],
    async run({ host }): Promise<number | undefined> {
      const { agent } = await host.domain("web-1");
      return (await agent.exec("sleep", ["40"], { within: "2m" })).exitCode;
    },
  });
  const execs = (lives: MortalRun): number =>
    lives.host()?.effects.filter(({ effect }) => effect === "agent.exec").length ?? 0;
  await everyDeath({
    recipe: executing,
    hosts: { host: { domains: [running] } },
    happened: (_step, lives) => execs(lives) > 0,
  }, (end, when) => {
    assert.equal(execs(end.lives), 1, when);
    const started = end.steps.some(({ operation, outcome, assumed }) =>
      operation === "domain.guestExec" && outcome === "done" && assumed !== true
    );
    const { view } = end;
    if (view.state === "done") assert.equal(view.result, 0, when);
    // The agent tells of a program's end once: who died between its word and the journal does not hear it again.
    else {assert.match(
        view.error?.message ?? "",
        /what came of it is not known|knows no process/,
        `${when} ${started}`,
      );}
  });
});

Deno.test("what was frozen is thawed once, whoever dies in between", async () => {
  const freezing = recipe({
    summary: "Freeze",
    needs: ["domain:getattr,fs_freeze,snapshot"],
    async run({ host }): Promise<void> {
      const vm = await host.domain("web-1");
      await using _frozen = await vm.agent.freeze();
      await vm.snapshots.create({ name: "still" });
    },
  });
  await everyDeath({ recipe: freezing, hosts: { host: { domains: [running] } } }, (end, when) => {
    doneOf(end, when);
    const effects = effectsOn(end).filter((effect) => /freeze|thaw|snapshot/.test(effect));
    assert.deepEqual(
      effects.filter((effect) => effect !== "agent.thaw"),
      ["agent.freeze", "snapshot.create"],
      when,
    );
    assert.equal(effects.at(-1), "agent.thaw", when);
  });
});

Deno.test("a migration that is followed ends on one host, and progress is heard again as it was", async () => {
  const moving = recipe({
    summary: "Move",
    needs: ["domain:getattr,migrate,write,save,start,stop"],
    hosts: ["source", "target"],
    async run({ hosts }): Promise<{ seen: number[]; at: string }> {
      const vm = await hosts.source.domain("web-1");
      const move = vm.migrate({ to: hosts.target });
      const seen: number[] = [];
      for await (const { fraction } of move.progress()) seen.push(fraction);
      return { seen, at: (await move).connection };
    },
  });
  await everyDeath({
    recipe: moving,
    hosts: { source: { domains: [running] }, target: { domains: [] } },
    settings: { latency: [{ effect: "migration.transfer", ms: 2_000 }] },
  }, (end, when) => {
    const { seen, at } = doneOf(end, when) as { seen: number[]; at: string };
    assert.equal(at, "target", when);
    const running = ["source", "target"].filter((name) =>
      end.lives.host(name)?.domains.some(({ state }) => state === "running")
    );
    assert.deepEqual(running, ["target"], when);
    if (when === "undisturbed") assert.deepEqual(seen, [0.2, 0.4, 0.6, 0.8]);
    // A migration that is begun again begins at its beginning; within one attempt it only goes on.
    const falls = seen.filter((fraction, index) => index > 0 && fraction <= seen[index - 1]!);
    assert.ok(falls.length <= 1, `${when}: ${seen}`);
  });
});
