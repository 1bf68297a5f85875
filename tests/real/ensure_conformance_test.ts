/**
 * Documents of libvirt's own tests as desired states: what the hypervisor has taken over is not planned again.
 */
import assert from "node:assert/strict";
import { domain, recipe } from "../../mod.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { realTests } from "./kit/real_test.ts";

const root = Deno.env.get("DROVER_CONFORMANCE");
const { test } = realTests(root === undefined ? { missing: "DROVER_CONFORMANCE names no folder" } : {});

/** So many documents of all: a different part of them could be taken each time, but a failure shall come again. */
const every = 8;

/** What differs for a reason that is the host's, or where a document says something that no libvirt keeps. */
const exceptions: Readonly<Record<string, string>> = {
  "graphics-vnc-remove-generated-socket.xml": "a socket of libvirt's own is none of the definition",
  "numavcpus-topology-mismatch.xml": "libvirt gives the first node the processors that no node has",
  "seclabel-dynamic-relabel.xml": "the host has no security driver",
  "shmem-invalid-size.xml": "sizes are cut to whole MiB",
  "shmem-small-size.xml": "sizes are cut to whole MiB",
};

test("of documents that the hypervisor accepts nothing is planned again but what it has not taken over", async (real) => {
  const folder = `${root}/qemu-argv/qemuxmlconfdata`;
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".xml"))
    .filter((name) => !/invalid|mismatch|err-/.test(name)).sort()
    .filter((_name, index) => index % every === 0);
  const body = recipe({
    summary: "Ensure",
    needs: ["connect:*", "domain:*", "host:*"],
    run: async ({ host }) => {
      const wrong: string[] = [];
      let accepted = 0;
      for (const file of files) {
        const xml = await Deno.readTextFile(`${folder}/${file}`);
        const name = /<name>([^<]*)</.exec(xml)?.[1] ?? "unnamed";
        const wanted = domain({ name, xml });
        const made = await host.ensure(wanted).then(() => true, () => false);
        if (!made) continue;
        accepted += 1;
        const again = await host.plan(wanted);
        const changed = again.changes.filter(({ from }) => from !== undefined);
        if (changed.length > 0 || again.pending.length > 0) wrong.push(`${file}: ${again}`);
        await host.ensure(domain({ name, state: "absent" }));
      }
      return { wrong, accepted };
    },
  });
  await using runs = new RecipeRuns();
  const answer = await runs.result(body, { hosts: { host: real.uri() }, grants: ["all", "host"] });
  const { wrong, accepted } = answer as { wrong: string[]; accepted: number };
  assert.ok(accepted > files.length / 2, `${accepted} of ${files.length}`);
  assert.deepEqual(wrong.filter((each) => exceptions[each.split(":")[0] ?? ""] === undefined), []);
});
