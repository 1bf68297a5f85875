import assert from "node:assert/strict";
import { seededRandom } from "../../testing/random.ts";
import { type Death, Stage } from "./stage.ts";
import type { KernelReport } from "./task.ts";

/**
 * How many kills are tried at enumerated moments, and how many at random ones. `DROVER_KILLS=all` dies at every moment,
 * `DROVER_KILLS=300` at that many random ones besides.
 */
const asked = Deno.env.get("DROVER_KILLS");
const enumerated = asked === undefined ? 12 : Infinity;
const randomly = asked === undefined || asked === "all" ? 6 : Number(asked);

/** What the recipe does to its three domains when nothing disturbs it: blue, green, and the one for a time. */
const undisturbed = [
  "write-definition spawn continue",
  "write-definition spawn continue kill",
  "write-definition spawn continue kill remove-definition",
];

/** Everything that must hold when a run that was killed has been resumed to its end. */
function judge(stage: Stage, report: KernelReport, when: string): void {
  assert.equal(report.state, "done", `${when}: ${JSON.stringify(report.error)}`);
  assert.equal(report.exit, 0, when);
  assert.deepEqual(stage.lives, undisturbed, `${when}: each step exactly once`);
  const { tag, begun } = report.result as { readonly tag: string; readonly begun: number };
  assert.deepEqual(
    report.domains.toSorted(),
    [`blue-${tag}`, `green-${tag}`, "test"],
    `${when}: chance was the same`,
  );
  assert.deepEqual(report.openLeases, [], when);
  assert.deepEqual(report.uncertain, [], when);
  assert.equal(report.slots, 0, when);
  assert.deepEqual(report.logs.map(({ message }) => message), ["drawn", "racing"], `${when}: no line twice`);
  const [drawn] = report.logs;
  assert.deepEqual(
    [drawn?.fields["tag"], drawn?.fields["begun"]],
    [tag, begun],
    `${when}: what was logged before`,
  );
}

/** Kills once or more, then lets the run end. */
async function survive(deaths: readonly Death[], when: string): Promise<KernelReport> {
  await using stage = await Stage.make("everything.ts");
  let report: KernelReport | undefined;
  for (const death of deaths) report ??= await stage.kernel(death);
  report ??= await stage.kernel();
  if (report === undefined) throw new Error("A kernel that nobody kills was killed");
  judge(stage, report, when);
  return report;
}

Deno.test("at each commit and each hop, before and after: killed, resumed, and each step done exactly once", async () => {
  const { moments } = await survive([], "undisturbed");
  assert.ok(moments > 30, `only ${moments} moments`);
  const stride = Math.max(1, Math.ceil(moments / enumerated));
  // Every test run begins elsewhere, so that in time all moments have had their turn.
  const first = asked === undefined ? Math.floor(Math.random() * stride) : 0;
  for (let at = first; at < moments; at += stride) await survive([{ at }], `killed at moment ${at}`);
});

Deno.test("killed at random, again and again, also while resuming", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  for (let round = 0; round < randomly; round++) {
    const deaths = Array.from(
      { length: 1 + Math.floor(random() * 3) },
      (): Death =>
        random() < 0.5 ? { at: Math.floor(random() * 60) } : { afterMs: 100 + Math.floor(random() * 700) },
    );
    await survive(deaths, `seed ${seed}, round ${round}, ${JSON.stringify(deaths)}`);
  }
});

Deno.test("a recipe that was changed stops at the first step that differs, with its line", async () => {
  await using stage = await Stage.make("everything.ts");
  const { moments } = await survive([], "undisturbed");
  assert.equal(await stage.kernel({ at: moments - 12 }), undefined);
  const before = stage.effects;
  await stage.edit((text) => text.replace("await trial.start();", "await trial.start({ paused: true });"));
  const report = await stage.kernel();
  assert.equal(report?.state, "interrupted");
  assert.equal(report?.exit, 7);
  assert.equal(report?.error?.code, "replay-mismatch");
  const line = (await Deno.readTextFile(new URL("recipes/everything.ts", import.meta.url))).split("\n")
    .findIndex((text) => text.includes("await trial.start();")) + 1;
  assert.equal(report?.error?.at?.line, line);
  assert.equal(stage.effects, before, "nothing was done");
  await stage.edit((text) => text.replace("{ paused: true }", ""));
  const end = await stage.kernel();
  if (end === undefined) throw new Error("A kernel that nobody kills was killed");
  judge(stage, end, "with the recipe as it was");
});
