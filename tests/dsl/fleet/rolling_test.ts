import assert from "node:assert/strict";
import { labelNamespace as grantNamespace } from "../../../runtime/permission/grant.ts";
import {
  type Domain,
  Fleet,
  FleetError,
  type Host,
  memberList,
  OutcomeUnknown,
  recipe,
  type ResumeList,
  resumeList,
  z,
} from "../../../mod.ts";
import { labelValues } from "../../../dsl/fleet/apart.ts";
import { labelNamespace } from "../../../dsl/fleet/definition.ts";
import { FakeRuntime, hostName, methods, ref, type Responder } from "../fake_runtime.ts";
import { type Lab, simulate } from "../../../testing/mod.ts";
import type { SimulatedDomain } from "../../../testing/host_content.ts";

const needs = ["all"] as const;

function running(name: string, labels: readonly string[] = []): SimulatedDomain {
  const each = labels.map((label) => `<label>${label}</label>`).join("");
  return {
    name,
    state: "running",
    ...(labels.length === 0 ? {} : { metadata: `<labels xmlns='${labelNamespace}'>${each}</labels>` }),
  };
}

function twoHosts(): Promise<Lab> {
  return simulate({
    hypervisors: {
      blue: { domains: [running("b-1"), running("b-2"), running("b-3")] },
      green: { domains: [running("g-1"), running("g-2")] },
    },
  });
}

async function everyDomain(hosts: Readonly<Record<string, Host>>): Promise<Fleet<Domain>> {
  const all = await Promise.all(Object.values(hosts).map((host) => host.domains()));
  return new Fleet(all.flatMap((each) => each.toArray()));
}

Deno.test("two of one host are never in one batch", async () => {
  await using lab = await twoHosts();
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    hosts: "any",
    run: async ({ hosts }) => {
      const batches: string[][] = [];
      for await (const batch of (await everyDomain(hosts)).rolling({ batch: 4, apart: "host" })) {
        batches.push(batch.names);
      }
      return batches;
    },
  }));
  assert.deepEqual(run.result, [["b-1", "g-1"], ["b-2", "g-2"], ["b-3"]]);
});

Deno.test("where a domain is is looked up anew before each batch, and it is worked on there", async () => {
  await using lab = await twoHosts();
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    hosts: "any",
    run: async ({ hosts }) => {
      const fleet = (await everyDomain(hosts)).filter(({ name }) => name !== "b-3");
      const batches: string[][] = [];
      const rolling = fleet.rolling({ batch: 2, apart: "host" });
      for await (const batch of rolling) {
        batches.push(batch.map(({ name, connection }) => `${connection}/${name}`));
        if (batches.length === 1) await fleet[1]!.migrate({ to: hosts["green"]! });
        await batch.forEach((vm) => vm.suspend());
      }
      return { batches, ...resumeList(rolling.report) };
    },
  }));
  assert.deepEqual(run.result.batches, [["blue/b-1", "green/g-1"], ["green/b-2"], ["green/g-2"]]);
  assert.deepEqual(run.result.done.map(({ host, name }) => `${host}/${name}`), [
    "blue/b-1",
    "green/g-1",
    "green/b-2",
    "green/g-2",
  ]);
});

Deno.test("a domain that is nowhere any more has failed, and the others have their turns", async () => {
  await using lab = await twoHosts();
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    hosts: "any",
    run: async ({ hosts }) => {
      const fleet = await everyDomain(hosts);
      await fleet[1]!.discard();
      const rolling = fleet.rolling({ batch: 5, apart: "host", maxFail: 1 });
      for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
      return resumeList(rolling.report);
    },
  }));
  const { done, failed, notBegun } = run.result;
  assert.deepEqual(failed.map(({ name, during, error }) => [name, during, error.code]), [
    ["b-2", "look-up", "not-found"],
  ]);
  assert.deepEqual([done.length, notBegun.length, run.exit], [4, 0, 3]);
});

Deno.test("where a host does not answer, what may be there is neither begun nor called gone", async () => {
  const lists = (hosts: Readonly<Record<string, readonly string[] | undefined>>): Responder => (call) => {
    if (call.operation !== "domain.list") return { value: {} };
    const names = hosts[call.connection];
    if (names === undefined) return { error: { code: "unreachable", message: `${call.connection} is down` } };
    return {
      value: names.map((name) => ({
        domain: { ...ref("domain", name), connection: call.connection },
        state: "running",
        persistent: true,
        autostart: false,
      })),
    };
  };
  const present: Record<string, readonly string[] | undefined> = { blue: ["b-1", "b-2"], green: ["g-1"] };
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      hosts: "any",
      run: async ({ hosts }) => {
        const fleet = await everyDomain(hosts);
        // One has gone to the host that does not answer any more, or so it may be.
        present["blue"] = ["b-2"];
        present["green"] = undefined;
        const rolling = fleet.rolling({ batch: 3, apart: "host", maxFail: 1 });
        for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
        return resumeList(rolling.report);
      },
    }),
    (call, runtime) => lists(present)(call, runtime),
  );
  runtime.start({}, [hostName("blue"), hostName("green")]);
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.ok(last?.t === "done", JSON.stringify(last));
  const { done, failed } = last.result as ResumeList;
  assert.deepEqual(done.map(({ name }) => name), ["b-2", "g-1"]);
  assert.deepEqual(failed.map(({ name, during, error }) => [name, during, error.message]), [
    ["b-1", "look-up", 'Cannot tell where domain "b-1" is: "green" did not answer'],
  ]);
  assert.deepEqual([last.failures, last.unreachable], [1, 1]);
});

Deno.test("what is on none of the hosts may be on one that could not be reached when the run began", async () => {
  let names: readonly string[] = ["b-1"];
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      hosts: "any",
      run: async ({ hosts, unreachable }) => {
        const fleet = await everyDomain(hosts);
        names = [];
        const rolling = fleet.rolling({ apart: "host", maxFail: 1 });
        for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
        return [unreachable.map(({ name }) => name), rolling.report.failed.map(({ error }) => String(error))];
      },
    }),
    ({ operation, connection }) => {
      if (operation !== "domain.list") return { value: {} };
      const domains = names.map((name) => ({ ...ref("domain", name), connection }));
      return {
        value: domains.map((domain) => ({ domain, state: "running", persistent: true, autostart: false })),
      };
    },
  );
  runtime.tell({ t: "hello", version: 1, run: "run-1", recipe: "file:///recipe.ts", methods });
  const lost = [{ name: "green", uri: "qemu+ssh://green/system", message: "green is down" }];
  runtime.tell({ t: "start", hosts: [hostName("blue")], lost, input: {}, seed: "seed", now: 1 });
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.ok(last?.t === "done", JSON.stringify(last));
  assert.deepEqual(last.result, [
    ["green"],
    ['VirtError: Cannot tell where domain "b-1" is: "green" did not answer'],
  ]);
  assert.deepEqual([last.failures, last.unreachable], [2, 2]);
});

Deno.test("members with the same value of a label are kept apart, and a function may say more", async () => {
  await using lab = await simulate({
    hypervisor: {
      domains: [
        running("db-1", ["rack=a", "prod"]),
        running("db-2", ["rack=b"]),
        running("web-1", ["rack=a"]),
        running("web-2", ["rack:c"]),
        running("bare"),
      ],
    },
  });
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const names = async (apart: Parameters<Fleet<Domain>["rolling"]>[0]) => {
        const batches: string[][] = [];
        for await (const batch of (await host.domains()).rolling(apart)) batches.push(batch.names);
        return batches;
      };
      return {
        rack: await names({ batch: 9, apart: "label:rack" }),
        both: await names({ batch: 9, apart: ["label:rack", (vm: Domain) => vm.name.split("-")[0]] }),
      };
    },
  }));
  const { rack, both } = run.result;
  assert.deepEqual(rack.map((batch) => batch.toSorted()), [["bare", "db-1", "db-2", "web-2"], ["web-1"]]);
  assert.deepEqual(both.map((batch) => batch.toSorted()), [["bare", "db-1", "web-2"], ["db-2", "web-1"]]);
});

Deno.test("labels are read as grants read them", () => {
  assert.equal(labelNamespace, grantNamespace);
  assert.deepEqual(labelValues(["rack=a", "rack:b", "rack", "racks=c", "role = db"], "rack"), ["a", "b"]);
  assert.deepEqual(labelValues(["role = db"], "role"), ["db"]);
});

Deno.test("a member is out of service during its work, and back afterwards, also when that failed", async () => {
  for (const putBack of ["always", "when-done"] as const) {
    await using lab = await simulate({
      hypervisor: { domains: ["a", "b"].map((name) => running(name)) },
      faults: [{ operation: "domain.suspend", object: "a" }],
    });
    const run = await lab.run(recipe({
      summary: "x",
      needs,
      run: async ({ host }) => {
        const events: string[] = [];
        const rolling = (await host.domains()).rolling({
          maxFail: 1,
          drain: {
            putBack,
            out: (vm) => {
              events.push(`out ${vm.name}`);
              return `weight of ${vm.name}`;
            },
            back: (vm, { state, outcome }) => events.push(`back ${vm.name} (${state}) ${outcome}`),
          },
        });
        for await (const batch of rolling) {
          await batch.forEach(async (vm) => {
            events.push(`work ${vm.name}`);
            await vm.suspend();
          });
        }
        return { events, drained: rolling.report.drained.map(({ name }) => name) };
      },
    }));
    const always = putBack === "always";
    assert.deepEqual(run.result.events, [
      "out a",
      "work a",
      ...(always ? ["back a (weight of a) failed"] : []),
      "out b",
      "work b",
      "back b (weight of b) done",
    ]);
    assert.deepEqual(run.result.drained, always ? [] : ["a"]);
    const left = run.logs.filter(({ message }) => /out of service: "a"/.test(message));
    assert.equal(left.length, always ? 0 : 1);
  }
});

Deno.test("a member that cannot be put back has failed and is named, though its work was done", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running("a")] } });
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const drain = {
        out: () => {},
        back: () => {
          throw new Error("the balancer is down");
        },
      };
      for await (const batch of (await host.domains()).rolling({ drain })) {
        await batch.forEach((vm) => vm.suspend());
      }
    },
  }));
  const left = run.error?.detail as ResumeList;
  assert.deepEqual(left.failed.map(({ name, during }) => [name, during]), [["a", "return"]]);
  assert.deepEqual(left.drained.map(({ name }) => name), ["a"]);
  assert.match(run.error?.message ?? "", /the balancer is down\); still out of service: "a"/);
});

Deno.test("health is looked at after the soak, and an ill member counts against the budget", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["a", "b", "c", "d"].map((n) => running(n)) } });
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host, now }) => {
      const began = now();
      const looks: [string, number][] = [];
      const rolling = (await host.domains()).rolling({
        batch: 2,
        soak: "1m",
        healthy: (vm) => {
          looks.push([vm.name, now() - began]);
          return vm.name !== "b";
        },
      });
      try {
        for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
      } catch (error) {
        if (!(error instanceof FleetError)) throw error;
      }
      return { looks, ...resumeList(rolling.report) };
    },
  }));
  const { looks, done, failed, notBegun, unknown } = run.result;
  assert.deepEqual(looks, [["a", 60_000], ["b", 60_000]]);
  assert.deepEqual(done.map(({ name }) => name), ["a"]);
  assert.deepEqual(failed.map(({ name, during }) => [name, during]), [["b", "health"]]);
  assert.deepEqual(notBegun.map(({ name }) => name), ["c", "d"]);
  assert.deepEqual(unknown, []);
});

Deno.test("a batch has a budget of its own, and its error tells of the whole fleet", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["a", "b", "c", "d", "e"].map((name) => running(name)) },
    faults: ["b", "c"].map((object) => ({ operation: "domain.suspend", object })),
  });
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const rolling = (await host.domains()).rolling({ batch: [1, 3], maxFail: 4, batchMaxFail: 1 });
      for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
    },
  }));
  assert.match(run.error?.message ?? "", /^2 of 5 failed, 2 of them in one batch, where 1 was allowed to: /);
  const left = run.error?.detail as ResumeList;
  assert.deepEqual(left.done.map(({ name }) => name), ["a", "d"]);
  assert.deepEqual(left.notBegun.map(({ name }) => name), ["e"]);
});

Deno.test("who is asked between batches may end it there", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["a", "b", "c"].map((name) => running(name)) } });
  const run = await lab.run(recipe({
    summary: "x",
    needs,
    run: async ({ host }) => {
      const rolling = (await host.domains()).rolling({ between: ({ batches }) => batches < 2 });
      for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
      return resumeList(rolling.report);
    },
  }));
  assert.deepEqual(run.result.done.map(({ name }) => name), ["a", "b"]);
  assert.deepEqual(run.result.notBegun.map(({ name }) => name), ["c"]);
  assert.equal(run.exit, 0);
});

const suspendSome = recipe({
  summary: "Suspend domains",
  needs,
  input: z.object({ members: memberList.optional() }),
  hosts: "any",
  run: async ({ hosts, input }) => {
    const rolling = (await everyDomain(hosts)).only(input.members).rolling({ batch: 2 });
    for await (const batch of rolling) await batch.forEach((vm) => vm.suspend());
    return resumeList(rolling.report);
  },
});

Deno.test("what a run has left feeds the next one, which does that and nothing else", async () => {
  await using lab = await twoHosts();
  lab.fault({ operation: "domain.suspend", object: "b-2" });
  const first = await lab.run(suspendSome);
  const left = memberList.parse(JSON.parse(JSON.stringify(first.error?.detail)));
  const second = await lab.run(suspendSome, { input: { members: left } });
  assert.deepEqual(second.result.done.map(({ name }) => name), ["b-2", "b-3", "g-1", "g-2"]);
  const suspended = [...first.calls, ...second.calls]
    .filter(({ operation, outcome }) => operation === "domain.suspend" && outcome === "done")
    .map(({ target }) => target);
  assert.deepEqual(suspended.toSorted(), ["b-1", "b-2", "b-3", "g-1", "g-2"]);
});

Deno.test("what nobody knows of is in no list of what to do, and is named", async () => {
  await using lab = await twoHosts();
  lab.fault({ operation: "domain.suspend", object: "b-1", kind: "break-after", times: 1 });
  const work = recipe({
    summary: "x",
    needs,
    hosts: "any",
    run: async ({ hosts }) => {
      const unclear = async (vm: Domain): Promise<void> => {
        await vm.suspend();
        if (vm.name === "b-2") {
          throw new Error("it was lost on the way", { cause: new OutcomeUnknown("nobody knows") });
        }
      };
      await (await everyDomain(hosts)).forEach(unclear, { limit: 1 });
    },
  });
  const run = await lab.run(work);
  const left = run.error?.detail as ResumeList;
  assert.deepEqual(left.unknown.map(({ name }) => name), ["b-2"]);
  assert.deepEqual(left.failed, []);
  assert.match(run.error?.message ?? "", /what became of these is not known: "blue\/b-2"/);
  const next = await lab.run(suspendSome, { input: { members: memberList.parse(left) } });
  assert.ok(next.logs.some(({ message }) => /nobody knows whether they are done: "b-2"/.test(message)));
  assert.deepEqual(next.result.done.map(({ name }) => name), ["b-3", "g-1", "g-2"]);
});

Deno.test("names that mean nothing or too much are refused before anything is done", async () => {
  await using lab = await simulate({
    hypervisors: { blue: { domains: [running("web")] }, green: { domains: [running("web")] } },
  });
  const missing = await lab.run(suspendSome, { input: { members: ["wbe", "blue/web"] } });
  assert.match(missing.error?.message ?? "", /^The fleet has no "wbe"$/);
  const both = await lab.run(suspendSome, { input: { members: ["web"] } });
  assert.match(both.error?.message ?? "", /Cannot tell which "web" is meant: there are 2/);
  assert.match(both.error?.hint ?? "", /blue\/web or green\/web/);
  assert.deepEqual(Object.values(lab.hosts).flatMap(({ effects }) => effects.filter((e) => e.byKernel)), []);
  const one = await lab.run(suspendSome, { input: { members: ["green/web"] } });
  assert.deepEqual(one.result.done.map(({ host }) => host), ["green"]);
});

Deno.test("a cancelled update names who is out of service, in the middle, and not begun", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["a", "b", "c", "d"].map((name) => running(name)) },
  });
  const run = lab.start(recipe({
    summary: "x",
    needs,
    run: async ({ host, sleep }) => {
      const drain = { out: () => {}, back: () => {} };
      for await (const batch of (await host.domains()).rolling({ batch: 2, drain })) {
        await batch.forEach(() => sleep("1m"));
      }
    },
  }));
  await lab.advance("90s");
  run.cancel();
  const story = await lab.clock.until(run.ended);
  assert.equal(story.state, "cancelled");
  const left = story.logs.find(({ message }) => message.startsWith("Left by the update"));
  assert.match(left?.message ?? "", /2 done; 0 failed; .*: "c", "d"; out of service: "c", "d"$/);
  const list = left?.fields["left"] as ResumeList;
  assert.deepEqual([list.done.length, list.unknown.length, list.drained.length], [2, 2, 2]);
});

Deno.test("what is no size, no budget and no rule is refused before anything is begun", async () => {
  await using lab = await twoHosts();
  const refused = async (options: unknown): Promise<string> => {
    const run = await lab.run(recipe({
      summary: "x",
      needs,
      hosts: "any",
      run: async ({ hosts }) => {
        const given = options as Parameters<Fleet<Domain>["rolling"]>[0];
        for await (const batch of (await everyDomain(hosts)).rolling(given)) await batch.forEach(() => {});
      },
    }));
    assert.equal(run.error?.code, "invalid-argument");
    return run.error?.message ?? "";
  };
  assert.match(await refused({ batch: 0 }), /Cannot take 0 for batch/);
  assert.match(await refused({ batch: "110%" }), /Cannot take "110%" for batch/);
  assert.match(await refused({ batchMaxFail: -1 }), /Cannot take -1 for batchMaxFail/);
  assert.match(await refused({ apart: "hots" }), /Cannot keep members apart by "hots"/);
  assert.match(await refused({ apart: "label:" }), /Cannot keep members apart by "label:"/);
});
