import assert from "node:assert/strict";
import { isVirtError } from "../../../model/error.ts";
import { type Finding, reachesOf } from "../../../runtime/permission/reach.ts";
import { device, disk, pools, reaches } from "./definitions.ts";

for (
  const [what, path] of [
    ["out of a pool", "/var/lib/libvirt/images/../../../../etc/shadow"],
    ["relatively", "../../etc/shadow"],
    ["at its end", "/var/lib/libvirt/images/.."],
    ["in character references", "/var/lib/libvirt/images/&#46;&#46;/&#46;./shadow"],
    ["with a line break", "/var/lib/libvirt/images/a&#10;b"],
  ] as const
) {
  Deno.test(`a path that leads ${what} cannot be granted`, () => {
    const [finding] = reaches(disk(`<source file='${path}'/>`), "domain");
    assert.notEqual(finding?.refused, undefined);
  });
}

Deno.test("what a definition has already is not reached anew, as long as its whole part stays as it is", () => {
  const shadow = "<disk type='file'><source file='/etc/shadow'/><target dev='vda'/><readonly/></disk>";
  const present = device(`<emulator>/usr/bin/qemu</emulator>${shadow}`);
  const look = (xml: string): Finding[] =>
    reachesOf(xml, { document: "domain", grantedPaths: pools, present });
  assert.deepEqual(look(present.replace("512", "1024")), []);
  assert.deepEqual(
    look(present.replace("<readonly/>", "")).map(({ reached }) => reached),
    ["/etc/shadow"],
  );
  assert.deepEqual(look(present.replace("qemu<", "evil<")).map(({ reached }) => reached), ["/usr/bin/evil"]);
  assert.deepEqual(reachesOf(shadow, { document: "device", present }), []);
});

Deno.test("a pool that stands for all devices grants none of them", () => {
  for (
    const path of ["/", "/dev", "/dev/", "/dev/disk/by-path", "/dev/mapper", "/proc", "relative", "/a/.."]
  ) {
    const found = reachesOf(disk("<source dev='/dev/disk/by-path/x'/>", "block"), {
      document: "domain",
      grantedPaths: [path],
    });
    assert.equal(found.length, 1, path);
  }
});

Deno.test("a document type, with its entities, is refused", () => {
  const xml = `<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/shadow">]><domain type='kvm'>&x;</domain>`;
  assert.throws(() => reaches(xml, "domain"), (error) => isVirtError(error, "invalid-document"));
});

Deno.test("what cannot be read is refused", () => {
  for (const xml of ["", "<domain>", "<a/><b/>", "x", `${"<a>".repeat(5000)}${"</a>".repeat(5000)}`]) {
    assert.throws(() => reaches(xml, "domain"), (error) => isVirtError(error, "invalid-document"));
  }
});
