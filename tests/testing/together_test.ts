/**
 * The DSL, the run and the kernel together, as recipes meet them.
 */
import assert from "node:assert/strict";
import { isVirtError, ObjectChanged, OutcomeUnknown, recipe } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";

const needs = [
  "connect:search_domains",
  "domain:getattr,read,write,save,start,stop,delete,suspend,init_control,snapshot",
] as const;
const small = (name: string): string =>
  `<domain type='test'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>` +
  `<os><type arch='x86_64'>hvm</type></os></domain>`;

Deno.test("an event that a recipe began to wait for is not missed", async () => {
  await using lab = await simulate();
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const vm = await host.domain("test");
      const stopped = vm.until.event(["stopped", "crashed"], { within: "10s" });
      await vm.destroy();
      return (await stopped).type;
    },
  }));
  assert.equal(run.result, "stopped");
});

Deno.test("a second run waits for the lease of the first, and says for whom", async () => {
  await using lab = await simulate();
  const holder = lab.start(recipe({
    summary: "Hold it",
    needs,
    run: async ({ host, sleep }) => {
      const vm = await host.domain("test");
      await using _alone = await vm.exclusive();
      await sleep("10m");
    },
  }));
  await lab.advance("1m");
  const impatient = await lab.run(recipe({
    summary: "Hurry",
    needs,
    run: async ({ host }) => await (await host.domain("test")).destroy({}, { noWait: true }),
  }));
  assert.ok(impatient.error === undefined || impatient.error.code === "slot-timeout");
  const waiting = lab.start(recipe({
    summary: "Wait",
    needs,
    run: async ({ host }) => {
      await using _alone = await (await host.domain("test")).exclusive({ within: "1h" });
    },
  }));
  await lab.advance("1m");
  assert.deepEqual(waiting.open, ["exclusive of test (waiting)"]);
  const story = await lab.clock.until(waiting.ended);
  assert.equal(story.state, "done");
  assert.equal((await holder.ended).state, "done");
});

Deno.test("a lease is released when its run ends, however it ends", async () => {
  await using lab = await simulate();
  await lab.run(recipe({
    summary: "Fail with a lease in hand",
    needs,
    run: async ({ host }) => {
      await (await host.domain("test")).exclusive();
      throw new Error("oops");
    },
  }));
  const next = await lab.run(recipe({
    summary: "Take it",
    needs,
    run: async ({ host }) => {
      await using lease = await (await host.domain("test")).exclusive({ noWait: true });
      return lease.objects;
    },
  }));
  assert.deepEqual(next.result, ['domain "test"']);
});

Deno.test("a temporary domain goes at the end of its block, and stays when it is kept", async () => {
  await using lab = await simulate();
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const names: string[][] = [];
      {
        await using vm = await host.temporary.domain({ xml: small("gone") });
        await vm.start();
        names.push((await host.domains()).names);
      }
      names.push((await host.domains()).names);
      await using kept = await host.temporary.domain({ xml: small("kept") });
      await kept.keep();
      return names;
    },
  }));
  assert.deepEqual(run.result, [["test", "gone"], ["test"]]);
  assert.deepEqual(lab.host.domains.map(({ name }) => name), ["kept", "test"]);
});

Deno.test("a live write on a domain that somebody restarted meanwhile is refused, or rebased", async () => {
  await using lab = await simulate();
  const restart = (): void => {
    const { uuid, config = "" } = lab.host.domain("test");
    lab.host.outside("domain.kill", { id: uuid, reason: "destroyed" });
    lab.host.outside("domain.spawn", { id: uuid, name: "test", xml: config });
  };
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host, sleep }) => {
      const vm = await host.domain("test");
      restart();
      await sleep("1s");
      const refused = await vm.suspend().catch((error: unknown) => error);
      if (!(refused instanceof ObjectChanged)) return String(refused);
      await vm.suspend({}, { rebase: true });
      return "rebased";
    },
  }));
  assert.equal(run.result, "rebased");
});

Deno.test("an outcome that nobody can know is an error of its own, and the run leaves with 10", async () => {
  await using lab = await simulate({
    faults: [{ operation: "domain.reset", kind: "break-after" }],
  });
  const run = await lab.run(recipe({
    summary: "x",
    needs: [...needs, "domain:reset"],
    run: async ({ host }) => {
      const vm = await host.domain("test");
      const error = await vm.reset().catch((error: unknown) => error);
      return error instanceof OutcomeUnknown;
    },
  }));
  assert.equal(run.result, true);
  assert.equal(run.exit, 10);
});

Deno.test("a link that breaks is found out about where that is possible", async () => {
  for (const kind of ["break-before", "break-after"] as const) {
    await using lab = await simulate({ faults: [{ operation: "domain.suspend", kind }] });
    const run = await lab.run(recipe({
      summary: "x",
      needs,
      run: async ({ host }) => {
        try {
          return (await (await host.domain("test")).suspend()).state;
        } catch (error) {
          return isVirtError(error) ? error.code : "what?";
        }
      },
    }));
    assert.equal(lab.host.domain("test").state, kind === "break-after" ? "paused" : "running");
    assert.equal(run.result, kind === "break-after" ? "paused" : "unreachable");
  }
});

Deno.test("a recipe that waits for what never comes is told so", async () => {
  await using lab = await simulate();
  await assert.rejects(
    lab.run(recipe({
      summary: "x",
      needs: [],
      run: () => new Promise<void>(() => {}),
    })),
    /The recipe never ends: nothing is left that could go on/,
  );
});

Deno.test("an operation that hangs ends soon after its deadline", async () => {
  await using lab = await simulate({ faults: [{ operation: "domain.suspend", kind: "hang" }] });
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const vm = await host.domain("test");
      return await vm.suspend({}, { within: "30s" }).catch(isVirtError);
    },
  }));
  assert.equal(run.result, true);
  assert.ok(run.durationMs >= 30_000 && run.durationMs <= 60_000, `${run.durationMs}`);
});
