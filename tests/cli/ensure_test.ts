import assert from "node:assert/strict";
import { inPlace, type Place } from "./kit/process.ts";

/** Keeps one domain of libvirt's test host as it shall be. */
const keep = `
  summary: "Keep the test domain",
  input: z.object({ memory: z.enum(["1GiB", "2GiB", "9GiB"]).default("1GiB"), title: z.string().default("Kept") }),
  needs: ["connect:getattr,read", "domain:getattr,read,write,save", "network:getattr,read,write,save"],
  async run({ host, input }) {
    await host.ensure(network({ name: "lab", address: "192.168.50.1/24" }));
    await host.ensure(domain({ name: "test", memory: input.memory, title: input.title }));
    await host.ensure(domain({ name: "test", memory: input.memory, title: input.title }));
  },`;

/** Writes the recipe with the builders that it imports. */
async function keeping(place: Place): Promise<string> {
  const path = await place.recipe("keep", keep);
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace("{ recipe, z }", "{ domain, network, recipe, z }"));
  return path;
}

Deno.test("plan and run --check show what would change, and change nothing; drift says 5", async () => {
  await inPlace(async (place) => {
    const recipe = await keeping(place);
    const url = `test:///default?state=${place.directory}/host`;
    const before = (await place.run("dumpxml", "test", "-c", url)).out;
    for (const words of [["plan"], ["run", "--check"]]) {
      const { code, out, err } = await place.run(...words, recipe, "-c", url, "--diff");
      assert.equal(code, 0, err);
      assert.match(out, /\+ network "lab"/);
      assert.match(out, /~ domain "test"\n +\+ title: Kept +\[live\]/);
      assert.match(out, /^ +~ current memory: 2097152 -> 1048576 +\[live\] The balloon/m);
      assert.match(out, /^--- before domain\/test$/m);
      assert.match(out, /^Plan: 1 to add, 1 to change, 0 to destroy\.$/m);
    }
    assert.equal((await place.run("dumpxml", "test", "-c", url)).out, before);
    assert.equal((await place.run("plan", recipe, "-c", url, "--detailed-exitcode")).code, 2);
    const drift = await place.run("drift", recipe, "-c", url);
    assert.equal(drift.code, 5, drift.err);
    assert.match(drift.out, /network\/lab +missing/);
    assert.match(drift.out, /domain\/test +changed +title +- +Kept/);
    const ignored = await place.run(
      "drift",
      recipe,
      "-c",
      url,
      "--ignore",
      "network/*",
      "--ignore",
      "domain/t*:*",
    );
    assert.equal(ignored.code, 0, ignored.out);
    assert.equal((await place.run("dumpxml", "test", "-c", url)).out, before);
  });
});

Deno.test("what was ensured has not drifted, and what waits for the next start is pending", async () => {
  await inPlace(async (place) => {
    const recipe = await keeping(place);
    const url = `test:///default?state=${place.directory}/host`;
    const all = [recipe, "-c", url, "--input", "memory=9GiB"];
    const run = await place.run("run", ...all, "--allow", "all");
    assert.equal(run.code, 0, run.err);
    const plan = await place.run("plan", ...all, "--detailed-exitcode", "--changes");
    assert.equal(plan.code, 0, plan.out);
    assert.match(plan.out, /No changes\. Everything is as it is desired\./);
    const drift = await place.run("drift", ...all);
    assert.equal(drift.code, 0, drift.out);
    assert.match(drift.out, /domain\/test +pending +memory +8388608 +9437184/);
    const json = await place.run("plan", ...all, "--changes", "-o", "json");
    const { items } = JSON.parse(json.out);
    assert.deepEqual(items.map(({ kind, action }: { kind: string; action: string }) => [kind, action]), [
      ["network", "none"],
      ["domain", "none"],
      ["domain", "none"],
    ]);
  });
});
