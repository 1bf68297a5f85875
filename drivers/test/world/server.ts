/**
 * The hypervisor behind a socket.
 *
 * @module
 */
import { toErrorData, VirtError } from "../../../model/error.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { type ToClient, type ToHypervisor, Wire, wireVersion } from "./wire.ts";

/** What a server is made with. */
export interface ServerOptions {
  readonly hypervisor: Hypervisor;
  readonly listener: Deno.Listener;
  readonly clock: Clock;
  /** How long it stays without clients, in milliseconds. */
  readonly idleMs: number;
}

/** Serves clients until nobody has come for a while. */
export async function serve({ hypervisor, listener, clock, idleMs }: ServerOptions): Promise<void> {
  let clients = 0;
  let idle: Disposable | undefined;
  const leave = (): void => {
    idle?.[Symbol.dispose]();
    try {
      listener.close();
    } catch {
      // It is closed.
    }
  };
  const rest = (): void => {
    idle?.[Symbol.dispose]();
    if (clients === 0) idle = clock.after(idleMs, leave);
  };
  const sessions = new Set<Promise<void>>();
  rest();
  for await (const connection of listener) {
    clients++;
    idle?.[Symbol.dispose]();
    const session = talk(hypervisor, { connection, leave }).finally(() => {
      clients--;
      sessions.delete(session);
      rest();
    });
    sessions.add(session);
  }
  await Promise.allSettled(sessions);
}

/** One client, from its hello to its end. */
async function talk(
  hypervisor: Hypervisor,
  { connection, leave }: { readonly connection: Deno.Conn; readonly leave: () => void },
): Promise<void> {
  const wire = new Wire<ToClient, ToHypervisor>(connection);
  using attached = hypervisor.attach((changes) => void wire.send({ t: "changes", changes }).catch(() => {}));
  try {
    for await (const message of wire.messages()) {
      if (message.t === "leave") leave();
      else if (message.t === "hello") {
        await wire.send({ t: "welcome", version: wireVersion, hostUuid: hypervisor.hostUuid });
      } else {
        await wire.send(answer(hypervisor, { message, client: attached.client }));
      }
    }
  } catch {
    // The client is gone, or talks nonsense: its requests that were performed stay performed.
  } finally {
    wire.close();
  }
}

function answer(
  hypervisor: Hypervisor,
  { message, client }: {
    readonly message: ToHypervisor & { readonly t: "request" };
    readonly client: number;
  },
): ToClient {
  const { id, request } = message;
  try {
    return { t: "reply", id, ...hypervisor.perform(request, client) };
  } catch (error) {
    const known = error instanceof VirtError
      ? error
      : new VirtError("internal", "The simulated hypervisor failed", { cause: error });
    return { t: "error", id, error: toErrorData(known) };
  }
}
