/**
 * Changes of a running guest, one after the other: each says when it takes effect, is so then in what runs or in what is defined,
 * and is not planned again.
 */
import assert from "node:assert/strict";
import { type DesiredDomain, domain, type Host, recipe } from "../../mod.ts";
import { makeDisk } from "./kit/guest.ts";
import { guestImage, guestNeeds } from "./kit/guest_image.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests({ needs: guestNeeds });

async function onHost<T>(uri: string, run: (host: Host) => Promise<T>): Promise<T> {
  await using runs = new RecipeRuns();
  const needs = ["connect:*", "domain:*", "host:*"] as const;
  const body = recipe({ summary: "Ensure", needs, run: async ({ host }) => await run(host) });
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: uri }, grants: ["all", "host"] }) as T;
}

interface Case {
  readonly what: string;
  readonly change: Partial<DesiredDomain>;
  /** The first words of each field that changes, and when. */
  readonly expected: readonly string[];
  /** What waits for the next start afterwards and did not before. */
  readonly waits?: readonly string[];
}

test("each change of a running guest takes effect when the plan says, and never twice", async (real) => {
  const { kernel, initrd } = await guestImage();
  const image = (name: string): Promise<string> => makeDisk(real, name);
  const [a, b, c] = [await image("a.qcow2"), await image("b.qcow2"), await image("c.qcow2")];
  const [x, y] = [
    await makeDisk(real, "x.iso", { format: "raw", size: "1M" }),
    await makeDisk(real, "y.iso", { format: "raw", size: "1M" }),
  ];
  for (const name of ["n1", "n2"]) {
    const xml = `<network><name>${name}</name><bridge name='br-${name}'/></network>`;
    await real.virsh("net-create", await real.file(`${name}.xml`, xml));
  }
  const drive = { file: x, device: "cdrom", target: "sda" } as const;
  const base: DesiredDomain = {
    name: "live-1",
    type: "qemu",
    machine: "q35",
    cpu: { model: "qemu64" },
    memory: "160MiB",
    maxMemory: "256MiB",
    vcpus: 1,
    maxVcpus: 3,
    kernel: { path: kernel, initrd, arguments: "console=ttyS0 quiet panic=-1 hostname=live-1" },
    disks: [a, drive],
    interfaces: ["n1"],
    state: "running",
  };
  const raw = (xml: string): Pick<DesiredDomain, "xml"> => ({ xml: `<domain>${xml}</domain>` });
  const cases: readonly Case[] = [
    { what: "a title", change: { title: "One" }, expected: ["title [live]"] },
    { what: "no title", change: { title: "" }, expected: ["title [live]"] },
    {
      what: "metadata",
      change: raw("<metadata><a:b xmlns:a='urn:a'>c</a:b></metadata>"),
      expected: ["metadata a:b [live]"],
    },
    { what: "more memory", change: { memory: "200MiB" }, expected: ["current memory [live]"] },
    { what: "a processor", change: { vcpus: 2 }, expected: ["vcpu current [live]"] },
    {
      what: "one less",
      change: { vcpus: 1 },
      expected: ["vcpu current [next-boot]"],
      waits: ["vcpu current"],
    },
    { what: "and again", change: { vcpus: 2 }, expected: ["vcpu current [live]"] },
    { what: "a virtio disk", change: { disks: [a, b, drive] }, expected: ["disk vdb [live]"] },
    {
      what: "a SCSI disk where there was no such bus",
      change: { disks: [a, b, { file: c, bus: "scsi" }, drive] },
      expected: ["controller scsi [live]", "disk sdb [live]"],
    },
    {
      what: "limits of a disk",
      change: { disks: [{ file: a, limits: { total_iops_sec: 1000 } }, b, { file: c }, drive] },
      expected: ["disk vda [live]"],
    },
    {
      what: "another cache",
      change: { disks: [{ file: a, cache: "none" }, b, { file: c }, drive] },
      expected: ["disk vda [next-boot]"],
      waits: ["disk vda"],
    },
    {
      what: "another bus",
      change: { disks: [{ file: a }, b, { file: c, bus: "usb" }, drive] },
      expected: ["disk sdb [next-boot]"],
      waits: ["disk sdb"],
    },
    {
      what: "another medium",
      change: { disks: [a, b, { file: c }, { ...drive, file: y }] },
      expected: ["disk sda [live]"],
    },
    { what: "another network", change: { interfaces: ["n2"] }, expected: ["interface [live]"] },
    { what: "a second one", change: { interfaces: ["n2", "n1"] }, expected: ["interface [live]"] },
    {
      what: "one without its cable",
      change: { interfaces: [{ network: "n2", link: "down" }] },
      expected: ["interface [live]", "interface [live]"],
    },
    {
      what: "another model",
      change: { interfaces: [{ network: "n2", model: "e1000" }] },
      expected: ["interface [next-boot]"],
      waits: ["interface"],
    },
    {
      what: "a tablet",
      change: raw("<devices><input type='tablet' bus='usb'/></devices>"),
      expected: ["input tablet [live]"],
    },
    {
      what: "what becomes of a crash",
      change: raw("<on_crash>restart</on_crash>"),
      expected: ["on_crash [live]"],
    },
    {
      what: "a pin",
      change: raw("<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"),
      expected: ["cputune vcpupin [live]"],
    },
    {
      what: "a screen",
      change: { graphics: "vnc" },
      expected: ["graphics vnc [next-boot]"],
      waits: ["graphics vnc"],
    },
    { what: "its start with the host", change: { autostart: true }, expected: ["autostart [live]"] },
  ];
  const found = await onHost(real.uri(), async (host) => {
    const { object } = await host.ensure(domain(base));
    await object.until.agent({ within: "1m" });
    const results: { what: string; changes: string[]; again: string[]; pending: string[] }[] = [];
    let whole: DesiredDomain = base;
    for (const { what, change } of cases) {
      whole = { ...whole, ...change };
      const { plan, deferred } = await host.ensure(domain(whole));
      const again = await host.plan(domain(whole));
      results.push({
        what,
        changes: [...new Set(plan.changes.map(({ field, effect }) => `${wordsOf(field)} [${effect}]`))]
          .sort(),
        again: [...again.changes, ...deferred].map(({ field }) => field),
        pending: again.pending.map(({ field }) => wordsOf(field)),
      });
      const { xml: _once, ...rest } = whole;
      whole = rest;
    }
    await object.destroy();
    await object.start();
    const restarted = await host.plan(domain(whole));
    await host.ensure(domain({ name: base.name, state: "absent" }), {
      shutdown: { within: "1s", otherwise: "destroy" },
    });
    return { results, restarted: [restarted.changes, restarted.pending] };
  });
  for (const [index, { what, expected, waits = [] }] of cases.entries()) {
    const { changes, again, pending } = found.results[index]!;
    assert.deepEqual(changes, [...new Set(expected)].sort(), what);
    assert.deepEqual(again, [], `${what}: planned again`);
    assert.deepEqual(waits.filter((each) => !pending.includes(each)), [], `${what}: waits`);
  }
  assert.deepEqual(found.restarted, [[], []], "after a restart nothing waits");
  for (const name of ["n1", "n2"]) await real.virsh("net-destroy", name);
});

/** What a field is called, without what differs from run to run. */
function wordsOf(field: string): string {
  const [kind, name] = field.split(" ");
  return kind === "interface" || name === undefined ? `${kind}` : `${kind} ${name}`;
}
