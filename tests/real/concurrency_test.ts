import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import { inPlace } from "../cli/kit/process.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const calls = 200;
const names = Array.from({ length: 50 }, (_, index) => `many-${index}`);

function domainXml(name: string, vcpus = 1): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><vcpu>${vcpus}</vcpu>
    <os><type arch='x86_64'>hvm</type></os></domain>`;
}

/** Defines the domains on one connection, all at once. */
async function defineAll(bench: Bench): Promise<void> {
  await Promise.all(
    names.map((name, index) => bench.call("domain.define", { xml: domainXml(name, 1 + index) })),
  );
}

async function undefineAll(host: RealHost): Promise<void> {
  for (const name of names) await host.virsh("undefine", name);
}

test("200 calls at the same time on one connection of the protocol each have their own answer", async (host) => {
  await using bench = await Bench.open(host.uri(), { drivers: [remoteDriver] });
  await defineAll(bench);
  await using connection = await connectRpc(parseUri(host.uri()), { clock: systemClock });
  const answers = await Promise.all(Array.from({ length: calls }, async (_, index) => {
    const name = names[index % names.length]!;
    const { dom } = await connection.call("domainLookupByName", { name });
    const { xml } = await connection.call("domainGetXmlDesc", { dom, flags: 0 });
    return [dom.name, /<vcpu[^>]*>(\d+)</.exec(xml)?.[1]];
  }));
  assert.deepEqual(
    answers,
    answers.map((_, index) => [names[index % names.length], String(1 + index % names.length)]),
  );
  await undefineAll(host);
});

test("200 reads and writes at the same time on one connection of the kernel are all carried out", async (host) => {
  await using bench = await Bench.open(host.uri(), { drivers: [remoteDriver] });
  await defineAll(bench);
  await Promise.all(names.map(async (name, index) => {
    const on = await bench.call("domain.lookup", { name });
    const [info, xml] = await Promise.all([
      bench.call("domain.info", {}, { on }),
      bench.call("domain.xml", {}, { on }),
      bench.call("domain.setMetadata", { kind: "title", value: `Title of ${name}` }, { on }),
    ]);
    assert.deepEqual([info.name, info.vcpus], [name, 1 + index]);
    assert.match(xml, new RegExp(`<name>${name}</name>`));
  }));
  for (const name of names) assert.equal(await host.virsh("desc", "--title", name), `Title of ${name}`);
  await undefineAll(host);
});

test("200 writes at the same time on one domain are carried out one after the other", async (host) => {
  let busy = 0;
  let most = 0;
  const scheduler: Scheduler = {
    hop: async (_info, go) => {
      most = Math.max(most, ++busy);
      return await go().finally(() => busy -= 1);
    },
    handOver: (grant) => grant(),
  };
  await using bench = await Bench.open(host.uri(), { drivers: [remoteDriver], scheduler });
  const on = await bench.call("domain.define", { xml: domainXml("queued") });
  const done: number[] = [];
  await Promise.all(Array.from({ length: calls }, async (_, index) => {
    await bench.call("domain.setMetadata", { kind: "title", value: `Title ${index}` }, { on });
    done.push(index);
  }));
  assert.equal(most, 1);
  assert.equal(done.length, calls);
  assert.equal(await host.virsh("desc", "--title", "queued"), `Title ${done.at(-1)}`);
  await host.virsh("undefine", "queued");
});

test("a recipe makes 200 calls at the same time", async (host) => {
  await host.virsh("define", await host.file("busy.xml", domainXml("busy", 7)));
  await inPlace(async (place) => {
    const file = await place.recipe(
      "busy",
      `summary: "Ask a lot",
      needs: ["domain:getattr,read"],
      async run({ host }) {
        const vm = await host.domain("busy");
        const infos = await Promise.all(Array.from({ length: ${calls} }, () => vm.info()));
        return infos.filter(({ vcpus }) => vcpus === 7).length;
      },`,
    );
    const result = `${place.directory}/result`;
    const ended = await place.run("run", file, "-c", host.uri(), "--allow", "all", "--output-file", result);
    assert.equal(ended.code, 0, ended.err);
    assert.equal(Number(await Deno.readTextFile(result)), calls);
  });
  await host.virsh("undefine", "busy");
});
