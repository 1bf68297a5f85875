/**
 * Recipes that talk to a real guest: over its serial console, its agent, its channels.
 */
import assert from "node:assert/strict";
import { type Domain, type Host, isVirtError, recipe } from "../../mod.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import { systemClock } from "../../runtime/clock.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml, makeDisk } from "./kit/guest.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests({ needs: guestNeeds });

const needs = [
  "domain:getattr,read,write,save,start,stop,suspend,delete,init_control,open_device,snapshot",
  "domain:fs_freeze,set_time,set_password",
  "connect:search_domains",
  "host:kernel,path,emulator,device,socket",
] as const;

/** What the guest's shell prompts with. */
const prompt = /# $/;

async function inGuest(
  host: { readonly uri: (driver: "qemu") => string },
  xml: string,
  run: (vm: Domain, host: Host) => Promise<unknown>,
): Promise<unknown> {
  await using runs = new RecipeRuns();
  const body = recipe({
    summary: "Talk to a guest",
    needs,
    run: async ({ host }) => {
      await using vm = await host.temporary.domain({ xml });
      return await run(vm, host);
    },
  });
  return await runs.result(body, { hosts: { host: host.uri("qemu") }, grants: ["all", "host"] });
}

async function logIn({ console }: Domain): Promise<void> {
  await console.expect(/login: $/, { within: "1m" });
  await console.sendLine("root");
  await console.expect(prompt);
}

test("a guest is watched from its first line, logged into, and asked", async (host) => {
  const result = await inGuest(host, await guestXml("talk-1", { words: ["ticks"] }), async (vm) => {
    await vm.start({ paused: true });
    await vm.console.open();
    await vm.resume();
    await logIn(vm);
    await vm.console.sendLine("uname -s; echo status $?");
    const { groups } = await vm.console.expect(/^(\w+)\nstatus (\d)\n/m);
    const ticks: string[] = [];
    for await (const line of vm.console.lines({ within: "20s" })) {
      if (/^tick \d+$/.test(line)) ticks.push(line);
      if (ticks.length === 2) break;
    }
    await vm.console.sendLine("poweroff -f");
    await vm.until.shutoff({ within: "30s" });
    const over = await vm.console.expect("never", { within: "10s" }).catch((error) => error.message);
    return { groups, ticks: ticks.length, over };
  });
  assert.deepEqual((result as { groups: unknown }).groups, ["Linux", "0"]);
  assert.equal((result as { ticks: unknown }).ticks, 2);
  assert.match(String((result as { over: unknown }).over), /it has ended/);
});

test("several readers share the console that the hypervisor hands out once, and others have to take it", async (host) => {
  await using outsider = await connectRpc(parseUri(host.uri("qemu")), { clock: systemClock });
  /** What somebody without Drover gets who opens the console. */
  const open = async (uuid: string, flags: 0 | 1): Promise<string> => {
    const dom = { name: "talk-2", uuid, id: -1 };
    return await outsider.open("domainOpenConsole", { dom, devName: undefined, flags }).then(
      () => "opened",
      (error) => error.message,
    );
  };
  const result = await inGuest(host, await guestXml("talk-2"), async (vm, hypervisor) => {
    await vm.start({ paused: true });
    await vm.console.open();
    const again = await hypervisor.domain("talk-2");
    const { reader, session, at } = await again.openConsole({});
    await vm.resume();
    await logIn(vm);
    const seen = await again.readConsole({ reader, session, from: at });
    await again.closeConsole({ reader });
    const refused = await open(vm.id, 0);
    const robbed = vm.console.expect("never", { within: "20s" }).catch((error) => error.message);
    const taken = await open(vm.id, 1);
    const back = await robbed;
    await vm.console.open({ force: true });
    return { also: new TextDecoder().decode(seen.data), refused, taken, back };
  });
  const { also, refused, taken, back } = result as Record<string, string>;
  assert.match(also!, /login: root/);
  assert.match(refused!, /Active console session exists/);
  assert.equal(taken, "opened");
  assert.match(back!, /it has ended, somebody else took it/);
});

test("a guest that does not read its console holds up nobody but who types", async (host) => {
  const result = await inGuest(host, await guestXml("talk-3"), async (vm) => {
    await vm.start();
    await vm.console.open();
    await vm.suspend();
    const flood = vm.console.send("x".repeat(2 * 1024 * 1024), { within: "10s" }).catch((error) =>
      error.code
    );
    const answered = await Promise.all(Array.from({ length: 20 }, () => vm.info()));
    await vm.resume();
    await vm.destroy();
    return { answered: answered.length, flood: await flood };
  });
  assert.equal((result as { answered: number }).answered, 20);
});

test("the agent runs programs, tells of its guest, and is waited for", async (host) => {
  const disk = await makeDisk(host, "agent.qcow2");
  const result = await inGuest(host, await guestXml("agent-1", { disk }), async (vm) => {
    await vm.start();
    await vm.until.agent({ within: "1m" });
    const { agent } = vm;
    const echo = await agent.exec("/bin/echo", ["a", "b"]);
    const cat = await agent.exec("/bin/cat", [], { input: "gr\u00fc\u00dfe" });
    const env = await agent.exec("/bin/sh", ["-c", "echo $NAME; exit 3"], { env: { NAME: "value" } });
    const large = await agent.exec("/bin/sh", ["-c", "seq 1 100000"]);
    const slow = await agent.exec("/bin/sleep", ["60"], { within: "2s" }).catch((error: unknown) => error);
    const missing = await agent.exec("/no/such/program").catch((error: unknown) => error);
    if (!isVirtError(slow) || !isVirtError(missing)) throw slow;
    const before = await agent.time();
    return {
      echo,
      cat: cat.out,
      env: [env.out, env.exitCode],
      large: [large.out.length, large.truncated],
      slow: [slow.code, /still runs in domain "agent-1" after 2s, as process \d+$/.test(slow.message)],
      missing: missing.code,
      hostname: await agent.hostname(),
      time: Math.abs(before - Date.now()) < 3_600_000,
    };
  });
  assert.deepEqual(result, {
    echo: { exitCode: 0, out: "a b\n", err: "", truncated: false },
    cat: "gr\u00fc\u00dfe",
    env: ["value\n", 3],
    large: [128 * 1024, true],
    slow: ["timed-out", true],
    missing: "operation-failed",
    hostname: "agent-1",
    time: true,
  });
});

test("addresses come from the leases of a network or from the agent", async (host) => {
  const result = await inGuest(host, await guestXml("agent-2", { network: "user" }), async (vm) => {
    await vm.start();
    const early = await vm.until.ip({ within: "1s" }).catch((error) => error.message);
    return [early, await vm.until.ip({ within: "1m", cidr: "10.0.2.0/24" })];
  });
  const [early, ip] = result as [string, string];
  assert.match(early, /^(Waited 1s|10\.)/);
  assert.match(ip, /^10\.0\.2\.\d+$/);
});

test("a channel carries lines between host and guest", async (host) => {
  const devices = `<channel type='unix'><target type='virtio' name='org.example.0'/></channel>`;
  const result = await inGuest(host, await guestXml("channel-1", { devices }), async (vm) => {
    await vm.start();
    await vm.until.agent({ within: "1m" });
    const channel = vm.channel("org.example.0");
    await channel.open();
    const script =
      `for p in /sys/class/virtio-ports/*; do [ "$(cat $p/name)" = org.example.0 ] && d=/dev/\${p##*/}; done; ` +
      `head -n 1 $d | tr a-z A-Z > /tmp/answer; cat /tmp/answer > $d`;
    const answering = vm.agent.exec("/bin/sh", ["-c", script], { within: "30s" });
    await channel.sendLine("hello");
    const { groups } = await channel.expect(/^(.*)\n/, { within: "20s" });
    return [groups[0], (await answering).exitCode];
  });
  assert.deepEqual(result, ["HELLO", 0]);
});

test("of what a guest says without end the last is kept, and whoever listens is told how much it missed", async (host) => {
  const devices = `<channel type='unix'><target type='virtio' name='org.example.0'/></channel>`;
  const result = await inGuest(host, await guestXml("flood-1", { devices }), async (vm) => {
    await vm.start();
    await vm.until.agent({ within: "1m" });
    const channel = vm.channel("org.example.0");
    await channel.open();
    const script =
      `for p in /sys/class/virtio-ports/*; do [ "$(cat $p/name)" = org.example.0 ] && d=/dev/\${p##*/}; done; ` +
      `(yes flood | head -c 20000000; echo; echo that was all) > $d`;
    const { exitCode } = await vm.agent.exec("/bin/sh", ["-c", script], { within: "2m" });
    await channel.expect(/^that was all\n/m, { within: "30s" });
    return { exitCode, lost: channel.gaps.lostBytes };
  });
  const { exitCode, lost } = result as { readonly exitCode: number; readonly lost: number };
  assert.equal(exitCode, 0);
  assert.ok(lost > 17_000_000 && lost < 20_000_000, `${lost} bytes`);
});

test("a console that a domain lacks is named, with those that it has", async (host) => {
  const result = await inGuest(host, await guestXml("talk-4"), async (vm) => {
    await vm.start();
    const errors: string[] = [];
    for (const console of [vm.serial("serial7"), vm.channel("org.example.1")]) {
      await console.open().catch((error) => errors.push(`${error.code}: ${error.message}`));
    }
    return errors;
  });
  assert.deepEqual(result, [
    'invalid-argument: Cannot open the console of domain "talk-4": it has no console "serial7"; it has "serial0"',
    'invalid-argument: Cannot open the channel of domain "talk-4": it has no channel "org.example.1"; ' +
    'it has "org.qemu.guest_agent.0"',
  ]);
});
