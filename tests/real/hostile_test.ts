/**
 * Recipes at whose guests and daemons others strike meanwhile: each is told the truth, in its time.
 */
import assert from "node:assert/strict";
import { type Domain, recipe } from "../../mod.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml } from "./kit/guest.ts";
import type { RealHost } from "./kit/host.ts";
import { descendants } from "./kit/process_tree.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests({ needs: guestNeeds, mayCrash: true });

/** Runs a recipe on a guest that runs. */
async function onGuest(
  host: RealHost,
  name: string,
  run: (vm: Domain) => Promise<unknown>,
): Promise<unknown> {
  const xml = await guestXml(name);
  await using runs = new RecipeRuns();
  const body = recipe({
    summary: "Be struck",
    needs: ["all", "host"],
    run: async ({ host }) => {
      await using vm = await host.temporary.domain({ xml });
      await vm.start();
      return await run(vm);
    },
  });
  return await runs.result(body, { hosts: { host: host.uri("qemu") }, grants: ["all", "host"] });
}

/** Kills the only guest, as a crash of its hypervisor would. */
function killGuest(host: RealHost): void {
  const guests = descendants(host.initPid).filter(({ program }) => program.startsWith("qemu-system"));
  for (const { pid } of guests) Deno.kill(pid, "SIGKILL");
}

/** A failure as it is told. */
function told(error: { readonly code?: string; readonly message: string }): string {
  return `${error.code}: ${error.message}`;
}

test("a guest that dies while its daemon is dead is off as soon as another daemon has found out", async (host) => {
  const took = await onGuest(host, "struck-1", async (vm) => {
    const began = performance.now();
    const off = vm.until.shutoff({ within: "10m" });
    host.kill();
    killGuest(host);
    await host.restart();
    await off;
    return performance.now() - began;
  });
  assert.ok(Number(took) < 300_000, `${took} ms`);
});

test("who reads a console is told that it has ended where somebody pulls the guest's power cord", async (host) => {
  const why = await onGuest(host, "struck-2", async (vm) => {
    await vm.console.open();
    const waiting = vm.console.expect("never printed", { within: "5m" }).catch(told);
    await host.virsh("destroy", "struck-2");
    return await waiting;
  });
  assert.match(String(why), /^wrong-state: Waited for "never printed" .* it has ended/);
});

test("what waits for a guest whose daemon is dead says so when its time is over, and goes on with the next daemon", async (host) => {
  const result = await onGuest(host, "struck-3", async (vm) => {
    await vm.console.open();
    host.kill();
    const late = [
      await vm.until.shutoff({ within: "1s" }).catch(told),
      await vm.until.agent({ within: "1s" }).catch(told),
      await vm.console.expect("never printed", { within: "1s" }).catch(told),
    ];
    await host.restart();
    return { late, state: (await vm.info()).state };
  });
  const { late, state } = result as { readonly late: readonly string[]; readonly state: string };
  for (const why of late) assert.match(why, /^unreachable: .*nobody listens/);
  assert.equal(state, "running");
});
