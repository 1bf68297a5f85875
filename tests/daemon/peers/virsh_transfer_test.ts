import assert from "node:assert/strict";
import { RunningDaemon } from "../kit/running_daemon.ts";
import { virshMissing } from "../kit/virsh_comparison.ts";

const missing = virshMissing();
const mebibyte = 1024 ** 2;

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stderr));
  return text.decode(stdout);
}

/** A file with data, a hole, and data at its end. */
async function sparseFile(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(40 * mebibyte);
  const data = Uint8Array.from({ length: 3 * mebibyte }, (_, index) => (index * 31 + (index >> 9)) & 0xff);
  bytes.set(data, 0);
  bytes.set(data, 37 * mebibyte);
  using file = await Deno.open(path, { write: true, create: true });
  for (const at of [0, 37 * mebibyte]) {
    await file.seek(at, Deno.SeekMode.Start);
    for (let sent = 0; sent < data.length;) sent += await file.write(data.subarray(sent));
  }
  return bytes;
}

Deno.test({
  name: `virsh uploads and downloads volumes, with holes and without${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    // The host is forgotten when its last client leaves.
    const keeper = new Deno.Command("virsh", {
      args: ["-c", daemon.uri(), "event", "--all", "--loop"],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const directory = daemon.directory;
    const virsh = (command: string): Promise<string> => run("virsh", "-q", "-c", daemon.uri(), command);
    try {
      await daemon.said("client connected");
      const bytes = await sparseFile(`${directory}/in`);
      await virsh("vol-create-as default-pool disk 40M --allocation 0");
      for (const flags of ["", " --sparse"]) {
        await virsh(`vol-upload disk ${directory}/in --pool default-pool${flags}`);
        await virsh(`vol-download disk ${directory}/out${flags.length} --pool default-pool${flags}`);
        assert.deepEqual(await Deno.readFile(`${directory}/out${flags.length}`), bytes);
        await virsh("vol-wipe disk --pool default-pool");
      }
      const { blocks } = await Deno.stat(`${directory}/out${" --sparse".length}`);
      assert.ok((blocks ?? 0) * 512 < 10 * mebibyte, "holes were written as zeros");
      await Deno.writeFile(`${directory}/slice`, bytes.subarray(0, 2 * mebibyte));
      await virsh(`vol-upload disk ${directory}/slice --pool default-pool --offset 1048576 --length 2097152`);
      await virsh(
        `vol-download disk ${directory}/part --pool default-pool --offset 2097152 --length 2097152`,
      );
      const part = await Deno.readFile(`${directory}/part`);
      assert.deepEqual(part.subarray(0, mebibyte), bytes.subarray(mebibyte, 2 * mebibyte));
      assert.ok(part.subarray(mebibyte).every((byte) => byte === 0));
      const left = [...Deno.readDirSync(`${directory}/state/transfers`)];
      assert.deepEqual(left, []);
    } finally {
      keeper.kill("SIGTERM");
      await keeper.status;
    }
  },
});
