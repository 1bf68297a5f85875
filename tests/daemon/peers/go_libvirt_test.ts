// The tests that go-libvirt's package brings for a libvirtd that is running, against ours. They are copied to a directory
// of their own, where the socket and the host that they mean are put in.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseUri } from "../../../model/uri.ts";
import { connectRpc } from "../../../protocol/connect.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { RunningDaemon } from "../kit/running_daemon.ts";

const path = "/usr/share/gocode";
const library = "src/github.com/digitalocean/go-libvirt";
const missing = reason();

function reason(): string | undefined {
  try {
    Deno.statSync(join(path, library, "libvirt_integration_test.go"));
  } catch {
    return "its tests are not there (Debian: golang-github-digitalocean-go-libvirt-dev)";
  }
  try {
    new Deno.Command("go", { args: ["version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "go is not there (Debian: golang-go)";
  }
}

/** What its tests want to find: a pool that runs and a secret of these names, and no other. */
async function prepare(uri: string): Promise<AsyncDisposable> {
  const client = await connectRpc(parseUri(uri), { clock: systemClock });
  const { pool: other } = await client.call("storagePoolLookupByName", { name: "default-pool" });
  await client.call("storagePoolDestroy", { pool: other });
  await client.call("storagePoolUndefine", { pool: other });
  const xml = "<pool type='dir'><name>test</name><target><path>/tmp</path></target></pool>";
  await client.call("storagePoolCreateXml", { xml, flags: 0 });
  await client.call("secretDefineXml", {
    xml: `<secret ephemeral='no' private='yes'><description>test</description>
      <uuid>19fdc2f2-fa64-46f3-bacf-42a8aafca6dd</uuid><usage type='volume'><volume>/tmp</volume></usage></secret>`,
    flags: 0,
  });
  return client;
}

/** A copy of the library whose tests mean this socket and a host of the test driver. */
async function copied(directory: string, socket: string): Promise<string> {
  const copy = join(directory, library);
  await Deno.mkdir(join(copy, ".."), { recursive: true });
  const { success } = await new Deno.Command("cp", { args: ["-rL", join(path, library), copy] }).output();
  assert.ok(success);
  // They ask no daemon, and want a library more.
  for (const file of ["libvirt_test.go", "rpc_test.go"]) await Deno.remove(join(copy, file));
  const replace = async (file: string, from: string | RegExp, to: string): Promise<void> => {
    const text = await Deno.readTextFile(join(copy, file));
    assert.notEqual(text.replace(from, to), text, `${file} has changed`);
    await Deno.writeTextFile(join(copy, file), text.replace(from, to));
  };
  await replace(
    "libvirt_integration_test.go",
    /dialers\.NewRemote\([^}]*?\n\t\)/,
    `dialers.NewLocal(dialers.WithSocket("${socket}"))`,
  );
  await replace("libvirt.go", '"qemu:///system"', '"test:///default"');
  return copy;
}

Deno.test({
  name: `go-libvirt's own tests pass${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    await using _client = await prepare(daemon.uri());
    const directory = await Deno.makeTempDir({ prefix: "drover-go-" });
    try {
      const cwd = await copied(directory, daemon.socket);
      const texts = await Deno.readTextFile(join(cwd, "libvirt_integration_test.go"));
      const names = [...texts.matchAll(/^func (Test\w+)\(/gm)].map(([, name]) => name ?? "");
      const { stdout, stderr } = await new Deno.Command("go", {
        args: ["test", "-vet=off", "-tags", "integration", "-v", "-run", `^(${names.join("|")})$`, "."],
        cwd,
        env: { GOPATH: `${directory}:${path}`, GO111MODULE: "off", GOFLAGS: "" },
      }).output();
      const text = new TextDecoder();
      const said = text.decode(stdout);
      const passed = [...said.matchAll(/^--- PASS: (\w+)/gm)].map(([, name]) => name ?? "");
      assert.deepEqual(passed.sort(), names.sort(), said + text.decode(stderr));
      assert.ok(names.length > 15);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
