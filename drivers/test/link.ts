/**
 * The way from the driver to the simulated hypervisor.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { FencingToken } from "../../runtime/driver.ts";
import type { EffectInput, EffectName, EffectResult } from "./world/effects.ts";
import type { Hypervisor, WorldReply } from "./world/hypervisor.ts";
import type { Change } from "./world/record.ts";

/** On whose behalf, and how long. */
export interface LinkOptions {
  readonly token: FencingToken;
  readonly signal: AbortSignal;
  /** The object as people know it, for fault rules. */
  readonly label?: string;
}

/** A connection to a hypervisor. */
export interface Link {
  /** The host's UUID, or what else tells it from all others where several have one UUID. */
  readonly hostUuid: string;
  /** Changes when the hypervisor lost its state; absent where that is durable. */
  readonly bootId?: string;
  /**
   * Performs one effect.
   *
   * @throws {VirtError} what the hypervisor answers; `unreachable` where the link breaks.
   */
  request<E extends EffectName>(
    effect: E,
    input: EffectInput<E>,
    options: LinkOptions,
  ): Promise<WorldReply<EffectResult<E>>>;
  /** Something happens outside that nobody asked for, and that nobody waits for. */
  happen<E extends EffectName>(effect: E, input: EffectInput<E>): void;
  /** Hears what others changed, and guests by themselves. `undefined`: the link broke and something may be missed. */
  onChange(listener: (changes: readonly Change[] | undefined) => void): Disposable;
  close(): Promise<void>;
}

/** What an in-process link is made with. */
export interface InProcessLinkOptions {
  readonly hypervisor: Hypervisor;
  /** What tells the host from all others; its UUID where absent. */
  readonly hostId?: string;
  /** Which kernel speaks; epochs are compared within one. */
  readonly owner: string;
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called when the link is closed. */
  readonly onClose: () => void;
}

/** A link to a hypervisor in the same process. */
export class InProcessLink implements Link {
  readonly hostUuid: string;
  readonly bootId: string;
  readonly #hypervisor: Hypervisor;
  readonly #owner: string;
  readonly #now: () => number;
  readonly #onClose: () => void;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #attached: { readonly client: number } & Disposable;
  #closed = false;

  constructor({ hypervisor, hostId, owner, bootId, now, onClose }: InProcessLinkOptions) {
    this.#hypervisor = hypervisor;
    this.#owner = owner;
    this.#now = now;
    this.#onClose = onClose;
    this.hostUuid = hostId ?? hypervisor.hostUuid;
    this.bootId = bootId;
    this.#attached = hypervisor.attach((changes) => {
      for (const listener of [...this.#listeners]) listener(changes);
    });
  }

  request<E extends EffectName>(
    effect: E,
    input: EffectInput<E>,
    { token }: LinkOptions,
  ): Promise<WorldReply<EffectResult<E>>> {
    const { promise, resolve, reject } = Promise.withResolvers<WorldReply<EffectResult<E>>>();
    try {
      if (this.#closed) {
        throw new VirtError("unreachable", "Cannot reach the simulated hypervisor: the link is closed", {
          detail: { mayHaveActed: false },
        });
      }
      resolve(
        this.#hypervisor.perform(
          { effect, input, now: this.#now(), token: { owner: this.#owner, ...token } },
          this.#attached.client,
        ),
      );
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  happen<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    if (!this.#closed) this.#hypervisor.perform({ effect, input, now: this.#now() });
  }

  onChange(listener: (changes: readonly Change[] | undefined) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#attached[Symbol.dispose]();
      this.#onClose();
    }
    return Promise.resolve();
  }
}
