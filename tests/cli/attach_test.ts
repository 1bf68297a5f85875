/**
 * Several processes, one kernel.
 *
 * @module
 */
import assert from "node:assert/strict";
import { exitCode } from "../../model/exit_code.ts";
import { inPlace, type Place, type Started } from "./kit/process.ts";

const holds = `
  summary: "Hold the test domain for an hour",
  needs: ["domain:getattr,read,suspend"],
  async run({ host, log, sleep }) {
    const vm = await host.domain("test");
    await using _lease = await vm.exclusive();
    log.info("holding");
    await sleep("1h");
  },`;

/** A run that holds the domain `test`, in a process of its own. */
async function holder(place: Place): Promise<{ readonly process: Started; readonly id: string }> {
  const process = place.start("run", await place.recipe("hold", holds), "--allow", "all");
  await process.printed("holding");
  const { out } = await place.run("runs", "list", "-o", "name");
  return { process, id: out.trim() };
}

Deno.test("a second process sees who holds what, waits its turn, and can cancel the first one's run", async () => {
  await inPlace(async (place) => {
    const { process, id } = await holder(place);

    const listed = await place.run("jobs", "list", "-o", "ndjson");
    const slot = JSON.parse(listed.out).item;
    assert.equal(slot.label, 'domain "test"');
    assert.equal(slot.holders[0].caller.run, id);
    assert.match(slot.holders[0].caller.title, /hold\.ts$/);

    const refused = await place.run("suspend", "test", "--no-wait");
    assert.equal(refused.code, exitCode.slotTimeout, refused.err);
    assert.match(refused.err, new RegExp(`run ${id}`));

    const inTime = await place.run("suspend", "test", "--within", "50ms");
    assert.equal(inTime.code, exitCode.slotTimeout, inTime.err);

    const watch = place.start("jobs", "watch");
    const waiting = place.start("suspend", "test");
    await watch.printed("waits 1");
    watch.signal("SIGINT");
    assert.equal((await watch.ended()).code, exitCode.interrupted);

    const cancelled = await place.run("runs", "cancel", id);
    assert.equal(cancelled.code, 0, cancelled.err);
    assert.match(cancelled.out, /cancelled/);

    const suspended = await waiting.ended();
    assert.equal(suspended.code, 0, suspended.err);
    assert.match(suspended.out, /now paused/);
    const first = await process.ended();
    assert.equal(first.code, exitCode.interrupted, first.err);
    assert.match(first.out, new RegExp(`run ${id}  cancelled`));
  });
});

Deno.test("an operation that waits ends at Ctrl-C", async () => {
  await inPlace(async (place) => {
    const { process } = await holder(place);
    const watch = place.start("jobs", "watch");
    const interrupted = place.start("destroy", "test");
    await watch.printed("waits 1");
    interrupted.signal("SIGINT");
    assert.equal((await interrupted.ended()).code, exitCode.interrupted);
    watch.signal("SIGINT");
    await watch.ended();
    const cancelled = await place.run("jobs", "cancel", "test");
    assert.equal(cancelled.code, 0, cancelled.err);
    assert.equal((await process.ended()).code, exitCode.interrupted);
    assert.equal((await place.run("jobs", "cancel", "test")).code, exitCode.notFound);
  });
});

Deno.test("runs of two processes share one kernel, and the first one stays until the second is done", async () => {
  await inPlace(async (place) => {
    const { process } = await holder(place);
    const second = place.start(
      "run",
      await place.recipe(
        "look",
        `
  summary: "Look around, and wait",
  needs: ["connect:search_domains", "domain:getattr"],
  async run({ host, log, sleep }) {
    const there = await host.domains({});
    log.info("seen " + there.length);
    await sleep("1h");
  },`,
      ),
      "--allow",
      "all",
    );
    await second.printed("seen 1");
    process.signal("SIGINT");
    await process.printed("cancelled");
    const { out } = await place.run("runs", "list", "-o", "name");
    assert.equal((await place.run("runs", "cancel", out.trim())).code, 0);
    assert.equal((await second.ended()).code, exitCode.interrupted);
    const first = await process.ended();
    assert.equal(first.code, exitCode.interrupted);
    assert.match(first.err, /This process is the kernel: it leaves when another command is done/);
  });
});

Deno.test("many commands at once in a new state directory all work", async () => {
  await inPlace(async (place) => {
    const all = await Promise.all(Array.from({ length: 5 }, () => place.run("list", "-o", "name")));
    const told = all.map(({ err }) => err).join("");
    assert.deepEqual(all.map(({ code, out }) => [code, out]), all.map(() => [0, "test\n"]), told);
    // Who became the kernel, one after the other, may have to say why they stay; nobody says anything else.
    for (const err of all.map(({ err }) => err).filter((err) => err !== "")) {
      assert.match(err, /^This process is the kernel: it leaves when .* done \(Ctrl-C leaves at once\)\n$/);
    }
  });
});

Deno.test("Ctrl-C twice ends at once, and the next command finds the run interrupted", async () => {
  await inPlace(async (place) => {
    const stubborn = await place.recipe(
      "stubborn",
      `
  summary: "Do not end when asked to",
  needs: [],
  async run({ log }) {
    log.info("busy");
    while (true) await new Promise((resolve) => setTimeout(resolve, 1000));
  },`,
    );
    const process = place.start("run", stubborn, "--allow", "all");
    await process.printed("busy");
    process.signal("SIGINT");
    await process.printed("cancelling");
    process.signal("SIGINT");
    assert.equal((await process.ended()).code, exitCode.interrupted);
    const { out } = await place.run("runs", "list", "-o", "ndjson");
    assert.equal(JSON.parse(out).item.state, "interrupted");
  });
});

Deno.test("SIGTERM cancels in good order and leaves with 143", async () => {
  await inPlace(async (place) => {
    const { process } = await holder(place);
    process.signal("SIGTERM");
    const { code, out } = await process.ended();
    assert.equal(code, exitCode.terminated);
    assert.match(out, /cancelled/);
  });
});

Deno.test("a kernel that was killed leaves nothing in the way of the next one", async () => {
  await inPlace(async (place) => {
    const { process, id } = await holder(place);
    process.signal("SIGKILL");
    await process.ended();
    const shown = await place.run("runs", "list", "-o", "ndjson");
    assert.equal(shown.code, 0, shown.err);
    const run = JSON.parse(shown.out).item;
    assert.deepEqual([run.id, run.state], [id, "interrupted"]);
    const abandoned = await place.run("runs", "abandon", id);
    assert.equal(abandoned.code, 0, abandoned.err);
    assert.equal((await place.run("runs", "list", "-o", "ndjson")).out, "");
  });
});

Deno.test("a detached run goes on by itself, can be watched, and leaves its result", async () => {
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "detached",
      `
  summary: "Wait a moment",
  needs: [],
  async run({ log, sleep }) {
    log.info("under way");
    await sleep("300ms");
    return { answer: 42 };
  },`,
    );
    const started = await place.run("run", recipe, "--detach", "-o", "name");
    assert.equal(started.code, 0, started.err);
    const id = started.out.trim();
    const watched = await place.run("runs", "watch", id, "-o", "json");
    assert.equal(watched.code, 0, watched.err);
    assert.deepEqual(JSON.parse(watched.out).item.result, { answer: 42 });
    assert.match((await place.run("runs", "logs", id)).out, /under way/);
    // The kernel of its own leaves when nothing goes on; it is asked to, so that the test need not wait for that.
    const pid = Number(await Deno.readTextFile(`${place.directory}/state/lock`));
    Deno.kill(pid, "SIGTERM");
    assert.equal((await place.run("runs", "show", id, "-o", "json")).code, 0);
  });
});

Deno.test("without a grant a run leaves with 8, and says the flag that would do", async () => {
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "needy",
      `
  summary: "Destroy",
  needs: ["domain:getattr,stop"],
  async run({ host }) { await (await host.domain("test")).destroy(); },`,
    );
    const refused = await place.run("run", recipe, "--allow", "domain:getattr");
    assert.equal(refused.code, exitCode.denied, refused.err);
    assert.match(refused.err, /grant all that it says it needs with: -y/);
    assert.equal((await place.run("run", recipe, "-y")).code, 0);
    const flag = /--allow (\S+)/.exec(refused.err)?.[1];
    assert.ok(flag !== undefined, refused.err);
    const allowed = await place.run("run", recipe, "--allow", "domain:getattr", "--allow", flag);
    assert.equal(allowed.code, 0, allowed.err);
    const policy = `${place.directory}/policy.yaml`;
    await Deno.writeTextFile(policy, `grants:\n  - domain:getattr\n  - ${flag}\n`);
    assert.equal((await place.run("run", recipe, "--policy", policy)).code, 0);
    assert.equal((await place.run("run", recipe, "--yes")).code, 0);
  });
});
