/**
 * Puts one secret into a secret object and into the screen of a domain.
 */
import { recipe, secret } from "drover";

export default recipe({
  summary: "Put a secret where it belongs",
  needs: [
    "connect:getattr,read,search_secrets",
    "secret:getattr,read,write,save,delete",
    "domain:getattr,read,write,save",
  ],
  secrets: { password: { description: "what is put there" } },
  async run({ host, secrets: { password } }): Promise<unknown> {
    const usage = { type: "ceph", name: "client.kept" } as const;
    await host.ensure(secret({ usage, value: password, setValue: "always" }));
    const vm = await host.defineDomain({
      xml: `<domain type='qemu'><name>screen</name><memory unit='MiB'>64</memory>
        <os><type arch='x86_64'>hvm</type></os>
        <devices><graphics type='vnc' autoport='yes' passwd="${password.placeholder}"/></devices></domain>`,
    });
    return { xml: await vm.xml({ inactive: true }) };
  },
});
