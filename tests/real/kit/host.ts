/**
 * A libvirtd of a test's own: in namespaces of its own, with its own `/run`, `/etc/libvirt` and `/var/lib/libvirt`, all
 * in one temporary directory. Whatever it started ends with it, also where the test's process dies.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { keepCapabilities, lendCapabilities } from "./capability_cache.ts";
import { freePort, type HostSettings, writeSettings } from "./host_settings.ts";
import { answers } from "./probe.ts";
import { descendants } from "./process_tree.ts";
import { until } from "./until.ts";

const initProgram = fileURLToPath(new URL("host_init.sh", import.meta.url));

/** What a private host is to be like. */
export interface RealHostOptions extends HostSettings {
  /** Its host name. @default "host" */
  readonly name?: string;
  /** What its `/etc/hosts` has beside localhost: address to name. @default only its own name */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

/** A private libvirtd and everything that belongs to it. */
export class RealHost implements AsyncDisposable {
  /** Everything of the host is in here; the same path inside and outside of its namespaces. */
  readonly directory: string;
  /** The host's name inside. */
  readonly name: string;
  /** The port of its TCP transport, where it has one. */
  readonly tcpPort: number | undefined;
  /** The port of its TLS transport, where it has one. */
  readonly tlsPort: number | undefined;
  readonly #init: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  #daemonPid = 0;
  #starts = 0;

  private constructor(
    directory: string,
    { name, init, ports }: {
      readonly name: string;
      readonly init: Deno.ChildProcess;
      readonly ports: { readonly tcp: number | undefined; readonly tls: number | undefined };
    },
  ) {
    this.directory = directory;
    this.name = name;
    this.tcpPort = ports.tcp;
    this.tlsPort = ports.tls;
    this.#init = init;
    this.#commands = init.stdin.getWriter();
  }

  /** Starts a host and waits until it answers. */
  static async start(options: RealHostOptions = {}): Promise<RealHost> {
    const name = options.name ?? "host";
    const listens = options.tcp === true || options.tls !== undefined;
    const ownNetwork = (options.network ?? (listens ? "shared" : "own")) === "own";
    const directory = await Deno.makeTempDir({ prefix: "drover-real-" });
    const ports = {
      tcp: options.tcp !== true ? undefined : ownNetwork ? 16509 : freePort(),
      tls: options.tls === undefined ? undefined : ownNetwork ? 16514 : freePort(),
    };
    await writeSettings(directory, {
      ...options,
      name,
      ports,
      address: ownNetwork ? "0.0.0.0" : "127.0.0.1",
    });
    await lendCapabilities(`${directory}/cache`);
    if (ownNetwork) await Deno.writeTextFile(`${directory}/own_network`, "");
    const known = { "127.0.0.1": "localhost", ...(options.hosts ?? { "127.0.1.1": name }) };
    const lines = Object.entries(known).map((line) => `${line.join(" ")}\n`);
    await Deno.writeTextFile(`${directory}/hosts`, lines.join(""));
    // It ends when its standard input does. unshare is not to take it along: Deno kills unshare when it leaves.
    const init = new Deno.Command("unshare", {
      args: [
        ...["--mount", "--propagation", "private", "--uts", "--ipc", ...(ownNetwork ? ["--net"] : [])],
        ...["--pid", "--fork", "--mount-proc"],
        ...["sh", "-c", 'hostname "$1"; shift; exec "$@"', "sh", name],
        ...[initProgram, directory, ...(listens ? ["--listen"] : [])],
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    const host = new RealHost(directory, { name, init, ports });
    try {
      await host.#startDaemon();
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  /** The path of the socket for reading and writing, as seen from outside. */
  get socket(): string {
    return `${this.directory}/run/libvirt/libvirt-sock`;
  }

  /** The path of the socket for reading only. */
  get readonlySocket(): string {
    return `${this.socket}-ro`;
  }

  /** Whether the daemon runs. */
  get running(): boolean {
    return this.#ends().length < this.#starts;
  }

  /** The process of the daemon, as seen from outside. */
  get pid(): number {
    return this.#daemonPid;
  }

  /** The process that is the first one inside, as seen from outside; its namespaces are the host's. */
  get initPid(): number {
    const [first] = descendants(this.#init.pid);
    if (first === undefined) throw new Error("The private host has ended");
    return first.pid;
  }

  /**
   * How to reach it.
   *
   * @param driver the hypervisor, `qemu` where not given
   * @param path such as `/system`, which is what is meant where it is not given and the driver is `qemu`
   */
  uri(driver = "qemu", { path, transport = "unix", readonly = false }: UriOptions = {}): string {
    const where = path ?? { qemu: "/system", test: "/default" }[driver] ?? "/";
    switch (transport) {
      case "unix":
        return `${driver}+unix://${where}?socket=${readonly ? this.readonlySocket : this.socket}`;
      case "tcp":
        return `${driver}+tcp://127.0.0.1:${this.tcpPort}${where}`;
      case "tls":
        return `${driver}+tls://localhost:${this.tlsPort}${where}?pkipath=${this.pkiPath}`;
    }
  }

  /** The directory with the certificates of a client: `cacert.pem`, `clientcert.pem`, `clientkey.pem`. */
  get pkiPath(): string {
    return `${this.directory}/pki`;
  }

  /**
   * Runs the real virsh, on `qemu:///system` of this host unless the arguments begin with `-c URI`.
   *
   * @throws {Error} where it fails, with what it said
   */
  async virsh(...args: readonly string[]): Promise<string> {
    const { code, output, error } = await this.tryVirsh(...args);
    if (code !== 0) throw new Error(`virsh ${args.join(" ")}: ${error.trim()}`);
    return output.trim();
  }

  /** Runs the real virsh and says how it ended. */
  async tryVirsh(...args: readonly string[]): Promise<Ended> {
    const connection = args[0] === "-c" ? [] : ["-c", this.uri()];
    return await run("virsh", ["-q", ...connection, ...args]);
  }

  /** Puts a text into a file of the host's folder, and gives its path. */
  async file(name: string, text: string): Promise<string> {
    const path = `${this.directory}/${name}`;
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Runs a program in the host's namespaces. */
  async inside(program: string, ...args: readonly string[]): Promise<Ended> {
    return await run("nsenter", [
      "--target",
      `${this.initPid}`,
      "--mount",
      "--uts",
      "--ipc",
      "--net",
      "--pid",
      program,
      ...args,
    ]);
  }

  /** Kills the daemon at once, as a crash would; guests go on. */
  kill(): void {
    try {
      Deno.kill(this.#daemonPid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // dead already
    }
  }

  /** Stops the daemon, so that it hears nothing and says nothing, until `thaw`. */
  freeze(): void {
    Deno.kill(this.#daemonPid, "SIGSTOP");
  }

  /** Lets a daemon go on that was frozen. */
  thaw(): void {
    Deno.kill(this.#daemonPid, "SIGCONT");
  }

  /** Starts the daemon again, killing the one that may be there, and waits until it answers. */
  async restart(): Promise<void> {
    if (this.running) this.kill();
    await until(() => !this.running, { what: "the end of libvirtd" });
    await this.#startDaemon();
  }

  /** Ends everything, guests among it, and removes the directory. */
  async stop(): Promise<void> {
    await keepCapabilities(`${this.directory}/cache`);
    await this.#commands.close().catch(() => {});
    await this.#init.status;
    await Deno.remove(this.directory, { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  /** What the daemon has logged. */
  async log(): Promise<string> {
    const texts = await Promise.all(["libvirtd.log", "output.log"].map(async (name) => {
      return await Deno.readTextFile(`${this.directory}/log/${name}`).catch(() => "");
    }));
    return texts.join("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #startDaemon(): Promise<void> {
    this.#starts += 1;
    await this.#commands.write(new TextEncoder().encode("start\n"));
    await until(() => answers(this.socket), {
      what: "an answer of libvirtd",
      hopeless: () => this.running ? undefined : `it ended with ${this.#ends().at(-1)}`,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${(await this.log()).slice(-4000)}`);
    });
    // Its parent waits for it; what a daemon was about to become another program is an orphan, or its child.
    const below = descendants(this.initPid);
    const waiting = below.filter(({ parent, program }) =>
      parent === this.initPid && program === "host_init.sh"
    );
    const daemon = below.find(({ parent, program }) =>
      program === "libvirtd" && waiting.some(({ pid }) => pid === parent)
    );
    if (daemon === undefined) throw new Error("libvirtd answered and is gone");
    this.#daemonPid = daemon.pid;
  }

  /** How daemons have ended that nobody killed, by their exit codes. */
  get crashes(): readonly string[] {
    const killed = String(128 + 9);
    return this.#ends().filter((code) => code !== killed);
  }

  /** The exit codes of the daemons that have ended, in order. */
  #ends(): readonly string[] {
    try {
      return Deno.readTextFileSync(`${this.directory}/ends`).trimEnd().split("\n");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}

/** What a URI is to say beside the driver. */
interface UriOptions {
  readonly path?: string;
  readonly transport?: "unix" | "tcp" | "tls";
  readonly readonly?: boolean;
}

/** Runs a program to its end. */
async function run(program: string, args: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), error: decoder.decode(stderr) };
}
