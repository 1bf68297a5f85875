/**
 * Drover as a recipe beside Ansible: the same twenty domains.
 *
 * @module
 */
import { type Domain, domain, type Host, recipe, z } from "drover";

const names = Array.from({ length: 20 }, (_, index) => `web-${index + 1}`);

export default recipe({
  summary: "Make twenty domains as they shall be, or take them away",
  input: z.object({ work: z.enum(["up", "down", "empty"]) }),
  needs: [
    "connect:getattr,read,search_domains",
    "domain:getattr,read,write,save,start,stop,delete",
  ],
  async run({ host, input: { work } }): Promise<{ changed: number }> {
    if (work === "empty") return { changed: 0 };
    const done = await Promise.all(names.map((name) => work === "up" ? up(host, name) : down(host, name)));
    return { changed: done.filter((changed) => changed).length };
  },
});

async function up(host: Host, name: string): Promise<boolean> {
  const os = "<os><type arch='x86_64'>hvm</type></os>";
  const xml = `<domain type='test'><memory unit='MiB'>64</memory><vcpu>1</vcpu>${os}</domain>`;
  const { changed, object } = await host.ensure(domain({ name, xml, state: "running" }));
  if ((await object.info()).state !== "running") throw new Error(`${name} does not run`);
  return changed;
}

async function down(host: Host, name: string): Promise<boolean> {
  const vm: Domain = await host.domain(name);
  await vm.destroy();
  await vm.undefine();
  return true;
}
