import assert from "node:assert/strict";
import type { ObjectClass, ObjectRef } from "../../../model/object.ts";
import { ManagedObject } from "../../../runtime/object.ts";
import { GrantAuthority } from "../../../runtime/permission/authority.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { sightUse } from "../../../runtime/permission/uses.ts";
import { LedgerHost } from "./ledger.ts";
import { RawRecipe, type Talk } from "./raw_recipe.ts";
import { World } from "./world.ts";

const call = { t: "call", connection: "host", input: {}, options: {} } as const;
const domain = { $ref: "domain", connection: "host" } as const;

function authorityOf(grants: string): GrantAuthority {
  return new GrantAuthority({
    grants: parseGrants(grants),
    clock: { now: () => 0 },
    caller: { principal: "mallory" },
  });
}

function objectOf(objectClass: ObjectClass, name: string): ManagedObject {
  return new ManagedObject({
    host: "h",
    driver: "ledger",
    objectClass,
    id: name,
    name,
    config: "",
    facts: null,
  });
}

/** Runs a hostile recipe with some grants, and answers with what it has noted. */
async function play(
  grants: string,
  script: (talk: Talk, notes: string[]) => Promise<void>,
): Promise<string[]> {
  const host = new LedgerHost("web-1", "db-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: undefined,
    authority: authorityOf(grants),
  });
  const notes: string[] = [];
  world.launchNext(
    new RawRecipe(async (talk) => {
      await script(talk, notes);
      talk.say({ t: "done", result: null });
    }),
  );
  const end = await world.until((await world.start()).ended);
  assert.equal(end.state, "done", end.error?.message);
  return notes;
}

const ids = { web: "", db: "" };
const guests = [...new LedgerHost("web-1", "db-1").guests.values()];
for (const { id, name } of guests) ids[name === "web-1" ? "web" : "db"] = id;

Deno.test("a recipe cannot hold an object under the name of another", async () => {
  const notes = await play("domain:getattr,start@web-*", async ({ say, hear }, noted) => {
    say({ t: "acquire", step: 0, objects: [{ ...domain, id: ids.db, name: "web-1" }], options: {} });
    const { error } = await hear("refused");
    noted.push(error.code);
  });
  assert.deepEqual(notes, ["permission-denied"]);
});

Deno.test("a recipe cannot keep others from an object that it may only look at", async () => {
  const objects = [{ ...domain, id: ids.web, name: "web-1" }];
  const notes = await play("domain:getattr,read,screenshot@web-*", async ({ say, hear }, noted) => {
    say({ t: "acquire", step: 0, objects, options: {} });
    noted.push((await hear("refused")).error.code);
  });
  assert.deepEqual(notes, ["permission-denied"]);
  const allowed = await play("domain:getattr,start@web-*", async ({ say, hear }, noted) => {
    say({ t: "acquire", step: 0, objects, options: {} });
    noted.push((await hear("answer")).t);
  });
  assert.deepEqual(allowed, ["answer"]);
});

Deno.test("a recipe hears of nothing that it may not see", async () => {
  const notes = await play("domain:start domain:getattr@web-*", async ({ say, hear }, noted) => {
    say({ t: "subscribe", step: 0, connection: "host" });
    say({ ...call, step: 1, operation: "domain.start", target: { ...domain, id: ids.db, name: "db-1" } });
    await hear("answer");
    say({ ...call, step: 2, operation: "domain.start", target: { ...domain, id: ids.web, name: "web-1" } });
    noted.push((await hear("event")).event.object.name);
  });
  assert.deepEqual(notes, ["web-1"]);
});

Deno.test("who may see snapshots and volumes follows from what holds them, not from what they are called", () => {
  const holders = [objectOf("domain", "db-1"), objectOf("pool", "images")];
  const connection = {
    find: ({ $ref, id }: Pick<ObjectRef, "$ref" | "id">): ManagedObject | undefined =>
      holders.find((each) => each.objectClass === $ref && each.id === id),
  };
  const sees = (grants: string, ref: Parameters<typeof sightUse>[0]): boolean =>
    authorityOf(grants).sees(
      sightUse(ref, {
        operation: "events",
        when: "listed",
        name: "host",
        connection,
      }),
    );
  const snapshot = { $ref: "snapshot", connection: "host", id: "s", name: "web-1", parent: "db-1" } as const;
  assert.equal(sees("domain:getattr@web-*", snapshot), false);
  assert.equal(sees("domain:getattr@db-*", snapshot), true);
  const volume = { $ref: "volume", connection: "host", id: "v", name: "disk", parent: "images" } as const;
  assert.equal(sees("storage_vol:getattr@images/*", volume), true);
  assert.equal(sees("storage_vol:getattr@scratch/*", volume), false);
});
