/**
 * The methods that need a kernel only: single operations, who holds what, names.
 *
 * @module
 */
import { toErrorData, VirtError } from "../../model/error.ts";
import type { ObjectClass } from "../../model/object.ts";
import type { Caller, CallRequest, CallResult } from "../call.ts";
import { sleep } from "../clock.ts";
import { type Kernel, operationNamed } from "../kernel.ts";
import { GrantAuthority, parseAllGrants } from "../permission/mod.ts";
import { listOf, parentClass } from "./addressing.ts";
import {
  type Asking,
  type Connect,
  connectInTime,
  findTarget,
  lookUp,
  refIn,
  requestBase,
} from "./asking.ts";
import type { ControlHandlers, RequestContext } from "./control.ts";
import type { ParsedParamsOf, ResultOf } from "./methods.ts";

/** The methods that are answered here. */
type Method = "operation.call" | "jobs.list" | "jobs.watch" | "jobs.cancel" | "jobs.accept" | "objects.names";

/** What the answers come from. */
export interface OperationHandlersOptions {
  readonly kernel: Kernel;
  /** Cancels a run that holds or awaits an object; whether there is such a run. */
  readonly cancelRun: (run: string, reason: string) => boolean | Promise<boolean>;
  readonly connect: Connect;
  /** Carries out an operation that changes something, with a record of it. */
  readonly write: (request: CallRequest) => Promise<CallResult>;
  /** Says what became of an object whose state is uncertain; whether it was. */
  readonly accept: (
    key: string,
    how: { readonly as: "done" | "not-done"; readonly principal: string },
  ) => Promise<boolean>;
}

/** How often a watched table of slots is looked at, in milliseconds. */
const watchMs = 500;

/** How long names may take: whoever presses the tabulator key waits for them. */
const namesMs = 2000;

/** The handlers. */
export function operationHandlers(options: OperationHandlersOptions): Pick<ControlHandlers, Method> {
  const { kernel } = options;
  const calls = new CallsUnderWay();
  return {
    "operation.call": (params, context) => callOperation(params, { ...options, context, calls }),
    "jobs.list": () => Promise.resolve(slotViews(kernel)),
    "jobs.watch": async (_params, { signal, send }) => {
      let told: string | undefined;
      while (!signal.aborted) {
        const slots = slotViews(kernel);
        const text = JSON.stringify(slots);
        if (text !== told) await send(slots);
        told = text;
        await sleep(kernel.clock, watchMs, signal).catch(() => {});
      }
      return {};
    },
    "jobs.cancel": async ({ key }) => {
      const slot = kernel.slots().find((each) => each.key === key);
      if (slot === undefined) throw nobodyThere(key);
      const callers = new Set(slot.holders.map(({ caller }) => caller));
      let cancelled = calls.cancel(callers);
      for (const run of new Set([...callers].flatMap((caller) => caller.run ?? []))) {
        if (await options.cancelRun(run, `Cancelled as the holder of ${slot.label}`)) cancelled++;
      }
      return { cancelled };
    },
    "jobs.accept": async ({ key, as }, { principal }) => {
      if (!await options.accept(key, { as, principal })) {
        throw new VirtError("not-found", `Cannot accept anything on "${key}": its state is not uncertain`, {
          hint: "See: drover jobs list -o wide",
        });
      }
      return {};
    },
    "objects.names": (params, { principal, signal }) =>
      objectNames(options, { ...params, principal, signal }),
  };
}

function slotViews(kernel: Kernel): ResultOf<"jobs.list"> {
  return kernel.slots().map((slot) => ({ ...slot, holders: [...slot.holders], waiters: [...slot.waiters] }));
}

function nobodyThere(key: string): VirtError {
  return new VirtError("not-found", `Cannot cancel anything on "${key}": nobody holds it`);
}

/**
 * Single operations that are under way, so that they can be cancelled by the object that they hold. A call is known by
 * the moment since when its caller is there, which slots show as well.
 */
class CallsUnderWay {
  readonly #aborters = new Map<number, AbortController>();
  #last = 0;

  /** A moment that no other call has: those that come in one millisecond differ in its fraction. */
  moment(now: number): number {
    this.#last = Math.max(now, this.#last + 1 / 1024);
    return this.#last;
  }

  /** A signal for one call that ends with it. */
  begin(since: number, signal: AbortSignal): { readonly signal: AbortSignal } & Disposable {
    const aborter = new AbortController();
    this.#aborters.set(since, aborter);
    return {
      signal: AbortSignal.any([signal, aborter.signal]),
      [Symbol.dispose]: () => this.#aborters.delete(since),
    };
  }

  /** How many of the callers had something to cancel. */
  cancel(callers: Iterable<Caller>): number {
    let count = 0;
    for (const { since } of callers) {
      const aborter = this.#aborters.get(since);
      if (aborter === undefined || aborter.signal.aborted) continue;
      aborter.abort(new VirtError("cancelled", "Cancelled by somebody else"));
      count++;
    }
    return count;
  }
}

interface CallOptions extends OperationHandlersOptions {
  readonly context: RequestContext<"operation.call">;
  readonly calls: CallsUnderWay;
}

async function callOperation(
  params: ParsedParamsOf<"operation.call">,
  options: CallOptions,
): Promise<ResultOf<"operation.call">> {
  const { kernel, context, calls, connect } = options;
  const operation = operationNamed(params.operation);
  const caller: Caller = {
    principal: context.principal,
    title: `drover ${operation.objectClass} ${operation.verb}`,
    since: calls.moment(kernel.clock.now()),
  };
  using underWay = calls.begin(caller.since, context.signal);
  const { signal } = underWay;
  const { clock } = kernel;
  const deadline = params.withinMs === undefined ? undefined : clock.now() + params.withinMs;
  const open = { connect, clock, deadline, signal, person: context.person };
  const connections = new Map([["host", await connectInTime(params.uri, open)]]);
  if (params.peer !== undefined) connections.set("peer", await connectInTime(params.peer, open));
  const ask: Asking = {
    kernel,
    connections,
    caller,
    signal,
    ...(deadline === undefined ? {} : { deadline }),
    ...(params.grants === undefined ? {} : {
      authority: new GrantAuthority({
        grants: parseAllGrants(params.grants, { now: clock.now() }),
        clock,
        caller: { principal: context.principal },
      }),
    }),
  };
  try {
    const target = await findTarget(operation, { ...ask, names: params.target });
    const request: CallRequest = {
      ...requestBase(ask),
      operation: operation.name,
      input: params.input,
      ...(target === undefined ? {} : { target }),
      ...(params.priority === undefined ? {} : { priority: params.priority }),
      ...(params.noWait === undefined ? {} : { noWait: params.noWait }),
      onState: (state) => void context.send(state),
    };
    const { outcome } = await (operation.effect === "write" ? options.write(request) : kernel.call(request));
    return outcome;
  } catch (error) {
    return { kind: "not-done", error: toErrorData(error) };
  }
}

async function objectNames(
  { kernel, connect }: OperationHandlersOptions,
  params: ParsedParamsOf<"objects.names"> & Pick<RequestContext<"objects.names">, "principal" | "signal">,
): Promise<string[]> {
  const operation = listOf(params.objectClass);
  if (operation === undefined) return [];
  const { clock } = kernel;
  const { signal } = params;
  const deadline = clock.now() + namesMs;
  const ask: Asking = {
    kernel,
    connections: new Map([["host", await connectInTime(params.uri, { connect, clock, deadline, signal })]]),
    caller: { principal: params.principal, since: clock.now() },
    signal,
    deadline,
  };
  const parent = parentClass(params.objectClass);
  const target = parent === undefined || params.parent === undefined
    ? undefined
    : await lookUp(parent, { ...ask, name: params.parent, parent: undefined });
  const { outcome } = await kernel.call({
    ...requestBase(ask),
    operation: operation.name,
    input: {},
    ...(target === undefined ? {} : { target }),
  });
  return outcome.kind === "done" ? namesIn(params.objectClass, outcome.value) : [];
}

/** The names in a list: its items are references, or hold one of the listed class. */
function namesIn(objectClass: ObjectClass, value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const held = typeof item === "object" && item !== null && objectClass in item
      ? Object.entries(item).find(([key]) => key === objectClass)?.[1]
      : item;
    return refIn(objectClass, held)?.name ?? [];
  });
}
