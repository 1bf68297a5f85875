/**
 * A kernel with a connection of the test driver, for tests: calls by name and by object.
 *
 * @module
 */
import assert from "node:assert/strict";
import { testDriver } from "../../drivers/test/mod.ts";
import { fromErrorData } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { InputOf, OutputOf } from "../../model/operation.ts";
import type { OperationName, Operations } from "../../model/operations/mod.ts";
import type { CallRequest, CallResult } from "../../runtime/call.ts";
import type { DriverConnection } from "../../runtime/driver.ts";
import { Kernel, type KernelOptions } from "../../runtime/kernel.ts";

const allowAll: CallRequest["authority"] = { check: () => {}, sees: () => true, checkReach: () => {} };

/** What a call may say beside its input. */
export type BenchCall = Partial<
  Pick<CallRequest, "signal" | "deadline" | "newId" | "rebase" | "noWait" | "onState">
>;

/** A kernel and its connections. */
export class Bench implements AsyncDisposable {
  readonly kernel: Kernel;
  readonly connections: Map<string, DriverConnection>;

  private constructor(kernel: Kernel, connections: Map<string, DriverConnection>) {
    this.kernel = kernel;
    this.connections = connections;
  }

  static async open(
    uris: string | Readonly<Record<string, string>> = "test:///default",
    options: Partial<KernelOptions> = {},
  ): Promise<Bench> {
    const kernel = new Kernel({ drivers: [testDriver], ...options });
    const named = typeof uris === "string" ? { host: uris } : uris;
    const connections = new Map<string, DriverConnection>();
    for (const [name, uri] of Object.entries(named)) connections.set(name, await kernel.connect(uri));
    return new Bench(kernel, connections);
  }

  get host(): DriverConnection {
    return this.connections.get("host")!;
  }

  /** Makes a call and gives its whole result. */
  async result<N extends OperationName>(
    operation: N,
    input: InputOf<Operations[N]>,
    { on, connection, ...options }: BenchCall & { on?: ObjectRef; connection?: string } = {},
  ): Promise<CallResult> {
    return await this.kernel.call({
      operation,
      connections: this.connections,
      connection: connection ?? on?.connection ?? "host",
      ...(on === undefined ? {} : { target: anyGeneration(on) }),
      input,
      caller: { principal: "test", since: 0 },
      authority: allowAll,
      ...options,
    });
  }

  /** Makes a call that must be done. */
  async call<N extends OperationName>(
    operation: N,
    input: InputOf<Operations[N]>,
    options: BenchCall & { on?: ObjectRef; connection?: string } = {},
  ): Promise<OutputOf<Operations[N]>> {
    const { outcome } = await this.result(operation, input, options);
    if (outcome.kind !== "done") throw fromErrorData(outcome.error);
    return outcome.value as OutputOf<Operations[N]>;
  }

  /** Makes a call that must be refused with a code. */
  async refused<N extends OperationName>(
    code: string,
    operation: N,
    { input, ...options }: { input: InputOf<Operations[N]>; on?: ObjectRef; connection?: string } & BenchCall,
  ): Promise<string> {
    const { outcome } = await this.result(operation, input, options);
    assert.equal(outcome.kind, "not-done");
    if (outcome.kind !== "not-done") return "";
    assert.equal(outcome.error.code, code, outcome.error.message);
    return outcome.error.message;
  }

  readonly #deferred: (() => Promise<void>)[] = [];

  /** Something to be done after the kernel has closed. */
  defer(action: () => Promise<void>): void {
    this.#deferred.push(action);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel.close();
    for (const action of this.#deferred) await action();
  }
}

/** A reference that does not mind what happened since. */
export function anyGeneration({ generation: _generation, ...ref }: ObjectRef): ObjectRef {
  return ref;
}

/** What a set of contract tests runs on. */
interface TestHost {
  readonly name: string;
  open(): Promise<Bench & AsyncDisposable>;
  /** Tests that cannot hold there, by name, and why. */
  readonly except?: Readonly<Record<string, string>>;
}

/** Declares tests on a host; one whose driver lacks the operation says so instead of failing. */
export function withTest(
  host: TestHost,
): (operation: OperationName, name: string, run: (bench: Bench) => Promise<void>) => void {
  return (operation, name, run) => {
    const exception = host.except?.[name];
    if (exception !== undefined) {
      Deno.test({ name: `${host.name}: ${name} (not here: ${exception})`, ignore: true, fn: () => {} });
      return;
    }
    Deno.test(`${host.name}: ${name}`, async (t) => {
      await using bench = await host.open();
      const supported = Object.hasOwn(bench.host.implementations, operation);
      await t.step({
        name: supported ? operation : `skipped: this driver does not support ${operation}`,
        ignore: !supported,
        fn: () => run(bench),
      });
    });
  };
}
