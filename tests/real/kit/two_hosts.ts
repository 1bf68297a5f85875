/**
 * Two private hosts in networks of their own with a wire between them, for what takes two: migration.
 *
 * @module
 */
import { RealHost } from "./host.ts";

const addresses = { source: "10.88.0.1", target: "10.88.0.2" } as const;
const device = "wire0";

/** What both hosts are given, beside their network. */
export interface TwoHostsOptions {
  /** More lines for both `libvirtd.conf`. */
  readonly daemonConfig?: readonly string[];
  /** More lines for both `qemu.conf`. */
  readonly qemuConfig?: readonly string[];
}

/** Changes the network of a host; processes are named as seen from outside. */
async function ip(host: RealHost, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("nsenter", {
    args: ["--target", `${host.initPid}`, "--net", "ip", ...args],
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A host called `source` and one called `target`, each of which can reach the other by that name. */
export class TwoHosts implements AsyncDisposable {
  readonly source: RealHost;
  readonly target: RealHost;
  /** A folder that both see under the same path: shared storage. */
  readonly shared: string;

  private constructor(
    source: RealHost,
    { target, shared }: { readonly target: RealHost; readonly shared: string },
  ) {
    this.source = source;
    this.target = target;
    this.shared = shared;
  }

  /** Starts both and connects them. */
  static async start(options: TwoHostsOptions = {}): Promise<TwoHosts> {
    await using given = new AsyncDisposableStack();
    const hosts = { [addresses.source]: "source", [addresses.target]: "target" };
    const start = async (name: string): Promise<RealHost> =>
      given.use(await RealHost.start({ ...options, name, hosts, tcp: true, network: "own" }));
    const source = await start("source");
    const target = await start("target");
    const shared = `${target.directory}/shared`;
    await Deno.mkdir(shared);
    // The wire ends with either network: nothing of it is left when the hosts have stopped.
    await ip(
      source,
      "link",
      "add",
      device,
      "type",
      "veth",
      "peer",
      "name",
      device,
      "netns",
      `${target.initPid}`,
    );
    for (const [host, address] of [[source, addresses.source], [target, addresses.target]] as const) {
      await ip(host, "address", "add", `${address}/24`, "dev", device);
      await ip(host, "link", "set", device, "up");
    }
    given.move();
    return new TwoHosts(source, { target, shared });
  }

  /** How the source's libvirtd reaches the target's, for a migration from peer to peer. */
  readonly targetUri = "qemu+tcp://target/system";

  /** How the target's libvirtd reaches the source's. */
  readonly sourceUri = "qemu+tcp://source/system";

  /** Pulls the wire out, until `plug`. */
  async unplug(): Promise<void> {
    await ip(this.source, "link", "set", device, "down");
  }

  /** Puts the wire in again. */
  async plug(): Promise<void> {
    await ip(this.source, "link", "set", device, "up");
  }

  /** Ends both hosts and all that runs on them. */
  async stop(): Promise<void> {
    await this.source.stop();
    await this.target.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
