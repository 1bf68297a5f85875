/**
 * Guests that hang, on a real libvirtd: they hold up nobody else, and can be killed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../model/object.ts";
import { Bench } from "../drivers/bench.ts";
import { descendants } from "./kit/process_tree.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const definition = (name: string): string =>
  `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory>
  <os><type arch='x86_64'>hvm</type></os></domain>`;

/** Stops a guest's process, so that it hears nothing and says nothing. */
function hang(initPid: number, name: string): number {
  const found = descendants(initPid).find(({ pid, program }) =>
    program.startsWith("qemu-system") &&
    Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(`guest=${name},`)
  );
  assert.ok(found !== undefined, name);
  Deno.kill(found.pid, "SIGSTOP");
  return found.pid;
}

test("more guests hang than a libvirtd takes calls of one client, and everything else goes on", async (host) => {
  await using bench = await Bench.open(host.uri("qemu"), { drivers: [remoteDriver] });
  const create = (name: string): Promise<ObjectRef> => bench.call("domain.create", { xml: definition(name) });
  const hung = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => create(`hung-${index}`)));
  const web = await create("web");
  for (const { name } of hung) hang(host.initPid, name);
  const stuck = hung.map((on) => bench.result("domain.suspend", {}, { on }));
  // libvirt itself waits ten seconds for a guest that it has asked to end.
  const soon = (): number => Date.now() + 40_000;
  assert.equal((await bench.call("domain.suspend", {}, { on: web, deadline: soon() })).state, "paused");
  assert.equal((await bench.call("domain.list", {}, { deadline: soon() })).length, 7);
  assert.equal((await bench.call("domain.resume", {}, { on: web, deadline: soon() })).state, "running");
  const killed = hung.map((on) => bench.call("domain.destroy", {}, { on, deadline: soon() }));
  for (const { state } of await Promise.all(killed)) assert.equal(state, "shutoff");
  for (const { outcome } of await Promise.all(stuck)) assert.equal(outcome.kind, "not-done");
  await bench.call("domain.destroy", {}, { on: web });
});
