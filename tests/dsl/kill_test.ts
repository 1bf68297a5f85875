/**
 * A recipe that talks to a guest, in its sandbox, on a kernel whose process is killed: what it held is given back, and
 * what it missed is told.
 */
import assert from "node:assert/strict";
import { type Death, Stage } from "../kill/stage.ts";
import type { KernelReport } from "../kill/task.ts";

/** How many kills are tried; `DROVER_KILLS=all` dies at every moment. */
const enumerated = Deno.env.get("DROVER_KILLS") === undefined ? 8 : Infinity;

async function survive(deaths: readonly Death[], when: string): Promise<KernelReport> {
  await using stage = await Stage.make("../../dsl/recipes/talk.ts");
  let report: KernelReport | undefined;
  for (const death of deaths) report ??= await stage.kernel(death);
  report ??= await stage.kernel();
  if (report === undefined) throw new Error("A kernel that nobody kills was killed");
  assert.equal(report.state, "done", `${when}: ${JSON.stringify(report.error)}`);
  const { login, reopened } = report.result as { readonly login: boolean; readonly reopened: number };
  assert.ok(login || reopened > 0, `${when}: a login that was missed, and nobody says so`);
  const warned = report.logs.filter(({ message }) => /had to be opened again/.test(message)).length;
  assert.equal(warned, reopened, when);
  assert.deepEqual([report.openLeases, report.uncertain, report.slots], [[], [], 0], when);
  const [life = ""] = stage.lives;
  assert.match(life, /^kill spawn .*freeze .*thaw/, when);
  assert.equal(life.split(" ").filter((deed) => deed === "spawn").length, 1, `${when}: ${life}`);
  return report;
}

Deno.test("at each commit and each hop: killed, resumed, and everything given back", async () => {
  const { moments } = await survive([], "undisturbed");
  const stride = Math.max(1, Math.ceil(moments / enumerated));
  const first = stride === 1 ? 0 : Math.floor(Math.random() * stride);
  for (let at = first; at < moments; at += stride) await survive([{ at }], `killed at moment ${at}`);
});
