/**
 * A kernel with a connection of the remote driver to a fake libvirtd, in virtual time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createRemoteDriver } from "../../../../drivers/remote/mod.ts";
import { RemoteConnection } from "../../../../drivers/remote/connection.ts";
import type { ObjectRef } from "../../../../model/object.ts";
import type { Outcome } from "../../../../model/outcome.ts";
import type { InputOf, OutputOf } from "../../../../model/operation.ts";
import type { OperationName, Operations } from "../../../../model/operations/mod.ts";
import { fromErrorData } from "../../../../model/error.ts";
import type { VirtEvent } from "../../../../model/event.ts";
import type { CallRequest } from "../../../../runtime/call.ts";
import type { ManagedObject } from "../../../../runtime/object.ts";
import { settled, VirtualClock } from "../../../../testing/virtual_clock.ts";
import { Bench } from "../../bench.ts";
import { FakeLibvirtd } from "./fake_libvirtd.ts";
import { FakeNet } from "./fake_link.ts";

/** How a bench is made. */
export interface RemoteBenchOptions {
  /** How long each way takes, in milliseconds. @default 1 */
  readonly delay?: (clock: VirtualClock) => number;
  readonly libvirtd?: FakeLibvirtd;
  /** What becomes of calls, from the first one on. */
  readonly fate?: FakeNet["fate"];
}

/** A definition of a domain. */
export function xmlOf(name: string, { uuid, vcpus = 1 }: { uuid?: string; vcpus?: number } = {}): string {
  const own = uuid === undefined ? "" : `<uuid>${uuid}</uuid>`;
  return `<domain type='qemu'><name>${name}</name>${own}<memory>65536</memory><vcpu>${vcpus}</vcpu>` +
    `<os><type>hvm</type></os></domain>`;
}

/** A kernel, a connection, and what is behind it. */
export class RemoteBench implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly net: FakeNet;
  readonly libvirtd: FakeLibvirtd;
  readonly events: VirtEvent[] = [];
  #bench: Bench | undefined;

  private constructor({ libvirtd = new FakeLibvirtd(), delay = () => 1, fate }: RemoteBenchOptions) {
    this.clock = new VirtualClock();
    this.libvirtd = libvirtd;
    this.net = new FakeNet(libvirtd, { clock: this.clock, delay: () => delay(this.clock) });
    if (fate !== undefined) this.net.fate = fate;
  }

  static async open(options: RemoteBenchOptions = {}): Promise<RemoteBench> {
    const bench = new RemoteBench(options);
    const driver = createRemoteDriver((_uri, { signal }) => bench.net.connect(signal));
    const opening = Bench.open("qemu:///system", { drivers: [driver], clock: bench.clock });
    bench.#bench = await bench.clock.until(opening);
    const { kernel, host } = bench.#bench;
    // A link that breaks during the first reading fails the gate of that try; the next one has another.
    while (!host.ready.settled) await bench.clock.advance(10);
    kernel.subscribe(host, (event) => bench.events.push(event));
    return bench;
  }

  get bench(): Bench {
    assert.ok(this.#bench !== undefined);
    return this.#bench;
  }

  get connection(): RemoteConnection {
    const { host } = this.bench;
    assert.ok(host instanceof RemoteConnection);
    return host;
  }

  /** What the connection knows of a domain. */
  domain(name: string): ManagedObject | undefined {
    return this.connection.table.byName("domain", name) as ManagedObject | undefined;
  }

  /** The events so far, as words. */
  get heard(): readonly string[] {
    return this.events.map(({ object, type, detail }) =>
      [object.name, type, detail].filter(Boolean).join(" ")
    );
  }

  /** Makes a call and lets time go on until it has ended. */
  async outcome<N extends OperationName>(
    operation: N,
    input: InputOf<Operations[N]>,
    options: Partial<CallRequest> & { on?: ObjectRef } = {},
  ): Promise<Outcome> {
    const { outcome } = await this.clock.until(this.begin(operation, input, options));
    return outcome;
  }

  /** Makes a call. */
  begin<N extends OperationName>(
    operation: N,
    input: InputOf<Operations[N]>,
    options: Partial<CallRequest> & { on?: ObjectRef } = {},
  ): ReturnType<Bench["result"]> {
    return this.bench.result(operation, input, options);
  }

  /** Makes a call that must be done. */
  async call<N extends OperationName>(
    operation: N,
    input: InputOf<Operations[N]>,
    options: Partial<CallRequest> & { on?: ObjectRef } = {},
  ): Promise<OutputOf<Operations[N]>> {
    const outcome = await this.outcome(operation, input, options);
    if (outcome.kind !== "done") throw fromErrorData(outcome.error);
    return outcome.value as OutputOf<Operations[N]>;
  }

  /** Makes a call that must be refused with a code, and gives the message. */
  async refused<N extends OperationName>(
    code: string,
    operation: N,
    { input, ...options }: { input: InputOf<Operations[N]>; on?: ObjectRef } & Partial<CallRequest>,
  ): Promise<string> {
    const outcome = await this.outcome(operation, input, options);
    assert.equal(outcome.kind, "not-done");
    if (outcome.kind !== "not-done") return "";
    assert.equal(outcome.error.code, code, outcome.error.message);
    return outcome.error.message;
  }

  /** Lets everything that is on its way arrive. */
  async calm(ms = 100): Promise<void> {
    await this.clock.advance(ms);
    await settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clock.until(this.bench[Symbol.asyncDispose]());
  }
}
