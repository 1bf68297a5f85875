/**
 * A person at a guest's serial console.
 *
 * What the guest prints is streamed to them, and what they type goes to the guest without a record: passwords are typed
 * there. The console is given back when they leave, however that happens.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { InputOf, OutputOf } from "../../model/operation.ts";
import type { OperationName, Operations } from "../../model/operations/mod.ts";
import { consolePieceBytes, consoleWaitMs } from "../../model/operations/domain_channel.ts";
import type { Kernel } from "../kernel.ts";
import { type Asking, type Connect, lookUp, requestBase } from "./asking.ts";
import type { ControlHandlers, RequestContext } from "./control.ts";
import type { ParsedParamsOf, ResultOf } from "./methods.ts";

/** What the answers come from. */
export interface ConsoleHandlersOptions {
  readonly kernel: Kernel;
  readonly connect: Connect;
}

/** Which console or channel of a domain is meant. */
interface Device {
  readonly console?: string;
  readonly channel?: string;
}

/** A console that somebody sits at. */
interface Attached {
  readonly ask: Asking;
  readonly domain: ObjectRef;
  readonly device: Device;
}

/** The handlers. */
export function consoleHandlers(
  options: ConsoleHandlersOptions,
): Pick<ControlHandlers, "console.attach" | "console.type"> {
  const attached = new Map<string, Attached>();
  return {
    "console.attach": (params, context) => attach(params, { ...options, context, attached }),
    "console.type": async ({ reader, data }, { signal }) => {
      const at = attached.get(reader);
      if (at === undefined) throw new VirtError("not-found", "The console is not open any more");
      for (let from = 0; from < data.length; from += consolePieceBytes) {
        const secret = data.subarray(from, from + consolePieceBytes);
        await call("domain.writeConsole", { ...at.device, reader, secret }, { ...at, signal });
      }
      return {};
    },
  };
}

async function attach(
  { uri, domain: name, console, channel, force, safe }: ParsedParamsOf<"console.attach">,
  { kernel, connect, context, attached }: ConsoleHandlersOptions & {
    readonly context: RequestContext<"console.attach">;
    readonly attached: Map<string, Attached>;
  },
): Promise<ResultOf<"console.attach">> {
  const { signal, send, person, principal } = context;
  const connection = await connect(uri, { signal, ...(person === undefined ? {} : { person }) });
  const caller = { principal, title: "drover domain console", since: kernel.clock.now() };
  const ask: Asking = { kernel, connections: new Map([["host", connection]]), caller, signal };
  const domain = await lookUp("domain", { ...ask, name, parent: undefined });
  const device = {
    ...(console === undefined ? {} : { console }),
    ...(channel === undefined ? {} : { channel }),
  };
  const at: Attached = { ask, domain, device };
  const opened = await call("domain.openConsole", { ...device, force, safe }, at);
  const { reader } = opened;
  attached.set(reader, at);
  try {
    await send({ kind: "open", reader });
    return await pass(at, { opened, send });
  } finally {
    attached.delete(reader);
    // Whoever attached has left, and their signal with them.
    const { signal: anyway } = new AbortController();
    await call("domain.closeConsole", { ...device, reader }, { ...at, signal: anyway }).catch(() => {
      // It is gone with its domain, or its connection.
    });
  }
}

/** Hands on what the guest prints, until it has ended or the caller has left. */
async function pass(
  at: Attached,
  { opened, send }: {
    readonly opened: OutputOf<Operations["domain.openConsole"]>;
    readonly send: RequestContext<"console.attach">["send"];
  },
): Promise<ResultOf<"console.attach">> {
  const { ask: { signal }, device } = at;
  const { reader } = opened;
  let { session, at: from } = opened;
  while (!signal.aborted) {
    const input = { ...device, reader, session, from, waitMs: consoleWaitMs };
    const read = await call("domain.readConsole", input, at);
    const why = read.why === undefined ? {} : { why: read.why };
    if (read.reopened) await send({ kind: "lost", ...why });
    else if (read.lostBytes > 0) await send({ kind: "lost", bytes: read.lostBytes });
    if (read.data.length > 0) await send({ kind: "data", data: read.data });
    if (read.ended) return why;
    session = read.session;
    from = read.to;
  }
  return {};
}

/** Makes one call on the domain. */
async function call<N extends OperationName>(
  operation: N,
  input: InputOf<Operations[N]>,
  { ask, domain, signal = ask.signal }: Attached & { readonly signal?: AbortSignal },
): Promise<OutputOf<Operations[N]>> {
  const request = { ...requestBase({ ...ask, signal }), operation, target: domain, input };
  const { outcome } = await ask.kernel.call(request);
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
  // What a call answers has been checked by the schema that the type is made from.
  return outcome.value as OutputOf<Operations[N]>;
}
