import assert from "node:assert/strict";
import { detailText, Estimate, progressBar } from "../../cli/live/progress_bar.ts";

Deno.test("a bar is as full as the work is done, and never fuller", () => {
  assert.equal(progressBar(0), `[${"-".repeat(24)}]   0%`);
  assert.equal(progressBar(0.5), `[${"#".repeat(12)}${"-".repeat(12)}]  50%`);
  assert.equal(progressBar(0.999), `[${"#".repeat(23)}-]  99%`, "what is not done is not shown as done");
  assert.equal(progressBar(7), `[${"#".repeat(24)}] 100%`);
  assert.equal(progressBar(-1), progressBar(0));
});

Deno.test("numbers of bytes are written for people, other details stay as they are", () => {
  assert.equal(detailText("1048576 of 4194304 bytes"), "1.00 MiB of 4.00 MiB");
  assert.equal(detailText("memory 3 of 7"), "memory 3 of 7");
});

Deno.test("the time that is left follows from how it went, and is not made up", () => {
  const estimate = new Estimate();
  assert.equal(estimate.text(0), "");
  estimate.note(0, 0);
  estimate.note(0.001, 1000);
  assert.equal(estimate.text(1000), "", "too little is known");
  estimate.note(0.5, 10_000);
  assert.equal(estimate.text(10_000), "10.0s left");
  assert.equal(estimate.text(14_000), "6.0s left");
  estimate.note(0.1, 15_000);
  assert.equal(estimate.text(15_000), "", "another phase has begun");
  estimate.note(1, 20_000);
  assert.equal(estimate.text(20_000), "");
});
