import assert from "node:assert/strict";
import { ServiceManager } from "../../daemon/service_manager.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import { RunningDaemon } from "./kit/running_daemon.ts";

/** A service manager that keeps what it is told. */
function told(variables: Readonly<Record<string, string>>, fails = false): {
  readonly said: string[];
  readonly warnings: string[];
  readonly clock: VirtualClock;
  readonly manager: ServiceManager;
} {
  const clock = new VirtualClock();
  const said: string[] = [];
  const warnings: string[] = [];
  const manager = new ServiceManager({
    clock,
    pid: 42,
    env: (name) => variables[name],
    log: (level, message) => void (level === "warn" && warnings.push(message)),
    libc: () => ({
      monotonicMicroseconds: () => 12_345n,
      sendDatagram: (path, data) => {
        if (fails) throw new Error("nobody is there");
        said.push(`${path} ${new TextDecoder().decode(data)}`);
      },
    }),
  });
  return { said, warnings, clock, manager };
}

Deno.test("the service manager hears when the daemon is ready, reads its settings, and leaves", () => {
  const { said, manager } = told({ NOTIFY_SOCKET: "/run/notify" });
  manager.ready("listening on\nunix:/run/libvirt/libvirt-sock");
  manager.reloading();
  manager.ready("serving 3 clients");
  manager.stopping("SIGTERM");
  assert.deepEqual(said, [
    "/run/notify READY=1\nSTATUS=listening on unix:/run/libvirt/libvirt-sock\n",
    "/run/notify RELOADING=1\nMONOTONIC_USEC=12345\n",
    "/run/notify READY=1\nSTATUS=serving 3 clients\n",
    "/run/notify STOPPING=1\nSTATUS=SIGTERM\n",
  ]);
});

Deno.test("where it wants to know, it hears twice in its time that the daemon is alive", async () => {
  const { said, clock, manager } = told({
    NOTIFY_SOCKET: "@abstract",
    WATCHDOG_USEC: "3000000",
    WATCHDOG_PID: "42",
  });
  await clock.advance(10_000);
  assert.deepEqual(said, [], "not before it is ready");
  manager.ready("");
  manager.ready("");
  said.length = 0;
  await clock.advance(3000);
  assert.deepEqual(said, ["@abstract WATCHDOG=1\n", "@abstract WATCHDOG=1\n"]);
  manager[Symbol.dispose]();
  await clock.advance(10_000);
  assert.equal(said.length, 2);
});

for (
  const [what, variables] of [
    ["nobody asks", { NOTIFY_SOCKET: "/n" }],
    ["another process is meant", { NOTIFY_SOCKET: "/n", WATCHDOG_USEC: "1000000", WATCHDOG_PID: "1" }],
    ["it is no time", { NOTIFY_SOCKET: "/n", WATCHDOG_USEC: "soon" }],
    ["there is nobody to tell", { WATCHDOG_USEC: "1000000" }],
  ] as const
) {
  Deno.test(`nothing is said of being alive where ${what}`, async () => {
    const { said, clock, manager } = told(variables);
    manager.ready("");
    said.length = 0;
    await clock.advance(10_000);
    assert.deepEqual(said, []);
  });
}

Deno.test("a service manager that does not listen is said so once, and keeps nobody from working", () => {
  const { warnings, manager } = told({ NOTIFY_SOCKET: "/run/notify" }, true);
  manager.ready("");
  manager.stopping("");
  assert.deepEqual(warnings, ["cannot tell the service manager"]);
});

/** A service manager as a process: a line for each datagram. */
const listener = `import socket, sys, json
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)`;

Deno.test("a daemon that runs tells its service manager of its life", async () => {
  const folder = await Deno.makeTempDir({ prefix: "drover-notify-" });
  const child = new Deno.Command("python3", { args: ["-c", listener, `${folder}/notify`], stdout: "piped" })
    .spawn();
  const heard: string[] = [];
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const hear = async (wanted: RegExp): Promise<void> => {
    while (!heard.some((text) => wanted.test(text))) {
      const { value = "", done } = await reader.read();
      assert.ok(!done, `it has ended; heard ${JSON.stringify(heard)}`);
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      heard.push(...lines);
    }
  };
  try {
    await hear(/bound/);
    const env = { NOTIFY_SOCKET: `${folder}/notify`, WATCHDOG_USEC: "200000" };
    await using daemon = await RunningDaemon.start({ env });
    await hear(/READY=1.*STATUS=listening on unix:/);
    await hear(/WATCHDOG=1/);
    Deno.kill(daemon.pid, "SIGHUP");
    await hear(/RELOADING=1.*MONOTONIC_USEC=\d+/);
    await hear(/READY=1.*STATUS=serving 0 clients/);
    assert.equal(await daemon.stop("SIGTERM"), 0);
    await hear(/STOPPING=1.*STATUS=SIGTERM/);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await Deno.remove(folder, { recursive: true });
  }
});
