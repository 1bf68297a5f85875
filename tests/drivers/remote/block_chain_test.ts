import assert from "node:assert/strict";
import { ManagedObject } from "../../../runtime/object.ts";
import { endsChain, isInChain, liveDisk } from "../../../drivers/remote/block_chain.ts";
import type { RemoteObject } from "../../../drivers/remote/object.ts";

const domain: RemoteObject = new ManagedObject({
  host: "h",
  driver: "d",
  objectClass: "domain",
  id: "x",
  name: "web",
  config: "",
  facts: { askedAt: 0, seenAt: 0 },
});

const xml = `<domain><devices><disk type='file'><source file='/top' index='4'/>
  <backingStore type='file'><source file='/middle' index='3'/>
    <backingStore type='file'><source file='/base' index='1'/><backingStore/></backingStore>
  </backingStore>
  <mirror type='file' job='copy' ready='yes'><source file='/copy' index='5'/></mirror>
  <target dev='vda'/></disk></devices></domain>`;

Deno.test("a disk is found by target or source, with the images behind it and a copy in the making", () => {
  const disk = liveDisk(domain, { xml, disk: "/top" });
  assert.equal(disk.target, "vda");
  assert.deepEqual(disk.chain.map(({ source }) => source), ["/top", "/middle", "/base"]);
  assert.deepEqual(disk.mirror, { source: "/copy", ready: true });
  assert.deepEqual(liveDisk(domain, { xml, disk: "vda" }), disk);
  assert.throws(() => liveDisk(domain, { xml, disk: "vdb" }), /it has no such disk/);
});

Deno.test("an image is named by its path or by its place", () => {
  const disk = liveDisk(domain, { xml, disk: "vda" });
  assert.ok(isInChain(disk, "/base") && isInChain(disk, "vda[1]") && isInChain(disk, "vda[3]"));
  assert.ok(!isInChain(disk, "vda[2]") && !isInChain(disk, "/copy"));
});

Deno.test("a chain ends with an image where that alone is behind the disk", () => {
  const whole = liveDisk(domain, { xml, disk: "vda" });
  assert.ok(!endsChain(whole, "/base") && !endsChain(whole, undefined));
  const [top, , base] = whole.chain;
  const pulled = { ...whole, chain: [top!, base!] };
  assert.ok(endsChain(pulled, "/base") && endsChain(pulled, "vda[1]") && !endsChain(pulled, undefined));
  assert.ok(endsChain({ ...whole, chain: [top!] }, undefined));
});
