/**
 * Rolling work from the command line: over an inventory, with a host that is not there, and on from where a run has left.
 */
import assert from "node:assert/strict";
import { inPlace } from "./kit/process.ts";

const recipe = `import { Fleet, memberList, recipe, resumeList, z } from "drover";
export default recipe({
  summary: "Suspend guests",
  input: z.object({ members: memberList.optional(), bad: z.string().default(""), maxFail: z.int().default(0) }),
  needs: ["connect:search_domains", "domain:getattr,read,suspend"],
  hosts: "any",
  async run({ hosts, unreachable, input }) {
    const lists = await Promise.all(Object.values(hosts).map((host) => host.domains()));
    const fleet = new Fleet(lists.flatMap((list) => list.toArray())).only(input.members);
    const rolling = fleet.rolling({ maxFail: input.maxFail });
    for await (const batch of rolling) {
      await batch.forEach(async (vm) => {
        if (vm.connection === input.bad) throw new Error("not here");
        await vm.suspend();
      });
    }
    return { unreachable, ...resumeList(rolling.report) };
  },
});
`;

Deno.test("a run over an inventory says whom it could not reach, who is left, and goes on from there", async () => {
  await inPlace(async (place) => {
    const file = (name: string): string => `${place.directory}/${name}`;
    const uri = (name: string): string => `test:///default?state=${file(name)}`;
    await Deno.writeTextFile(file("suspend.ts"), recipe);
    const hosts = [
      `a-1 uri=${uri("a")}`,
      `b-1 uri=${uri("b")}`,
      `gone uri=qemu:///system?socket=${file("none")}`,
    ];
    await Deno.writeTextFile(file("hosts.ini"), `${hosts.join("\n")}\n`);
    const run = async (
      ...args: readonly string[]
    ): Promise<{ code: number; left: Record<string, unknown[]> }> => {
      const given = ["--inventory", file("hosts.ini"), "--yes", "--output-file", file("left.json"), ...args];
      const { code, err } = await place.run("run", file("suspend.ts"), ...given);
      assert.doesNotMatch(err, /internal/);
      return { code, left: JSON.parse(await Deno.readTextFile(file("left.json"))) };
    };
    const names = (list: unknown[] = []): unknown[] => list.map((each) => (each as { host: string }).host);

    // The budget is spent: the error's list is what the file holds.
    const spent = await run("--input", "bad=a_1", "--limit", "a-1:b-1");
    assert.equal(spent.code, 3);
    assert.deepEqual([names(spent.left["failed"]), names(spent.left["notBegun"])], [["a_1"], ["b_1"]]);

    const rest = await run("--input", `members=@${file("left.json")}`);
    assert.equal(rest.code, 4);
    assert.deepEqual(names(rest.left["done"]), ["a_1", "b_1"]);
    assert.match(JSON.stringify(rest.left["unreachable"]), /"name":"gone".*none/);

    const within = await run("--input", "bad=b_1", "--input", "maxFail=1", "--limit", "b-1");
    assert.equal(within.code, 3);
    assert.deepEqual(names(within.left["failed"]), ["b_1"]);
  });
});
