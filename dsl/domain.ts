/**
 * What a domain's handle offers beside the registry's operations.
 *
 * @module
 */
import { type ErrorCode, isVirtError } from "../model/error.ts";
import { DomainAgent } from "./agent.ts";
import type { CallOptions } from "./call_options.ts";
import { consoleOf, type DomainConsole } from "./console.ts";
import { DomainSnapshots } from "./domain_snapshots.ts";
import { DomainWaits, whetherOff } from "./domain_until.ts";
import type { Duration } from "./duration.ts";
import { Handle, ObjectHandle, objectsOf } from "./handle.ts";
import type { Domain, Host } from "./handles.ts";
import type { GivenTo } from "./method.ts";
import { Task } from "./task.ts";
import { type Look, waitUntil } from "./until.ts";

/** How a domain is shut down. */
export interface ShutdownOptions {
  /**
   * How long the guest may take, waiting for the domain's turn included.
   * @default "2m"
   */
  readonly within?: Duration;
  /**
   * What happens when it is not off by then: pull its power cord, or fail with `timed-out`.
   * @default "fail"
   */
  readonly otherwise?: "destroy" | "fail";
  /** How to ask the guest; the hypervisor chooses where not given. */
  readonly mode?: NonNullable<GivenTo<"domain.shutdown">["mode"]>;
  /** Ends the wait early; the guest has been asked all the same. */
  readonly signal?: AbortSignal;
}

/** How a domain came to be off. */
export interface Shutdown {
  /** The guest shut down itself, was destroyed, or was off before. */
  readonly how: "shutdown" | "destroyed" | "was-off";
}

/** Where a domain is migrated to, and how. */
export type MigrateInput = Omit<GivenTo<"domain.migrate">, "to"> & {
  /** The other host: its handle, or the recipe's name for it. */
  readonly to: Host | string;
};

/** Errors of a shutdown after which the power cord can still be pulled. */
const notShutDown: readonly ErrorCode[] = [
  "operation-failed",
  "timed-out",
  "slot-timeout",
  "unsupported",
  "wrong-state",
];

/** What a domain's handle offers beside the registry's operations. */
export class DomainHandle extends ObjectHandle<"domain"> {
  /** Waits for the domain: `await vm.until.running()`. */
  get until(): DomainWaits {
    return new DomainWaits(this);
  }

  /** The domain's snapshots. */
  get snapshots(): DomainSnapshots {
    return new DomainSnapshots(this);
  }

  /**
   * The domain's first serial console: `await vm.console.expect(/login: $/)`.
   *
   * Needs `domain:open_device`.
   */
  get console(): DomainConsole {
    return consoleOf(this, {});
  }

  /**
   * The agent in the guest: `await vm.agent.exec("/bin/uname", ["-r"])`.
   */
  get agent(): DomainAgent {
    return new DomainAgent(this);
  }

  /** Another serial console or port of the domain, by its alias: `vm.serial("serial1")`. */
  serial(alias: string): DomainConsole {
    return consoleOf(this, { console: alias });
  }

  /**
   * A channel between host and guest, by its name: what the guest has as `/dev/virtio-ports/NAME`.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function ask(vm: Domain, question: string): Promise<string> {
   *   const channel = vm.channel("org.example.0");
   *   await channel.sendLine(question);
   *   return (await channel.expect(/^(.*)\n/)).groups[0] ?? "";
   * }
   * ```
   */
  channel(name: string): DomainConsole {
    return consoleOf(this, { channel: name });
  }

  /**
   * Shuts the domain down: asks the guest, waits until the domain is really off, and pulls its power cord where that takes
   * too long and you want it. A domain that is off already is left alone.
   *
   * Needs `domain:init_control`, `domain:read`, and `domain:stop` for `otherwise: "destroy"`.
   *
   * @throws {VirtError} `timed-out` where the guest does not go and `otherwise` does not say to destroy it.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function off(vm: Domain): Promise<boolean> {
   *   const { how } = await vm.shutdown({ within: "2m", otherwise: "destroy" });
   *   return how !== "destroyed";
   * }
   * ```
   */
  async shutdown(options: ShutdownOptions = {}): Promise<Shutdown> {
    const { within = "2m", otherwise = "fail", mode, signal } = options;
    const early = signal === undefined ? {} : { signal };
    const objects = objectsOf(this);
    let asked = false;
    // The guest is asked when the wait has begun, so that even the quickest one is seen to go.
    const look = async (calls: CallOptions): Promise<Look<Shutdown>> => {
      const off = await whetherOff(this, calls);
      if ("found" in off) return { found: { how: asked ? "shutdown" : "was-off" } };
      if (asked) return off;
      asked = true;
      await objects.invoke("domain.shutdown", this, mode === undefined ? {} : { mode }, { within, ...early });
      return off;
    };
    try {
      const hint = 'Pull its power cord then: vm.shutdown({ otherwise: "destroy" })';
      return await waitUntil(this, { what: `${this} to shut down`, look, hint }, { within, ...early });
    } catch (error) {
      if (otherwise !== "destroy" || !notShutDown.some((code) => isVirtError(error, code))) throw error;
    }
    if ("found" in await whetherOff(this, {})) return { how: "shutdown" };
    await objects.invoke("domain.destroy", this, {});
    return { how: "destroyed" };
  }

  /**
   * Moves the domain to another host of the recipe, and gives its handle there. The answer can be awaited like any other,
   * followed by its `progress()`, and aborted.
   *
   * Needs `domain:migrate` here, and what defining and starting take there.
   *
   * @throws {OutcomeUnknown} where a link broke and it could not be found out on which host it runs.
   *
   * @example
   * ```ts
   * import { recipe, z } from "drover";
   *
   * export default recipe({
   *   summary: "Move one domain",
   *   input: z.object({ name: z.string() }),
   *   needs: ["domain:getattr,migrate,write,start"],
   *   hosts: ["source", "target"],
   *   run: async ({ hosts, input }) => {
   *     const vm = await hosts.source.domain(input.name);
   *     return await vm.migrate({ to: hosts.target }, { within: "1h" });
   *   },
   * });
   * ```
   *
   * @example Follow it, and give it up when it does not come to an end
   * ```ts
   * import type { Domain, Host } from "drover";
   *
   * export async function moveOrStay(vm: Domain, target: Host): Promise<Domain> {
   *   const moving = vm.migrate({ to: target });
   *   let looks = 0;
   *   for await (const { fraction } of moving.progress()) {
   *     if (fraction < 1 && ++looks > 600) moving.abort("It does not converge");
   *   }
   *   return await moving;
   * }
   * ```
   */
  migrate(input: MigrateInput, options?: CallOptions): Task<Domain> {
    const to = input.to instanceof Handle ? input.to.connection : input.to;
    return new Task(
      (options) => objectsOf(this).invoke("domain.migrate", this, { ...input, to }, options),
      options,
    );
  }
}
