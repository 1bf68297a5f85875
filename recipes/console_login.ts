/**
 * Runs commands on the serial consoles of domains: for guests whose network or agent does not work, which is when it is
 * needed most. It logs in where the guest asks for it, runs each command, and says what it printed and what it ended with.
 *
 *     drover run recipes/console_login.ts -c qemu:///system --input domains=web-1 --input user=root \
 *       --input 'commands=["ip address","systemctl --failed"]' \
 *       --allow connect:search_domains --allow 'domain:getattr,open_device@web-1'
 *
 * A password that is given as an input is on record with the run. What is typed on the console is not.
 *
 * @module
 */
import { type Domain, type DomainConsole, duration, recipe, z } from "drover";

/** What came of one command. */
interface Ran {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
}

interface Login {
  readonly user: string;
  readonly password: string;
  readonly prompt: RegExp;
  readonly within: number;
}

export default recipe({
  summary: "Run commands on the serial consoles of domains",
  input: z.object({
    domains: z.string().default("*").describe("Which running domains, as a glob over names"),
    user: z.string().default("root").describe("Who logs in"),
    password: z.string().default("").describe("Their password, where the guest asks for one"),
    commands: z.array(z.string().min(1)).min(1).default(["hostname"]).describe(
      "What to run, one after the other",
    ),
    prompt: z.string().default("[#$>] ?$").describe(
      "What a shell's prompt ends with, as a regular expression",
    ),
    within: z.string().default("1m").transform(duration).describe("How long a login, or a command, may take"),
    force: z.boolean().default(false).describe("Take consoles from whoever has them open"),
    maxFail: z.int().min(0).default(0).describe("How many domains may fail before no more are begun"),
  }),
  needs: ["connect:search_domains", "domain:getattr,open_device"],
  async run({ host, input, log }): Promise<Record<string, readonly Ran[]>> {
    const { user, password, commands, within, force, maxFail } = input;
    const login = { user, password, within, prompt: new RegExp(input.prompt) };
    const done: Record<string, readonly Ran[]> = {};
    const fleet = await host.domains({ name: input.domains, state: "running" });
    await fleet.forEach(async (vm) => {
      await vm.console.open({ force });
      await logIn(vm, login);
      const ran: Ran[] = [];
      for (const command of commands) ran.push(await runOn(vm.console, command, login));
      await logOut(vm.console, login);
      done[vm.name] = ran;
      log.info("asked", {
        vm,
        failed: ran.filter(({ exitCode }) => exitCode !== 0).map(({ command }) => command),
      });
    }, { maxFail });
    return done;
  },
});

/** Gets to a shell, from wherever the console was left. */
async function logIn(vm: Domain, { user, password, prompt, within }: Login): Promise<void> {
  const { console } = vm;
  const isLogin = /login: ?$/i;
  // A guest that waits for a key says nothing of itself.
  await console.sendLine("");
  const { index: first } = await console.expect([isLogin, prompt], { within });
  if (first === 1) return;
  await console.sendLine(user);
  const { index: second } = await console.expect([/password: ?$/i, prompt], { within });
  if (second === 1) return;
  await console.sendLine(password, { secret: true });
  const { index: third } = await console.expect([prompt, /incorrect/i, isLogin], { within });
  if (third !== 0) throw new Error(`${vm} does not let "${user}" in with this password`);
}

async function runOn(console: DomainConsole, command: string, { within, prompt }: Login): Promise<Ran> {
  // The marker is printed with a number in it; what was typed, which is echoed before, has none.
  await console.sendLine(`${command}; echo "<drover $?>"`);
  const { before, groups: [exitCode] } = await console.expect(/<drover (\d+)>/, { within });
  await console.expect(prompt, { within });
  const echoEnd = Math.max(before.indexOf('$?>"'), 0);
  return { command, exitCode: Number(exitCode), output: before.slice(before.indexOf("\n", echoEnd) + 1) };
}

/** Nobody who comes later is to find a shell that is open. */
async function logOut(console: DomainConsole, { within }: Login): Promise<void> {
  await console.sendLine("exit");
  await console.expect(/login: ?$/i, { within }).catch(() => {});
}
