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

/** Carries out an act through a link of its own. */
export async function carryOut(
  act: Act,
  scene: Scene,
  { begin, meanwhile }: Disturbance = {},
): Promise<Verdict> {
  await act.prepare(scene);
  await using link = await CuttingLink.open(scene.host.socket);
  await using bench = await Bench.open(uriThrough(link), { drivers: [remoteDriver] });
  const { clock } = bench.kernel;
  await bench.host.ready.wait({
    clock,
    deadline: clock.now() + 60_000,
    signal: new AbortController().signal,
  });
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
  return { told: outcome, happened: await act.happened(scene) };
}

function withoutGeneration({ generation: _generation, ...ref }: ObjectRef): ObjectRef {
  return ref;
}

/** Whether a caller was told what has happened. Not to know is allowed only where that cannot be found out. */
export function judge({ told, happened }: Verdict, when: string): void {
  const text = told.kind === "done" ? "" : `: ${told.error.message}`;
  assert.notEqual(told.kind, "unknown", `${when}: the caller was told that nobody knows${text}`);
  assert.equal(
    told.kind === "done",
    happened,
    `${when}: told ${told.kind}${text}, and it had${happened ? "" : " not"} happened`,
  );
}
