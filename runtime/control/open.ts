/**
 * Attaching to the kernel of a state directory, or becoming it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import { ControlClient, NotTaken } from "./client.ts";
import type { Control, ControlHandlers, RequestOptions } from "./control.ts";
import { LocalControl } from "./local.ts";
import type { ControlMethod, ParamsOf, ResultOf } from "./methods.ts";
import { ControlServer } from "./server.ts";
import { connectTo, listenOn, socketPath } from "./socket.ts";

/** A kernel of this process, with the lock of its state directory in hand. */
export interface OwnKernel extends AsyncDisposable {
  readonly handlers: ControlHandlers;
  /** Resolves when no run goes on. */
  idle(): Promise<void>;
}

/** How to attach or become. */
export interface OpenControlOptions {
  /** Absolute. */
  readonly stateDirectory: string;
  /** Takes the directory's lock and starts a kernel; `undefined` where somebody else holds the lock. */
  readonly become: () => Promise<OwnKernel | undefined>;
  /** On whose behalf: `uid:1000`. */
  readonly principal: string;
  /** Hears that the kernel stays for others although its own work is done. */
  readonly onLinger?: (others: number) => void;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** How long to try before giving up, in milliseconds. @default 15000 */
  readonly patienceMs?: number;
}

/** Between two attempts, in milliseconds: a kernel that comes or goes needs a moment between lock and socket. */
const pauseMs = 25;

/** The methods whose requests may be made again at the next kernel whatever came of them. */
const repeatable: ReadonlySet<ControlMethod> = new Set([
  "kernel.info",
  "events.watch",
  "runs.list",
  "runs.show",
  "runs.watch",
  "jobs.list",
  "jobs.watch",
  "objects.names",
  "schedules.list",
  "schedules.show",
  "schedules.history",
  "schedules.firing",
]);

/**
 * Attaches to the kernel of a state directory, or becomes it where there is none. Two that come at once are safe: the
 * lock decides, and the other one attaches.
 *
 * @throws {VirtError} `unreachable` where somebody holds the lock and does not answer.
 */
export async function openControl(options: OpenControlOptions): Promise<Control> {
  const found = await attachOrBecome(options);
  return found instanceof ControlClient ? new AttachedControl(found, options) : found;
}

async function attachOrBecome(options: OpenControlOptions): Promise<ControlClient | LocalControl> {
  const { clock = systemClock, patienceMs = 15_000, stateDirectory } = options;
  const path = await socketPath(stateDirectory);
  const giveUp = clock.now() + patienceMs;
  while (true) {
    const conn = await connectTo(path);
    if (conn !== undefined) {
      try {
        return await ControlClient.greet(conn);
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
      }
    }
    const kernel = await options.become();
    if (kernel !== undefined) return await serve(kernel, { ...options, path });
    if (clock.now() >= giveUp) {
      throw new VirtError(
        "unreachable",
        `Cannot reach the kernel of "${stateDirectory}": it holds the lock and does not answer`,
        {
          hint: 'See which process holds the file "lock" there, or use another directory with --state-dir',
        },
      );
    }
    await sleep(clock, pauseMs);
  }
}

/** Serves a kernel of this process on the socket; it leaves when it is disposed of and everybody else is done. */
async function serve(
  kernel: OwnKernel,
  options: OpenControlOptions & { readonly path: string },
): Promise<LocalControl> {
  let server: ControlServer;
  try {
    const listener = await listenOn(options.path);
    server = new ControlServer(listener, { handlers: kernel.handlers, principal: options.principal });
  } catch (error) {
    await kernel[Symbol.asyncDispose]();
    throw error;
  }
  return new LocalControl(kernel.handlers, {
    principal: options.principal,
    leave: async () => {
      if (server.work > 0) options.onLinger?.(server.work);
      do {
        await server.idle();
        await kernel.idle();
      } while (server.work > 0);
      await server.close();
      await kernel[Symbol.asyncDispose]();
    },
  });
}

/** A kernel elsewhere. Where it leaves, what it had not taken is asked of the next one, which may be this process. */
class AttachedControl implements Control {
  #control: ControlClient | LocalControl;
  #reopening: Promise<void> | undefined;
  readonly #options: OpenControlOptions;

  constructor(client: ControlClient, options: OpenControlOptions) {
    this.#control = client;
    this.#options = options;
  }

  get local(): boolean {
    return this.#control instanceof LocalControl;
  }

  async request<M extends ControlMethod>(
    method: M,
    params: ParamsOf<M>,
    options: RequestOptions<M> = {},
  ): Promise<ResultOf<M>> {
    while (true) {
      const control = this.#control;
      try {
        return await control.request(method, params, options);
      } catch (error) {
        const again = error instanceof NotTaken ||
          (repeatable.has(method) && error instanceof VirtError && error.code === "unreachable" &&
            control instanceof ControlClient && control.gone);
        if (!again || options.signal?.aborted === true) throw error;
        await this.#reopen(control);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control[Symbol.asyncDispose]();
  }

  /** Of several requests that notice at once, one reopens. */
  async #reopen(gone: ControlClient | LocalControl): Promise<void> {
    if (this.#control !== gone) return;
    this.#reopening ??= (async () => {
      try {
        await gone[Symbol.asyncDispose]();
        this.#control = await attachOrBecome(this.#options);
      } finally {
        this.#reopening = undefined;
      }
    })();
    await this.#reopening;
  }
}
