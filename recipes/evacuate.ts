/**
 * Empties a host: moves its running domains to another one, live, a few at a time. A move that does not come to its end in
 * time is aborted, and the domain goes on where it was; when too many fail, no more are begun.
 *
 *     drover run recipes/evacuate.ts -c source=qemu+ssh://old/system -c target=qemu+ssh://new/system \
 *       --input atOnce=2 --input within=20m --allow connect:search_domains \
 *       --allow domain:getattr,read,migrate,write,save,start,stop
 *
 * @module
 */
import { duration, durationText, recipe, z } from "drover";

/** A domain that was moved. */
interface Moved {
  readonly domain: string;
  /** How long it took, in milliseconds. */
  readonly tookMs: number;
}

export default recipe({
  summary: "Move the running domains of a host to another one",
  input: z.object({
    domains: z.string().default("*").describe("Which running domains, as a glob over names"),
    atOnce: z.int().min(1).max(16).default(2).describe("How many move at the same time"),
    within: z.string().default("30m").transform(duration).describe(
      "How long one move may take before it is aborted",
    ),
    maxFail: z.int().min(0).default(0).describe("How many may fail before no more are begun"),
    autoConverge: z.boolean().default(false).describe(
      "Slow down guests that write faster than they can be moved",
    ),
  }),
  needs: ["connect:search_domains", "domain:getattr,read,migrate,write,save,start,stop"],
  hosts: { source: "the host that is to be empty", target: "the host that takes its domains" },
  async run(
    { hosts: { source, target }, input, log, progress, now },
  ): Promise<{ moved: Moved[]; failed: string[] }> {
    const fleet = await source.domains({ name: input.domains, state: "running" });
    const shares = new Map<string, number>();
    const tell = (): void => {
      const sum = [...shares.values()].reduce((all, share) => all + share, 0);
      progress(fleet.length === 0 ? 1 : sum / fleet.length, `${moved.length} of ${fleet.length} moved`);
    };
    const moved: Moved[] = [];
    const { failed } = await fleet.forEach(async (vm) => {
      const began = now();
      const move = vm.migrate(
        { to: target, ...(input.autoConverge ? { autoConverge: true } : {}) },
        { within: input.within },
      );
      for await (const { fraction } of move.progress()) {
        shares.set(vm.name, fraction);
        tell();
      }
      const there = await move;
      const tookMs = now() - began;
      moved.push({ domain: there.name, tookMs });
      shares.set(vm.name, 1);
      tell();
      log.info(`moved in ${durationText(tookMs)}`, { vm: there });
    }, { limit: input.atOnce, maxFail: input.maxFail });
    return { moved, failed: failed.map(({ target: { name } }) => name) };
  },
});
