import assert from "node:assert/strict";
import type { Reaches } from "../../../model/operation.ts";
import { reachesOf } from "../../../runtime/permission/reach.ts";

const folder = Deno.env.get("DROVER_CONFORMANCE");

const documents: Readonly<Record<string, Reaches["document"]>> = {
  domain: "domain",
  network: "network",
  pool: "pool",
  volume: "volume",
  secret: "secret",
  domainsnapshot: "snapshot",
  domaincheckpoint: "checkpoint",
  domainbackup: "backup",
  interface: "interface",
  filter: "filter",
};

/** What is in the data and in no document of libvirt's: typing mistakes, and a daemon's notes to itself. */
const strangers = [
  "/domainbackup/privateData",
  "/filter/rule/tcp/@dstporttend",
  "/filter/rule/tcp/@srcporttend",
];

function* xmlFiles(path: string): Generator<string> {
  for (const entry of Deno.readDirSync(path)) {
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory) yield* xmlFiles(inner);
    else if (inner.endsWith(".xml")) yield inner;
  }
}

Deno.test({
  name: folder === undefined
    ? "libvirt's own definitions have nothing unknown in them (skipped: DROVER_CONFORMANCE is not set)"
    : "libvirt's own definitions have nothing unknown in them",
  ignore: folder === undefined,
  fn: () => {
    const unknown = new Set<string>();
    let read = 0;
    for (const file of xmlFiles(folder ?? "")) {
      const text = Deno.readTextFileSync(file);
      const root = /<([a-z]+)[\s>/]/.exec(text.replace(/<!--[\s\S]*?-->/g, ""))?.[1] ?? "";
      const document = documents[root];
      if (document === undefined) continue;
      read++;
      for (const { permission, reached } of reachesOf(text, { document })) {
        if (permission === "host:unknown") unknown.add(reached.replace(/\[\d+\]/g, ""));
      }
    }
    assert.ok(read > 1000, `only ${read} definitions were found`);
    assert.deepEqual([...unknown].sort(), strangers);
  },
});
