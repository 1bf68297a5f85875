import assert from "node:assert/strict";
import { RunningDaemon } from "../kit/running_daemon.ts";

/** Why virsh cannot be asked here; absent where it can. */
function reason(): string | undefined {
  try {
    new Deno.Command("virsh", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "virsh is not there (Debian: libvirt-clients)";
  }
}

const missing = reason();
const name = (what: string): string => missing === undefined ? what : `${what} (skipped: ${missing})`;

async function virsh(
  uri: string,
  ...args: readonly string[]
): Promise<{ code: number; out: string; error: string }> {
  const { code, stdout, stderr } = await new Deno.Command("virsh", { args: ["-q", "-c", uri, ...args] })
    .output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), error: text(stderr) };
}

Deno.test({
  name: name("virsh lists, shows, stops and starts domains"),
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    const said = await virsh(
      daemon.uri(),
      "list --all; domstate test; destroy test; domstate test; start test; domstate test",
    );
    assert.equal(said.code, 0, said.error);
    const lines = said.out.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    assert.match(lines[0] ?? "", /^1\s+test\s+running$/);
    assert.deepEqual(lines.filter((line) => /^(running|shut off)$/.test(line)), [
      "running",
      "shut off",
      "running",
    ]);
  },
});

Deno.test({
  name: name("virsh hears that it may only look"),
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    const uri = `test+unix:///default?socket=${daemon.readonlySocket}`;
    assert.equal((await virsh(uri, "domstate", "test")).out, "running");
    const { code, error } = await virsh(uri, "destroy", "test");
    assert.equal(code, 1);
    assert.match(error, /operation forbidden: read only access prevents virDomainDestroy/);
  },
});

Deno.test({
  name: name("virsh hears what the driver lacks as from libvirtd"),
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    const { code, error } = await virsh(daemon.uri(), "nwfilter-list");
    assert.equal(code, 1);
    assert.match(error, /not supported by the connection driver/);
  },
});

Deno.test({
  name: name("a host in memory is forgotten when its last client leaves, as with libvirtd"),
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    assert.equal((await virsh(daemon.uri(), "destroy test; undefine test")).code, 0);
    assert.equal((await virsh(daemon.uri(), "domstate", "test")).out, "running");
  },
});

Deno.test("a daemon that is asked to leave says so and leaves with 0, and its sockets are gone", async () => {
  await using daemon = await RunningDaemon.start();
  assert.equal(await daemon.stop(), 0);
  assert.equal((await daemon.said("leaving"))["why"], "SIGTERM");
  await assert.rejects(() => Deno.lstat(daemon.socket), Deno.errors.NotFound);
});
