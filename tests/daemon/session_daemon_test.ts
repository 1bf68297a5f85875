import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const starter = fileURLToPath(new URL("../../daemon/session", import.meta.url));

/** Runs a program as somebody who is not root: with a number of his own, as far as he can see. */
function asUser(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command("unshare", {
    args: ["--user", "--map-user=1000", "--map-group=1000", ...args],
    env: { ...env, LC_ALL: "C" },
    stdin: "null",
  }).output();
}

async function lacks(): Promise<string | undefined> {
  try {
    const { success } = await asUser({}, ["virsh", "--version"]);
    return success ? undefined : "nobody may have numbers of users of his own here";
  } catch {
    return "virsh or unshare is not there (Debian: libvirt-clients, util-linux)";
  }
}

const missing = await lacks();

/** A user's home, with a command that is started as drover is. */
class Home implements AsyncDisposable {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;

  private constructor(directory: string) {
    this.directory = directory;
    this.env = {
      HOME: directory,
      XDG_RUNTIME_DIR: `${directory}/run`,
      LIBVIRTD_PATH: starter,
      PATH: `${directory}/bin:${Deno.env.get("PATH") ?? ""}`,
    };
  }

  /** @param instead what is given to the daemon in the place of libvirt's two minutes */
  static async make(instead = "$@"): Promise<Home> {
    const directory = await Deno.makeTempDir({ prefix: "drover-home-" });
    await Deno.mkdir(`${directory}/run`, { mode: 0o700 });
    await Deno.mkdir(`${directory}/bin`);
    const cache = new TextDecoder().decode(
      (await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout,
    );
    const { denoDir }: { readonly denoDir: string } = JSON.parse(cache);
    const script = `#!/bin/sh
echo "$$ $@" >>"${directory}/started"
export DENO_DIR="${denoDir}"
exec "${Deno.execPath()}" run -A --no-check --quiet "${main}" ${instead} 2>>"${directory}/log"
`;
    await Deno.writeTextFile(`${directory}/bin/drover`, script, { mode: 0o755 });
    return new Home(directory);
  }

  /** The daemons that were started: their processes, and what they were told. */
  get started(): readonly { readonly pid: number; readonly args: string }[] {
    try {
      return Deno.readTextFileSync(`${this.directory}/started`).trimEnd().split("\n").map((line) => {
        const [pid = "", ...args] = line.split(" ");
        return { pid: Number(pid), args: args.join(" ") };
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  get log(): string {
    return Deno.readTextFileSync(`${this.directory}/log`);
  }

  async virsh(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await asUser(this.env, [
      "virsh",
      "-q",
      "-c",
      "test+unix:///default",
      ...args,
    ]);
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.started) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // it has left
      }
    }
    await Deno.remove(this.directory, { recursive: true });
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} (skipped: ${missing})`,
    ignore: missing !== undefined,
    fn,
  });
}

test("a user's first client starts a daemon for him, and the next finds it", async () => {
  await using home = await Home.make();
  assert.match(await home.virsh("list"), /^1\s+test\s+running$/);
  assert.equal(await home.virsh("domstate", "test"), "running");
  assert.deepEqual(home.started.map(({ args }) => args), ["daemon --timeout=120"]);
  assert.equal(Deno.statSync(`${home.directory}/run/libvirt/libvirt-sock`).isSocket, true);
});

test("a user's own daemon leaves when nobody has been there for a while, and comes again", async () => {
  await using home = await Home.make("daemon --timeout=1");
  await home.virsh("list");
  const [first] = home.started;
  assert.ok(first !== undefined);
  await ended(first.pid);
  assert.match(home.log, /"message":"leaving","why":"nobody was there for 1 s"/);
  assert.match(await home.virsh("list"), /test/);
  assert.equal(home.started.length, 2);
});

/** Resolves when a process that is not ours has ended. */
async function ended(pid: number): Promise<void> {
  const { code } = await new Deno.Command("tail", { args: [`--pid=${pid}`, "-f", "/dev/null"] }).output();
  assert.equal(code, 0);
}
