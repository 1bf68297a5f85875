/**
 * Desired state on a real hypervisor with a real guest.
 */
import assert from "node:assert/strict";
import {
  type Change,
  type DesiredDomain,
  domain,
  type Host,
  isVirtError,
  network,
  pool,
  recipe,
  volume,
} from "../../mod.ts";
import { guestImage, guestNeeds } from "./kit/guest_image.ts";
import { makeDisk } from "./kit/guest.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests({ needs: guestNeeds });

const needs = [
  "connect:getattr,read",
  "domain:getattr,read,write,save,start,stop,delete,init_control",
  "network:getattr,read,write,save,start,stop,delete",
  "storage_pool:getattr,read,write,save,start,stop,delete",
  "storage_vol:getattr,read,create,delete,resize,format",
  "host:kernel,path,emulator,device,socket,network,unknown",
] as const;

async function onHost<T>(
  host: { readonly uri: (driver: "qemu") => string },
  run: (host: Host) => Promise<T>,
): Promise<T> {
  await using runs = new RecipeRuns();
  const body = recipe({ summary: "Ensure", needs, run: async ({ host }) => await run(host) });
  const grants = ["all", "host"];
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: host.uri("qemu") }, grants }) as T;
}

function effects(changes: readonly Change[]): readonly string[] {
  return changes.map(({ field, effect }) => `${field.split(" ").slice(0, 2).join(" ")} [${effect}]`);
}

test("a guest is made, changed while it runs, and nothing that the hypervisor fills in is a change", async (real) => {
  const { kernel, initrd } = await guestImage();
  const [first, second] = [await makeDisk(real, "ensure-a.qcow2"), await makeDisk(real, "ensure-b.qcow2")];
  const base: DesiredDomain = {
    name: "ensure-1",
    type: "qemu",
    machine: "q35",
    cpu: { model: "qemu64" },
    memory: "192MiB",
    maxMemory: "256MiB",
    vcpus: 1,
    maxVcpus: 2,
    kernel: { path: kernel, initrd, arguments: "console=ttyS0 quiet panic=-1 hostname=ensure-1" },
    disks: [first],
    state: "running",
  };
  const wider: DesiredDomain = {
    ...base,
    title: "Made by a test",
    memory: "160MiB",
    vcpus: 2,
    disks: [first, second],
  };
  const result = await onHost(real, async (host) => {
    const made = await host.ensure(domain(base));
    const again = await host.plan(domain(base));
    await made.object.until.agent({ within: "1m" });
    const widened = await host.ensure(domain(wider));
    const widerAgain = await host.plan(domain(wider));
    const [live, config] = [await made.object.xml(), await made.object.xml({ inactive: true })];
    const narrowed = await host.ensure(domain({ ...wider, disks: [first] }));
    const narrowAgain = await host.plan(domain({ ...wider, disks: [first] }));
    const before = await made.object.xml({ inactive: true });
    const failed = await host.ensure(domain({ ...wider, title: "Never", disks: [first, "/nowhere/c.qcow2"] }))
      .then(() => "done", (error: unknown) => isVirtError(error) ? error.message : String(error));
    const after = await made.object.xml({ inactive: true });
    await host.ensure(domain({ name: base.name, state: "off" }), {
      shutdown: { within: "20s", otherwise: "destroy" },
    });
    const gone = await host.ensure(domain({ name: base.name, state: "absent" }));
    return {
      made: made.plan.action,
      again: [again.changes, again.pending],
      widened: effects(widened.plan.changes),
      deferred: widened.deferred,
      widerAgain: [widerAgain.changes, widerAgain.pending],
      both: [live, config].map((xml) =>
        xml.includes(second) && xml.includes("<title>Made by a test</title>")
      ),
      narrowed: effects(narrowed.plan.changes),
      narrowAgain: [narrowAgain.changes, narrowAgain.pending],
      failed,
      isBack: before === after,
      gone: gone.plan.action,
    };
  });
  assert.equal(result.made, "create");
  assert.deepEqual(result.again, [[], []]);
  assert.deepEqual(result.deferred, []);
  assert.deepEqual([...result.widened].sort(), [
    "current memory [live]",
    "disk vdb [live]",
    "title [live]",
    "vcpu current [live]",
  ]);
  assert.deepEqual(result.widerAgain, [[], []]);
  assert.deepEqual(result.both, [true, true]);
  assert.deepEqual(result.narrowed, ["disk vdb [live]"]);
  assert.deepEqual(result.narrowAgain, [[], []]);
  assert.match(result.failed, /nowhere/);
  assert.equal(result.isBack, true, "the old definition is back");
  assert.equal(result.gone, "delete");
});

test("a network, a pool and its volumes are made once; a backing file that is needed stays", async (real) => {
  const path = `${real.directory}/lib/ensure-pool`;
  const result = await onHost(real, async (host) => {
    const all = [
      network({ name: "ensure-net", forward: "none", address: "192.168.77.1/24", domain: "ensure.example" }),
      pool({ name: "ensure-pool", path, state: "active", autostart: true }),
      volume({ pool: "ensure-pool", name: "golden.qcow2", capacity: "16MiB" }),
      volume({
        pool: "ensure-pool",
        name: "clone.qcow2",
        capacity: "16MiB",
        backing: { path: `${path}/golden.qcow2` },
      }),
    ];
    const first = (await host.ensure(all)).map(({ plan }) => plan.action);
    const again = (await host.ensure(all)).map(({ plan }) => [plan.action, plan.changes]);
    const grown = await host.ensure(volume({ pool: "ensure-pool", name: "clone.qcow2", capacity: "32MiB" }));
    const golden = volume({ pool: "ensure-pool", name: "golden.qcow2", state: "absent" });
    const refused = await host.ensure(golden).then(() => "done", (error: Error) => error.message);
    for (const name of ["clone.qcow2", "golden.qcow2"]) {
      await host.ensure(volume({ pool: "ensure-pool", name, state: "absent" }));
    }
    await host.ensure([
      pool({ name: "ensure-pool", state: "absent" }),
      network({ name: "ensure-net", state: "absent" }),
    ]);
    return { first, again, grown: grown.plan.changes.map(({ effect }) => effect), refused };
  });
  assert.deepEqual(result.first, ["create", "create", "create", "create"]);
  assert.deepEqual(result.again, Array(4).fill(["none", []]));
  assert.deepEqual(result.grown, ["live"]);
  assert.match(result.refused, /golden\.qcow2": an image is needed:\n.*golden\.qcow2\n {2}.*clone\.qcow2/);
});
