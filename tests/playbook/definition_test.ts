import assert from "node:assert/strict";
import { tryPlay } from "./kit/play.ts";

const inventory = "all: { hosts: { localhost: { uri: 'test:///default' } } }";

function defining(name: string, { memory = 64, uuid = "" } = {}): string {
  return `- hosts: localhost
  tasks:
    - domain.define:
        xml: |
          <!-- <name>not-this</name> -->
          <domain type='test'>${uuid}<name>${name}</name><memory unit='MiB'>${memory}</memory>
          <os><type arch='x86_64'>hvm</type></os></domain>
`;
}

async function changesOf(...plays: readonly string[]): Promise<readonly string[]> {
  const { story, lines } = await tryPlay(plays.join("\n"), { inventory, hypervisor: { domains: [] } });
  assert.equal(story.exit, 0, lines.join("\n"));
  return lines.filter((line) => /^(ok|changed): /.test(line)).map((line) => line.split(":")[0] ?? "");
}

Deno.test("a definition without a UUID means the domain of its name, and changes nothing the second time", async () => {
  assert.deepEqual(await changesOf(defining("web-1"), defining("web-1")), ["changed", "ok"]);
});

Deno.test("a definition of a domain that is there brings it up to what it says, under the UUID that it has", async () => {
  const plays = [defining("web-1"), defining("web-1", { memory: 128 }), defining("web-1", { memory: 128 })];
  assert.deepEqual(await changesOf(...plays), ["changed", "changed", "ok"]);
});

Deno.test("a name in a definition is read as XML has it", async () => {
  assert.deepEqual(await changesOf(defining("a&amp;b"), defining("a&#38;b"), defining("a&amp;b")), [
    "changed",
    "ok",
    "ok",
  ]);
});

Deno.test("a definition with a UUID means that domain and no other", async () => {
  const uuid = "<uuid>11111111-2222-4333-8444-555555555555</uuid>";
  const { story, lines } = await tryPlay([defining("web-1"), defining("web-1", { uuid })].join("\n"), {
    inventory,
    hypervisor: { domains: [] },
  });
  assert.equal(story.exit, 3);
  assert.ok(lines.some((line) => line.includes("web-1") && line.startsWith("fatal")), lines.join("\n"));
});

Deno.test("a check of a definition says whether it would change what is there, and changes nothing", async () => {
  for (const [memory, said] of [[64, "ok"], [128, "would change"]] as const) {
    const xml = "<domain type='test'><name>web-1</name><memory unit='MiB'>64</memory>" +
      "<os><type arch='x86_64'>hvm</type></os></domain>";
    const { story, lines } = await tryPlay(defining("web-1", { memory }), {
      inventory,
      hypervisor: { domains: [{ name: "web-1", xml }] },
      check: true,
    });
    assert.equal(story.exit, 0, lines.join("\n"));
    assert.ok(lines.includes(`${said}: [localhost]`), lines.join("\n"));
  }
});
