// libvirt's bindings for Perl: what libvirt's own test driver does, ours does.
import assert from "node:assert/strict";
import { compare, type Differences, onBoth, output, reasonAgainst, stepsOf } from "./private_libvirtd.ts";

const missing = reasonAgainst({
  program: "perl",
  probe: ["-MSys::Virt", "-MJSON::PP", "-e", "1"],
  package: "libsys-virt-perl",
});

const differences: Differences = [];

Deno.test({
  name: `a program in Perl sees what it sees of libvirt's test driver${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    const script = new URL("walk.pl", import.meta.url).pathname;
    const { ours, theirs } = await onBoth(async ({ uri }) => stepsOf(await output("perl", [script, uri])));
    const { unexplained, needless, same } = compare({ ours, theirs }, differences);
    // What the bindings themselves find wrong is wrong in the script.
    assert.deepEqual(ours.filter(([, kind]) => kind === "raised"), []);
    assert.deepEqual(unexplained, []);
    assert.deepEqual(needless, [], "These are no differences any more");
    assert.ok(same > 190, `Only ${same} of ${theirs.length} steps are the same`);
  },
});
