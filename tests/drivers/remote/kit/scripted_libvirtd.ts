/**
 * A libvirtd in memory that answers some procedures as a test says, and writes down what it was asked.
 *
 * @module
 */
import type { ArgumentsOf, ProcedureName, ResultOf } from "../../../../protocol/procedures/mod.ts";
import { type FakeClient, FakeLibvirtd } from "./fake_libvirtd.ts";

/** How a procedure is answered. */
type Answer = (args: never, client: FakeClient) => unknown;

/** A daemon with a script. */
export class ScriptedLibvirtd extends FakeLibvirtd {
  override readonly hostUuid: string;
  /** What was asked of the script, in order, without the domain. */
  readonly asked: { readonly procedure: ProcedureName; readonly args: unknown }[] = [];
  readonly #answers = new Map<ProcedureName, Answer>();

  constructor(hostUuid = "11111111-2222-4333-8444-555555555555") {
    super();
    this.hostUuid = hostUuid;
  }

  /** Has a procedure answered. */
  on<P extends ProcedureName>(
    procedure: P,
    answer: (args: ArgumentsOf<P>, client: FakeClient) => ResultOf<P>,
  ): this {
    this.#answers.set(procedure, answer);
    return this;
  }

  /** What a procedure was asked with, each time. */
  argsOf(procedure: ProcedureName): unknown[] {
    return this.asked.filter((each) => each.procedure === procedure).map(({ args }) => args);
  }

  /** The procedures of the script that were asked, in order. */
  get procedures(): readonly ProcedureName[] {
    return this.asked.map(({ procedure }) => procedure);
  }

  override perform<P extends ProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    client: FakeClient,
  ): ResultOf<P> {
    const answer = this.#answers.get(procedure);
    if (answer === undefined) return super.perform(procedure, args, client);
    const fault = this.faults.get(procedure)?.shift();
    if (fault !== undefined) throw fault;
    this.asked.push({ procedure, args: withoutDomain(args) });
    return answer(args as never, client) as ResultOf<P>;
  }
}

function withoutDomain(args: unknown): unknown {
  if (typeof args !== "object" || args === null) return args;
  const { dom: _dom, ...rest } = args as Record<string, unknown>;
  return rest;
}
