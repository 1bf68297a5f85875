/**
 * Recipes that wait while the link to their host is broken.
 */
import assert from "node:assert/strict";
import { type Domain, recipe, type SleepFunction } from "../../../mod.ts";
import type { RunView } from "../../../runtime/control/methods.ts";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import { grantAuthorize } from "../../../runtime/run/authorize.ts";
import { RunManager } from "../../../runtime/run/manager.ts";
import { InProcessEndpoint } from "../../../testing/in_process.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeLibvirtd } from "./kit/fake_libvirtd.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";

/** Runs a recipe on the domain "web", which is running; `meanwhile` is given what to spoil. */
async function onWeb(
  body: (vm: Domain, sleep: SleepFunction) => Promise<unknown>,
  meanwhile: (bench: RemoteBench) => Promise<void>,
): Promise<{ readonly view: RunView; readonly tookMs: number }> {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  await using bench = await RemoteBench.open({ libvirtd });
  const { clock } = bench;
  await using store = openMemoryStore();
  const run = recipe({
    summary: "Wait",
    needs: ["all"],
    run: async ({ host, sleep }) => await body(await host.domain("web"), sleep),
  });
  await using runs = new RunManager({
    kernel: bench.bench.kernel,
    store,
    versions: { drover: "0.1.0", channel: 1, operations: "" },
    authorize: grantAuthorize({ clock, store }),
    launch: ({ recipe }) => Promise.resolve({ endpoint: new InProcessEndpoint(run), recipe, hash: "hash" }),
  });
  const { ended } = await clock.until(runs.start({
    file: "/recipes/wait.ts",
    hosts: { host: "qemu:///system" },
    input: {},
    grants: ["all"],
    principal: "tester",
  }));
  const began = clock.now();
  await bench.calm(1000);
  await meanwhile(bench);
  const view = await clock.until(ended);
  return { view, tookMs: clock.now() - began };
}

Deno.test("a wait looks again when the connection is back: what happened meanwhile was told to nobody", async () => {
  const { view, tookMs } = await onWeb(
    (vm) => vm.until.shutoff({ within: "10m" }),
    ({ net, libvirtd }) => {
      net.cut();
      libvirtd.stop(libvirtd.named("web")!, "shutdown");
      return Promise.resolve();
    },
  );
  assert.equal(view.state, "done", view.error?.message);
  assert.ok(tookMs < 60_000, `${tookMs} ms`);
});

Deno.test("a wait ends in its time although its host cannot be reached, and says so", async () => {
  const { view, tookMs } = await onWeb(
    async (vm) => {
      const late = await vm.until.shutoff({ within: "3s" }).catch((error) => error.code);
      const off = await vm.until.state("paused", { within: "3s" }).catch((error) => error.code);
      return [late, off];
    },
    ({ net }) => {
      net.down = true;
      net.cut();
      return Promise.resolve();
    },
  );
  assert.deepEqual(view.result, ["unreachable", "unreachable"]);
  assert.ok(tookMs < 20_000, `${tookMs} ms`);
});

Deno.test("a wait that is ended early ends, also while its host cannot be reached", async () => {
  const { view, tookMs } = await onWeb(
    async (vm, sleep) => {
      const early = new AbortController();
      void sleep("5s").then(() => early.abort(new Error("enough")));
      await sleep("3s");
      return await vm.until.shutoff({ signal: early.signal }).catch((error) => error.message);
    },
    ({ net }) => {
      net.down = true;
      net.cut();
      return Promise.resolve();
    },
  );
  assert.equal(view.result, "enough");
  assert.ok(tookMs < 20_000, `${tookMs} ms`);
});
