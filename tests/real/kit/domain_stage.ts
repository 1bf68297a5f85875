/**
 * Guests on a private host, and a kernel that reaches them.
 *
 * @module
 */
import { remoteDriver } from "../../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { KernelOptions } from "../../../runtime/kernel.ts";
import { Bench } from "../../drivers/bench.ts";
import { type GuestOptions, guestXml } from "./guest.ts";
import { guestsUp } from "./guests.ts";
import type { RealHost } from "./host.ts";

let guests = 0;

/** A private host as the kernel reaches it, and the guests that were made on it for a test. */
export class DomainStage implements AsyncDisposable {
  readonly host: RealHost;
  readonly bench: Bench;
  readonly #names: string[] = [];

  private constructor(host: RealHost, bench: Bench) {
    this.host = host;
    this.bench = bench;
  }

  static async set(host: RealHost, options: Partial<KernelOptions> = {}): Promise<DomainStage> {
    const uri = host.uri("qemu");
    return new DomainStage(host, await Bench.open(uri, { drivers: [remoteDriver], ...options }));
  }

  /** Defines and starts a guest. */
  async start(options: GuestOptions = {}): Promise<ObjectRef<"domain">> {
    const name = `guest-${++guests}`;
    this.#names.push(name);
    const ref = await this.bench.call("domain.define", { xml: await guestXml(name, options) });
    await this.bench.call("domain.start", {}, { on: ref });
    return ref;
  }

  /** The same, and waits until its agent answers. */
  async boot(options: GuestOptions = {}): Promise<ObjectRef<"domain">> {
    const ref = await this.start(options);
    await guestsUp(this.host, [ref.name]);
    return ref;
  }

  /** Waits until the agent of a guest answers again: a guest that goes on has to be connected anew. */
  async answers({ name }: ObjectRef): Promise<void> {
    await guestsUp(this.host, [name]);
  }

  /** What virsh says of a domain. */
  async virsh(command: string, { name }: ObjectRef, ...more: readonly string[]): Promise<string> {
    return await this.host.virsh(command, name, ...more);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
    for (const name of this.#names) {
      await this.host.tryVirsh("destroy", name);
      await this.host.tryVirsh("undefine", name, "--managed-save", "--snapshots-metadata");
    }
  }
}
