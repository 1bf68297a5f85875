/**
 * Runs a program in the guests of running domains, by their agents, a few at a time. Guests whose agent does not come up in
 * time fail like those in which the program fails; how many may is up to you.
 *
 *     drover run recipes/guest_command.ts -c qemu:///system --input domains='web-*' --input program=/usr/bin/uptime \
 *       --allow connect:search_domains --allow 'domain:getattr,read,write@web-*'
 *
 * @module
 */
import { duration, recipe, z } from "drover";

/** What came of the program in one guest. */
interface Ran {
  readonly exitCode?: number;
  readonly out: string;
  readonly err: string;
}

export default recipe({
  summary: "Run a program in the guests of running domains",
  input: z.object({
    domains: z.string().default("*").describe("Which running domains, as a glob over names"),
    program: z.string().min(1).default("hostname").describe("The program, by its path or name in the guests"),
    args: z.array(z.string()).default([]).describe("What it is given"),
    stdin: z.string().default("").describe("What it reads on its standard input"),
    env: z.record(z.string(), z.string()).default({}).describe("Its environment, instead of the agent's own"),
    within: z.string().default("2m").transform(duration).describe("How long it may take in each guest"),
    agentWithin: z.string().default("30s").transform(duration).describe("How long to wait for an agent"),
    atOnce: z.int().min(1).max(100).default(10).describe("In how many guests at once"),
    maxFail: z.int().min(0).default(0).describe("In how many it may fail before no more are begun"),
  }),
  needs: ["connect:search_domains", "domain:getattr,read,write"],
  async run({ host, input, log, progress }): Promise<Record<string, Ran>> {
    const { program, args, stdin, env, within } = input;
    const results: Record<string, Ran> = {};
    const fleet = await host.domains({ name: input.domains, state: "running" });
    await fleet.forEach(async (vm) => {
      await vm.until.agent({ within: input.agentWithin });
      const { exitCode, signal, out, err, truncated } = await vm.agent.exec(program, args, {
        within,
        ...(stdin === "" ? {} : { input: stdin }),
        ...(Object.keys(env).length === 0 ? {} : { env }),
      });
      results[vm.name] = { ...(exitCode === undefined ? {} : { exitCode }), out, err };
      progress(Object.keys(results).length / fleet.length, vm.name);
      if (truncated) log.warn("it printed more than fits", { vm });
      if (exitCode === 0) return;
      throw new Error(exitCode === undefined ? `signal ${signal} ended it` : `it ended with ${exitCode}`);
    }, { limit: input.atOnce, maxFail: input.maxFail });
    return results;
  },
});
