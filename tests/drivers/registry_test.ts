/**
 * The registry of operations holds together, and the test driver keeps what it declares.
 *
 * @module
 */
import assert from "node:assert/strict";
import { z } from "zod";
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import { isPermission } from "../../model/permission.ts";
import { Bench } from "./bench.ts";

const all = [...operations.values()];

function doubles(texts: readonly string[]): readonly string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index);
}

/** The fields of an operation's input, as its JSON schema tells them. */
function fieldsOf({ input }: Operation): Readonly<Record<string, unknown>> {
  const { properties = {} } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  return properties;
}

Deno.test("names, virsh's names and methods are each there once", () => {
  assert.deepEqual(doubles(all.flatMap(({ aliases = [] }) => [...aliases])), []);
  assert.deepEqual(doubles(all.map(({ on, as }) => `${on}.${as}`)), []);
  for (const { on, objectClass } of all) {
    assert.ok(on in objectClasses);
    assert.ok(objectClass in objectClasses);
  }
});

Deno.test("permissions exist, and are of the class that the operation is on or about", () => {
  for (const { name, permission, also = [], filter, on, objectClass } of all) {
    const classes = [on, objectClass, "connection" as const].map((each) =>
      objectClasses[each].permissionClass as string
    );
    for (
      const each of [
        permission,
        ...also.map(({ permission }) => permission),
        ...(filter === undefined ? [] : [filter]),
      ]
    ) {
      assert.ok(isPermission(each), `${name}: ${each}`);
      assert.ok(classes.includes(each.split(":")[0] ?? ""), `${name}: ${each}`);
    }
  }
});

Deno.test("fields that a declaration names are fields of its input", () => {
  for (const operation of all) {
    const fields = fieldsOf(operation);
    const named = [
      operation.reaches?.field,
      operation.peer,
      ...(operation.secretInput ?? []),
      ...(operation.also ?? []).map(({ field }) => field),
    ].filter((field) => field !== undefined);
    for (const field of named) assert.ok(field in fields, `${operation.name}: ${field}`);
  }
});

Deno.test("what takes something back is on what was made, and reads take nothing", () => {
  for (const { name, undo, objectClass, effect, job } of all) {
    if (undo !== undefined) {
      const back = operations.get(undo);
      assert.equal(back?.on, objectClass, `${name}: ${undo}`);
      assert.ok(back?.input.safeParse({}).success, `${name}: ${undo} needs an input`);
    }
    if (effect === "read") assert.ok(["none", "query", "agent"].includes(job), name);
    else assert.ok(!["none", "query"].includes(job), name);
  }
});

Deno.test("every operation has a summary of one line, and numbers say what they count", () => {
  for (const operation of all) {
    assert.match(operation.summary, /^[A-Z][^\n]*[^.\n]$/, operation.name);
    for (const [field, schema] of Object.entries(fieldsOf(operation))) {
      const { type, description, minimum, maximum } = schema as Record<string, unknown>;
      if (type !== "integer" && type !== "number") continue;
      const unit = /(Kib|Bytes|Ms|S|Ns|PerS)$/.test(field) || description !== undefined;
      assert.ok(
        unit || maximum !== Number.MAX_SAFE_INTEGER,
        `${operation.name}: ${field} has no unit and no bound`,
      );
      assert.notEqual(minimum, undefined, `${operation.name}: ${field}`);
    }
  }
});

/** What takes a real hypervisor or a real guest: the simulated one says that it does not support it. */
const notSimulated: ReadonlySet<string> = new Set([
  // The runtime's own, whatever the driver.
  "connection.computePlan",
  "connection.fetchImage",
  "connection.imageChecksum",
  "volume.uploadImage",
  // Images that are worked on while a guest uses them, and what is in them and in its memory.
  "domain.abortBlockJob",
  "domain.awaitBlockJob",
  "domain.blockCommit",
  "domain.blockCopy",
  "domain.blockJob",
  "domain.blockPull",
  "domain.peekBlock",
  "domain.setBlockJobSpeed",
  "domain.setBlockThreshold",
  // A guest's agent with more than the simulated one knows.
  "domain.agentCommand",
  "domain.authorizedKeys",
  "domain.guestVcpus",
  "domain.setAgentTimeout",
  "domain.setAuthorizedKeys",
  "domain.setGuestVcpus",
  // A hypervisor's own affairs.
  "domain.displays",
  "domain.measureDirtyRate",
  "domain.reloadGraphics",
  "domain.removeThrottleGroup",
  "domain.setLaunchSecurity",
  "domain.setThrottleGroup",
  "domain.setVcpu",
  // Backups, and what stands on a host's own devices and networks: libvirt's test driver has none of it either.
  "domain.backUp",
  "domain.backupXml",
  "domain.beginBackup",
  "filter.define",
  "filter.list",
  "filter.lookup",
  "filter.undefine",
  "filter.xml",
  "filterBinding.create",
  "filterBinding.delete",
  "filterBinding.list",
  "filterBinding.lookup",
  "filterBinding.xml",
  "networkPort.create",
  "networkPort.delete",
  "networkPort.list",
  "networkPort.lookup",
  "networkPort.parameters",
  "networkPort.setParameters",
  "networkPort.xml",
  "nodeDevice.detach",
  "nodeDevice.reattach",
  "nodeDevice.reset",
  // A migration whose memory takes time.
  "domain.startPostCopy",
]);

Deno.test("the test driver does what can be simulated, and can find out what became of what says so", async () => {
  await using bench = await Bench.open("test:///default?host=registry");
  const { implementations } = bench.host;
  const done = new Map(Object.entries(implementations));
  assert.deepEqual(
    all.map(({ name }) => name).filter((name) => done.has(name) === notSimulated.has(name)),
    [],
  );
  for (const { name, effect, reconcile } of all) {
    const entry = done.get(name);
    if (entry === undefined) continue;
    const canTell = entry.reconcile !== undefined;
    assert.equal(canTell, effect === "write" && reconcile === "by-state", name);
  }
  assert.deepEqual([...done.keys()].filter((name) => !operations.has(name)), []);
});
