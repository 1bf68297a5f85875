import assert from "node:assert/strict";
import { dispatchTable } from "../../daemon/dispatch/table.ts";
import type { Permission } from "../../model/permission.ts";
import type { ClientConnection } from "../../protocol/client_connection.ts";
import {
  permissionsNeeded,
  type Procedure,
  type ProcedureName,
  procedureRow,
  type StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import { GuardedDaemon } from "./kit/guarded_daemon.ts";
import { errorOf } from "./kit/memory_daemon.ts";
import { furnish, sampleArguments } from "./kit/sample_arguments.ts";

/** What nobody needs a permission for: finding out who somebody is, leaving, and whether the line is protected. */
const free: readonly ProcedureName[] = [
  ...["authList", "authSaslInit", "authSaslStart", "authSaslStep", "authPolkit"] as const,
  ...["connectClose", "connectIsSecure"] as const,
];

/** Who somebody else is a client may not say, whatever it may do. */
const refusedAnyway: readonly ProcedureName[] = ["connectSetIdentity"];

const answered: readonly ProcedureName[] = [...dispatchTable.keys()];
const guarded = answered.filter((procedure) => !free.includes(procedure));

function rowOf(procedure: ProcedureName): Procedure {
  return procedureRow(procedure) as Procedure;
}

/** A client of a daemon that has everything that samples are about. */
class Visit implements AsyncDisposable {
  readonly #daemon: GuardedDaemon;
  readonly client: ClientConnection;

  private constructor(daemon: GuardedDaemon, client: ClientConnection) {
    this.#daemon = daemon;
    this.client = client;
  }

  static async begin(): Promise<Visit> {
    const daemon = new GuardedDaemon("grants: connect:getattr");
    try {
      await furnish(await daemon.owner());
      return new Visit(daemon, await daemon.connect());
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Grants just this. */
  grant(grants: readonly string[]): void {
    this.#daemon.grant(grants);
  }

  /** What libvirt's number for the outcome of a call is called; `done` where it was. */
  async outcome(procedure: ProcedureName): Promise<string> {
    const args = sampleArguments(procedure);
    const { kind } = rowOf(procedure);
    const call = kind === "stream"
      ? this.client.open(procedure as StreamProcedureName, args as never).then((stream) => stream.abort())
      : this.client.call(procedure, args);
    return await call.then(() => "done", ({ remoteCode }) => String(remoteCode));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#daemon[Symbol.asyncDispose]();
  }
}

/** Objects that the test driver has none of: nobody finds anything out about them. */
function isAbsent(procedure: ProcedureName): boolean {
  return /^(networkPort|networkListAllPorts|nwfilter|connect\w*Nwfilter)/.test(procedure);
}

/** A look-up is decided by what it finds: where the driver has no such objects, it finds nothing out. */
function isKeptOut(procedure: ProcedureName, outcome: string): boolean {
  return outcome === "VIR_ERR_ACCESS_DENIED" ||
    (procedure.includes("Lookup") && outcome === "VIR_ERR_NO_SUPPORT") ||
    (isAbsent(procedure) && /^VIR_ERR_NO_(SUPPORT|NETWORK_PORT|NWFILTER|NWFILTER_BINDING)$/.test(outcome));
}

function neededFor(procedure: ProcedureName): readonly Permission[] {
  return permissionsNeeded(rowOf(procedure), sampleArguments(procedure));
}

/** All that a row names; whatever definitions reach is not what these tests are about. */
function grantsFor(procedure: ProcedureName): readonly string[] {
  const { filter } = rowOf(procedure);
  return [...neededFor(procedure), ...(filter === undefined ? [] : [filter]), "host"];
}

Deno.test("every procedure that is answered names what it takes, but for those that come before anything", () => {
  const open = answered.filter((procedure) => rowOf(procedure).acl.length === 0);
  assert.deepEqual(open.toSorted(), free.toSorted());
});

Deno.test("a caller to whom nothing is granted may call nothing, on whatever is there", async () => {
  await using visit = await Visit.begin();
  const letIn: string[] = [];
  visit.grant([]);
  for (const procedure of guarded) {
    const outcome = await visit.outcome(procedure);
    if (!isKeptOut(procedure, outcome)) letIn.push(`${procedure}: ${outcome}`);
  }
  assert.deepEqual(letIn, []);
});

Deno.test("a caller to whom exactly what a row names is granted may call it", async () => {
  const keptOut: string[] = [];
  for (const procedure of guarded) {
    if (refusedAnyway.includes(procedure)) continue;
    await using visit = await Visit.begin();
    visit.grant(grantsFor(procedure));
    const outcome = await visit.outcome(procedure);
    if (outcome === "VIR_ERR_ACCESS_DENIED") keptOut.push(procedure);
  }
  assert.deepEqual(keptOut, []);
});

Deno.test("one permission less than a row names is not enough", async () => {
  await using visit = await Visit.begin();
  const letIn: string[] = [];
  for (const procedure of guarded) {
    for (const missing of neededFor(procedure)) {
      visit.grant(grantsFor(procedure).filter((each) => each !== missing));
      const outcome = await visit.outcome(procedure);
      if (!isKeptOut(procedure, outcome)) letIn.push(`${procedure} without ${missing}: ${outcome}`);
    }
  }
  assert.deepEqual(letIn, []);
});

Deno.test("what is granted for other objects is granted for none that a call names, or makes", async () => {
  const letIn: string[] = [];
  for (const procedure of guarded) {
    const needed = neededFor(procedure);
    if (needed.every((each) => each.startsWith("connect:"))) continue;
    await using visit = await Visit.begin();
    visit.grant([...needed.map((each) => each.startsWith("connect:") ? each : `${each}@other-*`), "host"]);
    const outcome = await visit.outcome(procedure);
    if (!isKeptOut(procedure, outcome)) letIn.push(`${procedure}: ${outcome}`);
  }
  assert.deepEqual(letIn, []);
});

/** Whether an answer tells of anything: a name, an object, a number of them. */
function tells(answer: unknown): boolean {
  if (typeof answer === "number" || typeof answer === "bigint") return Number(answer) > 0;
  if (Array.isArray(answer)) return answer.length > 0;
  return typeof answer === "object" && answer !== null && Object.values(answer).some(tells);
}

/** Lists ask for as much as there is. */
function listArguments(procedure: ProcedureName): unknown {
  const args: unknown = sampleArguments(procedure);
  if (typeof args !== "object" || args === null) return args;
  const much = ["needResults", "maxnames", "maxids", "maxuuids"].filter((field) => field in args);
  return { ...args, ...Object.fromEntries(much.map((field) => [field, 1000])) };
}

Deno.test("a list, a count and statistics in bulk tell of nothing that the caller may not see", async () => {
  await using visit = await Visit.begin();
  const lists = guarded.filter((procedure) =>
    rowOf(procedure).filter !== undefined && !procedure.includes("Event") && !isAbsent(procedure)
  );
  const telling: string[] = [];
  const silent: string[] = [];
  for (const procedure of lists) {
    const args = listArguments(procedure) as never;
    visit.grant([...neededFor(procedure), `${rowOf(procedure).filter}@other-*`]);
    if (tells(await visit.client.call(procedure, args))) telling.push(procedure);
    visit.grant(grantsFor(procedure));
    if (!tells(await visit.client.call(procedure, args))) silent.push(procedure);
  }
  assert.deepEqual(telling, []);
  // What has nothing to tell of proves nothing.
  assert.deepEqual(
    silent.filter((procedure) => !/Defined(Interfaces|NodeDev)|Nwfilter|Secret|Port/.test(procedure)),
    [],
  );
});

Deno.test("what is not there is not there for anybody, and what is there is denied", async () => {
  await using visit = await Visit.begin();
  visit.grant(["connect:getattr"]);
  const nowhere = "00000000-0000-0000-0000-000000000009";
  const dom = { name: "test", uuid: nowhere, id: -1 };
  assert.equal((await errorOf(visit.client.call("domainDestroy", { dom }))).remoteCode, "VIR_ERR_NO_DOMAIN");
  for (const [name, code] of [["none", "VIR_ERR_NO_DOMAIN"], ["test", "VIR_ERR_ACCESS_DENIED"]] as const) {
    const error = await errorOf(visit.client.call("domainLookupByName", { name }));
    assert.equal(error.remoteCode, code);
  }
  const net = { name: "x", uuid: nowhere };
  const error = await errorOf(visit.client.call("networkDestroy", { net }));
  assert.equal(error.remoteCode, "VIR_ERR_NO_NETWORK");
});
