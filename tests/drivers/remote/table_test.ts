/**
 * Answers overtake each other: what was asked for earlier never overwrites what was seen later.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Identity, RemoteObject, Sighting } from "../../../drivers/remote/object.ts";
import { type Doer, ObjectTable } from "../../../drivers/remote/table.ts";

const outsider: Doer = {
  outside: true,
  goLive: (object, live) => object.goLive(live),
  goDown: (object) => object.goDown(),
  remove: (object) => object.remove(),
};
const own: Doer = { ...outsider, outside: false };

/** A table, and what happens around it. */
class Around {
  readonly doubts: Identity[] = [];
  readonly busy = new Set<string>();
  readonly table = new ObjectTable({
    host: "host",
    driver: "libvirt-qemu",
    onDoubt: (identity) => this.doubts.push(identity),
    isBusy: ({ id }) => this.busy.has(id),
  });

  /** Sees something that was asked for just now. */
  see(sighting: Sighting, doer: Doer = outsider): RemoteObject {
    const object = this.table.absorb(sighting, { askedAt: this.table.moment(), doer });
    assert.ok(object !== undefined);
    return object;
  }
}

function domain(id: string, { guest, ...rest }: Partial<Sighting> & { guest?: number } = {}): Sighting {
  return {
    objectClass: "domain",
    id,
    name: `name-${id}`,
    ...(guest === undefined ? {} : { live: { id: guest } }),
    ...rest,
  };
}

Deno.test("an older answer that says something else is not believed, and leads to a look", () => {
  const around = new Around();
  around.see(domain("a"));
  const askedAt = around.table.moment();
  const object = around.see(domain("a", { guest: 1 }));
  around.table.absorb(domain("a"), { askedAt, doer: outsider });
  assert.deepEqual([object.phase, object.generation], ["active", 1]);
  assert.deepEqual(around.doubts.map(({ id }) => id), ["a"]);
});

Deno.test("an older answer that says the same is no matter", () => {
  const around = new Around();
  const askedAt = around.table.moment();
  const object = around.see(domain("a", { guest: 1 }));
  around.table.absorb(domain("a", { guest: 1, persistent: true }), { askedAt, doer: outsider });
  assert.deepEqual([object.generation, around.doubts], [1, []]);
});

Deno.test("an older list neither brings back what is gone nor takes away what has come", () => {
  const around = new Around();
  const { table } = around;
  const a = around.see(domain("a"));
  const askedAt = table.moment();
  table.absorbGone({ objectClass: "domain", id: "a" }, { askedAt: table.moment(), doer: outsider });
  const b = around.see(domain("b"));
  const found = table.absorbAll({ objectClass: "domain" }, [domain("a")], { askedAt, doer: outsider });
  assert.deepEqual(found, []);
  assert.equal(a.phase, "removed");
  assert.equal(table.byId("domain", "a"), undefined);
  assert.equal(table.byId("domain", "b"), b);
  assert.deepEqual(around.doubts.map(({ id }) => id).sort(), ["a", "b"]);
});

Deno.test("a list is all there is: what is not in it is gone", () => {
  const around = new Around();
  const { table } = around;
  const a = around.see(domain("a", { guest: 1 }));
  around.see(domain("b"));
  table.absorbAll({ objectClass: "domain" }, [domain("b")], { askedAt: table.moment(), doer: outsider });
  assert.equal(a.phase, "removed");
  assert.deepEqual([...table.all("domain")].map(({ id }) => id), ["b"]);
});

Deno.test("what others are seen to do to an object that a job acts on is left to the job", () => {
  const around = new Around();
  const object = around.see(domain("a"));
  around.busy.add("a");
  around.see(domain("a", { guest: 1 }));
  around.table.absorbGone({ objectClass: "domain", id: "a" }, {
    askedAt: around.table.moment(),
    doer: outsider,
  });
  assert.deepEqual([object.phase, object.generation], ["inactive", 0]);
  around.see(domain("a", { guest: 1 }), own);
  assert.deepEqual([object.phase, object.generation], ["active", 1]);
});

Deno.test("another guest under the same name is another life", () => {
  const around = new Around();
  const object = around.see(domain("a", { guest: 1 }));
  around.see(domain("a", { guest: 2 }));
  assert.deepEqual([object.phase, object.live, object.generation], ["active", { id: 2 }, 3]);
});

Deno.test("a definition that others changed moves the generation, one's own does not", () => {
  const around = new Around();
  const object = around.see(domain("a", { definition: "<one/>" }));
  around.see(domain("a", { definition: "<two/>" }), own);
  assert.equal(object.generation, 0);
  around.see(domain("a", { definition: "<two/>" }));
  assert.equal(object.generation, 0);
  around.see(domain("a", { definition: "<three/>" }));
  assert.equal(object.generation, 1);
  around.see(domain("a", { definition: "<three/>", name: "renamed" }));
  assert.equal(object.generation, 2);
  assert.equal(around.table.byName("domain", "renamed"), object);
  assert.equal(around.table.byName("domain", "name-a"), undefined);
});

Deno.test("a definition that takes over at the next start is kept until then", () => {
  const around = new Around();
  const object = around.see(
    domain("a", { guest: 1, definition: "<next/>", liveDefinition: "<now/>" }),
  );
  assert.deepEqual([object.config, object.persistentConfig], ["<now/>", "<next/>"]);
  around.see(domain("a"));
  assert.equal(object.config, "<next/>");
});

Deno.test("what an older answer tells of a definition is learnt where nobody knew it", () => {
  const around = new Around();
  const askedAt = around.table.moment();
  const object = around.see(domain("a"));
  around.table.absorb(domain("a", { definition: "<one/>" }), { askedAt, doer: own });
  assert.equal(object.facts.definition, "<one/>");
  around.see(domain("a", { definition: "<two/>" }));
  assert.equal(object.generation, 1);
});

Deno.test("what a domain held is gone with it, and what one only knows by its reference comes in when it is seen", () => {
  const around = new Around();
  const { table } = around;
  around.see(domain("a"));
  const identity = { objectClass: "snapshot", id: "one", name: "one", parent: "a" } as const;
  const known = table.provisional(identity);
  assert.equal(table.byId("snapshot", "one", "a"), undefined);
  table.absorb(identity, { askedAt: table.moment(), doer: outsider }, known);
  assert.equal(table.byId("snapshot", "one", "a"), known);
  assert.equal(table.byName("snapshot", "one", "a"), known);
  table.absorbGone({ objectClass: "domain", id: "a" }, { askedAt: table.moment(), doer: outsider });
  assert.equal(known.phase, "removed");
  assert.deepEqual([...table.everything()], []);
});

Deno.test("names with slashes and brackets in them are not confused", () => {
  const around = new Around();
  const odd = (parent: string, id: string): Sighting => ({ objectClass: "volume", id, name: id, parent });
  const one = around.see(odd("p", "a/b"));
  const two = around.see(odd("p/a", "b"));
  assert.notEqual(one, two);
  assert.equal(around.table.byName("volume", "a/b", "p"), one);
  assert.equal(around.table.byName("volume", "b", "p/a"), two);
});
