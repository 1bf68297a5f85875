import { recipe } from "drover";

interface Result {
  readonly tag: string;
  readonly begun: number;
  readonly fast: string;
  readonly chance: number;
}

/** Everything that a resume has to get right: parallel branches, timers, time and chance, leases, temporary objects. */
export default recipe({
  summary: "A little of everything",
  needs: ["connect:search_domains", "domain:getattr,read,write,save,start,stop,delete"],
  async run({ host, log, sleep }): Promise<Result> {
    const begun = Date.now();
    const tag = crypto.randomUUID().slice(0, 8);
    log.info("drawn", { tag, begun, chance: Math.random() });
    const define = (name: string): ReturnType<typeof host.defineDomain> =>
      host.defineDomain({
        xml:
          `<domain type="test"><name>${name}-${tag}</name><memory>8192</memory><os><type>hvm</type></os></domain>`,
      });
    const [blue, green] = await Promise.all([define("blue"), define("green")]);
    {
      await using _both = await host.exclusive([blue, green]);
      await Promise.all([
        (async () => {
          await sleep("20ms");
          await blue.start();
        })(),
        (async () => {
          await green.start();
          await sleep("5ms");
          await green.destroy();
        })(),
      ]);
    }
    await using trial = await host.temporary.domain({
      xml:
        `<domain type="test"><name>trial-${tag}</name><memory>8192</memory><os><type>hvm</type></os></domain>`,
    });
    await trial.start();
    const fast = await Promise.race([sleep("1ms").then(() => "timer"), sleep("1h").then(() => "never")]);
    log.info("racing", { fast, chance: Math.random() });
    return { tag, begun, fast, chance: Math.random() };
  },
});
