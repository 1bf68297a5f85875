/**
 * What can be waited for on a domain.
 *
 * @module
 */
import { type ErrorCode, isVirtError, VirtError } from "../model/error.ts";
import type { domainIncidents, lifecycleEvents, VirtEvent } from "../model/event.ts";
import type { CallOptions } from "./call_options.ts";
import { matchesCidr } from "./cidr.ts";
import { type CloudInitStatus, untilCloudInit } from "./cloud_init.ts";
import { consoleOf } from "./console.ts";
import type { ConsoleMatch, Pattern } from "./console_text.ts";
import { type ObjectHandle, objectsOf } from "./handle.ts";
import type { AnswerOf } from "./method.ts";
import { type Look, type LookCalls, waitForEvent, type WaitOptions, waitUntil } from "./until.ts";

/** What a domain does right now. */
export type DomainState = AnswerOf<"domain.info">["state"];

/** A domain at a glance. */
export type DomainInfo = AnswerOf<"domain.info">;

/** An event of a domain's life, or of what goes on in it. */
export type DomainEventType =
  | typeof lifecycleEvents.domain[number]
  | typeof domainIncidents[number]
  | "changed"
  | "agent"
  | "job";

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
   * @default the leases, and the agent where there are none
   */
  readonly source?: AddressSource;
}

/** Who knows a guest's addresses. */
export type AddressSource = "lease" | "agent" | "arp";

/** How often addresses are looked for, since they come without an event; milliseconds. */
const addressPollMs = 2_000;

/** How often an agent is looked for that came up without anybody being told; milliseconds. */
const agentPollMs = 10_000;

/** What a guest that is not up yet, or an agent that is not, is answered with: both may come. */
const maybeLater: readonly ErrorCode[] = ["wrong-state", "operation-failed", "timed-out", "slot-timeout"];

/** Addresses by which nobody reaches a guest but itself. */
const ownAddress = /^(127\.|::1$)/;

/** Addresses that everybody gives himself, and that say nothing without an interface. */
const linkLocal = /^(169\.254\.|fe80:)/i;

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
      { what: `${this.#vm} to be off`, look: (calls) => whetherOff(this.#vm, calls), hint },
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
    const look = async (calls: CallOptions): Promise<Look<DomainInfo>> => {
      const info = await infoOf(this.#vm, calls);
      return wanted.includes(info.state) ? { found: info } : { instead: told(info) };
    };
    return waitUntil(this.#vm, { what: `${this.#vm} to be ${wanted.join(" or ")}`, look }, options);
  }

  /**
   * Waits until the domain has an address, and gives it. Those that lead to nobody else are not meant; those of a single
   * link are, where `cidr` names them.
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
  async ip({ family, cidr, source, ...options }: IpOptions = {}): Promise<string> {
    const fits = cidr === undefined
      ? (address: string): boolean => !linkLocal.test(address)
      : matchesCidr(cidr);
    const sources: readonly AddressSource[] = source === undefined ? ["lease", "agent"] : [source];
    const look = async (calls: CallOptions): Promise<Look<string>> => {
      const others: string[] = [];
      const reasons: string[] = [];
      for (const from of sources) {
        try {
          for (const { address, family: its } of await this.#addresses(from, calls)) {
            if ((family === undefined || its === family) && fits(address)) return { found: address };
            others.push(address);
          }
        } catch (error) {
          // Where the leases are asked first, a guest without an agent is none that can never have an address.
          const isHope = from === "agent" && source === undefined && isVirtError(error, "unsupported");
          if (!isHope && !isOneOf(error, maybeLater)) throw error;
          reasons.push(error.message);
        }
      }
      if (others.length > 0) return { instead: `it has ${[...new Set(others)].join(", ")}` };
      return { instead: [...new Set(["it has none", ...reasons])].join("; ") };
    };
    const kind = `${family ?? "an address"}${cidr === undefined ? "" : ` in ${cidr}`}`;
    return await waitUntil(
      this.#vm,
      { what: `${kind} of ${this.#vm}`, look, pollMs: addressPollMs },
      options,
    );
  }

  /**
   * Waits until the guest's agent answers.
   *
   * Needs `domain:read`.
   *
   * @throws {VirtError} `timed-out`, with what it answers instead; `unsupported` where the domain has no agent's channel.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function release(vm: Domain): Promise<string> {
   *   await vm.until.agent({ within: "2m" });
   *   return (await vm.agent.exec("/bin/uname", ["-r"])).out.trim();
   * }
   * ```
   */
  async agent(options?: WaitOptions): Promise<void> {
    const look = async (calls: LookCalls): Promise<Look<true>> => {
      const within = Math.min(agentPollMs, calls.within);
      try {
        await objectsOf(this.#vm).invoke("domain.time", this.#vm, {}, { ...calls, within });
        return { found: true };
      } catch (error) {
        // A host that is away may come back while there is time.
        const comesBack = isVirtError(error, "unreachable") && calls.within > agentPollMs;
        if (!comesBack && !isOneOf(error, maybeLater)) throw error;
        return { instead: error.message };
      }
    };
    await waitUntil(
      this.#vm,
      { what: `the agent of ${this.#vm} to answer`, look, pollMs: agentPollMs },
      options,
    );
  }

  /**
   * Waits until cloud-init has done in the guest what it was told: asks the guest's agent for `cloud-init status`.
   *
   * Needs `domain:write`, as every program that the agent runs.
   *
   * @throws {VirtError} `operation-failed` where it ended with an error, with what it says; `timed-out` with how far it is;
   *   `unsupported` where the guest has no cloud-init, or the domain no agent's channel.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function firstBoot(vm: Domain): Promise<readonly string[]> {
   *   await vm.until.agent({ within: "2m" });
   *   return (await vm.until.cloudInit({ within: "10m" })).warnings;
   * }
   * ```
   */
  cloudInit(options?: WaitOptions): Promise<CloudInitStatus> {
    return untilCloudInit(this.#vm, options);
  }

  /**
   * Waits until a pattern matches what comes on the domain's serial console, and takes it: `vm.console.expect(…)`.
   *
   * Needs `domain:open_device`.
   *
   * @throws {VirtError} `timed-out`, with the last that came; `wrong-state` where the console ended.
   */
  console(pattern: Pattern | readonly Pattern[], options?: WaitOptions): Promise<ConsoleMatch> {
    return consoleOf(this.#vm, {}).expect(pattern, options);
  }

  /**
   * Waits until a device is gone that was detached: the guest has to let go of it first.
   *
   * @param alias the device's alias in the domain's live definition: `virtio-disk1`, `ua-mine`
   *
   * @throws {VirtError} `operation-failed` where the guest does not let go of it; `timed-out`.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function unplug(vm: Domain, alias: string): Promise<void> {
   *   await vm.detachDevice({ alias });
   *   await vm.until.deviceRemoved(alias, { within: "30s" });
   * }
   * ```
   */
  async deviceRemoved(alias: string, options?: WaitOptions): Promise<void> {
    const look = async (calls: CallOptions): Promise<Look<true>> => {
      const xml = await objectsOf(this.#vm).invoke("domain.xml", this.#vm, {}, calls);
      return hasAlias(xml, alias) ? { instead: "it is still there" } : { found: true };
    };
    const hear = ({ detail }: VirtEvent): { readonly found: true } | undefined => {
      if (detail === `device-removed ${alias}`) return { found: true };
      if (detail !== `device-removal-failed ${alias}`) return undefined;
      throw new VirtError(
        "operation-failed",
        `Cannot wait for "${alias}" of ${this.#vm} to be gone: the guest did not let go of it`,
        { target: this.#vm.toString() },
      );
    };
    await waitUntil(this.#vm, { what: `device "${alias}" of ${this.#vm} to be gone`, look, hear }, options);
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

  async #addresses(
    source: AddressSource,
    calls: CallOptions,
  ): Promise<AnswerOf<"domain.addresses">[number]["addresses"]> {
    const interfaces = await objectsOf(this.#vm).invoke("domain.addresses", this.#vm, { source }, calls);
    return interfaces.flatMap(({ addresses }) => addresses).filter(({ address }) =>
      !ownAddress.test(address)
    );
  }
}

function isOneOf(error: unknown, codes: readonly ErrorCode[]): error is VirtError {
  return codes.some((code) => isVirtError(error, code));
}

/** Whether a definition has a device with an alias. Source: libvirt formatdomain, <alias>. */
function hasAlias(xml: string, alias: string): boolean {
  const name = alias.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return xml.includes(`<alias name='${name.replaceAll("'", "&apos;")}'/>`) ||
    xml.includes(`<alias name="${name.replaceAll('"', "&quot;")}"/>`);
}

/** Whether a domain is off; one that is gone is. */
export async function whetherOff(vm: ObjectHandle<"domain">, calls: CallOptions): Promise<Look<true>> {
  try {
    const info = await infoOf(vm, calls);
    return info.state === "shutoff" ? { found: true } : { instead: told(info) };
  } catch (error) {
    if (isVirtError(error, "not-found") || isVirtError(error, "object-gone")) return { found: true };
    throw error;
  }
}

function infoOf(vm: ObjectHandle<"domain">, calls: CallOptions): Promise<DomainInfo> {
  return objectsOf(vm).invoke("domain.info", vm, {}, calls);
}

function told({ state, reason }: DomainInfo): string {
  return `it is ${state}${reason === "" ? "" : ` (${reason})`}`;
}
