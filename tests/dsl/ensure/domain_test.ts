import assert from "node:assert/strict";
import { domain, recipe } from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";

const needs = [
  "connect:getattr,read",
  "domain:getattr,read,write,save,start,init_control,delete,stop",
  "host:path",
];

const web = domain({
  name: "web-1",
  memory: "2GiB",
  vcpus: 2,
  disks: ["/var/lib/libvirt/default/web-1.qcow2"],
  interfaces: ["default"],
  state: "running",
});

Deno.test("a domain is made in ten lines, and ensuring it again changes nothing", async () => {
  await using lab = await simulate({ hypervisor: {} });
  const make = recipe({
    summary: "Make a domain",
    needs,
    run: async ({ host }) => {
      const first = await host.ensure(web);
      const second = await host.ensure(web);
      return {
        first: first.plan.action,
        second: String(second.plan),
        state: (await second.object.info()).state,
      };
    },
  });
  const run = await lab.run(make);
  assert.deepEqual(run.result, {
    first: "create",
    second: '  domain "web-1" is as it shall be',
    state: "running",
  });
  const writes = lab.host.effects.filter(({ byKernel }) => byKernel).map(({ effect }) => effect);
  assert.deepEqual(writes.filter((effect) => effect === "domain.write-definition").length, 1);
});
