/**
 * Uses each of its secrets as it should, and lets them slip wherever a recipe could.
 */
import { isVirtError, recipe, z } from "drover";

export default recipe({
  summary: "Use secrets, and talk about them",
  input: z.object({ canary: z.string(), end: z.enum(["return", "throw", "wait"]).default("return") }),
  needs: [
    "connect:getattr,search_secrets",
    "secret:getattr,read,write,save,read_secure",
    "domain:getattr,read,write,save,read_secure,snapshot",
  ],
  secrets: { one: { description: "what is kept" }, vnc: { description: "the password of a screen" } },
  async run({ host, input, secrets, log, step, progress, runId }): Promise<unknown> {
    const { one, vnc } = secrets;
    // deno-lint-ignore no-console -- what a recipe prints is logged, and hunted through
    console.log(one, secrets, `${one}`, JSON.stringify(secrets));
    log.info(`have ${one}`, { one, copy: structuredClone(one), text: String(vnc), canary: input.canary });
    progress(0.5, `${one}`);
    const kept = await step(`keep ${one}`, () =>
      host.defineSecret({
        xml: `<secret private='no'><usage type='ceph'><name>${runId}</name></usage></secret>`,
      }));
    await kept.setValue({ value: one });
    const vm = await host.domain("test");
    const graphics = `<graphics type='vnc' port='-1' autoport='yes' passwd='${vnc.placeholder}'/>`;
    await host.defineDomain({
      xml: (await vm.xml({ inactive: true })).replace("</devices>", `${graphics}</devices>`),
    });
    // All that could be read back of it.
    const snapshot = await vm.createSnapshot({
      xml: `<domainsnapshot><name>${runId}</name></domainsnapshot>`,
    });
    const read = {
      value: await kept.value(),
      secretXml: await kept.xml(),
      xml: await vm.xml(),
      inactive: await vm.xml({ inactive: true }),
      secure: await vm.xml({ inactive: true, secure: true }),
      snapshot: await snapshot.xml(),
      secureSnapshot: await snapshot.xml({ secure: true }),
    };
    log.info("read", { read });
    const refused: string[] = [];
    const tries: readonly (() => Promise<unknown>)[] = [
      () => host.defineDomain({ xml: `<domain type='test'><name>${one.placeholder}</name></domain>` }),
      () => host.defineSecret({ xml: `<secret><description>${one.placeholder}</description></secret>` }),
      () => vm.setMetadata({ kind: "title", value: one.placeholder }),
      () => host.domain(Object(one)),
      () => vm.setMetadata({ kind: "title", value: Object(one) }),
      () => kept.setValue({ value: { $secret: "name:two" } }),
      () => kept.setValue({ value: { $secret: "0000/0/value" } }),
    ];
    for (const attempt of tries) {
      try {
        await attempt();
        refused.push("went through");
      } catch (error) {
        refused.push(isVirtError(error) ? error.code : String(error));
      }
    }
    if (input.end === "wait") {
      log.info("waiting");
      await vm.until.state("shutoff", { within: "1h" });
      await kept.setValue({ value: one });
    }
    if (input.end === "throw") throw new Error(`cannot go on with ${one} and ${JSON.stringify(secrets)}`);
    return { one, read, refused };
  },
});
