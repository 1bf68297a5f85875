import { recipe } from "drover";

/** A domain's whole life, which leaves a trace of each of its steps in the hypervisor's own log. */
export default recipe({
  summary: "Live once",
  needs: ["connect:search_domains", "domain:getattr,read,write,save,start,stop,delete"],
  async run({ host }): Promise<string> {
    const name = `life-${crypto.randomUUID().slice(0, 12)}`;
    const domain = await host.defineDomain({
      xml: `<domain type="test"><name>${name}</name><memory>8192</memory><os><type>hvm</type></os></domain>`,
    });
    await domain.start();
    await domain.destroy();
    await domain.undefine();
    return name;
  },
});
