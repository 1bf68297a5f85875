import assert from "node:assert/strict";
import { drover, type Ran } from "./kit/drover.ts";

function ran(value: unknown, args: readonly string[], terminal = false): Promise<Ran> {
  return drover(args, {
    terminal,
    answers: { "operation.call": () => Promise.resolve({ kind: "done", value }) },
  });
}

function domain(name: string, id?: number): unknown {
  return {
    domain: { $ref: "domain", connection: "host", id: `u-${name}`, name },
    state: id === undefined ? "shutoff" : "running",
    persistent: true,
    autostart: false,
    ...(id === undefined ? {} : { id }),
  };
}

Deno.test("a list has what runs by its id, and then the rest by name", async () => {
  const listed = [
    domain("zeta"),
    domain("b", 12),
    domain("Alpha"),
    domain("c", 3),
    domain("alpha"),
    domain("beta"),
  ];
  const { out } = await ran(listed, ["list", "--all", "-o", "name"]);
  assert.deepEqual(out.trim().split("\n"), ["c", "b", "Alpha", "alpha", "beta", "zeta"]);
  const machine = JSON.parse((await ran(listed, ["list", "--all", "-o", "json"])).out);
  assert.equal(machine.items[0].domain.name, "c", "programs get the same order");
});

Deno.test("what has an order of its own keeps it", async () => {
  const disks = [{ target: "vdb", type: "file", device: "disk" }, {
    target: "vda",
    type: "file",
    device: "disk",
  }];
  const { out } = await ran(disks, ["domblklist", "web-1", "-o", "ndjson"]);
  assert.deepEqual(out.trim().split("\n").map((line) => JSON.parse(line).item.target), ["vdb", "vda"]);
});

Deno.test("addresses are written as people write them", async () => {
  const value = [{
    interface: "eth0",
    mac: "52:54:00:00:00:01",
    addresses: [{ family: "ipv4", address: "10.0.0.2", prefix: 24 }, {
      family: "ipv6",
      address: "fe80::1",
      prefix: 64,
    }],
  }];
  assert.match((await ran(value, ["domifaddr", "web-1"])).out, /10\.0\.0\.2\/24, fe80::1\/64/);
});

Deno.test("the work on a disk is shown with all that is known of it, and that there is none", async () => {
  const job = {
    type: "pull",
    ready: false,
    position: 5,
    end: 10,
    fraction: 0.5,
    bandwidthBytesPerS: 1048576,
  };
  const { out } = await ran({ job }, ["blockjob", "web-1", "vda"]);
  assert.match(out, /Type: +pull\nReady: +no\n/);
  assert.equal((await ran({}, ["blockjob", "web-1", "vda"])).out, "Job:  -\n");
});

Deno.test("what a program in the guest says goes where it said it, and its failure is one", async () => {
  const bytes = new TextEncoder();
  const end = {
    exitCode: 3,
    stdout: bytes.encode("out\x1b[2J\n"),
    stderr: bytes.encode("err\n"),
    pid: 7,
    running: false,
  };
  const { exit, out, err } = await ran(end, ["domain", "guest-exec", "web-1", "/bin/x"]);
  assert.deepEqual([exit, out], [1, "out\x1b[2J\n"]);
  assert.match(err, /^err\nThe program in the guest ended with 3\n$/);
  const onTerminal = await ran(end, ["domain", "guest-exec", "web-1", "/bin/x"], true);
  assert.ok(!onTerminal.out.includes("\x1b"), "a guest does not draw on our terminal");
  assert.equal((await ran({ ...end, exitCode: 0 }, ["domain", "guest-exec", "web-1", "/bin/x"])).exit, 0);
});

Deno.test("an agent's answer is printed as it came", async () => {
  const { out } = await ran({ answer: `{"return":{}}` }, ["qemu-agent-command", "web-1", "{}"]);
  assert.equal(out, `{"return":{}}\n`);
});

Deno.test("a transfer says how much passed, a freeze how many file systems", async () => {
  const passed = { bytes: 2097152, dataBytes: 5, sha256: "0".repeat(64) };
  const { out } = await ran(passed, ["vol-upload", "images/disk0", "-"]);
  assert.equal(
    out,
    'storage volume "images/disk0": upload done, 0 B\n',
    "nothing came by the standard input",
  );
  assert.match((await ran({ frozen: 2 }, ["domfsfreeze", "web-1"])).out, /freeze done, frozen 2\n$/);
});
