/**
 * A link between a client and a daemon that breaks where a test wants it to.
 *
 * @module
 */

/** Where a link breaks. Bytes are counted from its beginning, in each direction by itself. */
export interface Cut {
  /** After how many bytes from the client. Those before have all been passed on. */
  readonly afterToServer?: number;
  /** After how many bytes from the daemon. */
  readonly afterToClient?: number;
  /** Whether it is closed or just says nothing any more, in both directions. @default "close" */
  readonly how?: "close" | "silence";
}

/** How much has gone through a link. */
export interface Traffic {
  readonly toServer: number;
  readonly toClient: number;
}

/** One connection that goes through. */
class Wire {
  readonly #client: Deno.Conn;
  readonly #server: Deno.Conn;
  readonly #cut: Cut;
  readonly traffic = { toServer: 0, toClient: 0 };
  #silent = false;
  readonly #ended = Promise.withResolvers<void>();
  readonly #pumps: Promise<unknown>;

  constructor(client: Deno.Conn, { server, cut }: { readonly server: Deno.Conn; readonly cut: Cut }) {
    this.#client = client;
    this.#server = server;
    this.#cut = cut;
    this.#pumps = Promise.all([
      this.#pump(client, { to: server, direction: "toServer", limit: cut.afterToServer }),
      this.#pump(server, { to: client, direction: "toClient", limit: cut.afterToClient }),
    ]);
  }

  /** Closes both ends, now. */
  async close(): Promise<void> {
    this.#end();
    await this.#pumps;
  }

  #end(): void {
    for (const connection of [this.#client, this.#server]) {
      try {
        connection.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // closed before
      }
    }
    this.#ended.resolve();
  }

  async #pump(
    from: Deno.Conn,
    { to, direction, limit = Infinity }: {
      readonly to: Deno.Conn;
      readonly direction: keyof Traffic;
      readonly limit: number | undefined;
    },
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (true) {
        const count = await from.read(buffer);
        if (count === null) break;
        if (this.#silent) continue;
        const passing = Math.min(count, limit - this.traffic[direction]);
        // Counted before it is passed on: who has an answer knows that its bytes were counted.
        this.traffic[direction] += passing;
        for (let sent = 0; sent < passing;) sent += await to.write(buffer.subarray(sent, passing));
        if (this.traffic[direction] < limit) continue;
        if (this.#cut.how !== "silence") break;
        this.#silent = true;
      }
    } catch {
      // One end has closed: so does the other.
    }
    this.#end();
  }
}

/** A socket that leads to another one. */
export class CuttingLink implements AsyncDisposable {
  /** The path to connect to. */
  readonly socket: string;
  readonly #directory: string;
  readonly #listener: Deno.UnixListener;
  readonly #server: string;
  readonly #accepting: Promise<void>;
  readonly #wires: Wire[] = [];
  #cuts: Cut[] = [];
  #refusing = false;

  private constructor(server: string, directory: string) {
    this.#server = server;
    this.#directory = directory;
    this.socket = `${directory}/socket`;
    this.#listener = Deno.listen({ transport: "unix", path: this.socket });
    this.#accepting = this.#accept();
  }

  /** Opens a link to a daemon's socket. */
  static async open(server: string): Promise<CuttingLink> {
    return new CuttingLink(server, await Deno.makeTempDir({ prefix: "drover-link-" }));
  }

  /** Says how the next connections break: the first one as the first cut says, and so on. Later ones do not break. */
  cutNext(...cuts: readonly Cut[]): void {
    this.#cuts = [...cuts];
  }

  /** Breaks all connections that there are. */
  async cut(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.close()));
  }

  /** Whether further connections are closed as soon as they come. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** How many connections there were. */
  get connections(): number {
    return this.#wires.length;
  }

  /** What went through the connection with a number, the last one where not given. */
  traffic(index = this.#wires.length - 1): Traffic {
    return this.#wires[index]?.traffic ?? { toServer: 0, toClient: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await this.cut();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = this.#refusing
        ? undefined
        : await Deno.connect({ transport: "unix", path: this.#server })
          .catch(() => undefined);
      if (server === undefined) client.close();
      else this.#wires.push(new Wire(client, { server, cut: this.#cuts.shift() ?? {} }));
    }
  }
}
