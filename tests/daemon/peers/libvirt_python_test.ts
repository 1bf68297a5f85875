import assert from "node:assert/strict";
import { RunningDaemon } from "../kit/running_daemon.ts";

const python = "/usr/bin/python3";

/** Why libvirt's bindings for Python cannot be asked here; absent where they can. */
function reason(): string | undefined {
  try {
    const asked = new Deno.Command(python, {
      args: ["-c", "import libvirt"],
      stdout: "null",
      stderr: "null",
    });
    return asked.outputSync().success
      ? undefined
      : "libvirt's bindings for Python are not there (Debian: python3-libvirt)";
  } catch {
    return `${python} is not there`;
  }
}

const missing = reason();

Deno.test({
  name: `a program in Python works with domains, and hears of them${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    const script = new URL("libvirt_python.py", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(python, { args: [script, daemon.uri()] }).output();
    const text = new TextDecoder();
    assert.deepEqual(JSON.parse(text.decode(stdout) || JSON.stringify(text.decode(stderr))), {
      names: ["test"],
      uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f",
      paused: [3, 1],
      active: 0,
      events: [["test", 3, 0], ["test", 4, 0], ["test", 5, 1]],
      missing: 42,
      type: "TEST",
    });
  },
});
