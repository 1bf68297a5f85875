import assert from "node:assert/strict";
import { connectionUri, namedConnections } from "../../cli/settings.ts";
import { drover } from "./kit/drover.ts";
import { FakeIo } from "./kit/fake_io.ts";

const path = "/home/nobody/.config/libvirt/libvirt.conf";
const settings = `uri_aliases = [ "hail=qemu+ssh://root@hail.example/system", "sleet=lxc:///" ]\n`;
const aliased = { [path]: settings };
const withDefault = { [path]: `${settings}uri_default = "sleet"\n` };

Deno.test("an alias of libvirt.conf is its URI, wherever a connection is named", () => {
  const uri = "qemu+ssh://root@hail.example/system";
  assert.equal(connectionUri(new FakeIo({ files: aliased }), "hail"), uri);
  for (const name of ["DROVER_DEFAULT_URI", "LIBVIRT_DEFAULT_URI"]) {
    assert.equal(connectionUri(new FakeIo({ files: aliased, env: { [name]: "hail" } })), uri, name);
  }
});

Deno.test("what is nearer to the person counts first", () => {
  const env = { DROVER_DEFAULT_URI: "test:///ours", LIBVIRT_DEFAULT_URI: "test:///libvirts" };
  const of = (env: Record<string, string>, flag?: string): string =>
    connectionUri(new FakeIo({ files: withDefault, env }), flag);
  assert.equal(of(env, "hail"), "qemu+ssh://root@hail.example/system");
  assert.equal(of(env), "test:///ours");
  assert.equal(of({ LIBVIRT_DEFAULT_URI: "test:///libvirts" }), "test:///libvirts");
  assert.equal(of({}), "lxc:///", "uri_default may be an alias itself");
  assert.equal(connectionUri(new FakeIo()), "test:///default");
  assert.equal(of({ DROVER_DEFAULT_URI: "", LIBVIRT_DEFAULT_URI: "" }), "lxc:///", "empty is not set");
});

Deno.test("a name that is nothing is refused with the names that are something", async () => {
  const { exit, err } = await drover(["list", "-c", "hial"], { files: aliased });
  assert.equal(exit, 64);
  assert.match(err, /"hial": it is neither a connection URI nor an alias[^]*hail, sleet/);
});

Deno.test("settings that cannot be understood are told, and do not matter to whoever gives a URI", async () => {
  const files = { [path]: "uri_aliases = [\n" };
  const { exit, err } = await drover(["list"], { files });
  assert.equal(exit, 64);
  assert.match(err, /libvirt\.conf/);
  assert.equal(connectionUri(new FakeIo({ files }), "qemu:///system"), "qemu:///system");
});

Deno.test("the hosts of a recipe may be aliases as well", () => {
  const io = new FakeIo({ files: withDefault });
  assert.deepEqual(namedConnections(io, ["source=hail", "target=qemu+unix:///system?socket=/run/a=b"]), {
    source: "qemu+ssh://root@hail.example/system",
    target: "qemu+unix:///system?socket=/run/a=b",
  });
  assert.deepEqual(namedConnections(io, []), { host: "lxc:///" });
  assert.throws(() => namedConnections(io, ["hail", "sleet"]), { code: "invalid-argument" });
});

Deno.test("a migration's other host may be an alias", async () => {
  const { control } = await drover(["migrate", "web-1", "hail", "-c", "sleet"], {
    files: aliased,
    answers: { "operation.call": () => Promise.resolve({ kind: "done", value: {} }) },
  });
  const { uri, peer } = Object(control.asked[0]?.params);
  assert.deepEqual([uri, peer], ["lxc:///", "qemu+ssh://root@hail.example/system"]);
});
