/**
 * A patch is killed wherever it can be: its guest ends patched or taken back, and no snapshot is forgotten.
 */
import assert from "node:assert/strict";
import { recipe, type ResumeList, resumeList } from "../../mod.ts";
import { Patcher, type RolledBack } from "../../recipes/patch_fleet/patch.ts";
import { everyDeath } from "../dsl/mortal_run.ts";

/** What came of a patch of one guest. */
interface End extends ResumeList {
  readonly patched: readonly string[];
  readonly rolledBack: readonly RolledBack[];
}

for (const command of ["true", "false"]) {
  Deno.test(`a patch that ends with "${command}" is killed at every moment, and what is left is known`, async () => {
    const patching = recipe({
      summary: "Patch",
      needs: ["all"],
      hosts: ["host"],
      async run({ hosts: { host }, log, sleep, now, signal }): Promise<End> {
        const patcher = new Patcher({
          command: [command],
          alsoGood: [],
          health: ["true"],
          restart: false,
          snapshot: "full",
          snapshotName: "before-patch",
          agentWithin: 60_000,
          commandWithin: 60_000,
          healthWithin: 60_000,
        }, { log, sleep, now, signal });
        const rolling = (await host.domains()).rolling({
          maxFail: 1,
          healthy: (vm) => patcher.confirm(vm, { looksAgain: false }),
        });
        for await (const batch of rolling) await batch.forEach((vm) => patcher.patch(vm));
        const patched = [...patcher.patched.values()].map(({ domain }) => domain);
        return { patched, rolledBack: patcher.rolledBack, ...resumeList(rolling.report) };
      },
    });
    const hosts = { host: { domains: [{ name: "web-1", state: "running" as const }] } };
    // Nobody can tell whether a program was run: half of the time it was.
    const happened = ({ number }: { readonly number: number }): boolean => number % 2 === 0;
    await everyDeath({ recipe: patching, hosts, happened }, ({ view, lives }, when) => {
      assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
      const { patched, rolledBack, done, failed, unknown } = view.result as End;
      assert.deepEqual(unknown, [], when);
      assert.deepEqual(patched, done.map(({ name }) => name), when);
      assert.equal(done.length + failed.length, 1, when);
      if (command === "false") assert.deepEqual(patched, [], when);
      if (when === "undisturbed") assert.equal(patched.length, command === "true" ? 1 : 0);
      assert.ok(rolledBack.length <= failed.length, when);
      assert.deepEqual(lives.host()?.domain("web-1").snapshots, [], when);
      assert.equal(lives.host()?.domain("web-1").state, "running", when);
    });
  });
}
