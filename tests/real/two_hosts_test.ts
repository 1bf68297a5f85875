import assert from "node:assert/strict";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml } from "./kit/guest.ts";
import { unavailable } from "./kit/requirements.ts";
import { TwoHosts } from "./kit/two_hosts.ts";
import { until } from "./kit/until.ts";

const reason = unavailable(guestNeeds);

Deno.test({
  name: `a guest moves between two private hosts and goes on${
    reason === undefined ? "" : ` (skipped: ${reason})`
  }`,
  ignore: reason !== undefined,
  async fn(): Promise<void> {
    await using hosts = await TwoHosts.start();
    const { source, target } = hosts;
    const consoleFile = `${hosts.shared}/console.log`;
    const ticks = async (): Promise<number> =>
      (await Deno.readTextFile(consoleFile).catch(() => "")).match(/tick \d+/g)?.length ?? 0;
    const xml = await guestXml("traveller", { words: ["ticks"], consoleFile });
    await source.virsh("create", await source.file("traveller.xml", xml));
    await until(async () => await ticks() > 0, { what: "the guest" });
    await source.virsh("migrate", "--live", "--p2p", "traveller", hosts.targetUri);
    assert.equal(await source.virsh("list", "--all", "--name"), "");
    assert.equal(await target.virsh("domstate", "traveller"), "running");
    const before = await ticks();
    await until(async () => await ticks() > before, { what: "a sign of life on the other host" });
    await hosts.unplug();
    assert.notEqual(
      (await target.tryVirsh("migrate", "--live", "--p2p", "traveller", hosts.sourceUri, "--timeout", "1"))
        .code,
      0,
    );
  },
});
