/**
 * One client: who it is, what it has opened, and the answers to its calls.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { ConnectionUri } from "../model/uri.ts";
import type { ProcedureName } from "../protocol/procedures/mod.ts";
import type { RemoteErrorData } from "../protocol/remote_error.ts";
import { rpcError, type ServerConnection, type Service } from "../protocol/server/mod.ts";
import { apiName } from "./dispatch/api_name.ts";
import { accessDenied, findsOut, isRefusal } from "./dispatch/access.ts";
import { describeError, noSupport } from "./dispatch/error.ts";
import type { Row } from "./dispatch/row.ts";
import type { ServerAuthentication } from "./authentication/authentication.ts";
import { type EventLimits, EventRegistry } from "./event_registry.ts";
import type { HostSession } from "./host_session.ts";
import type { Identity } from "./identity.ts";

/** Rows by their procedures, for whoever does not know which. */
export type DispatchTable = ReadonlyMap<ProcedureName, Row<never>>;

/** A host that was opened for one client. */
export interface OpenedHost {
  readonly uri: ConnectionUri;
  readonly session: HostSession;
  /** Gives the host back when the client has no call on it any more. */
  release(): Promise<void>;
}

/** Opens hosts for clients. */
export interface HostOpener {
  /**
   * Opens the host that a client names.
   *
   * @param name a connection URI; the daemon's own choice where absent
   * @throws {VirtError} where there is no such host, or this client may not open it.
   */
  open(name: string | undefined, options: OpenHostOptions): Promise<OpenedHost>;
}

/** For whom a host is opened. */
export interface OpenHostOptions {
  readonly readonly: boolean;
  readonly events: EventRegistry;
  readonly identity: Identity;
  readonly client: number;
  /** Where the client is, as the log calls it. */
  readonly from: string;
}

/** What a client's session is made with. */
export interface ClientSessionInit {
  /** The client's number in this daemon. */
  readonly id: number;
  readonly connection: ServerConnection;
  readonly dispatch: DispatchTable;
  readonly hosts: HostOpener;
  readonly authentication: ServerAuthentication;
  /** Whether it came by a socket that is for looking only. */
  readonly readonly: boolean;
  /** How much it may register for. */
  readonly events?: EventLimits;
  /** Hears that somebody has proved who he is. */
  readonly authenticated?: () => void;
}

/** What may be called before anybody has said who he is. */
const early: ReadonlySet<ProcedureName> = new Set<ProcedureName>([
  "authList",
  "authSaslInit",
  "authSaslStart",
  "authSaslStep",
  "authPolkit",
]);

/** A client's session. */
export class ClientSession implements Service {
  readonly id: number;
  readonly connection: ServerConnection;
  readonly authentication: ServerAuthentication;
  readonly events: EventRegistry;
  readonly #init: ClientSessionInit;
  #host: OpenedHost | undefined;
  #opening = false;

  constructor(init: ClientSessionInit) {
    this.id = init.id;
    this.connection = init.connection;
    this.authentication = init.authentication;
    this.#init = init;
    this.events = new EventRegistry(init.connection, init.events);
  }

  /** What the client has opened; none before it has. */
  get host(): HostSession | undefined {
    return this.#host?.session;
  }

  /** The connection URI of what it has opened. */
  get uri(): ConnectionUri | undefined {
    return this.#host?.uri;
  }

  admits(procedure: ProcedureName): boolean {
    // In words that clients understand which are older than the code for this.
    if (!this.authentication.done && !early.has(procedure)) throw rpcError("authentication required");
    return true;
  }

  answer(procedure: ProcedureName, args: unknown): unknown {
    const row = this.#init.dispatch.get(procedure);
    // As libvirt has it of a driver that lacks a function, which is told only of an open connection.
    if (row === undefined) throw this.#host === undefined ? notOpen() : noSupport(procedure);
    // What a row takes is what its procedure's description has just read.
    const given = args as never;
    const host = this.#host?.session;
    if (row.on === "client") {
      refuseUnknownFlags(procedure, { args, known: row.flags });
      const checked = host?.check(procedure, args);
      return checked === undefined ? row.answer(given, this) : checked.then(() => row.answer(given, this));
    }
    if (host === undefined) throw notOpen();
    host.refuseWrite(procedure, args);
    refuseUnknownFlags(procedure, { args, known: row.flags, driver: host.connection.driver });
    const checked = host.check(procedure, args);
    if (host.unlimited) {
      return checked === undefined ? row.answer(given, host) : checked.then(() => row.answer(given, host));
    }
    const call = host.within(procedure, args);
    const answer = checked === undefined
      ? row.answer(given, call)
      : checked.then(() => row.answer(given, call));
    return findsOut(procedure) ? this.#found(procedure, { answer, host }) : answer;
  }

  /** What a call found, where the client may know of it. */
  async #found(
    procedure: ProcedureName,
    { answer, host }: { readonly answer: unknown; readonly host: HostSession },
  ): Promise<unknown> {
    const result = await answer;
    await host.checkFound(procedure, result);
    return result;
  }

  describe(error: unknown, procedure: ProcedureName | undefined): RemoteErrorData {
    const session = this.#host?.session;
    const driver = session?.connection.driver;
    // Who probes learns nothing of why: that is in the audit log.
    if (session?.unlimited === false && isRefusal(error)) return describeError(accessDenied(session));
    return describeError(error, {
      ...(driver === undefined ? {} : { driver }),
      ...(procedure === undefined ? {} : { procedure }),
    });
  }

  /**
   * Opens a host for the client, once.
   *
   * @param readonly whether the client wants no more than to look
   * @throws {VirtError} where it has one, or cannot have this one.
   */
  async openHost(name: string | undefined, { readonly }: { readonly readonly: boolean }): Promise<void> {
    if (this.#host !== undefined || this.#opening) {
      throw new VirtError("internal", "connection already open", { detail: { from: "VIR_FROM_RPC" } });
    }
    this.#opening = true;
    try {
      this.#host = await this.#init.hosts.open(name, {
        readonly: readonly || this.#init.readonly,
        events: this.events,
        identity: this.authentication.identity,
        client: this.id,
        from: this.connection.peer,
      });
      this.events.attach(this.#host.session);
    } finally {
      this.#opening = false;
    }
  }

  /** Gives everything back, when the client has left and its last call has ended. */
  async close(): Promise<void> {
    this.events.close();
    const host = this.#host;
    this.#host = undefined;
    await host?.release();
  }
}

/** The error for a call that needs an open host. */
export function notOpen(): VirtError {
  return new VirtError("internal", "hypervisor connection not open", { detail: { from: "VIR_FROM_RPC" } });
}

function refuseUnknownFlags(
  procedure: ProcedureName,
  { args, known, driver }: { readonly args: unknown; readonly known: number; readonly driver?: string },
): void {
  if (typeof args !== "object" || args === null || !("flags" in args)) return;
  const { flags } = args;
  if (typeof flags !== "number") return;
  const unknown = (flags & ~known) >>> 0;
  if (unknown === 0) return;
  // libvirt's test driver says so by the names of its own functions.
  const name = driver === "test" ? apiName(procedure).replace(/^vir/, "test") : apiName(procedure);
  throw new VirtError(
    "invalid-argument",
    `unsupported flags (0x${unknown.toString(16)}) in function ${name}`,
    { remoteCode: "VIR_ERR_INVALID_ARG" },
  );
}
