import assert from "node:assert/strict";
import { type Domain, recipe } from "../../mod.ts";
import { type Lab, type RunStory, simulate } from "../../testing/mod.ts";

const needs = ["domain:getattr,read,write,start,stop,suspend,open_device,init_control"] as const;

function on<T>(run: (vm: Domain) => Promise<T>): ReturnType<typeof recipe<typeof needs, T>> {
  return recipe({ summary: "Talk", needs, run: async ({ host }) => await run(await host.domain("web-1")) });
}

const running = { name: "web-1", state: "running" } as const;

async function talk<T>(lab: Lab, run: (vm: Domain) => Promise<T>): Promise<RunStory<T>> {
  return await lab.run(on(run)) as RunStory<T>;
}

Deno.test("a recipe logs in on the console, asks, and closes it at its end", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ ...running, console: { user: "root", password: "s3cret" } }] },
  });
  const run = await talk(lab, async ({ console }) => {
    await console.sendLine("");
    await console.expect(/login: $/);
    await console.sendLine("root");
    await console.expect(/assword: $/);
    await console.sendLine("s3cret", { secret: true });
    await console.expect(/# $/);
    await console.sendLine("hostname");
    const { groups, before } = await console.expect(/\n(\S+)\n/);
    return [groups, before];
  });
  assert.deepEqual(run.result, [["web-1"], "hostname"]);
  assert.deepEqual(lab.host.effects.map(({ effect }) => effect).filter((effect) => /^console/.test(effect)), [
    "console.open",
    ...Array.from({ length: 4 }, () => "console.type"),
    "console.close",
  ]);
  const shown = JSON.stringify(run.calls);
  assert.ok(!shown.includes("s3cret"), "the password is on no record");
  assert.match(shown, /hostname/);
});

Deno.test("from a paused start on nothing of the boot is missed", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", console: { boot: ["Linux 6.1", "all is well"] } }] },
    guests: { boot: "20s" },
  });
  const run = await talk(lab, async (vm) => {
    await vm.start({ paused: true });
    await vm.console.open();
    await vm.resume();
    const lines: string[] = [];
    for await (const line of vm.console.lines({ within: "1m" })) {
      lines.push(line);
      if (line === "all is well") break;
    }
    await vm.console.expect("login: ");
    return lines;
  });
  assert.deepEqual(run.result, ["Linux 6.1", "all is well"]);
  assert.equal(run.durationMs, 20_000);
});

Deno.test("what never comes is waited for as long as was said, and the error shows what came instead", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async ({ console }) => {
    await console.sendLine("");
    await console.expect(/# $/, { within: "90s" });
  });
  assert.equal(run.error?.code, "timed-out");
  assert.equal(
    run.error?.message,
    'Waited 1m 30s for /# $/ on the console of domain "web-1": the last that came was "\\nweb-1 login: "',
  );
  assert.equal(run.durationMs, 90_000);
});

Deno.test("of several patterns the first in the text counts, and what follows is left", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async ({ console }) => {
    await console.sendLine("root");
    await console.expect("# ");
    await console.sendLine("echo one two");
    await console.expect("\n");
    const first = await console.expect([/t(?<rest>wo)/g, "one"]);
    const second = await console.expect([/t(?<rest>wo)/g, "one"]);
    return [first.index, first.text, second.index, second.named, second.before];
  });
  assert.deepEqual(run.result, [1, "one", 0, { rest: "wo" }, " "]);
});

Deno.test("a console ends with its domain, and is there again with it", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async (vm) => {
    await vm.console.sendLine("root");
    await vm.console.expect("# ");
    await vm.console.sendLine("poweroff");
    const lines: string[] = [];
    for await (const line of vm.console.lines()) lines.push(line);
    const failure = await vm.console.expect("login").catch((error: Error) => error.message);
    await vm.start();
    await vm.console.sendLine("");
    await vm.console.expect("login: ");
    return [lines, failure];
  });
  assert.deepEqual(run.result, [
    ["poweroff"],
    'Waited for "login" on the console of domain "web-1": it has ended, domain "web-1" is not running any more; ' +
    "nothing came",
  ]);
});

Deno.test("a console without a domain that runs is refused, and so is one that the domain lacks", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1"] } });
  const off = await talk(lab, ({ console }) => console.open());
  assert.equal(off.error?.code, "wrong-state");
  assert.match(off.error?.message ?? "", /Cannot open the console of domain "web-1": it is not running/);

  await using other = await simulate({ hypervisor: { domains: [running] } });
  const none = await talk(other, (vm) => vm.channel("org.example.0").open());
  assert.equal(none.error?.code, "invalid-argument");
  const serial = await talk(other, (vm) => vm.serial("serial7").open());
  assert.equal(serial.error?.code, "invalid-argument");
});

Deno.test("a channel carries lines, and no carriage returns", async () => {
  await using lab = await simulate({
    hypervisor: {
      domains: [{ ...running, channels: ["org.example.0"], console: { answers: { status: "green" } } }],
    },
  });
  const run = await talk(lab, async (vm) => {
    const channel = vm.channel("org.example.0");
    await channel.sendLine("status");
    const { groups: [status] } = await channel.expect(/^(.*)\n/);
    await channel.send(new TextEncoder().encode("gr\u00fc\u00dfe\n"));
    const { groups: [echo] } = await channel.expect(/^(.*)\n/);
    return [status, echo];
  });
  assert.deepEqual(run.result, ["green", "gr\u00fc\u00dfe"]);
});

Deno.test("two runs read the same console, and each sees all that comes while it is there", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const watcher = lab.start(on(async ({ console }) => {
    await console.open();
    return (await console.expect(/both of us/)).before;
  }));
  await lab.advance("1s");
  const talker = await talk(lab, async ({ console }) => {
    await console.sendLine("root");
    await console.expect("# ");
    await console.sendLine("echo both of us");
    await console.expect(/\nboth of us/);
  });
  assert.equal(talker.exit, 0);
  const watched = await lab.clock.until(watcher.ended);
  assert.match(String(watched.result), /root\nweb-1:~# echo $/);
  const opened = lab.host.effects.filter(({ effect }) => effect === "console.open");
  assert.equal(opened.length, 1, "the hypervisor hands it out once");
  assert.equal(lab.host.effects.at(-1)?.effect, "console.close");
});

Deno.test("somebody else takes the console away, and is not robbed without a word", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const { uuid: id } = lab.host.domain("web-1");
  const run = lab.start(on((vm) => vm.console.expect("never")));
  await lab.advance("1s");
  lab.host.outside("console.open", { id, port: "console:", line: "virsh", force: true });
  const robbed = await lab.clock.until(run.ended);
  assert.equal(robbed.error?.code, "wrong-state");
  assert.match(robbed.error?.message ?? "", /it has ended, somebody else took it/);

  const refused = await talk(lab, ({ console }) => console.open());
  assert.equal(refused.error?.code, "in-use");
  assert.match(refused.error?.hint ?? "", /force: true/);
  const forced = await talk(lab, async ({ console }) => {
    await console.open({ force: true });
    await console.sendLine("");
    await console.expect("login: ");
  });
  assert.equal(forced.exit, 0);
});

Deno.test("a wait ends at once with its signal and with the run, and keeps nobody off the domain", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const impatient = recipe({
    summary: "Wait a while",
    needs,
    run: async ({ host, sleep }) => {
      const { console } = await host.domain("web-1");
      const controller = new AbortController();
      void sleep("5s").then(() => controller.abort("enough"));
      return await console.expect("never", { signal: controller.signal }).catch((error: unknown) => error);
    },
  });
  const aborted = await lab.run(impatient);
  assert.equal(aborted.result, "enough");
  assert.equal(aborted.durationMs, 5_000);

  const run = lab.start(on(({ console }) => console.expect("never", { within: "1h" })));
  await lab.advance("1s");
  run.cancel();
  const cancelled = await lab.clock.until(run.ended);
  assert.equal(cancelled.state, "cancelled");
  assert.equal(cancelled.durationMs, 1_000);
  assert.equal(lab.host.effects.at(-1)?.effect, "console.close");

  const waiting = lab.start(
    on(({ console }) => console.expect("never").catch((error: Error) => error.message)),
  );
  await lab.advance("1s");
  const destroyed = await talk(lab, (vm) => vm.destroy());
  assert.equal(destroyed.exit, 0);
  assert.equal(destroyed.durationMs, 0, "it did not wait for the one who reads");
  assert.match(String((await lab.clock.until(waiting.ended)).result), /is not running any more/);
});

Deno.test("without waiting a read takes what is there", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async ({ console }) => {
    const before = await console.read({ within: 0 });
    await console.sendLine("");
    const after = await console.read({ within: 0 });
    return [before, after, await console.read({ within: "5s" })];
  });
  assert.deepEqual(run.result, ["", "\nweb-1 login: ", ""]);
  assert.equal(run.durationMs, 5_000);
});

Deno.test("two branches wait on one console, and what one takes the other does not see", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async ({ console }) => {
    const both = Promise.all([
      console.expect(/login: /, { within: "1m" }),
      console.expect(/# /, { within: "1m" }),
    ]);
    await console.sendLine("");
    await console.sendLine("root");
    return (await both).map(({ text }) => text);
  });
  assert.deepEqual(run.result, ["login: ", "# "]);
});

Deno.test("what cannot be waited for or typed is refused with a word", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async (vm) => {
    const wrong: unknown = 5;
    const errors: unknown[] = [];
    const note = (error: { code: string }): void => void errors.push(error.code);
    await vm.console.expect(wrong as RegExp).catch(note);
    await vm.console.expect([]).catch(note);
    await vm.console.expect("x", { within: "soon" as "1s" }).catch(note);
    await vm.openConsole({ console: "serial0", channel: "org.example.0" }).catch(note);
    await vm.writeConsole({}).catch(note);
    await vm.writeConsole({ text: "a", secret: "b" }).catch(note);
    await vm.readConsole({ waitMs: 3_600_000 }).catch(note);
    return errors;
  });
  assert.deepEqual(run.result, Array.from({ length: 7 }, () => "invalid-argument"));
});

Deno.test("a recipe cannot have a secret typed for it, and so cannot read it back", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await talk(lab, async (vm) => {
    const handle: unknown = { $secret: "run-1/0/value" };
    await vm.writeConsole({ secret: handle as string });
  });
  assert.equal(run.error?.code, "invalid-argument");
  assert.match(run.error?.message ?? "", /Cannot use a secret as "secret"/);
});

Deno.test("without the permission there is no console", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const grants = ["domain:getattr,read"];
  const run = await lab.run(on((vm) => vm.console.open()), { grants });
  assert.equal(run.error?.code, "permission-denied");
  assert.match(run.error?.message ?? "", /domain:open_device/);
});
