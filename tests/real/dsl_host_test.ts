/**
 * Recipes that move bytes, devices and domains on real hosts, and follow what takes long.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Domain, type Host, recipe } from "../../mod.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml, makeDisk } from "./kit/guest.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests({ needs: guestNeeds });
const mebibyte = 1024 * 1024;

const needs = ["all", "host"] as const;

/** An image with data, a hole, and data again. */
function image(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(24 * mebibyte);
  for (let at = 0; at < bytes.length; at += 4) bytes[at] = (at * 2_654_435_761) >>> 24;
  return bytes.fill(0, 8 * mebibyte, 16 * mebibyte);
}

test("a recipe's image goes into a pool with its holes, is followed on its way, and comes back the same", async (host) => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const bytes = image();
    await Deno.writeFile(`${folder}/image.raw`, bytes);
    const sending = recipe({
      summary: "Send an image",
      needs,
      files: ["image.raw"],
      run: async ({ host }) => {
        await using pool = await host.temporary.pool({
          xml: `<pool type='dir'><name>images</name><target><path>${folder}/pool</path></target></pool>`,
        });
        await pool.build();
        await pool.start();
        await using volume = await pool.temporary.volume({
          xml:
            `<volume><name>image.raw</name><capacity>${bytes.length}</capacity><allocation>0</allocation></volume>`,
        });
        const upload = volume.uploadFrom("image.raw", { sparse: true });
        const seen: number[] = [];
        for await (const { fraction } of upload.progress()) seen.push(fraction);
        const sent = await upload;
        const back = await volume.downloadTo(`${folder}/back.raw`);
        const aborted = volume.uploadFrom("image.raw");
        aborted.abort();
        return {
          rises: seen.length > 0 &&
            seen.every((fraction, index) => index === 0 || fraction >= seen[index - 1]!),
          last: seen.at(-1),
          sent: [sent.bytes, sent.dataBytes, sent.sha256],
          back: back.sha256,
          aborted: await aborted.then(() => "sent", (error) => error.code),
          allocated: (await volume.info()).allocationBytes <= bytes.length,
        };
      },
    });
    await using runs = new RecipeRuns();
    const result = await runs.result(sending, {
      hosts: { host: host.uri("qemu") },
      file: `${folder}/recipe.ts`,
      grants: ["all", `host:local_write@${folder}/*`, `host:path@${folder}/**`],
    }) as Record<string, unknown>;
    const digest = createHash("sha256").update(bytes).digest("hex");
    assert.equal(result["rises"], true);
    assert.deepEqual(result["sent"], [bytes.length, 16 * mebibyte, digest]);
    assert.equal(result["back"], digest);
    assert.ok(["sent", "cancelled"].includes(String(result["aborted"])));
    assert.deepEqual(await Deno.readFile(`${folder}/back.raw`), bytes);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function onHost(
  host: { readonly uri: (driver: "qemu") => string },
  run: (host: Host) => Promise<unknown>,
): Promise<unknown> {
  await using runs = new RecipeRuns();
  const body = recipe({ summary: "Work on a host", needs, run: async ({ host }) => await run(host) });
  return await runs.result(body, { hosts: { host: host.uri("qemu") }, grants: ["all", "host"] });
}

test("a disk that is unplugged is gone when the guest has let go of it", async (host) => {
  const path = await makeDisk(host, "plugged.qcow2");
  const disk = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/>` +
    `<target dev='vdb' bus='virtio'/><alias name='ua-plugged'/></disk>`;
  // A port for it: without one there is no room on the machine's bus.
  const devices = `<controller type='pci' index='0' model='pcie-root'/>` +
    Array.from(
      { length: 8 },
      (_, index) => `<controller type='pci' index='${index + 1}' model='pcie-root-port'/>`,
    ).join("");
  const xml = await guestXml("plug-1", { devices });
  const result = await onHost(host, async (host) => {
    await using vm = await host.temporary.domain({ xml });
    await vm.start();
    await vm.until.agent({ within: "1m" });
    await vm.attachDevice({ xml: disk });
    const waiting =
      "n=0; while [ ! -e /sys/block/vda ] && [ $n -lt 100 ]; do usleep 100000; n=$((n + 1)); done";
    await vm.agent.exec("/bin/sh", ["-c", waiting], { within: "20s" });
    const seen = async (): Promise<boolean> =>
      (await vm.agent.exec("/bin/sh", ["-c", "ls /sys/block"])).out.includes("vda");
    const there = await seen();
    await vm.detachDevice({ alias: "ua-plugged" });
    await vm.until.deviceRemoved("ua-plugged", { within: "30s" });
    return [there, await seen()];
  });
  assert.deepEqual(result, [true, false]);
});

test("statistics of a fleet come in one call, and file systems freeze for a snapshot", async (host) => {
  const disk = await makeDisk(host, "stats.qcow2");
  const xml = await guestXml("stats-1", { disk });
  const other = await guestXml("stats-2");
  const result = await onHost(host, async (host) => {
    await using first = await host.temporary.domain({ xml });
    await using _second = await host.temporary.domain({ xml: other });
    await first.start();
    const fleet = (await host.domains({ name: "stats-*" })).toSorted((a, b) => a.name < b.name ? -1 : 1);
    const stats = await fleet.stats({ groups: ["state", "vcpu", "block"] });
    const all = await host.stats({ active: true, groups: ["balloon"] });
    await first.until.agent({ within: "1m" });
    const frozen = await first.agent.freeze().then(
      async (held) => {
        await held.thaw();
        return "thawed";
      },
      (error) => error.code,
    );
    return {
      names: stats.map(({ domain }) => domain.name),
      states: stats.map(({ stats }) => stats["state.state"]),
      block: stats[0]?.stats["block.count"],
      active: all.map(({ domain }) => domain.name),
      frozen,
    };
  });
  assert.deepEqual(result, {
    names: ["stats-1", "stats-2"],
    states: [1, 5],
    block: 1,
    active: ["stats-1"],
    // The guest lives in memory: it may have nothing that can be frozen.
    frozen: (result as { frozen: string }).frozen,
  });
  assert.ok(["thawed", "operation-failed"].includes((result as { frozen: string }).frozen));
});

test("a console is opened again when the daemon is, and says that it was", async (host) => {
  const xml = await guestXml("again-1", { words: ["ticks"] });
  await using runs = new RecipeRuns();
  const restarted = Promise.withResolvers<void>();
  const body = recipe({
    summary: "Watch a console over a restart of the daemon",
    needs,
    run: async ({ host: hypervisor }) => {
      await using vm: Domain & AsyncDisposable = await hypervisor.temporary.domain({ xml });
      await vm.start();
      await vm.console.expect(/tick 2\n/, { within: "1m" });
      void host.restart().then(() => restarted.resolve(), restarted.reject);
      const ticks: number[] = [];
      for await (const line of vm.console.lines({ within: "1m" })) {
        const tick = Number(/^tick (\d+)$/.exec(line)?.[1]);
        if (tick > 0) ticks.push(tick);
        if (vm.console.gaps.reopened > 0 && ticks.length > 2) break;
      }
      await restarted.promise;
      return {
        reopened: vm.console.gaps.reopened,
        rises: ticks.every((t, i) => i === 0 || t > ticks[i - 1]!),
      };
    },
  });
  const { view, logs } = await runs.run(body, { hosts: { host: host.uri("qemu") }, grants: ["all", "host"] });
  assert.equal(view.state, "done", JSON.stringify(view.error));
  assert.deepEqual(view.result, { reopened: 1, rises: true });
  assert.ok(logs.some(({ message }) => /had to be opened again/.test(message)));
});
