/**
 * One act under bad conditions, and whether what the caller was told is what has happened.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import type { Outcome } from "../../../model/outcome.ts";
import { Bench } from "../../drivers/bench.ts";
import type { Act, Scene } from "./acts.ts";
import { CuttingLink } from "./cutting_link.ts";
import { remoteDriver } from "../../../drivers/remote/mod.ts";

/** What a caller was told, and how it was. */
export interface Verdict {
  readonly told: Outcome;
  readonly happened: boolean;
  readonly halfway: boolean;
}

/** How an act is disturbed. */
export interface Disturbance {
  /** Prepares it, when the act is about to be called and everything before it is over. */
  readonly begin?: (link: CuttingLink) => void;
  /** Meanwhile; the act is waiting for it, or not. Called at once after the act. */
  readonly meanwhile?: (link: CuttingLink, call: Promise<unknown>) => Promise<void>;
}

/** How a URI leads through a link. */
export function uriThrough(link: CuttingLink): string {
  return `qemu+unix:///system?socket=${link.socket}`;
}

/** Opens a connection through a link, and waits until everything about the host was read. */
export async function openThrough(link: CuttingLink): Promise<Bench> {
  const bench = await Bench.open(uriThrough(link), {
    drivers: [remoteDriver],
    settings: { reconcileMs: 12_000 },
  });
  const { clock } = bench.kernel;
  await bench.host.ready.wait({
    clock,
    deadline: clock.now() + 60_000,
    signal: new AbortController().signal,
  });
  return bench;
}

/** Does something while the daemon runs, from the beginning where it ended meanwhile: some crash of broken links. */
async function whileRunning<T>({ host }: Scene, work: () => Promise<T>): Promise<T> {
  while (true) {
    if (!host.running) await host.restart();
    const { crashes } = host;
    const done = await work().then((value) => ({ value }), (error: unknown) => ({ error }));
    if (!host.running || host.crashes.length > crashes.length) continue;
    if ("error" in done) throw done.error;
    return done.value;
  }
}

/** Carries out an act through a link of its own. */
export async function carryOut(
  act: Act,
  scene: Scene,
  { begin, meanwhile }: Disturbance = {},
): Promise<Verdict> {
  await whileRunning(scene, () => act.prepare(scene));
  await using link = await CuttingLink.open(scene.host.socket);
  await using bench = await openThrough(link);
  const on = await act.target(bench, scene);
  begin?.(link);
  const call = bench.kernel.call({
    operation: act.operation,
    connections: bench.connections,
    connection: "host",
    ...(on === undefined ? {} : { target: withoutGeneration(on) }),
    input: act.input(scene),
    caller: { principal: "test", since: 0 },
    authority: { check: () => {}, sees: () => true, checkReach: () => {} },
  });
  await meanwhile?.(link, call);
  const { outcome } = await call;
  return await whileRunning(scene, async () => ({
    told: outcome,
    happened: await act.happened(scene),
    halfway: await act.isHalfway(scene),
  }));
}

function withoutGeneration({ generation: _generation, ...ref }: ObjectRef): ObjectRef {
  return ref;
}

/** Whether a caller was told what has happened; not to know is the truth where the host has stopped half way, and only there. */
export function judge({ told, happened, halfway }: Verdict, when: string): void {
  const what = `${when}: told ${told.kind}${told.kind === "done" ? "" : `, ${told.error.message}`}`;
  if (halfway) assert.equal(told.kind, "unknown", `${what}, and it is half way`);
  else {assert.equal(
      told.kind,
      happened ? "done" : "not-done",
      `${what}, and it had${happened ? "" : " not"} happened`,
    );}
}
