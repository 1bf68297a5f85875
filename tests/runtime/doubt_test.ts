import assert from "node:assert/strict";
import { type ErrorCode, VirtError } from "../../model/error.ts";
import { FakeHost, FakeKernel } from "../kit/fake_host.ts";

Deno.test("whatever an error is called, it leaves doubt where it says that the far side may have acted", async () => {
  const codes: readonly ErrorCode[] = ["unreachable", "protocol", "internal"];
  for (const code of codes) {
    for (const mayHaveActed of [true, false]) {
      const host = new FakeHost();
      host.ready.open();
      const domain = host.add("domain", "web-1", { live: { id: 1 } });
      const kernel = new FakeKernel({ host });
      const error = new VirtError(code, "No answer", { detail: { mayHaveActed } });
      host.on("domain.reset", (job) => job.hop("reset", () => Promise.reject(error)));
      const { outcome } = await kernel.call("domain.reset", domain);
      assert.equal(outcome.kind, mayHaveActed ? "unknown" : "not-done", code);
    }
  }
});
