/**
 * Calling an operation over HTTP. One that only looks is answered; one that acts is a run, which goes on also when the
 * client has left.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { CallRequest } from "../../runtime/call.ts";
import { type Asking, findTarget, requestBase } from "../../runtime/control/asking.ts";
import { stepEndEvent, stepStateEvent } from "../../runtime/run/step_event.ts";
import { hostName } from "../dispatch/objects.ts";
import { type AskedAction, askedAction, cancelReason, recordedOutcome } from "./acting.ts";
import { connectionsOf } from "./hosts.ts";
import { RunFailure } from "./problem.ts";
import type { Answer, Call } from "./route.ts";
import type { CallBody } from "./schemas.ts";
import { principalOf } from "./token.ts";

type OperationCall = Call<unknown, CallBody>;

/** How an operation that acts stands. */
interface Standing {
  readonly outcome: Promise<Outcome> | Outcome | undefined;
}

/** How long a client wants to wait, in milliseconds; `undefined` where until the end (RFC 7240). */
export function waitIn(prefer: string | string[] | undefined): number | undefined {
  const wishes = String(prefer ?? "").toLowerCase();
  const [, seconds] = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/.exec(wishes) ?? [];
  if (seconds !== undefined) return Number(seconds) * 1000;
  return /(?:^|[,;\s])respond-async(?:$|[,;\s])/.test(wishes) ? 0 : undefined;
}

/** Calls an operation. */
export async function callOperation(operation: Operation, call: OperationCall): Promise<Answer> {
  if (operation.effect === "read") return await look(operation, call);
  return await act(operation, call);
}

async function look(operation: Operation, call: OperationCall): Promise<Answer> {
  const request = await prepare(operation, call, { signal: call.signal });
  const { outcome } = await call.services.host.kernel.call(request);
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
  return { body: { outcome: "done", value: outcome.value ?? null } };
}

async function act(operation: Operation, call: OperationCall): Promise<Answer> {
  const { token, headers, body, services, signal } = call;
  const { acting, host: { kernel } } = services;
  const key = headers["idempotency-key"];
  const asked = askedAction({
    principal: principalOf(token),
    key: Array.isArray(key) ? key.join(",") : key,
    what: operation.name,
    body,
  });
  const { value: { outcome }, replayed } = await acting.once<Standing>(asked, {
    begin: () => begin(operation, call, asked),
    found: (record) => {
      const underWay = acting.underWay(asked.id);
      if (underWay !== undefined) return { outcome: underWay.outcome };
      return { outcome: recordedOutcome(record) };
    },
  });
  if (body.cancelWithRequest === true) {
    signal.addEventListener("abort", () => void acting.cancel(asked.id, "The client left, and wanted it so"));
  }
  const waited = outcome === undefined ? undefined : await inTime(outcome, {
    signal,
    clock: kernel.clock,
    ms: waitIn(headers["prefer"]),
  });
  const location = `/v1/runs/${asked.id}`;
  const said = { location, ...(replayed ? { "idempotency-replayed": "true" } : {}) };
  if (waited === undefined) {
    return { status: 202, headers: said, body: { run: asked.id, outcome: "pending" } };
  }
  if (waited.kind !== "done") throw new RunFailure(asked.id, waited.error);
  return { headers: said, body: { run: asked.id, outcome: "done", value: waited.value ?? null } };
}

/** Begins a run of one operation; resolves when it is on record. */
async function begin(
  operation: Operation,
  call: OperationCall,
  asked: AskedAction,
): Promise<Standing> {
  const { host: { runs, kernel }, acting, runEvents } = call.services;
  const aborter = new AbortController();
  const request = await prepare(operation, call, { signal: aborter.signal });
  const log = runEvents.begin(asked.id);
  const message = {
    t: "call",
    step: 0,
    operation: operation.name,
    connection: hostName,
    ...(request.target === undefined ? {} : { target: { ...request.target } }),
    input: undefined,
    options: {},
  } as const;
  const begun = Promise.withResolvers<void>();
  const outcome = runs.carryOut(
    {
      ...request,
      onState: (state) => log.add("operation", stepStateEvent(message, state, kernel.clock.now())),
    },
    { ...asked, begun: begun.resolve },
  ).then(async ({ outcome }) => {
    log.add("operation", stepEndEvent(message, outcome, kernel.clock.now()));
    const { run } = await runs.show(asked.id);
    log.add("run", { type: "run", at: kernel.clock.now(), run });
    return outcome;
  }).finally(() => log.end());
  // Where nobody waits, nobody hears; it is on record.
  outcome.catch(() => {});
  acting.goesOn(asked.id, { outcome, cancel: (reason) => aborter.abort(cancelReason(reason)) });
  await Promise.race([begun.promise, outcome]);
  return { outcome };
}

/** Opens what is named, finds what is meant, and says what the client may do there. */
async function prepare(
  operation: Operation,
  { body, token, services: { hosts, host: { kernel } } }: OperationCall,
  { signal }: { readonly signal: AbortSignal },
): Promise<CallRequest> {
  const deadline = kernel.clock.now() + (body.withinMs ?? operation.timeoutMs);
  const host = await hosts.open(body.connection, signal);
  const peer = body.peer === undefined ? undefined : await hosts.open(body.peer, signal);
  const principal = principalOf(token);
  const connections = connectionsOf(host, peer);
  const uris = new Map([...connections].map(([name, { uri }]) => [name, uri.text] as const));
  const ask: Asking = {
    kernel,
    connections,
    caller: { principal, title: `http ${operation.name}`, since: kernel.clock.now() },
    authority: hosts.authority(token, { caller: { principal }, uris }),
    signal,
    deadline,
  };
  const target = body.object === undefined
    ? await findTarget(operation, { ...ask, names: body.target ?? [] })
    : referenceOf(body.object);
  return {
    ...requestBase(ask),
    operation: operation.name,
    input: inputOf(operation, body),
    ...(target === undefined ? {} : { target }),
    ...(body.priority === undefined ? {} : { priority: body.priority }),
    ...(body.noWait === undefined ? {} : { noWait: body.noWait }),
  };
}

/** The input; where it names the other side, the client gives its URI beside it. */
function inputOf(operation: Operation, { input = {}, peer }: CallBody): Readonly<Record<string, unknown>> {
  if (operation.peer === undefined) return input;
  if (peer === undefined) {
    throw new VirtError("invalid-argument", `Cannot call ${operation.name}: it needs a peer`, {
      hint: "Say the other connection's URI as peer",
    });
  }
  return { ...input, [operation.peer]: "peer" };
}

/** A reference, whatever its caller's name for the connection was. */
function referenceOf({ $ref, id, name, parent, generation }: NonNullable<CallBody["object"]>): ObjectRef {
  return {
    $ref,
    connection: hostName,
    id,
    name,
    ...(parent === undefined ? {} : { parent }),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** What a promise resolves with, as long as somebody waits for it. */
async function inTime<T>(promise: Promise<T> | T, { signal, clock, ms }: {
  readonly signal: AbortSignal;
  readonly clock: { after(ms: number, action: () => void): Disposable };
  readonly ms: number | undefined;
}): Promise<T | undefined> {
  // Who does not want to wait is not answered sometimes so and sometimes so.
  if (ms === 0 && promise instanceof Promise) return undefined;
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  using _timer = ms === undefined ? undefined : clock.after(ms, onAbort);
  try {
    return await Promise.race([promise, over]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
