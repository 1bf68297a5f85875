/**
 * The protocol client beside libvirt-python, go-libvirt and virsh, on one libvirtd in the same run, and against a
 * responder that answers from memory, which shows what each client can do by itself.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { RealHost } from "../tests/real/kit/host.ts";
import { unavailable } from "../tests/real/kit/requirements.ts";
import { remoteDriver } from "../drivers/remote/mod.ts";
import { readRoundTrip } from "./recipe.ts";
import { type Benchmark, elapsed, type Measure } from "./measure.ts";
import { Peer, type Work } from "./peer.ts";

const domainCount = 1_000;
const python = "/usr/bin/python3";

/** Where a client goes: a socket, and what it asks of libvirt's test driver there. */
export interface Server {
  readonly socket: string;
  readonly path: string;
}

/** How to start a client. */
type Client = (server: Server) => { readonly program: string; readonly args: readonly string[] };

function drover(...modes: readonly string[]): Client {
  const args = ["run", "-A", "--frozen", "--no-check", pathOf("peers/drover.ts")];
  return (server) => ({ program: Deno.execPath(), args: [...args, uriOf(server), ...modes] });
}

function libvirtPython(...modes: readonly string[]): Client {
  return (server) => ({
    program: python,
    args: [pathOf("peers/libvirt_python.py"), uriOf(server), ...modes],
  });
}

/** Benchmarks with what they need, which ends with them. */
export interface RemoteBenchmarks extends AsyncDisposable {
  readonly benchmarks: readonly Benchmark[];
}

/**
 * Calls to a real libvirtd and to the responder.
 *
 * @throws {Error} where a private libvirtd or a peer is not to be had, with the reason
 */
export async function remoteBenchmarks(directory: string): Promise<RemoteBenchmarks> {
  const reason = unavailable({ go: "golang-go" });
  if (reason !== undefined) throw new Error(`The benchmarks of the protocol cannot run here: ${reason}`);
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await RealHost.start());
  const node = `${host.directory}/node.xml`;
  await Deno.writeTextFile(node, nodeFile());
  const goProgram = await buildGolang(directory);
  const start = (client: Client, server: Server): Peer => {
    const { program, args } = client(server);
    return stack.use(new Peer(program, args));
  };
  const golang: Client = ({ socket, path }) => ({ program: goProgram, args: [socket, `test://${path}`] });
  const full = { socket: host.socket, path: node };
  const onDaemon = {
    drover: start(drover(), full),
    python: start(libvirtPython(), full),
    golang: start(golang, full),
  };
  const responder = { socket: stack.use(await startResponder(directory)).socket, path: "/default" };
  const onResponder = {
    drover: start(drover("--wide"), responder),
    python: start(libvirtPython(), responder),
    golang: start(golang, responder),
  };
  const rate = (peer: Peer, work: Work): Measure => () => peer.callsPerSecond(work);
  const calls = (count: number, inFlight: number): Work => ({ work: "versions", count, inFlight });
  const list: Work = { work: "definitions", count: domainCount, inFlight: 1 };
  const usual = { socket: host.socket, path: "/default" };
  const once = (client: Client): Measure => () => elapsed(() => run(client(usual)));
  const benchmarks: Benchmark[] = [
    {
      name: "calls to libvirtd one after the other, per second, beside libvirt-python",
      unit: "1/s",
      ours: rate(onDaemon.drover, calls(5_000, 1)),
      peer: { name: "libvirt-python", measure: rate(onDaemon.python, calls(5_000, 1)) },
      target: { what: "ratio at least 1", met: ({ ratio }) => ratio >= 1 },
    },
    {
      name: "calls to libvirtd one after the other, per second, beside go-libvirt",
      unit: "1/s",
      ours: rate(onDaemon.drover, calls(5_000, 1)),
      peer: { name: "go-libvirt", measure: rate(onDaemon.golang, calls(5_000, 1)) },
    },
    ...[8, 32].flatMap((inFlight): Benchmark[] => [
      {
        name: `calls to libvirtd with ${inFlight} in flight, per second, beside libvirt-python`,
        unit: "1/s",
        ours: rate(onDaemon.drover, calls(16_000, inFlight)),
        peer: { name: "libvirt-python", measure: rate(onDaemon.python, calls(16_000, inFlight)) },
      },
      {
        name: `calls to libvirtd with ${inFlight} in flight, per second, beside go-libvirt`,
        unit: "1/s",
        ours: rate(onDaemon.drover, calls(16_000, inFlight)),
        peer: { name: "go-libvirt", measure: rate(onDaemon.golang, calls(16_000, inFlight)) },
      },
    ]),
    {
      name: `${domainCount} domains of a libvirtd listed, each with its definition, beside libvirt-python`,
      unit: "s",
      ours: () => onDaemon.drover.seconds(list),
      peer: { name: "libvirt-python", measure: () => onDaemon.python.seconds(list) },
    },
    {
      name: `${domainCount} domains of a libvirtd listed, each with its definition, beside virsh`,
      unit: "s",
      ours: () => onDaemon.drover.seconds(list),
      peer: { name: "virsh", measure: () => virshDefinitions(uriOf(full)) },
    },
    {
      name: "a script that makes one call, the whole process, beside libvirt-python",
      unit: "ms",
      ours: once(drover("--once")),
      peer: { name: "libvirt-python", measure: once(libvirtPython("--once")) },
      target: { what: "ratio at most 2", met: ({ ratio }) => ratio <= 2 },
    },
    {
      name: "a script that makes one call, the whole process, beside virsh",
      unit: "ms",
      ours: once(drover("--once")),
      peer: {
        name: "virsh",
        measure: once((server) => ({ program: "virsh", args: ["-c", uriOf(server), "version"] })),
      },
    },
    ...([["libvirt-python", onResponder.python], ["go-libvirt", onResponder.golang]] as const).flatMap((
      [name, peer],
    ): Benchmark[] => [
      {
        name: `calls to the responder with 32 in flight, per second, beside ${name}`,
        unit: "1/s",
        ours: rate(onResponder.drover, calls(160_000, 32)),
        peer: { name, measure: rate(peer, calls(64_000, 32)) },
        target: { what: "at least 150000", met: ({ value }) => value >= 150_000 },
      },
    ]),
  ];
  const asked = {
    driver: remoteDriver,
    uri: uriOf(usual),
    needs: ["connect:search_domains", "domain:getattr,read"],
    ask: 'const vm = await host.domain("test"); const ask = () => vm.xml();',
  };
  benchmarks.push(
    {
      name:
        "a definition read from libvirtd by a recipe, through sandbox, kernel and journal, beside the client alone",
      unit: "µs",
      ours: () => readRoundTrip(directory, asked),
      peer: {
        name: "the client alone",
        measure: async () =>
          await onDaemon.drover.seconds({ work: "definition", count: 2_000, inFlight: 1 }) * 500,
      },
      rounds: 5,
    },
    {
      name: "drover run of a recipe that makes one call to libvirtd, the whole process",
      unit: "ms",
      ours: () => oneCallRecipe(directory, uriOf(usual)),
      peer: {
        name: "libvirt-python, which has no sandbox and keeps no record",
        measure: once(libvirtPython("--once")),
      },
      target: { what: "at most 300 ms", met: ({ value }) => value <= 300 },
    },
    {
      name: "resident memory that a million calls of the client add, after a first hundred thousand",
      unit: "MiB",
      ours: () => onResponder.drover.growth({ work: "versions", count: 1_000_000, inFlight: 32 }),
      rounds: 3,
      warmUp: 1,
      target: { what: "at most 4 MiB", met: ({ value }) => value <= 4 },
    },
  );
  const owned = stack.move();
  return { benchmarks, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A file beside this one. */
export function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** The URI of a host of the test driver. */
export function uriOf({ socket, path }: Server): string {
  return `test+unix://${path}?socket=${encodeURIComponent(socket)}`;
}

/** A file for libvirt's test driver: every connection to it has these domains for itself. */
function nodeFile(): string {
  const domains = Array.from(
    { length: domainCount },
    (_, index) =>
      `<domain type="test"><name>web-${index}</name><memory>65536</memory><vcpu>1</vcpu>
      <os><type>hvm</type></os>
      <devices>
        <disk type="file"><source file="/images/web-${index}.img"/><target dev="vda" bus="virtio"/></disk>
        <interface type="network"><source network="default"/></interface>
      </devices>
    </domain>`,
  );
  return `<node>${domains.join("\n")}</node>`;
}

/** All definitions by one virsh, which asks for one after the other; seconds. */
async function virshDefinitions(uri: string): Promise<number> {
  const script = Array.from({ length: domainCount }, (_, index) => `dumpxml web-${index}`).join("; ");
  return await elapsed(() => run({ program: "virsh", args: ["-c", uri, script] })) / 1000;
}

/** A program that is to succeed. */
async function run(
  { program, args, env = {} }: {
    readonly program: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], env, stdout: "null" })
    .output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}

/** Builds the client that is written in Go. */
export async function buildGolang(directory: string): Promise<string> {
  const program = `${directory}/go-libvirt-peer`;
  await run({
    program: "go",
    args: ["build", "-o", program, pathOf("peers/golang/main.go")],
    env: { GOPATH: "/usr/share/gocode", GO111MODULE: "off" },
  });
  return program;
}

/** A server that answers from memory, in a process of its own. */
async function startResponder(directory: string): Promise<{ readonly socket: string } & AsyncDisposable> {
  const socket = `${directory}/responder`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", "--no-check", pathOf("peers/responder.ts"), "--socket", socket],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = process.stdout.getReader();
  await output.read();
  return {
    socket,
    async [Symbol.asyncDispose](): Promise<void> {
      await process.stdin.close();
      await process.status;
      await output.cancel();
    },
  };
}

const oneCall = `import { recipe, z } from "drover";
export default recipe({
  summary: "Ask once",
  input: z.object({}),
  needs: ["connect:search_domains", "domain:getattr"],
  async run({ host }) {
    return (await host.domains()).names;
  },
});
`;

/** The command of a person who runs a recipe that asks once; milliseconds. */
async function oneCallRecipe(directory: string, uri: string): Promise<number> {
  const name = `${directory}/once-${crypto.randomUUID()}`;
  await Deno.writeTextFile(`${name}.ts`, oneCall);
  const args = ["run", "-A", "--frozen", pathOf("../cli/main.ts"), "run", `${name}.ts`, "-c", uri];
  return await elapsed(() =>
    run({ program: Deno.execPath(), args: [...args, "--allow", "all", "--state-dir", `${name}-state`] })
  );
}
