import assert from "node:assert/strict";
import { backingPath } from "../../../drivers/storage/documents.ts";
import { storageView } from "../../../drivers/storage/view.ts";
import { StorageGraph } from "../../../drivers/storage/graph.ts";
import fc from "fast-check";

const uuid = (digit: string): string => `${digit.repeat(8)}-0000-4000-8000-000000000000`;

function domainXml(disk: string): string {
  return `<domain type='qemu'><name>d</name><devices>${disk}</devices></domain>`;
}

const view = storageView({
  domains: [
    {
      id: uuid("a"),
      name: "web-1",
      documents: [
        domainXml(
          "<disk type='file'><source file='/p/web.s1'/><target dev='vda'/><backingStore type='file'>" +
            "<source file='/p/web.qcow2'/><backingStore/></backingStore></disk>",
        ),
      ],
      snapshots: [{
        name: "s1",
        xml: "<domainsnapshot><name>s1</name><disks><disk name='vda' snapshot='external'>" +
          "<source file='/p/web.s1'/></disk></disks>" +
          domainXml("<disk type='volume'><source pool='p' volume='web.qcow2'/><target dev='vda'/></disk>") +
          "</domainsnapshot>",
      }],
    },
    {
      id: uuid("b"),
      name: "db-1",
      documents: [domainXml("<disk type='file'><source file='/p/clone.qcow2'/><target dev='vda'/></disk>")],
      snapshots: [],
    },
  ],
  volumes: [
    ["web.qcow2", "/p/golden.raw"],
    ["clone.qcow2", "/p/golden.raw"],
    ["golden.raw", undefined],
  ].map(([name = "", base]) => ({
    pool: uuid("c"),
    poolName: "p",
    name,
    xml: `<volume><name>${name}</name><target><path>/p/${name}</path></target>${
      base === undefined ? "" : `<backingStore><path>${base}</path></backingStore>`
    }</volume>`,
  })),
});

Deno.test("the graph is drawn from domains, their snapshots and the volumes' own backing files", () => {
  const graph = new StorageGraph(view.facts);
  assert.equal(
    graph.draw("/p/golden.raw"),
    [
      "/p/golden.raw",
      '  /p/clone.qcow2  <- domain "db-1", disk vda',
      '  /p/web.qcow2  <- snapshot "s1" of domain "web-1", disk vda',
      '    /p/web.s1  <- domain "web-1", disk vda',
    ].join("\n"),
  );
});

Deno.test("a domain's own images may change together, another's may not be broken", () => {
  const graph = new StorageGraph(view.facts);
  const own = { images: graph.imagesOf(uuid("a")), domain: uuid("a") };
  assert.deepEqual(graph.broken(["/p/web.s1", "/p/web.qcow2"], own), []);
  assert.deepEqual(graph.broken(["/p/golden.raw", "/p/web.qcow2"], own), ["/p/golden.raw"]);
  assert.deepEqual(graph.broken(["/p/clone.qcow2"], own), ["/p/clone.qcow2"]);
});

Deno.test("a circle among images is drawn to an end", () => {
  const links = [{ overlay: "/a", base: "/b" }, { overlay: "/b", base: "/a" }];
  assert.equal(new StorageGraph({ uses: [], links }).draw("/a"), "/a\n  /b\n    /a (again)");
});

Deno.test("whatever is needed by anything is never let go, and what nothing needs always is", () => {
  const path = fc.constantFrom("/1", "/2", "/3", "/4", "/5");
  const facts = fc.record({
    uses: fc.array(fc.record({ path, by: fc.constant("somebody"), domain: fc.constantFrom("x", "y") })),
    links: fc.array(fc.record({ overlay: path, base: path })),
  });
  fc.assert(fc.property(facts, path, (known, gone) => {
    const isNeeded = known.uses.some((use) => use.path === gone) ||
      known.links.some(({ overlay, base }) => base === gone && overlay !== gone);
    const broken = new StorageGraph(known).broken([gone], { images: new Set() });
    assert.deepEqual(broken, isNeeded ? [gone] : []);
  }));
});

Deno.test("a backing file is the same in whatever words an image names it", () => {
  const overlay = "/pool/sub/top.qcow2";
  const json = (value: unknown): string => `json:${JSON.stringify(value)}`;
  const same: readonly string[] = [
    "/pool/base",
    "/pool//x/.././base",
    "../base",
    "file:/pool/base",
    json({ driver: "qcow2", file: { driver: "file", filename: "/pool/base" } }),
    json({ "file.driver": "file", "file.filename": "../base" }),
    json({ driver: "raw", file: { driver: "qcow2", file: { filename: "/pool/base" } } }),
  ];
  for (const name of same) assert.equal(backingPath(name, overlay), "/pool/base", name);
  for (const other of ["nbd://host:10809/base", "json:{broken", json({ driver: "nbd", host: "h" })]) {
    assert.equal(backingPath(other, overlay), other);
  }
});
