/**
 * `drover domain console`.
 *
 * @module
 */
import { fromErrorData, isVirtError, VirtError } from "../../model/error.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { ResultOf } from "../../runtime/control/methods.ts";
import type { ConsoleFlags } from "../commands/console.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Io, Keys } from "../io.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { plain } from "../output/plain.ts";
import { connectionUri, stateDirectory } from "../settings.ts";
import { formatSize } from "../units.ts";

/** How long leaving waits for what was typed before, in milliseconds. */
const leaveMs = 1000;

/** Opens the console, and passes bytes both ways until the person leaves or the console ends. */
export async function sitAtConsole(this: DroverContext, flags: ConsoleFlags, name: string): Promise<void> {
  const { io } = this;
  const escape = escapeByte(flags.escape ?? "^]");
  if (!io.stdin.terminal || !io.stdout.terminal) {
    throw new VirtError("invalid-argument", "Cannot sit at a console without a terminal", {
      hint:
        `Read it with: drover domain read-console ${name}; type on it with: drover domain write-console ${name} --text …`,
    });
  }
  const uri = connectionUri(io, flags.connect);
  await using control = await this.openControl({ io, stateDirectory: stateDirectory(io, flags.stateDir) });
  await withInterrupt(this, async (signal, interrupt) => {
    const asking = askersFor({ io, screen: freeScreen, interrupt, noPrompt: flags.noPrompt });
    const leaving = new AbortController();
    using seat = new Seat(io, { control, escape, leave: () => leaving.abort() });
    const ended: ResultOf<"console.attach"> = await control.request("console.attach", {
      uri,
      domain: name,
      ...(flags.devname === undefined ? {} : { console: flags.devname }),
      ...(flags.channel === undefined ? {} : { channel: flags.channel }),
      force: flags.force ?? false,
      safe: flags.safe ?? false,
    }, {
      signal: AbortSignal.any([signal, leaving.signal]),
      ...asking,
      onItem: async (item) => {
        switch (item.kind) {
          case "open":
            seat.say(`Connected to domain "${name}"; ${flags.escape ?? "^]"} leaves`);
            seat.take(item.reader);
            if (flags.resume === true) await resume(control, { uri, name });
            break;
          case "data":
            io.stdout.writeBytes(item.data);
            break;
          case "lost":
            seat.say(item.bytes === undefined ? item.why ?? "" : `${formatSize(item.bytes)} were lost`);
            break;
        }
      },
    }).catch((error) => {
      if (leaving.signal.aborted) return seat.failure === undefined ? {} : Promise.reject(seat.failure);
      throw isVirtError(error, "in-use") ? inUse(error) : error;
    });
    seat.say(ended.why === undefined ? "" : `The console has ended: ${ended.why}`);
  });
}

async function resume(
  control: Control,
  { uri, name }: { readonly uri: string; readonly name: string },
): Promise<void> {
  const call = { operation: "domain.resume", uri, target: [name], input: {} };
  const outcome = await control.request("operation.call", call);
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
}

/** In the words of the command line. */
function inUse({ message }: VirtError): VirtError {
  return new VirtError("in-use", message, { hint: "Take it from them with --force" });
}

/** What a seat is made with. */
interface SeatOptions {
  readonly control: Control;
  /** The byte that leaves. */
  readonly escape: number;
  readonly leave: () => void;
}

/** A person's place at the console: the keyboard is theirs until it is disposed of. */
class Seat implements Disposable {
  /** Why what was typed could not be passed on. */
  failure: unknown;
  readonly #io: Io;
  readonly #options: SeatOptions;
  #keys: Keys | undefined;
  #typed: Uint8Array[] = [];
  /** The passing on that is under way. */
  #sending: Promise<void> | undefined;

  constructor(io: Io, options: SeatOptions) {
    this.#io = io;
    this.#options = options;
  }

  /** Listens to the keyboard from now on. */
  take(reader: string): void {
    this.#keys = this.#io.stdin.keys();
    void this.#listen(this.#keys, reader);
  }

  /** A line of ours between those of the guest, wherever its cursor is. */
  say(line: string): void {
    this.#io.stderr.write(
      `${this.#keys === undefined ? "" : "\r\n"}${plain(line)}${line === "" ? "" : "\r\n"}`,
    );
  }

  [Symbol.dispose](): void {
    this.#keys?.[Symbol.dispose]();
  }

  async #listen(keys: Keys, reader: string): Promise<void> {
    const { escape, leave } = this.#options;
    for await (const bytes of keys) {
      const at = bytes.indexOf(escape);
      const before = at < 0 ? bytes : bytes.subarray(0, at);
      if (before.length > 0) {
        this.#typed.push(before);
        this.#sending ??= this.#send(reader);
      }
      if (at >= 0) break;
    }
    await this.#sent();
    leave();
  }

  /** Resolves when what was typed has been passed on; a guest that takes nothing keeps nobody from leaving. */
  async #sent(): Promise<void> {
    if (this.#sending === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, leaveMs);
    await Promise.race([this.#sending, late]);
    clearTimeout(timer);
  }

  /** Passes on what was typed, in order; what is typed meanwhile goes together. */
  async #send(reader: string): Promise<void> {
    try {
      while (this.#typed.length > 0) {
        const data = await new Blob(this.#typed.splice(0).map((piece) => piece.slice())).bytes();
        await this.#options.control.request("console.type", { reader, data });
      }
    } catch (error) {
      this.failure = error;
      this.#options.leave();
    } finally {
      this.#sending = undefined;
    }
  }
}

/**
 * The byte that a key sends: one character, or `^` and the letter that is pressed with Ctrl.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function escapeByte(key: string): number {
  const control = /^\^([@-_a-z])$/.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
  if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
  throw new VirtError("invalid-argument", `Cannot leave by "${key}": it is not one key`, {
    hint: "Write for instance ^] for Ctrl and ], or one character",
  });
}
