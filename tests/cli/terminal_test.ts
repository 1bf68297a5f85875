/**
 * What a person sees: `drover` on a terminal of its own, made by `script` (util-linux).
 *
 * @module
 */
import assert from "node:assert/strict";
import { exitCode } from "../../model/exit_code.ts";
import { inPlace, type Place } from "./kit/process.ts";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

const skipped = hasScript() ? "" : " (skipped: there is no `script` from util-linux)";

/** What a person does: waits for a text to appear, then types. */
type Deed = readonly [seen: string, typed: string];

/** Runs `drover` on a terminal of 100 columns. */
async function onTerminal(
  place: Place,
  args: readonly string[],
  deeds: readonly Deed[] = [],
): Promise<{ readonly code: number; readonly screen: string }> {
  const words = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", main, ...args];
  const command = `stty cols 100 rows 30; exec ${words.map((word) => `'${word}'`).join(" ")}`;
  const process = new Deno.Command("script", {
    args: ["-qec", command, "/dev/null"],
    env: { DROVER_STATE_DIR: `${place.directory}/state`, NO_COLOR: "1", TERM: "xterm", TZ: "UTC" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  let screen = "";
  let next = 0;
  let from = 0;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    screen += chunk;
    for (let deed = deeds[next]; deed !== undefined && screen.includes(deed[0], from); deed = deeds[next]) {
      from = screen.indexOf(deed[0], from) + deed[0].length;
      next++;
      await keyboard.write(new TextEncoder().encode(deed[1]));
    }
  }
  await keyboard.close().catch(() => {});
  const { code } = await process.status;
  assert.equal(next, deeds.length, `never saw "${deeds[next]?.[0]}": ${screen}`);
  return { code, screen };
}

const holds = `
  summary: "Hold the test domain for an hour",
  needs: ["domain:getattr,read,suspend"],
  async run({ host, log, sleep }) {
    const vm = await host.domain("test");
    await using _lease = await vm.exclusive();
    log.info("holding");
    await sleep("1h");
  },`;

const destroys = `
  summary: "Destroy the test domain",
  needs: ["domain:getattr,stop"],
  async run({ host }) { await (await host.domain("test")).destroy(); },`;

const suspends = `
  summary: "Pause the test domain",
  needs: ["domain:getattr,suspend"],
  async run({ host }) { await (await host.domain("test")).suspend(); },`;

Deno.test({
  name: `a run that waits shows its place and who is before it, and Ctrl-C cancels it${skipped}`,
  ignore: skipped !== "",
  async fn(): Promise<void> {
    await inPlace(async (place) => {
      const holder = place.start("run", await place.recipe("hold", holds), "--allow", "all");
      await holder.printed("holding");
      const recipe = await place.recipe("pause", suspends);
      const { code, screen } = await onTerminal(place, ["run", recipe, "--allow", "all"], [[
        "held by",
        "\x03",
      ]]);
      assert.match(screen, /run \w+ {2}\S*pause\.ts on test:\/\/\/default {2}\(sandbox: \S+\)/);
      assert.match(
        screen,
        /test +suspend +waiting +position 1, held by exclusive lease \(run \w+, hold, [\d.]+s\)/,
      );
      assert.match(screen, /cancelling; asked to stop: test suspend; what is done stays done/);
      assert.ok(screen.includes("\x1b[1A\r\x1b[J"), "live lines are drawn over");
      assert.equal(code, exitCode.interrupted);
      holder.signal("SIGTERM");
      await holder.ended();
    });
  },
});

Deno.test({
  name: `a missing grant is asked for at the terminal, and what is answered counts${skipped}`,
  ignore: skipped !== "",
  async fn(): Promise<void> {
    await inPlace(async (place) => {
      const recipe = await place.recipe("needy", destroys);
      const args = ["run", recipe, "--allow", "domain:getattr"];
      const up = "\x1b[A";
      const denied = await onTerminal(place, args, [["Allow for this run", "\r"]]);
      assert.equal(denied.code, exitCode.denied);
      assert.match(denied.screen, /needy\.ts asks for domain:stop on "test" \(domain\.destroy\)/);
      const once = await onTerminal(place, args, [["Allow for this run", up + up + "\r"]]);
      assert.equal(once.code, 0, once.screen);
      const interrupted = await onTerminal(place, args, [["Allow for this run", "\x03"]]);
      assert.equal(interrupted.code, exitCode.interrupted, interrupted.screen);
    });
  },
});

Deno.test({
  name: `a jobs watch on a terminal shows the present state only${skipped}`,
  ignore: skipped !== "",
  async fn(): Promise<void> {
    await inPlace(async (place) => {
      const { code, screen } = await onTerminal(place, ["jobs", "watch"], [["Object", "\x03"]]);
      assert.ok(screen.startsWith("\x1b[H\x1b[2J"));
      assert.equal(code, exitCode.interrupted);
    });
  },
});

const keeps = `
  summary: "Keep what is typed",
  needs: ["secret:getattr,write,save"],
  secrets: { db: { description: "what is typed" } },
  async run({ host, secrets }) {
    const xml = "<secret><usage type='ceph'><name>client.a</name></usage></secret>";
    await (await host.defineSecret({ xml })).setValue({ value: secrets.db });
    return "kept " + secrets.db;
  },`;

Deno.test({
  name:
    `a secret is asked for at the terminal, without echo, and is not asked for where nobody wants to be${skipped}`,
  ignore: skipped !== "",
  async fn(): Promise<void> {
    await inPlace(async (place) => {
      const recipe = await place.recipe("keeper", keeps);
      const args = ["run", recipe, "--yes", "--secret", "db=prompt"];
      const typed = await onTerminal(place, args, [["Secret db", "hunter2-typed\r"]]);
      assert.equal(typed.code, 0, typed.screen);
      assert.match(typed.screen, /Secret db \(what is typed\)/);
      assert.match(typed.screen, /kept Secret\(db\)/);
      assert.doesNotMatch(typed.screen, /hunter2/);
      const silent = await onTerminal(place, [...args, "--no-prompt"]);
      assert.equal(silent.code, exitCode.notFound, silent.screen);
      assert.match(silent.screen, /nobody at a terminal typed it/);
    });
  },
});
