/**
 * An ssh daemon of a test's own, on a port of loopback, with keys and settings in a temporary folder.
 *
 * @module
 */
import { userInfo } from "node:os";
import { Scripts } from "./scripts.ts";

/** Where sshd is; it wants to be called by its path. */
const sshd = "/usr/sbin/sshd";

/** Why there can be none here; absent where there can. */
export function cannotRunSshd(): string | undefined {
  for (
    const [program, package_] of [["ssh", "openssh-client"], [sshd, "openssh-server"], [
      "nc",
      "netcat-openbsd",
    ]]
  ) {
    const { success } = new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" })
      .outputSync();
    if (!success) return `${program} is not there (Debian: ${package_})`;
  }
  // What sshd is confined to before a login; the package makes it when the system's own one starts.
  try {
    Deno.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  } catch {
    return "/run/sshd is not there and cannot be made";
  }
  return undefined;
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}

/** Waits until something holds that cannot be waited for otherwise; what it throws means not yet. */
async function until(holds: () => boolean): Promise<void> {
  const isSo = (): boolean => {
    try {
      return holds();
    } catch {
      return false;
    }
  };
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A running sshd, and an ssh program with settings of its own. */
export class PrivateSshd implements AsyncDisposable {
  readonly port: number;
  readonly scripts: Scripts;
  readonly #daemon: Deno.ChildProcess;

  private constructor(
    scripts: Scripts,
    { port, daemon }: { readonly port: number; readonly daemon: Deno.ChildProcess },
  ) {
    this.scripts = scripts;
    this.port = port;
    this.#daemon = daemon;
  }

  /** Starts one that lets in this user with the key `key` of its folder. */
  static async start(): Promise<PrivateSshd> {
    const scripts = await Scripts.make();
    const { folder } = scripts;
    for (const name of ["host_key", "key", "other_key", "other_host_key"]) {
      await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`);
    }
    await Deno.copyFile(`${folder}/key.pub`, `${folder}/authorized_keys`);
    using reserved = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = reserved.addr;
    reserved.close();
    await Deno.writeTextFile(
      `${folder}/sshd_config`,
      `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`,
    );
    const daemon = new Deno.Command(sshd, {
      args: ["-D", "-E", `${folder}/log`, "-f", `${folder}/sshd_config`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const sshd_ = new PrivateSshd(scripts, { port, daemon });
    await until(() => Deno.readTextFileSync(`${folder}/log`).includes("Server listening"));
    await sshd_.trust("host_key.pub");
    return sshd_;
  }

  /** Has the client know a key as the one of the host. */
  async trust(key: string): Promise<void> {
    const [kind, value] = (await Deno.readTextFile(`${this.scripts.folder}/${key}`)).split(" ");
    await Deno.writeTextFile(
      `${this.scripts.folder}/known_hosts`,
      `[127.0.0.1]:${this.port} ${kind} ${value}\n`,
    );
  }

  /** Has the client know no key. */
  async forget(): Promise<void> {
    await Deno.writeTextFile(`${this.scripts.folder}/known_hosts`, "");
  }

  /**
   * The path of an ssh program that reads settings of this folder alone: the host `there` is this machine, `behind` is it
   * too, with `there` before it.
   */
  async client({ key = "key" }: { readonly key?: string } = {}): Promise<string> {
    const { folder } = this.scripts;
    await Deno.writeTextFile(
      `${folder}/ssh_config_${key}`,
      `Host behind
  ProxyJump there
Host there behind
  HostName 127.0.0.1
  Port ${this.port}
  User ${userInfo().username}
Host *
  IdentitiesOnly yes
  IdentityFile ${folder}/${key}
  UserKnownHostsFile ${folder}/known_hosts
  GlobalKnownHostsFile /dev/null
`,
    );
    return await this.scripts.add(
      `ssh_${key}`,
      `echo $$ > $HERE/ssh.pid; exec ssh -F $HERE/ssh_config_${key} "$@"`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#daemon.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#daemon.status;
    await this.scripts[Symbol.asyncDispose]();
  }
}
