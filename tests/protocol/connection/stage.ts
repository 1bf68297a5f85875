/**
 * A connection to a fake server on a clock that stands still.
 *
 * @module
 */
import { ClientConnection, type ClientConnectionOptions } from "../../../protocol/client_connection.ts";
import { isVirtError, type VirtError } from "../../../model/error.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { FakeServer } from "../kit/fake_server.ts";

/** A connection, its server and its clock. */
export interface Stage extends AsyncDisposable {
  readonly server: FakeServer;
  readonly clock: VirtualClock;
  readonly connection: ClientConnection;
}

/** Sets a connection up that is closed with the stage, and checks that nothing of it is left then. */
export function stage(options: Omit<ClientConnectionOptions, "clock"> = {}): Stage {
  const server = new FakeServer();
  const clock = new VirtualClock();
  const connection = new ClientConnection(server.transport, { ...options, clock });
  return {
    server,
    clock,
    connection,
    async [Symbol.asyncDispose](): Promise<void> {
      await connection.close();
      if (!server.link.closed) throw new Error("The transport is still open");
      if (clock.pending > 0) throw new Error(`${clock.pending} timers are still set`);
    },
  };
}

/** The error with which a promise is rejected. It must be one of ours. */
export async function refusal(promise: Promise<unknown>): Promise<VirtError> {
  try {
    await promise;
  } catch (error) {
    if (isVirtError(error)) return error;
    throw new Error(`Not an error of ours: ${error}`, { cause: error });
  }
  throw new Error("Nothing was refused");
}

/** What an error says of whether the far side may have acted. */
export function mayHaveActed({ detail }: VirtError): unknown {
  return typeof detail === "object" && detail !== null && "mayHaveActed" in detail
    ? detail.mayHaveActed
    : undefined;
}
