/**
 * What must hold of any desired state: after it was made so nothing is planned, a second time does nothing, and a failure at any
 * step leaves what was there.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type DesiredDomain, domain, type PlanData, recipe, z } from "../../../mod.ts";
import { normalise } from "../../../model/xml/mod.ts";
import { type Lab, simulate } from "../../../testing/mod.ts";

const needs = [
  "connect:getattr,read",
  "domain:getattr,read,write,save,start,init_control,delete,stop",
  "host:*",
];
const grants = ["all", "host"];

const ensure = recipe({
  summary: "Ensure a domain",
  needs,
  input: z.object({ spec: z.custom<DesiredDomain>() }),
  run: async ({ host, input }): Promise<{ plan: PlanData; again: PlanData; second: boolean }> => {
    const { plan } = await host.ensure(domain(input.spec));
    const again = await host.plan(domain(input.spec));
    return { plan, again, second: (await host.ensure(domain(input.spec))).changed };
  },
});

const size = fc.integer({ min: 1, max: 16 }).map((number) => `${number * 100}MiB` as const);
const disk = fc.constantFrom("/a.qcow2", "/b.img", "/c.qcow2", "/d.raw");

/** Any desired domain that the simulated hypervisor can have. */
const anyDomain: fc.Arbitrary<DesiredDomain> = fc.record({
  name: fc.constant("web-1"),
  title: fc.constantFrom("", "One", "Two & <three>"),
  description: fc.constantFrom("", "About 'it'", "Lines\nof text"),
  memory: size,
  maxMemory: size,
  vcpus: fc.integer({ min: 1, max: 4 }),
  maxVcpus: fc.integer({ min: 1, max: 8 }),
  autostart: fc.boolean(),
  disks: fc.uniqueArray(
    fc.oneof(
      disk,
      fc.record({
        file: disk,
        cache: fc.constantFrom("none", "writeback"),
        readonly: fc.boolean(),
        limits: fc.constantFrom({ total_iops_sec: 100 }, { read_bytes_sec: 4096, write_bytes_sec: 8192 }),
      }, { requiredKeys: ["file"] }),
    ),
    { maxLength: 3, selector: (each) => typeof each === "string" ? each : each.file },
  ),
  interfaces: fc.array(
    fc.oneof(
      fc.constant("default"),
      fc.record({
        network: fc.constant("default"),
        link: fc.constantFrom("up" as const, "down" as const),
        model: fc.constantFrom("virtio", "e1000"),
      }, { requiredKeys: ["network"] }),
    ),
    { maxLength: 3 },
  ),
  agent: fc.boolean(),
  boot: fc.constantFrom(["hd"] as const, ["network", "hd"] as const),
  xml: fc.constantFrom(
    "<domain><on_crash>restart</on_crash></domain>",
    "<domain><cputune><shares>512</shares></cputune></domain>",
    "<domain><metadata><a:b xmlns:a='urn:a'>c</a:b></metadata></domain>",
  ),
}, { requiredKeys: ["name"] });

function lab(state: "running" | "shutoff"): Promise<Lab> {
  return simulate({ hypervisor: { domains: [{ name: "web-1", state, disks: ["/a.qcow2", "/z.qcow2"] }] } });
}

/** What is there, without the order of devices. */
function seen({ host }: Lab): readonly unknown[] {
  const { config, live, autostart, state } = host.domain("web-1");
  const lines = (xml = "<domain type='test'><name>x</name></domain>"): readonly string[] =>
    normalise(xml).split("\n").map((line) => line.trim()).filter((line) => !line.includes("testnet")).sort();
  // A controller that a device was plugged into stays in what runs, as it does under libvirt.
  const running = lines(live).filter((line) => !line.startsWith("<controller"));
  return [lines(config), running, autostart, state];
}

Deno.test("whatever is desired: afterwards nothing is planned, and a second time does nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyDomain,
      fc.constantFrom("running" as const, "shutoff" as const),
      async (spec, state) => {
        await using there = await lab(state);
        const { result, error } = await there.run(ensure, { grants, input: { spec } });
        assert.equal(error, undefined);
        assert.deepEqual([result.again.action, result.again.changes, result.again.steps], ["none", [], []]);
        assert.equal(result.second, false);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("whatever is desired of a new domain: it is made, and then nothing is planned", async () => {
  await fc.assert(
    fc.asyncProperty(anyDomain, async (spec) => {
      await using there = await simulate({ hypervisor: {} });
      const { result } = await there.run(ensure, { grants, input: { spec } });
      assert.deepEqual([result.plan.action, result.again.action, result.again.changes], [
        "create",
        "none",
        [],
      ]);
    }),
    { numRuns: 25 },
  );
});

Deno.test("whatever is desired: a failure at any step leaves what was there", async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(anyDomain, fc.nat({ max: 6 }), async (spec, after) => {
      await using there = await lab("running");
      const before = seen(there);
      there.fault({
        operation: "domain.*",
        message: "no luck",
        after,
      });
      const { error } = await there.run(ensure, { grants, input: { spec } });
      if (error === undefined) return;
      failures++;
      assert.match(error.message, /no luck/);
      assert.doesNotMatch(error.message, /take back/);
      assert.deepEqual(seen(there), before);
    }),
    { numRuns: 40 },
  );
  assert.ok(failures >= 5, `only ${failures} failed`);
});
