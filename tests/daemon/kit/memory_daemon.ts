/**
 * A daemon within the process, without sockets, and clients of it.
 *
 * @module
 */
import type { AccessControl } from "../../../daemon/access.ts";
import { AuditTrail } from "../../../daemon/audit.ts";
import { ServerAuthentication } from "../../../daemon/authentication/authentication.ts";
import { dispatchTable } from "../../../daemon/dispatch/table.ts";
import { Hosts } from "../../../daemon/hosts.ts";
import type { Identity } from "../../../daemon/identity.ts";
import { ClientSession, type DispatchTable } from "../../../daemon/session.ts";
import { createTestDriver } from "../../../drivers/test/mod.ts";
import type { VirtError } from "../../../model/error.ts";
import { ClientConnection } from "../../../protocol/client_connection.ts";
import { ServerConnection, type ServerLimits } from "../../../protocol/server/mod.ts";
import type { Authority } from "../../../runtime/call.ts";
import type { Driver } from "../../../runtime/driver.ts";
import type { AuditRecord } from "../../../runtime/journal/record.ts";
import { Kernel } from "../../../runtime/kernel.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import type { Transport } from "../../../protocol/transport.ts";
import { transportPair } from "../../protocol/kit/transport_pair.ts";

/** How a daemon is made. */
export interface MemoryDaemonOptions {
  /** @default a test driver of its own */
  readonly drivers?: readonly Driver[];
  /** @default the daemon's own */
  readonly dispatch?: DispatchTable;
  /** What clients may do. @default what `authorityOf` says */
  readonly access?: (clock: VirtualClock) => Pick<AccessControl, "rightsOf">;
  /** @default everything */
  readonly authorityOf?: (identity: Identity, uri: string) => Authority | undefined;
}

/** How a client comes. */
export interface MemoryClientOptions extends ServerLimits {
  /** By the socket that is for looking only. @default false */
  readonly readonly?: boolean;
  /** @default root on this machine */
  readonly identity?: Identity;
  /** What it opens; nothing where `null`. @default "test:///default" */
  readonly uri?: string | null;
}

const root: Identity = { transport: "unix", process: { pid: 1, uid: 0, gid: 0 }, anonymous: false };

/**
 * A daemon without sockets.
 *
 * @example
 * ```ts
 * import { MemoryDaemon } from "./memory_daemon.ts";
 * await using daemon = new MemoryDaemon();
 * const client = await daemon.connect();
 * await client.call("connectGetHostname", undefined); // { hostname: "test-host" }
 * ```
 */
export class MemoryDaemon implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly kernel: Kernel;
  /** What it has written to the audit log. */
  readonly audit: AuditRecord[] = [];
  /** Operations that were carried out on record. */
  readonly recorded: string[] = [];
  readonly #hosts: Hosts;
  readonly #dispatch: DispatchTable;
  readonly #clients = new Set<ClientConnection>();
  readonly #attached = new Set<Transport>();
  readonly #ended: Promise<void>[] = [];
  #count = 0;

  constructor(options: MemoryDaemonOptions = {}) {
    const { drivers = [createTestDriver()], dispatch = dispatchTable, access, authorityOf } = options;
    this.kernel = new Kernel({ drivers, clock: this.clock });
    this.#dispatch = dispatch;
    this.#hosts = new Hosts({
      kernel: this.kernel,
      runs: {
        carryOut: (request) => {
          this.recorded.push(request.operation);
          return this.kernel.call(request);
        },
      },
      audit: new AuditTrail({
        store: { addAudit: (record) => void this.audit.push(record) },
        clock: this.clock,
      }),
      allowed: ["test:///**"],
      preferred: "test:///default",
      access: access?.(this.clock) ?? {
        rightsOf: ({ identity, uri }) => ({ authority: authorityOf?.(identity, uri), looksOnly: false }),
      },
    });
  }

  /** A client that has opened a host. */
  async connect(options: MemoryClientOptions = {}): Promise<ClientConnection> {
    const { uri = "test:///default", ...more } = options;
    const rpc = new ClientConnection(this.attach(more), { clock: this.clock });
    this.#clients.add(rpc);
    if (uri !== null) await rpc.call("connectOpen", { name: uri, flags: 0 });
    return rpc;
  }

  /** The client's end of a connection, for whoever does not keep to the protocol. */
  attach(options: Omit<MemoryClientOptions, "uri"> = {}): Transport {
    const { readonly = false, identity = root, ...limits } = options;
    const { client, server } = transportPair();
    let session: ClientSession | undefined;
    const connection = new ServerConnection(server, {
      clock: this.clock,
      ...limits,
      service: (connection) =>
        session = new ClientSession({
          id: ++this.#count,
          connection,
          dispatch: this.#dispatch,
          hosts: this.#hosts,
          readonly,
          authentication: new ServerAuthentication({ identity }),
        }),
    });
    this.#ended.push(this.#seeOff(connection, () => session?.close()));
    this.#attached.add(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    for (const transport of this.#attached) await transport.close();
    await Promise.all(this.#ended);
    await this.kernel.close();
  }

  async #seeOff(connection: ServerConnection, close: () => Promise<void> | undefined): Promise<void> {
    await connection.closed;
    await connection.settled();
    await close();
  }
}

/** The error that a call ends with; fails where it does not. */
export async function errorOf(call: Promise<unknown>): Promise<VirtError> {
  try {
    await call;
  } catch (error) {
    // What a client's call ends with is one of ours.
    return error as VirtError;
  }
  throw new Error("The call was expected to fail, and did not");
}
