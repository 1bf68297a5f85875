/**
 * The way to a fake libvirtd: it takes time, and breaks where a test wants it to.
 *
 * What the daemon says comes in the order in which it says it, answers and events in one line; answers to different calls are
 * said in any order.
 *
 * @module
 */
import { VirtError } from "../../../../model/error.ts";
import type { CallOptions, RpcConnection, RpcStream } from "../../../../protocol/connection.ts";
import type {
  ArgumentsOf,
  MessageName,
  MessageOf,
  ProcedureName,
  ResultOf,
  StreamProcedureName,
} from "../../../../protocol/procedures/mod.ts";
import type { VirtualClock } from "../../../../testing/virtual_clock.ts";
import type { FakeClient, FakeLibvirtd } from "./fake_libvirtd.ts";

/**
 * What becomes of a call.
 *
 * - `lose-request`: the link breaks before the daemon has it.
 * - `lose-answer`: the daemon does it, and the link breaks before it can say so.
 * - `never`: the daemon has it and never answers.
 */
export type CallFate = "pass" | "lose-request" | "lose-answer" | "never";

/** A call on its way. */
export interface CallInFlight {
  readonly procedure: ProcedureName;
  /** Its place among all calls, from 0. */
  readonly index: number;
}

/** How a network is made. */
export interface FakeNetOptions {
  readonly clock: VirtualClock;
  /** How long a way takes, in milliseconds. @default 0 */
  readonly delay?: () => number;
}

/** How many calls are with the daemon at a time. */
const mostOutstanding = 5;

/** Everything between clients and a daemon. */
export class FakeNet {
  readonly libvirtd: FakeLibvirtd;
  readonly clock: VirtualClock;
  readonly delay: () => number;
  /** Decides about each call. */
  fate: (call: CallInFlight) => CallFate = () => "pass";
  /** Hears of each answer that has come. */
  answered: (procedure: ProcedureName) => void = () => {};
  /** Whether a request that is on its way when the link breaks still gets there. */
  arrivesAnyway: () => boolean = () => false;
  /** Nobody listens. */
  down = false;
  /** How often somebody tried to connect. */
  attempts = 0;
  readonly open = new Set<FakeRpc>();
  #calls = 0;

  constructor(libvirtd: FakeLibvirtd, { clock, delay = () => 0 }: FakeNetOptions) {
    this.libvirtd = libvirtd;
    this.clock = clock;
    this.delay = delay;
  }

  /** Opens a connection. */
  connect(signal?: AbortSignal): Promise<RpcConnection> {
    return Promise.try(() => {
      this.attempts++;
      signal?.throwIfAborted();
      if (this.down) throw new VirtError("unreachable", "Cannot connect to the fake: nobody listens");
      const rpc = new FakeRpc(this);
      this.open.add(rpc);
      return rpc;
    });
  }

  /** Breaks every connection. */
  cut(): void {
    for (const rpc of [...this.open]) rpc.break("the link was cut");
  }

  nextCall(): number {
    return this.#calls++;
  }

  /** How many calls there have been. */
  get calls(): number {
    return this.#calls;
  }
}

interface Pending {
  readonly procedure: ProcedureName;
  readonly send: () => void;
  readonly reject: (error: unknown) => void;
  sent: boolean;
}

/** A connection to the fake. */
export class FakeRpc implements RpcConnection {
  readonly closed: Promise<VirtError>;
  readonly #net: FakeNet;
  readonly #client: FakeClient;
  readonly #pending = new Set<Pending>();
  readonly #listeners = new Map<MessageName, Set<(payload: never) => void>>();
  readonly #announce: (why: VirtError) => void;
  /** What the daemon has said and what is still on its way, in order. */
  #lastArrival = 0;
  #broken: VirtError | undefined;

  constructor(net: FakeNet) {
    this.#net = net;
    const { promise, resolve } = Promise.withResolvers<VirtError>();
    this.closed = promise;
    this.#announce = resolve;
    this.#client = net.libvirtd.attach((message, payload) =>
      this.#arrive(() => {
        for (const listener of [...this.#listeners.get(message) ?? []]) listener(payload as never);
      })
    );
  }

  call<P extends ProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    { signal }: CallOptions = {},
  ): Promise<ResultOf<P>> {
    const { promise, resolve, reject } = Promise.withResolvers<ResultOf<P>>();
    if (this.#broken !== undefined) return Promise.reject(lost(procedure, false));
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const index = this.#net.nextCall();
    const pending: Pending = {
      procedure,
      reject,
      sent: false,
      send: () => {
        pending.sent = true;
        this.#travel({ pending, index }, () => {
          const result = this.#net.libvirtd.perform(procedure, args, this.#client);
          return () => resolve(result);
        });
      },
    };
    this.#pending.add(pending);
    signal?.addEventListener("abort", () => {
      if (!pending.sent) this.#pending.delete(pending);
      reject(signal.reason);
    }, { once: true });
    this.#sendNext();
    return promise;
  }

  open<P extends StreamProcedureName>(procedure: P): Promise<RpcStream<ResultOf<P>>> {
    return Promise.reject(new VirtError("unsupported", `The fake has no stream for ${procedure}`));
  }

  on<M extends MessageName>(message: M, listener: (payload: MessageOf<M>) => void): Disposable {
    const listeners = this.#listeners.getOrInsertComputed(message, () => new Set());
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  /** The link breaks: what was sent may have arrived or not, and nobody here knows. */
  break(why: string): void {
    if (this.#broken !== undefined) return;
    this.#broken = new VirtError("unreachable", `Connection to the fake has ended: ${why}`);
    this.#net.libvirtd.detach(this.#client);
    this.#net.open.delete(this);
    for (const { procedure, sent, reject } of this.#pending) reject(lost(procedure, sent));
    this.#pending.clear();
    this.#announce(this.#broken);
  }

  close(): Promise<void> {
    this.break("it was closed on this side");
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #sendNext(): void {
    let outstanding = 0;
    for (const pending of [...this.#pending]) {
      if (outstanding >= mostOutstanding) return;
      outstanding++;
      if (!pending.sent) pending.send();
    }
  }

  /** There, and back again; what is done there is done in one moment, and told later. */
  #travel(
    { pending, index }: { readonly pending: Pending; readonly index: number },
    perform: () => () => void,
  ): void {
    const { clock, delay } = this.#net;
    clock.after(delay(), () => {
      if (this.#broken !== undefined && !this.#net.arrivesAnyway()) return;
      const fate = this.#net.fate({ procedure: pending.procedure, index });
      if (fate === "lose-request") return this.break("the request was lost");
      let tell: () => void;
      try {
        tell = perform();
      } catch (error) {
        tell = () => pending.reject(error);
      }
      if (fate === "lose-answer") return this.break("the answer was lost");
      if (fate === "never") return;
      this.#arrive(() => {
        this.#pending.delete(pending);
        tell();
        this.#net.answered(pending.procedure);
        this.#sendNext();
      });
    });
  }

  /** Something the daemon says comes here, after all that it has said before. */
  #arrive(action: () => void): void {
    const { clock, delay } = this.#net;
    this.#lastArrival = Math.max(this.#lastArrival, clock.now() + delay());
    clock.after(this.#lastArrival - clock.now(), () => {
      if (this.#broken === undefined) action();
    });
  }
}

function lost(procedure: ProcedureName, mayHaveActed: boolean): VirtError {
  return new VirtError("unreachable", `Cannot call "${procedure}": the connection is broken`, {
    detail: { mayHaveActed },
  });
}
