/**
 * What can be waited for on a domain.
 *
 * @module
 */
import { isVirtError } from "../model/error.ts";
import type { lifecycleEvents, VirtEvent } from "../model/event.ts";
import { matchesCidr } from "./cidr.ts";
import { type ObjectHandle, objectsOf } from "./handle.ts";
import type { AnswerOf } from "./method.ts";
import { type Look, waitForEvent, type WaitOptions, waitUntil } from "./until.ts";

/** What a domain does right now. */
export type DomainState = AnswerOf<"domain.info">["state"];

/** A domain at a glance. */
export type DomainInfo = AnswerOf<"domain.info">;

/** An event of a domain's life, or of what goes on in it. */
export type DomainEventType = typeof lifecycleEvents.domain[number] | "changed" | "agent" | "job";

/** Something that happened to a domain. */
export interface DomainEvent {
  /** What happened: a life-cycle word such as `started`, or `changed`, `agent`, `job`. */
  readonly type: string;
  /** Why: `booted`, `destroyed`, … */
  readonly detail?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Which address of a domain is waited for. */
export interface IpOptions extends WaitOptions {
  /** Only addresses of this family. @default either */
  readonly family?: "ipv4" | "ipv6";
  /** Only addresses within this network: `"192.168.122.0/24"`. */
  readonly cidr?: string;
  /**
   * Who is asked: the host's DHCP leases, the guest's agent, or the host's ARP table.
   * @default "lease"
   */
  readonly source?: "lease" | "agent" | "arp";
}

/** How often addresses are looked for, since they come without an event; milliseconds. */
const addressPollMs = 2_000;

/**
 * Waits for a domain. Each one subscribes to the domain's events, then looks, then waits: what is true already is found at
 * once, and nothing is missed in between. When the time is up the error says what the domain did instead.
 *
 * Needs `domain:read`, and `domain:getattr` for events.
 */
export class DomainWaits {
  readonly #vm: ObjectHandle<"domain">;

  /** Use `vm.until`. */
  constructor(vm: ObjectHandle<"domain">) {
    this.#vm = vm;
  }

  /**
   * Waits until the domain runs.
   *
   * @throws {VirtError} `timed-out`; `not-found` where the domain is gone.
   */
  running(options?: WaitOptions): Promise<DomainInfo> {
    return this.state("running", options);
  }

  /**
   * Waits until the domain is really off. A transient domain that is gone counts as off.
   *
   * @throws {VirtError} `timed-out`, with what it does instead.
   */
  async shutoff(options?: WaitOptions): Promise<void> {
    const hint = 'To pull its power cord instead: vm.destroy(), or vm.shutdown({ otherwise: "destroy" })';
    await waitUntil(
      this.#vm,
      { what: `${this.#vm} to be off`, look: () => whetherOff(this.#vm), hint },
      options,
    );
  }

  /**
   * Waits until the domain is in one of several states.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function settled(vm: Domain): Promise<string> {
   *   return (await vm.until.state(["running", "paused"], { within: "30s" })).state;
   * }
   * ```
   *
   * @throws {VirtError} `timed-out`, with what it does instead; `not-found` where the domain is gone.
   */
  state(states: DomainState | readonly DomainState[], options?: WaitOptions): Promise<DomainInfo> {
    const wanted = typeof states === "string" ? [states] : states;
    const look = async (): Promise<Look<DomainInfo>> => {
      const info = await this.#info();
      return wanted.includes(info.state) ? { found: info } : { instead: told(info) };
    };
    return waitUntil(this.#vm, { what: `${this.#vm} to be ${wanted.join(" or ")}`, look }, options);
  }

  /**
   * Waits until the domain has an address, and gives it.
   *
   * @throws {VirtError} `timed-out`, with the addresses that were found and did not fit.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function address(vm: Domain): Promise<string> {
   *   return await vm.until.ip({ family: "ipv4", cidr: "192.168.122.0/24", within: "1m" });
   * }
   * ```
   */
  ip({ family, cidr, source = "lease", ...options }: IpOptions = {}): Promise<string> {
    const fits = cidr === undefined ? (): boolean => true : matchesCidr(cidr);
    const look = async (): Promise<Look<string>> => {
      const others: string[] = [];
      try {
        for (const { addresses } of await this.#addresses(source)) {
          for (const { address, family: its } of addresses) {
            if ((family === undefined || its === family) && fits(address)) return { found: address };
            others.push(address);
          }
        }
      } catch (error) {
        // Not running yet, or an agent that is not up yet: both may come.
        if (!isVirtError(error, "wrong-state") && !isVirtError(error, "operation-failed")) throw error;
        return { instead: error.message };
      }
      return { instead: others.length === 0 ? "it has none" : `it has ${others.join(", ")}` };
    };
    const kind = `${family ?? "an address"}${cidr === undefined ? "" : ` in ${cidr}`}`;
    return waitUntil(
      this.#vm,
      {
        what: `${this.#vm} to get ${kind} (source: ${source})`,
        look,
        pollMs: addressPollMs,
        hint:
          'Is its interface on a network with DHCP? Other sources: { source: "agent" }, { source: "arp" }',
      },
      options,
    );
  }

  /**
   * Waits for an event that comes after this call; begin to wait before you do what leads to it.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function rebootAndWait(vm: Domain): Promise<void> {
   *   const stopped = vm.until.event(["stopped", "crashed"], { within: "2m" });
   *   await vm.reboot();
   *   await stopped;
   * }
   * ```
   *
   * @throws {VirtError} `timed-out`.
   */
  async event(
    types: DomainEventType | readonly DomainEventType[],
    options?: WaitOptions,
  ): Promise<DomainEvent> {
    const event: VirtEvent = await waitForEvent(
      this.#vm,
      typeof types === "string" ? [types] : types,
      options,
    );
    const { type, detail, at } = event;
    return { type, at, ...(detail === undefined ? {} : { detail }) };
  }

  #info(): Promise<DomainInfo> {
    return infoOf(this.#vm);
  }

  #addresses(source: "lease" | "agent" | "arp"): Promise<AnswerOf<"domain.addresses">> {
    return objectsOf(this.#vm).invoke("domain.addresses", this.#vm, { source });
  }
}

/** Whether a domain is off; one that is gone is. */
export async function whetherOff(vm: ObjectHandle<"domain">): Promise<Look<true>> {
  try {
    const info = await infoOf(vm);
    return info.state === "shutoff" ? { found: true } : { instead: told(info) };
  } catch (error) {
    if (isVirtError(error, "not-found") || isVirtError(error, "object-gone")) return { found: true };
    throw error;
  }
}

function infoOf(vm: ObjectHandle<"domain">): Promise<DomainInfo> {
  return objectsOf(vm).invoke("domain.info", vm, {});
}

function told({ state, reason }: DomainInfo): string {
  return `it is ${state}${reason === "" ? "" : ` (${reason})`}`;
}
