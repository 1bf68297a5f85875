/**
 * A link on which things take time and go wrong, as its settings say. All time is the kernel's clock's, so that a
 * virtual one makes latency cost nothing and a seed makes chance repeatable.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import type { Link, LinkOptions } from "./link.ts";
import type { FaultRule, LatencyRule, TestSettings } from "./settings.ts";
import { type EffectInput, type EffectName, type EffectResult, effects } from "./world/effects.ts";
import type { WorldReply } from "./world/hypervisor.ts";
import type { Change } from "./world/record.ts";

interface Armed {
  readonly rule: FaultRule;
  readonly effect: Glob;
  readonly object: Glob | undefined;
  passed: number;
  struck: number;
}

/** Faults that strike, and may come and go while a connection is open. */
export class Faults {
  readonly #armed = new Set<Armed>();

  constructor(rules: readonly FaultRule[] = []) {
    for (const rule of rules) this.add(rule);
  }

  /** Arms a fault; disposing disarms it. */
  add(rule: FaultRule): Disposable {
    const armed: Armed = {
      rule,
      effect: Glob.parse(rule.effect),
      object: rule.object === undefined ? undefined : Glob.parse(rule.object),
      passed: 0,
      struck: 0,
    };
    this.#armed.add(armed);
    return { [Symbol.dispose]: () => void this.#armed.delete(armed) };
  }

  /** Disarms all of them. */
  clear(): void {
    this.#armed.clear();
  }

  /** The fault that strikes this time, if one does. */
  strike(
    effect: EffectName,
    { object, chance }: { readonly object: string; readonly chance: () => number },
  ): FaultRule | undefined {
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (!concerns(armed.effect, effect) || armed.object?.matches(object) === false) continue;
      if (armed.struck >= (rule.count ?? 1)) continue;
      if (armed.passed++ < (rule.after ?? 0)) continue;
      if (rule.probability !== undefined && chance() >= rule.probability) continue;
      armed.struck++;
      return rule;
    }
    return undefined;
  }
}

/** Looks are concerned only where they are meant by name: `*` is about effects. */
function concerns(glob: Glob, effect: EffectName): boolean {
  return glob.matches(effect) && (!effects[effect].reads || !glob.text.startsWith("*"));
}

/** Numbers that follow from a seed. Source: the mulberry32 generator. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a link is made with. */
export interface FaultyLinkOptions {
  readonly link: Link;
  readonly settings: TestSettings;
  readonly faults: Faults;
  readonly clock: Clock;
}

/** A link with latency and faults before another one. */
export class FaultyLink implements Link {
  readonly hostUuid: string;
  readonly bootId?: string;
  readonly #link: Link;
  readonly #faults: Faults;
  readonly #latency: readonly { readonly effect: Glob; readonly ms: number }[];
  readonly #clock: Clock;
  readonly #chance: () => number;
  /** Requests that are never answered, by the domain whose death ends them. */
  readonly #stuck = new Map<string, Set<() => void>>();
  readonly #changes: Disposable;

  constructor({ link, settings, faults, clock }: FaultyLinkOptions) {
    this.#link = link;
    this.hostUuid = link.hostUuid;
    if (link.bootId !== undefined) this.bootId = link.bootId;
    this.#faults = faults;
    this.#latency = settings.latency.map(({ effect, ms }: LatencyRule) => ({
      effect: Glob.parse(effect),
      ms,
    }));
    this.#clock = clock;
    this.#chance = settings.seed === undefined ? (): number => clock.random() : seeded(settings.seed);
    this.#changes = link.onChange((changes) => this.#endStuck(changes ?? []));
  }

  async request<E extends EffectName>(
    effect: E,
    input: EffectInput<E>,
    options: LinkOptions,
  ): Promise<WorldReply<EffectResult<E>>> {
    const { id } = input as { readonly id: string };
    const { signal, label } = options;
    const ms = this.#latency.find((each) => concerns(each.effect, effect))?.ms ?? 0;
    if (ms > 0) await this.#take(ms, { effect, signal });
    const fault = this.#faults.strike(effect, { object: label ?? id, chance: this.#chance });
    switch (fault?.kind) {
      case "fail":
        throw new VirtError(
          "operation-failed",
          fault.message ?? `Cannot perform ${effect}: a fault was set for it`,
        );
      case "lose-request":
        throw lost(effect);
      case "never":
        return await this.#hang(domainOf(effect, id), signal);
      case "guest-dies":
        this.#link.happen("guest.die", { id: domainOf(effect, id) ?? id });
        break;
      case "ignore":
        return { result: undefined as EffectResult<E>, changes: [] };
      default:
        break;
    }
    const reply = await this.#link.request(effect, input, options);
    this.#endStuck(reply.changes);
    if (fault?.kind === "lose-answer") throw lost(effect);
    if (fault?.kind === "never-answer") return await this.#hang(domainOf(effect, id), signal);
    return reply;
  }

  happen<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    this.#link.happen(effect, input);
  }

  onChange(listener: (changes: readonly Change[] | undefined) => void): Disposable {
    return this.#link.onChange(listener);
  }

  close(): Promise<void> {
    this.#changes[Symbol.dispose]();
    return this.#link.close();
  }

  /** Nothing has happened while a request is still on its way. */
  async #take(
    ms: number,
    { effect, signal }: { readonly effect: string; readonly signal: AbortSignal },
  ): Promise<void> {
    try {
      await sleep(this.#clock, ms, signal);
    } catch (cause) {
      throw new VirtError("cancelled", `${effect} was cancelled before it happened`, { cause });
    }
  }

  /** Waits for what never comes: until the caller gives up, or the guest's end closes its monitor. */
  #hang(domain: string | undefined, signal: AbortSignal): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.throwIfAborted();
    const end = (): void =>
      reject(new VirtError("operation-failed", "The guest's monitor was closed: the guest has ended"));
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const stuck = domain === undefined ? undefined : this.#stuck.get(domain) ?? new Set();
    if (domain !== undefined && stuck !== undefined) this.#stuck.set(domain, stuck.add(end));
    return promise.finally(() => {
      stuck?.delete(end);
      signal.removeEventListener("abort", onAbort);
    });
  }

  #endStuck(changes: readonly Change[]): void {
    for (const { kind, id, record } of changes) {
      if (kind !== "domain" || record?.guest !== undefined) continue;
      for (const end of this.#stuck.get(id) ?? []) end();
    }
  }
}

/** The domain whose monitor an effect goes through. */
function domainOf(effect: EffectName, id: string): string | undefined {
  const { on } = effects[effect];
  return on === "domain" ? id : on === "snapshot" || on === "checkpoint" ? id.split("/")[0] : undefined;
}

function lost(effect: string): VirtError {
  return new VirtError("unreachable", `Cannot tell whether ${effect} happened: the link broke`, {
    detail: { mayHaveActed: true },
  });
}
