/**
 * Which objects are in doubt when a kernel has died.
 */
import assert from "node:assert/strict";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import { recoverRuns } from "../../../runtime/run/recovery.ts";

Deno.test("what a dead kernel was doing leaves a doubt, but for what is simply done again", async () => {
  await using store = openMemoryStore();
  store.addRun({
    id: "7f3a",
    title: "recipes/golden_image.ts",
    kind: "recipe",
    versions: { drover: "0.1.0", channel: 1, operations: "" },
    input: {},
    hosts: [{ name: "host", uri: "test:///default" }],
    needs: [],
    grants: ["all"],
    principal: "uid:0",
    seed: "s",
    state: "running",
    epoch: 1,
    createdAt: 1000,
    unknownOutcome: false,
    resumes: 0,
  });
  for (const [number, operation] of ["volume.wipe", "volume.uploadImage", "volume.upload"].entries()) {
    const label = `volume "v${number}"`;
    store.addStep({
      run: "7f3a",
      number,
      kind: "call",
      operation,
      effect: "write",
      target: `v${number}`,
      label,
      inputHash: "h",
      issuedAt: 5,
      intent: {
        object: `host/test/volume/v${number}`,
        label,
        token: { epoch: 1, counter: number },
        before: {},
        generation: 0,
        newId: "id",
      },
    });
  }
  const doubts = await recoverRuns(store, 2000);
  assert.deepEqual([...doubts.values()].map(({ operation }) => operation).toSorted(), [
    "volume.upload",
    "volume.wipe",
  ]);
});
