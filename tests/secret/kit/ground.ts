/**
 * A place with a state directory, a simulated hypervisor with a memory of its own, and commands.
 *
 * @module
 */
import { Started } from "../../cli/kit/process.ts";
import { foundInFolder, type Quarry } from "./hunt.ts";

export type { Finished } from "../../cli/kit/process.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;

/** A command that goes on. */
export class Running extends Started {
  kill(): void {
    this.signal("SIGKILL");
  }

  /** Ctrl-C, twice. */
  interrupt(): void {
    this.signal("SIGINT");
    this.signal("SIGINT");
  }
}

/** A place to hunt in. */
export class HuntingGround implements AsyncDisposable {
  readonly directory: string;
  readonly state: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.state = `${directory}/state`;
  }

  static async make(): Promise<HuntingGround> {
    const ground = new HuntingGround(await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-hunt-" })));
    for (const name of ["state", "private", "temporary"]) {
      await Deno.mkdir(`${ground.directory}/${name}`, { mode: 0o700 });
    }
    return ground;
  }

  /** Writes a file that nobody else can read. */
  async private(name: string, text: string, folder = `${this.directory}/private`): Promise<string> {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
    return `${folder}/${name}`;
  }

  /** Starts `drover`; its temporary files are in the state directory's neighbour, and hunted through too. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    return new Running(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--quiet", main, ...args],
        cwd: this.directory,
        env: {
          ...env,
          DROVER_STATE_DIR: this.state,
          DROVER_DEFAULT_URI: `test:///default?state=${this.directory}/hypervisor`,
          TMPDIR: `${this.directory}/temporary`,
          NO_COLOR: "1",
        },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  }

  /** Runs `drover` to its end. */
  drover(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Awaited<ReturnType<Started["ended"]>>> {
    return this.start(args, env).ended();
  }

  /** Which values the hypervisor has, which is what they are for. */
  hypervisorHolds(quarries: readonly Quarry[]): readonly string[] {
    const places = foundInFolder(`${this.directory}/hypervisor`, quarries);
    return [...new Set(places.map((place) => place.split(" ")[0] ?? ""))];
  }

  /** Hands on what goes to and from a socket, and tells all of it. */
  relay(
    to: string,
    hear: (bytes: Uint8Array) => void,
  ): AsyncDisposable & { readonly path: string } {
    const path = `${this.directory}/relay`;
    const listener = Deno.listen({ transport: "unix", path });
    const open: Deno.Conn[] = [];
    const handOn = async (from: Deno.Conn, into: Deno.Conn): Promise<void> => {
      const bytes = new Uint8Array(1 << 16);
      try {
        for (let read = await from.read(bytes); read !== null; read = await from.read(bytes)) {
          hear(bytes.slice(0, read));
          for (let at = 0; at < read;) at += await into.write(bytes.subarray(at, read));
        }
        await into.closeWrite();
      } catch {
        // One of the two has gone.
      }
    };
    const serving = (async (): Promise<void> => {
      for await (const client of listener) {
        const kernel = await Deno.connect({ transport: "unix", path: to });
        open.push(client, kernel);
        await Promise.all([handOn(client, kernel), handOn(kernel, client)]);
      }
    })();
    return {
      path,
      [Symbol.asyncDispose]: async () => {
        listener.close();
        for (const conn of open) {
          try {
            conn.close();
          } catch {
            // It is closed.
          }
        }
        await serving.catch(() => {});
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}
