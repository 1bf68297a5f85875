import assert from "node:assert/strict";
import { type Desired, domain, recipe, z } from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";

const ensure = recipe({
  summary: "Ensure",
  input: z.object({ desired: z.custom<Desired>() }),
  needs: ["all", "host"],
  async run({ host, input }): Promise<void> {
    await host.ensure(input.desired);
  },
});

/** What is told of a domain whose type was not looked at. */
async function told(spec: unknown): Promise<string> {
  await using lab = await simulate({ hypervisor: { domains: [] } });
  const { error } = await lab.run(ensure, {
    input: { desired: domain(spec as never) },
    grants: ["all", "host"],
  });
  assert.equal(error?.code, "invalid-argument", error?.message);
  return error.message;
}

Deno.test("what is wrong with a desired object is said by its name and the field's", async () => {
  const start = 'Cannot tell what domain "web-1" shall be: ';
  const of = (fields: object): Promise<string> => told({ name: "web-1", ...fields });
  assert.equal(await of({ boot: { kernel: "/k" } }), `${start}"boot": expected array, received object`);
  assert.match(await of({ memry: "1GiB" }), /^Cannot tell what domain "web-1" shall be: .*"memry"/);
  assert.match(await of({ disks: [{ file: "relative" }] }), /"disks\.0\.file": /);
  assert.match(await of({ vcpus: 0 }), /"vcpus": /);
});
