/**
 * Permissions that depend on what definitions say, on connections that do not keep definitions.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Authority } from "../../runtime/call.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { GrantAuthority } from "../../runtime/permission/authority.ts";
import { parseGrants } from "../../runtime/permission/grant_syntax.ts";
import { systemClock } from "../../runtime/clock.ts";
import { FakeHost, FakeKernel } from "../kit/fake_host.ts";

const labelled = (label: string): string =>
  `<domain><metadata><labels xmlns='urn:drover:labels'><label>${label}</label></labels></metadata></domain>`;

/** A host that tells its definitions only when it is asked, and counts who is asked for. */
class TersePlace {
  readonly host = new FakeHost();
  readonly world = new FakeKernel({ host: this.host });
  readonly asked: string[] = [];
  readonly definitions = new Map<string, string>();

  constructor() {
    this.host.ready.open();
    this.host.on("domain.start", () => Promise.resolve({ state: "running", phase: "active", generation: 1 }));
    this.host.on("domain.rename", () => Promise.resolve({}));
    this.host.on(
      "domain.list",
      () => Promise.resolve([...this.host.objects()].map((object) => ({ domain: object.ref("host") }))),
    );
    this.host.on("domain.lookup", () => Promise.resolve([...this.host.objects()][0]?.ref("host")));
    this.host.describe = (objects) => {
      for (const object of objects) {
        this.asked.push(object.name);
        object.define(this.definitions.get(object.name) ?? "<domain/>");
      }
      return Promise.resolve();
    };
  }

  add(name: string, definition: string): ManagedObject {
    const object = this.host.add("domain", name);
    object.define("");
    this.definitions.set(name, definition);
    return object;
  }
}

function granting(grant: string): Authority {
  return new GrantAuthority({
    grants: parseGrants(grant),
    clock: systemClock,
    caller: { principal: "alice" },
  });
}

Deno.test("a grant by label is decided by what the definition says now", async () => {
  const place = new TersePlace();
  const web = place.add("web", labelled("prod"));
  const authority = granting("domain:start#prod");
  const start = await place.world.call("domain.start", web, { authority });
  assert.equal(start.outcome.kind, "done");
  place.definitions.set("web", labelled("test"));
  const again = await place.world.call("domain.start", web, { authority });
  assert.equal(again.outcome.kind, "not-done");
});

Deno.test("a list and a look-up show what a grant by label covers", async () => {
  const place = new TersePlace();
  place.add("web", labelled("prod"));
  place.add("db", labelled("test"));
  const authority = granting("connect:search_domains; domain:getattr#prod");
  const list = await place.world.call("domain.list", undefined, { authority });
  assert.deepEqual(
    list.outcome.kind === "done" &&
      (list.outcome.value as { domain: { name: string } }[]).map(({ domain }) => domain.name),
    ["web"],
  );
  const found = await place.world.call("domain.lookup", undefined, { authority, input: { name: "web" } });
  assert.equal(found.outcome.kind, "done");
});

Deno.test("nobody is asked for definitions where nothing depends on them", async () => {
  const place = new TersePlace();
  const web = place.add("web", labelled("prod"));
  await place.world.call("domain.start", web, { authority: granting("domain:start@web") });
  assert.deepEqual(place.asked, []);
  await place.world.call("domain.rename", web, {
    authority: granting("domain:write,save@w*"),
    input: { newName: "web-2" },
  });
  assert.ok(place.asked.length > 0);
});

Deno.test("a host that does not tell its definitions in time is not waited for", async () => {
  const place = new TersePlace();
  const web = place.add("web", labelled("prod"));
  place.host.describe = (_objects, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const call = place.world.call("domain.start", web, { authority: granting("domain:start#prod") });
  const { outcome } = await place.world.clock.until(call);
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "timed-out");
});
