import assert from "node:assert/strict";
import fc from "fast-check";
import { labelsInDefinition, tiesIn } from "../../../dsl/fleet/definition.ts";
import { type Boarder, type HostRoom, place } from "../../../dsl/fleet/placement.ts";

const gib = 1024 ** 2;

function boarder(name: string, more: Partial<Boarder> = {}): Boarder {
  return { name, memoryKib: gib, vcpus: 1, needs: [], apart: [], together: [], ...more };
}

function room(name: string, more: Partial<HostRoom> = {}): HostRoom {
  return { name, memoryKib: 4 * gib, cpus: 8, labels: [], present: [], ...more };
}

const words = fc.subarray(["x", "y"]);
const domains = fc.array(
  fc.record({
    memoryKib: fc.integer({ min: 1, max: 5 }),
    vcpus: fc.integer({ min: 1, max: 3 }),
    apart: words,
    needs: words,
  }),
  { maxLength: 6 },
);
const hosts = fc.array(
  fc.record({
    memoryKib: fc.integer({ min: 0, max: 9 }),
    cpus: fc.integer({ min: 0, max: 6 }),
    labels: words,
  }),
  { maxLength: 3 },
);

function fits(places: ReadonlyMap<Boarder, string>, rooms: readonly HostRoom[]): boolean {
  return rooms.every(({ name, memoryKib, cpus, labels }) => {
    const there = [...places].filter(([, host]) => host === name).map(([domain]) => domain);
    const sum = (of: (domain: Boarder) => number): number => there.reduce((all, each) => all + of(each), 0);
    const apart = there.flatMap((each) => each.apart);
    return sum((each) => each.memoryKib) <= memoryKib && sum((each) => each.vcpus) <= cpus &&
      new Set(apart).size === apart.length && there.every(({ needs }) =>
        needs.every((need) => labels.includes(need))
      );
  });
}

/** Whether any assignment fits, by trying all of them. */
function isPossible(all: readonly Boarder[], rooms: readonly HostRoom[]): boolean {
  const go = (index: number, places: Map<Boarder, string>): boolean => {
    const domain = all[index];
    if (domain === undefined) return fits(places, rooms);
    return rooms.some(({ name }) => go(index + 1, new Map([...places, [domain, name]])));
  };
  return go(0, new Map());
}

Deno.test("a placement fits, and is found whenever there is one", () => {
  fc.assert(
    fc.property(domains, hosts, (givenDomains, givenHosts) => {
      const all = givenDomains.map((each, index) => boarder(`d${index}`, each));
      const rooms = givenHosts.map((each, index) => room(`h${index}`, each));
      const { places, unplaced } = place(all, rooms);
      assert.ok(fits(places, rooms));
      assert.equal(places.size + unplaced.length, all.length);
      assert.equal(unplaced.length === 0, isPossible(all, rooms));
      for (const { reasons } of unplaced) assert.equal(reasons.length, rooms.length);
    }),
    { numRuns: 300 },
  );
});

Deno.test("what belongs together goes where its like is, and nowhere else", () => {
  const pair = { together: ["pair=1"] };
  const there = room("b", { memoryKib: gib, present: [{ name: "old", apart: [], ...pair }] });
  const one = place([boarder("a", pair)], [room("a"), there]);
  assert.deepEqual([...one.places.values()], ["b"]);
  const two = place([boarder("a1", pair), boarder("a2", pair)], [room("a"), there]);
  assert.deepEqual(two.unplaced[0]?.reasons, [
    { host: "a", why: '"pair=1" is on "b", and belongs together' },
    { host: "b", why: "needs 1 GiB of memory, 0 MiB left" },
  ]);
});

Deno.test("a fleet of hundreds is placed, and one that cannot be is given up", () => {
  const many = Array.from(
    { length: 400 },
    (_, index) => boarder(`d${index}`, { memoryKib: (1 + index % 7) * gib / 4 }),
  );
  const rooms = Array.from(
    { length: 20 },
    (_, index) => room(`h${index}`, { memoryKib: 24 * gib, cpus: 64 }),
  );
  assert.equal(place(many, rooms).unplaced.length, 0);
  assert.ok(place(many, rooms.slice(0, 10)).unplaced.length > 0);
});

Deno.test("only devices tie a domain to its host, and not what its metadata says", () => {
  const xml = `<domain><metadata><x:note xmlns:x='urn:x'><hostdev type='usb'/></x:note>
    <d:labels xmlns:d='urn:drover:labels'><d:label>role=a&amp;b</d:label></d:labels></metadata><devices>
    <disk type='file' device='cdrom'><source file='/cd.iso'/><target dev='sda'/><readonly/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vda'/></disk>
    <disk type="block" device="lun"><source dev="/dev/sdb"/><target dev="sdb"/></disk>
    <disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdb'/></disk>
    <interface type='hostdev'><source/></interface></devices></domain>`;
  const { hostDevices, disks } = tiesIn(xml);
  assert.deepEqual(hostDevices, ["a network card of the host"]);
  assert.deepEqual(disks.map(({ target, source }) => `${target} ${source}`), ["sdb /dev/sdb", "vdb p/v"]);
  assert.deepEqual(labelsInDefinition(xml), ["role=a&b"]);
});
