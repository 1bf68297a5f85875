/**
 * A serial console under bad conditions: floods, a guest that starts again, a link that breaks, a daemon that dies.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Domain, recipe } from "../../mod.ts";
import { CuttingLink } from "./kit/cutting_link.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml } from "./kit/guest.ts";
import type { RealHost } from "./kit/host.ts";
import { uriThrough } from "./kit/judge.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests({ needs: guestNeeds, mayCrash: true });

const needs = [
  "domain:getattr,read,write,save,start,stop,suspend,delete,open_device",
  "connect:search_domains",
  "host:kernel,path,emulator,device,socket",
] as const;

/** Runs the body of a recipe with a guest in whose shell it is. */
async function inShell<T>(
  host: RealHost,
  { name, uri = host.uri() }: { readonly name: string; readonly uri?: string },
  body: (vm: Domain) => Promise<T>,
): Promise<T> {
  const xml = await guestXml(name);
  let result: T | undefined;
  await using runs = new RecipeRuns();
  const talk = recipe({
    summary: "Talk to a guest",
    needs,
    run: async ({ host }) => {
      await using vm = await host.temporary.domain({ xml });
      await vm.start({ paused: true });
      await vm.console.open();
      await vm.resume();
      await vm.console.expect(/login: $/, { within: "2m" });
      await vm.console.sendLine("root");
      await vm.console.expect(/# /, { within: "1m" });
      result = await body(vm);
      return null;
    },
  });
  await runs.result(talk, { hosts: { host: uri }, grants: ["all", "host"] });
  return result!;
}

/** Whether the shell answers; the echo of the question is none. */
async function answers(vm: Domain, word: string): Promise<boolean> {
  await vm.console.sendLine(`echo "${word.slice(0, 2)}""${word.slice(2)}"`);
  await vm.console.expect(new RegExp(`^${word}\n`, "m"), { within: "1m" });
  return true;
}

test("a flood comes whole and in order", async (host) => {
  const { lines, lost } = await inShell(host, { name: "flood" }, async (vm) => {
    await vm.console.sendLine("seq 1 20000; echo fin");
    const { before } = await vm.console.expect(/^fin\n/m, { within: "2m" });
    return {
      lines: before.split("\n").filter((line) => /^\d+$/.test(line)),
      lost: vm.console.gaps.lostBytes,
    };
  });
  assert.equal(lost, 0);
  assert.deepEqual(lines, Array.from({ length: 20_000 }, (_, index) => String(index + 1)));
});

test("a guest that starts again is heard on the same console", async (host) => {
  const again = await inShell(host, { name: "reboots" }, async (vm) => {
    await vm.console.sendLine("reboot -f");
    await vm.console.expect(/login: $/, { within: "2m" });
    return vm.console.gaps.reopened;
  });
  assert.equal(again, 0);
});

test("a console whose link breaks is open again, and says that something may be missing", async (host) => {
  await using link = await CuttingLink.open(host.socket);
  const gaps = await inShell(host, { name: "cut", uri: uriThrough(link) }, async (vm) => {
    await answers(vm, "before");
    link.sever();
    await vm.until.running({ within: "1m" });
    await answers(vm, "behind");
    return vm.console.gaps.reopened;
  });
  assert.ok(gaps >= 1, "the gap is counted");
});

test("a console outlives the daemon", async (host) => {
  const gaps = await inShell(host, { name: "outlives" }, async (vm) => {
    await answers(vm, "before");
    await host.restart();
    await vm.until.running({ within: "1m" });
    await answers(vm, "behind");
    return vm.console.gaps.reopened;
  });
  assert.ok(gaps >= 1, "the gap is counted");
});
