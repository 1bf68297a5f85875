/**
 * Events as virsh prints them, of libvirt's own test driver and of the daemon's, for the same commands.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RealHost } from "../../real/kit/host.ts";
import { unavailable } from "../../real/kit/requirements.ts";
import { RunningDaemon } from "../kit/running_daemon.ts";
import { virshMissing, virshSession } from "../kit/virsh_comparison.ts";

const missing = virshMissing() ?? unavailable();

/** What is listened to, and what is done meanwhile. */
interface EventWalk {
  /** The command of virsh that listens. */
  readonly listen: string;
  readonly documents?: Readonly<Record<string, string>>;
  /** What is done again and again until the first event has come, and whose events are not compared. */
  readonly signs: { readonly commands: readonly string[]; readonly of: string };
  readonly commands: readonly string[];
  /** A part of the last line that is to come. */
  readonly last: string;
  /** Lines that only one of the two prints, and why. */
  readonly onlyOurs?: Readonly<Record<string, string>>;
  readonly onlyTheirs?: Readonly<Record<string, string>>;
}

/** Somebody who listens, until he has heard the last that he waits for. */
class Listener implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #wake: () => void = () => {};
  #ended = false;

  constructor(uri: string, command: string) {
    this.#child = new Deno.Command("stdbuf", {
      args: ["-oL", "virsh", "-q", "-c", uri, ...command.split(" ")],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      env: { LC_ALL: "C" },
    }).spawn();
    this.#reading = this.#read();
  }

  /** Resolves when a line with a part has come. */
  async heard(part: string): Promise<void> {
    while (!this.lines.some((line) => line.includes(part))) {
      if (this.#ended) throw new Error(`virsh has ended: ${this.lines.join("\n")}`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines.filter((line) => line !== ""));
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }
}

/** What a listener hears on one host. */
async function heard(uri: string, walk: EventWalk): Promise<readonly string[]> {
  const { listen, documents = {}, signs, commands, last } = walk;
  const directory = await Deno.makeTempDir({ prefix: "drover-virsh-" });
  try {
    for (const [name, text] of Object.entries(documents)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await using listener = new Listener(uri, listen);
    const placed = (commands: readonly string[]): readonly string[] =>
      commands.map((command) => command.replace(/@([\w-]+)/g, `${directory}/$1`));
    while (listener.lines.length === 0) await virshSession(uri, placed(signs.commands));
    const answers = await virshSession(uri, placed(commands));
    assert.deepEqual(answers.filter((answer) => answer.includes("error:")), []);
    await listener.heard(last);
    return listener.lines.filter((line) => !line.includes(signs.of));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const domain = (name: string): string =>
  `<domain type='test'><name>${name}</name><memory>65536</memory><os><type>hvm</type></os></domain>`;
const pool = (name: string): string =>
  `<pool type='dir'><name>${name}</name><target><path>/pools/${name}</path></target></pool>`;

const memoryWritten = "a running guest stands still while its memory is written, as with QEMU";

const restored = "what comes back from its managed save counts as restored, as with QEMU";

const walks: readonly EventWalk[] = [
  {
    listen: "pool-event --event lifecycle --loop",
    documents: { first: pool("first"), files: pool("files"), brief: pool("brief"), last: pool("last") },
    signs: { commands: ["pool-create @first", "pool-destroy first"], of: "pool first:" },
    commands: [
      ...[
        "pool-define @files",
        "pool-build files",
        "pool-start files",
        "pool-destroy files",
        "pool-build files",
      ],
      ...["pool-delete files", "pool-undefine files", "pool-create @brief", "pool-destroy brief"],
      ...["pool-destroy default-pool", "pool-start default-pool", "pool-define @last", "pool-undefine last"],
    ],
    last: "pool last: Undefined",
  },
  {
    listen: "pool-event --event refresh --loop",
    documents: { last: pool("last") },
    signs: { commands: ["pool-refresh default-pool"], of: "default-pool" },
    commands: ["pool-create @last", "pool-refresh last"],
    last: "last",
  },
  {
    listen: "event --event lifecycle --loop",
    documents: {
      walker: domain("walker"),
      last: domain("last"),
      snap: "<domainsnapshot><name>one</name></domainsnapshot>",
    },
    signs: { commands: ["suspend test", "resume test"], of: "'test'" },
    commands: [
      ...["define @walker", "start walker", "suspend walker", "resume walker", "destroy walker"],
      ...["start walker", "shutdown walker", "start walker", "destroy walker", "undefine walker"],
      ...["create @walker", "destroy walker", "define @last", "undefine last"],
    ],
    last: "domain 'last': Undefined",
  },
  {
    listen: "event --event lifecycle --loop",
    documents: {
      walker: domain("walker"),
      last: domain("last"),
      snap: "<domainsnapshot><name>one</name></domainsnapshot>",
    },
    signs: { commands: ["suspend test", "resume test"], of: "'test'" },
    commands: [
      ...["define @walker", "start walker", "managedsave walker", "start walker"],
      ...[
        "snapshot-create walker @snap",
        "snapshot-revert walker one",
        "snapshot-revert walker one --paused",
      ],
      ...["destroy walker", "snapshot-revert walker one --running", "snapshot-delete walker one"],
      ...["destroy walker", "undefine walker", "define @last", "undefine last"],
    ],
    onlyOurs: {
      "event 'lifecycle' for domain 'walker': Suspended Paused": memoryWritten,
      "event 'lifecycle' for domain 'walker': Resumed Unpaused": memoryWritten,
      "event 'lifecycle' for domain 'walker': Started Restored": restored,
      "event 'lifecycle' for domain 'walker': Started Booted": restored,
    },
    onlyTheirs: { "event 'lifecycle' for domain 'walker': Started Booted": restored },
    last: "domain 'last': Undefined",
  },
];

Deno.test({
  name: `virsh prints the same events as with libvirtd${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async (test) => {
    await using daemon = await RunningDaemon.start();
    await using host = await RealHost.start();
    for (const walk of walks) {
      await test.step(walk.listen, async () => {
        const { onlyOurs = {}, onlyTheirs = {} } = walk;
        const theirs = await heard(host.uri("test"), walk);
        const ours = await heard(daemon.uri(), walk);
        const met = (lines: readonly string[], only: Readonly<Record<string, string>>): readonly string[] =>
          Object.keys(only).filter((line) => lines.includes(line));
        assert.deepEqual(
          ours.filter((line) => !Object.hasOwn(onlyOurs, line)),
          theirs.filter((line) => !Object.hasOwn(onlyTheirs, line)),
        );
        assert.deepEqual(met(ours, onlyOurs), Object.keys(onlyOurs));
        assert.deepEqual(met(theirs, onlyTheirs), Object.keys(onlyTheirs));
      });
    }
  },
});
