import { recipe, z } from "drover";

/** Starts a domain that should run and does not, whatever it is told. */
export default recipe({
  summary: "Keep a domain up",
  input: z.object({ domain: z.string(), event: z.object({ type: z.string() }).loose().optional() }),
  needs: ["connect:search_domains", "domain:getattr,read,start"],
  async run({ host, input, log }): Promise<string> {
    log.info("told", { what: input.event?.type ?? "nothing" });
    const vm = await host.domain(input.domain);
    if ((await vm.info()).state === "running") return "up";
    await vm.start();
    return "started";
  },
});
