import assert from "node:assert/strict";
import { type DesiredDomain, domain, type PlanData, recipe, z } from "../../../mod.ts";
import { normalise } from "../../../model/xml/mod.ts";
import { simulate } from "../../../testing/mod.ts";

const needs = [
  "connect:getattr,read",
  "domain:getattr,read,write,save,start,init_control,delete,stop",
  "host:path",
];

/** Everything, whatever it reaches on the host. */
const grants = ["all", "host:path", "host:unknown"];

/** Plans, ensures, and plans again. */
const apply = recipe({
  summary: "Ensure a domain",
  needs,
  input: z.object({ spec: z.custom<DesiredDomain>() }),
  run: async ({ host, input }): Promise<{ plan: PlanData; again: PlanData }> => {
    const { plan } = await host.ensure(domain(input.spec));
    return { plan, again: await host.plan(domain(input.spec)) };
  },
});

function fields(
  { changes }: { readonly changes: readonly { readonly field: string; readonly effect: string }[] },
): readonly (readonly [string, string])[] {
  return changes.map(({ field, effect }) => [field, effect] as const);
}

Deno.test("memory of a running domain: the balloon gives at once what is within its maximum", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", state: "running", memoryMib: 2048 }] },
  });
  const { plan, again } =
    (await lab.run(apply, { grants, input: { spec: { name: "web-1", memory: "1GiB" } } })).result;
  assert.deepEqual(fields(plan), [["current memory", "live"]]);
  assert.deepEqual([again.action, again.pending], ["none", []]);
  const { live = "", config = "" } = lab.host.domain("web-1");
  for (const xml of [live, config]) assert.match(xml, /<currentMemory unit='KiB'>1048576</);
});

Deno.test("memory beyond the maximum waits for the next boot, and that is pending, not a change", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", state: "running", memoryMib: 512 }] },
  });
  const { plan, again } =
    (await lab.run(apply, { grants, input: { spec: { name: "web-1", memory: "1GiB" } } })).result;
  assert.deepEqual(fields(plan), [["memory", "next-boot"], ["current memory", "next-boot"]]);
  assert.equal(again.action, "none");
  assert.deepEqual(again.pending.map(({ field }) => field), ["memory"]);
});

Deno.test("a disk is plugged in, one that is not wanted is unplugged, and both definitions agree", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", state: "running", disks: ["/a.qcow2", "/old.qcow2"] }] },
  });
  const spec = { name: "web-1", disks: ["/a.qcow2", "/b.qcow2"], interfaces: ["default", "default"] };
  const { plan, again } = (await lab.run(apply, { grants, input: { spec } })).result;
  assert.deepEqual(
    plan.changes.map(({ field, from, to, effect }) => [field.split(" ")[0], from, to, effect]),
    [
      ["disk", undefined, "file /b.qcow2 virtio", "live"],
      ["interface", undefined, "network default virtio", "live"],
      ["disk", "file /old.qcow2 virtio", undefined, "live"],
    ],
  );
  assert.deepEqual([again.action, again.pending], ["none", []]);
  const { live = "", config = "" } = lab.host.domain("web-1");
  for (const xml of [live, config]) {
    assert.match(xml, /\/b\.qcow2/);
    assert.doesNotMatch(xml, /\/old\.qcow2/);
  }
  const addresses = [live, config].map((xml) =>
    [...xml.matchAll(/<mac address='([^']*)'/g)].map((match) => match[1])
  );
  assert.equal(addresses[0]?.length, 2);
  assert.deepEqual(addresses[0], addresses[1], "the new interface has one address, whatever is asked");
});

Deno.test("what the hypervisor filled in never is a change", async () => {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
  const spec: DesiredDomain = {
    name: "web-1",
    memory: "512MiB",
    vcpus: 1,
    disks: ["/var/lib/libvirt/default/web-1.qcow2"],
    interfaces: ["default"],
    autostart: false,
    state: "running",
  };
  const { plan } = (await lab.run(apply, { grants, input: { spec } })).result;
  assert.deepEqual([plan.action, plan.changes, plan.steps], ["none", [], []]);
});

Deno.test("a failure at any step leaves the old definitions, live and persistent", async () => {
  const spec: DesiredDomain = {
    name: "web-1",
    title: "The first one",
    memory: "256MiB",
    disks: ["/var/lib/libvirt/default/web-1.qcow2", "/b.qcow2"],
    interfaces: [],
    autostart: true,
  };
  const operations = [
    "domain.define",
    "domain.setMetadata",
    "domain.setMemory",
    "domain.attachDevice",
    "domain.detachDevice",
    "domain.setAutostart",
  ];
  for (const operation of operations) {
    await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
    const before = lab.host.domain("web-1");
    lab.fault({ operation, object: "web-1", message: "no luck", times: 1 });
    const run = await lab.run(apply, { grants, input: { spec } });
    assert.match(run.error?.message ?? "", /no luck/, operation);
    assert.doesNotMatch(run.error?.message ?? "", /take back/, operation);
    const after = lab.host.domain("web-1");
    const told = [before, after].map(({ config = "", live = "", autostart }) =>
      [config, live, autostart].map(withoutOrder)
    );
    assert.deepEqual(told[1], told[0], operation);
  }
});

/** The order of devices is nobody's, and neither are the units in which the lab was set up. */
function withoutOrder(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return normalise(value).split("\n").map((line) => line.trim())
    // The host's end of an interface is named when the definition is read.
    .filter((line) => !line.includes("testnet")).sort();
}

Deno.test("another UUID is another domain: nothing is done", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1"] } });
  const spec = { name: "web-1", uuid: "11111111-2222-4333-8444-555555555555" };
  const run = await lab.run(apply, { grants, input: { spec } });
  assert.equal(run.error?.code, "wrong-state");
  assert.match(run.error?.message ?? "", /uuid cannot be changed: The UUID is what the domain is/);
});

Deno.test("raw XML says what no field does", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1"] } });
  const spec = {
    name: "web-1",
    xml: "<domain><features><pae/></features><on_crash>restart</on_crash></domain>",
  };
  const { plan, again } = (await lab.run(apply, { grants, input: { spec } })).result;
  assert.deepEqual(plan.changes.map(({ field, to }) => [field, to]), [["features pae", "yes"], [
    "on_crash",
    "restart",
  ]]);
  assert.equal(again.action, "none");
});

Deno.test("a domain that shall be off is shut down, and one that shall not be there goes", async () => {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
  await lab.run(apply, { grants, input: { spec: { name: "web-1", state: "off" } } });
  assert.equal(lab.host.domain("web-1").state, "shutoff");
  const { again } =
    (await lab.run(apply, { grants, input: { spec: { name: "web-1", state: "absent" } } })).result;
  assert.equal(again.action, "none");
  assert.deepEqual(lab.host.domains, []);
});

Deno.test("a password that nobody was shown is still there after a change", async () => {
  const xml = `<domain type='test'><name>web-1</name><uuid>11111111-2222-4333-8444-555555555555</uuid>
    <memory>524288</memory><os><type>hvm</type></os><devices>
    <graphics type='vnc' port='-1' autoport='yes' passwd='hunter2'/></devices></domain>`;
  await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", xml }] } });
  const { plan } =
    (await lab.run(apply, { grants, input: { spec: { name: "web-1", memory: "1GiB" } } })).result;
  assert.doesNotMatch(JSON.stringify(plan), /hunter2/);
  const { config = "" } = lab.host.domain("web-1");
  assert.match(config, /<currentMemory unit='KiB'>1048576</);
  assert.match(config, /passwd='hunter2'/);
});
