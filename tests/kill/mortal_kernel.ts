// deno-lint-ignore-file no-console -- what it prints is its result
/**
 * A kernel in a process of its own that begins a run, or resumes the one that is there, and may kill itself on the way.
 *
 * @module
 */
import { launch } from "../../cli/launch.ts";
import { testDriver } from "../../drivers/test/mod.ts";
import { openHost } from "../../runtime/host.ts";
import { SqliteStore } from "../../runtime/journal/sqlite_store.ts";
import { Moments } from "./moments.ts";
import type { KernelReport, KernelTask } from "./task.ts";

const task: KernelTask = JSON.parse(Deno.args[0] ?? "{}");
const moments = new Moments(task.dieAt ?? -1);
const host = await openHost({
  stateDirectory: task.stateDirectory,
  drivers: [testDriver],
  version: "test",
  launch,
  scheduler: moments.scheduler,
  openStore: (path) => new SqliteStore(path, { defer: moments.defer }),
});
if (host === undefined) throw new Error("The state directory has a kernel already");
const [interrupted] = await host.store.runs({ states: ["interrupted"] });
const [ended] = await host.store.runs({ states: ["done", "failed"] });
const run = interrupted !== undefined
  ? await host.runs.resume(interrupted.id)
  : ended === undefined
  ? await host.runs.start({
    file: task.recipe,
    hosts: { host: task.uri },
    input: {},
    grants: ["all"],
    principal: "test",
  })
  : undefined;
await run?.ended;
await host.settled;
const connection = await host.kernel.connect(task.uri);
const { clock } = host.kernel;
await connection.ready.wait({ clock, deadline: clock.now() + 30_000, signal: new AbortController().signal });
const [record] = await host.store.runs();
const report: KernelReport = {
  moments: moments.seen,
  state: record?.state ?? "none",
  exit: record?.exit ?? -1,
  error: record?.error ?? null,
  result: record?.result ?? null,
  logs: (await host.store.logs(record?.id ?? "")).map(({ message, fields }) => ({
    message,
    fields: fields ?? {},
  })),
  openLeases: (await host.store.openLeases()).map(({ id, state }) => `${id} ${state}`),
  uncertain: (await host.store.uncertain()).map(({ key }) => key),
  slots: host.kernel.slots().length,
  domains: [...connection.objects()].flatMap(({ objectClass, name }) =>
    objectClass === "domain" ? [name] : []
  ),
  resumes: record?.resumes ?? 0,
};
await host.close();
console.log(JSON.stringify(report));
Deno.exit(0);
