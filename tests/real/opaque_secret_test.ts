/**
 * Secrets on a real libvirtd: from one of its own secret objects, as the password of a domain's screen, and as a value.
 */
import assert from "node:assert/strict";
import { inPlace } from "../cli/kit/process.ts";
import { foundInFolder, foundInText, quarry } from "../secret/kit/hunt.ts";
import { realTests } from "./kit/real_test.ts";
import { fileURLToPath } from "node:url";

const { test } = realTests();

const useIt = fileURLToPath(new URL("recipes/opaque_secret.ts", import.meta.url));

test("a value goes from one secret of a libvirtd into another and into a domain, and is nowhere else", async (host) => {
  const value = "k7-<&'\"x";
  const secrets = [quarry(value, "value")];
  const usage = (name: string): Promise<string> =>
    host.file(`${name}.xml`, `<secret><usage type='ceph'><name>client.${name}</name></usage></secret>`);
  await host.virsh("secret-define", await usage("source"));
  const uuid = /([0-9a-f-]{36})\s+ceph\s+client.source/.exec(await host.virsh("secret-list"))?.[1] ?? "";
  await host.virsh("secret-set-value", uuid, "--base64", btoa(unescape(encodeURIComponent(value))));
  const uri = host.uri();
  await inPlace(async (place) => {
    const run = (...grants: readonly string[]) =>
      place.run(
        ...["run", useIt, "-c", uri, "--secret", "password=secret:client.source", "-o", "json"],
        ...grants.flatMap((grant) => ["--allow", grant]),
      );
    const needs =
      "connect:getattr,read,search_secrets secret:getattr,read,write,save,delete domain:getattr,read,write,save,delete host";
    // The recipe needs no right to read it; whoever runs it does.
    const denied = await run(needs);
    assert.equal(denied.code, 8, denied.err);
    assert.match(denied.err, /secret:read_secure/);
    const { code, out, err } = await run(needs, "secret:read_secure");
    assert.equal(code, 0, err);
    assert.deepEqual(foundInText(denied.out + denied.err + out + err, secrets), []);
    assert.deepEqual(foundInFolder(`${place.directory}/state`, secrets), []);
    const kept = /([0-9a-f-]{36})\s+ceph\s+client.kept/.exec(await host.virsh("secret-list"))?.[1] ?? "";
    assert.equal((await host.virsh("secret-get-value", "--plain", kept)).trim(), value);
    assert.match(
      await host.virsh("dumpxml", "screen", "--security-info"),
      /passwd='k7-&lt;&amp;&apos;(&quot;|")x'/,
    );
    assert.doesNotMatch(JSON.parse(out).item.result.xml, /passwd/);
    await host.virsh("undefine", "screen");
    // How long a value is that libvirt does not take is for whoever runs it, and not for the recipe.
    const long = `${place.directory}/long`;
    await Deno.writeTextFile(long, "correct horse battery", { mode: 0o600 });
    const refused = await place.run(
      ...["run", useIt, "-c", uri, "--secret", `password=file:${long}`, "--allow", needs, "-o", "json"],
    );
    assert.match(refused.err, /kept from the recipe\): .*21 characters/);
    assert.doesNotMatch(refused.out, /21 characters|horse/);
    assert.deepEqual(foundInText(refused.out + refused.err, [quarry("correct horse battery")]), []);
    for (const name of [kept, uuid]) await host.virsh("secret-undefine", name);
  });
});
