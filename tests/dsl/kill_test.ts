/**
 * Recipes that talk to a guest and send a file, in their sandbox, on a kernel whose process is killed: what they held is
 * given back, what they missed is told, and what was half done is done.
 */
import assert from "node:assert/strict";
import { type Death, Stage } from "../kill/stage.ts";
import type { KernelReport } from "../kill/task.ts";

/** How many kills are tried; `DROVER_DISTURBANCES=all` dies at every moment. */
const enumerated = Deno.env.get("DROVER_DISTURBANCES") === undefined ? 8 : Infinity;

/** A run's end, and what was done on its host. */
interface Survived {
  readonly report: KernelReport;
  readonly life: string;
}

async function survive(name: string, death: Death | undefined, when: string): Promise<Survived> {
  await using stage = await Stage.make(`../../dsl/recipes/${name}.ts`);
  const report = (death === undefined ? undefined : await stage.kernel(death)) ?? await stage.kernel();
  if (report === undefined) throw new Error("A kernel that nobody kills was killed");
  assert.equal(report.state, "done", `${when}: ${JSON.stringify(report.error)}`);
  assert.deepEqual([report.openLeases, report.uncertain, report.slots], [[], [], 0], when);
  const [life = ""] = stage.lives;
  return { report, life };
}

/** Lets a recipe run undisturbed, then once for each moment at which it can be killed. */
async function everyDeath(name: string, judge: (end: Survived, when: string) => void): Promise<void> {
  const undisturbed = await survive(name, undefined, "undisturbed");
  judge(undisturbed, "undisturbed");
  const { moments } = undisturbed.report;
  const stride = Math.max(1, Math.ceil(moments / enumerated));
  const first = stride === 1 ? 0 : Math.floor(Math.random() * stride);
  for (let at = first; at < moments; at += stride) {
    const when = `killed at moment ${at} of ${moments}`;
    judge(await survive(name, { at }, when), when);
  }
}

function talked({ report, life }: Survived, when: string): void {
  const { login, reopened } = report.result as { readonly login: boolean; readonly reopened: number };
  assert.ok(login || reopened > 0, `${when}: a login that was missed, and nobody says so`);
  const warned = report.logs.filter(({ message }) => /had to be opened again/.test(message)).length;
  assert.equal(warned, reopened, when);
  assert.match(life, /^kill spawn .*freeze .*thaw/, when);
  assert.equal(life.split(" ").filter((deed) => deed === "spawn").length, 1, `${when}: ${life}`);
}

Deno.test("a talk with a guest is killed at each commit and each hop, and everything is given back", async () => {
  await everyDeath("talk", talked);
});

Deno.test("an upload is killed at each commit and each hop, and the file is in the volume", async () => {
  await everyDeath("upload", ({ report }, when) => {
    const { sent, last } = report.result as { readonly sent: boolean; readonly last: number };
    assert.equal(sent, true, when);
    // Nobody tells how far a call has come that turned out to be done already.
    if (report.resumes === 0) assert.equal(last, 1, when);
  });
});
