import assert from "node:assert/strict";
import { recipeHosts } from "../../cli/actions/recipe_hosts.ts";
import { FakeIo } from "./kit/fake_io.ts";

const io = new FakeIo();

async function withInventory(text: string, test: (file: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/hosts.ini`, text);
    await test(`${directory}/hosts.ini`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const inventory = `
web-1 uri=qemu+ssh://b.example/system domain=web-1

[rack_a]
host-1.example uri=qemu+ssh://a/system
2nd uri=qemu+ssh://c/system

[rack_b]
host_1_example uri=qemu+ssh://d/system
`;

Deno.test("each hypervisor of an inventory is a connection, with a name that recipes can use", async () => {
  await withInventory(inventory, async (file) => {
    assert.deepEqual(await recipeHosts(io, { inventory: [file] }), {
      host_1_example: "qemu+ssh://a/system",
      h2nd: "qemu+ssh://c/system",
      host_1_example_2: "qemu+ssh://d/system",
      of_b_example_system: "qemu+ssh://b.example/system",
    });
    assert.deepEqual(await recipeHosts(io, { inventory: [file], limit: "rack_b" }), {
      host_1_example: "qemu+ssh://d/system",
    });
    const both = { connect: ["mine=qemu+ssh://a/system"], inventory: [file], limit: "rack_a" };
    assert.deepEqual(await recipeHosts(io, both), {
      mine: "qemu+ssh://a/system",
      h2nd: "qemu+ssh://c/system",
    });
  });
});

Deno.test("an inventory that leads nowhere is refused", async () => {
  await withInventory(inventory, async (file) => {
    await assert.rejects(
      recipeHosts(io, { inventory: [file], limit: "rack_c" }),
      /no host and no group "rack_c"/,
    );
    await assert.rejects(
      recipeHosts(io, { inventory: [file], limit: "rack_a:!all" }),
      /No host of the inventory is left/,
    );
  });
  await withInventory(
    "bare\n",
    (file) => assert.rejects(recipeHosts(io, { inventory: [file] }), /has no uri for it/),
  );
  await assert.rejects(recipeHosts(io, { inventory: ["qemu:///system"] }), /it is a connection/);
  await assert.rejects(recipeHosts(io, { limit: "x" }), /there is no inventory/);
});
