/**
 * What a client has opened: one host, and what it may do there.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../model/error.ts";
import type { ObjectRef } from "../model/object.ts";
import type { InputOf, OutputOf } from "../model/operation.ts";
import { type OperationName, type Operations, operations } from "../model/operations/mod.ts";
import type { VirtEvent } from "../model/event.ts";
import { type Procedure, type ProcedureName, procedureRow } from "../protocol/procedures/mod.ts";
import type { Authority, Caller, CallRequest, CallResult } from "../runtime/call.ts";
import type { DriverConnection } from "../runtime/driver.ts";
import type { ManagedObject } from "../runtime/object.ts";
import { sightUse } from "../runtime/permission/uses.ts";
import type { ClientRights } from "./access.ts";
import type { ClientAudit } from "./audit.ts";
import { checkAccess, checkFound, refuseWrite } from "./dispatch/access.ts";
import { hostName } from "./dispatch/objects.ts";
import { RowAuthority } from "./dispatch/row_authority.ts";
import type { EventRegistry } from "./event_registry.ts";

/** Carries calls out. */
export interface CallCarrier {
  /** A call that only looks. */
  read(request: CallRequest): Promise<CallResult>;
  /** A call that changes something; the carrier keeps what record there has to be. */
  write(request: CallRequest): Promise<CallResult>;
  /** Hears what happens on a host. */
  subscribe(connection: DriverConnection, listener: (event: VirtEvent) => void): Disposable;
}

/** What a session is made with. */
export interface HostSessionInit {
  readonly connection: DriverConnection;
  /** The connection URI by which the client opened it. @default the host's own */
  readonly uri?: string;
  readonly carrier: CallCarrier;
  readonly caller: Caller;
  /** What the client wants to be told of. */
  readonly events: EventRegistry;
  /** What the client may do. */
  readonly rights: ClientRights;
  /** Whether nothing may be changed by it, whatever its rights are. */
  readonly readonly: boolean;
  /** What of it is on record. */
  readonly audit?: ClientAudit;
  /** Where bytes of the client wait until all have come. @default the system's place for temporary files */
  readonly transferDirectory?: string;
}

/** What an operation is asked with. */
export interface RunOptions<N extends OperationName> {
  readonly target?: ObjectRef | undefined;
  /** @default nothing */
  readonly input?: InputOf<Operations[N]> | undefined;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** A file that the daemon itself names in the input: the client has not chosen it, and needs no permission for it. */
  readonly ownFile?: string;
}

/** Of clients that may do everything. */
const unlimited: Authority = { check: () => {}, checkReach: () => {}, sees: () => true, seesAll: true };

/** What somebody may do, and beside that have a file read that he has not named himself. */
function withFile(authority: Authority, path: string): Authority {
  const { readsDefinitions } = authority;
  return {
    check: (use) => authority.check(use),
    checkReach: ({ places = [], ...use }) =>
      authority.checkReach({ ...use, places: places.filter(({ value }) => value !== path) }),
    sees: (use) => authority.sees(use),
    ...(readsDefinitions === undefined ? {} : { readsDefinitions }),
  };
}

/** A host that a client has opened. */
export class HostSession {
  readonly connection: DriverConnection;
  /** The connection URI by which the client opened it. */
  readonly uri: string;
  /** What the client wants to be told of. */
  readonly events: EventRegistry;
  readonly caller: Caller;
  /** What of it is on record. */
  readonly audit: ClientAudit | undefined;
  /** Where bytes of the client wait until all have come; the system's place for temporary files where absent. */
  readonly transferDirectory: string | undefined;
  readonly #init: HostSessionInit;
  readonly #carrier: CallCarrier;
  readonly #rights: ClientRights;
  readonly #readonly: boolean;
  readonly #base: Pick<CallRequest, "connections" | "connection" | "caller">;

  constructor(init: HostSessionInit) {
    const { connection, carrier, caller, events, rights, readonly } = init;
    this.connection = connection;
    this.uri = init.uri ?? connection.uri.text;
    this.transferDirectory = init.transferDirectory;
    this.events = events;
    this.caller = caller;
    this.audit = init.audit;
    this.#init = init;
    this.#carrier = carrier;
    this.#rights = rights;
    this.#readonly = readonly;
    this.#base = { connections: new Map([[hostName, connection]]), connection: hostName, caller };
  }

  /** The same session within one call, in which the client may do what the call's row in the table names. */
  within(procedure: ProcedureName, args: unknown): HostSession {
    // The arguments are what this very row has read.
    const row = procedureRow(procedure) as Procedure;
    const authority = new RowAuthority(() => this.authority, { row, args });
    return new HostSession({ ...this.#init, rights: { authority, looksOnly: this.readonly } });
  }

  /** Whether nothing may be changed by it. */
  get readonly(): boolean {
    return this.#readonly || this.#rights.looksOnly;
  }

  /** Decides what the client may do. */
  get authority(): Authority {
    return this.#rights.authority ?? unlimited;
  }

  /** Whether the client may do everything that there is. */
  get unlimited(): boolean {
    return this.#rights.authority === undefined;
  }

  /**
   * Carries out one operation, with permission, slot and record as for any caller.
   *
   * @throws {VirtError} what the operation ended with.
   */
  async run<N extends OperationName>(
    operation: N,
    options: RunOptions<N> = {},
  ): Promise<OutputOf<Operations[N]>> {
    const { target, input = {}, signal, ownFile } = options;
    const { authority } = this;
    const request: CallRequest = {
      ...this.#base,
      authority: ownFile === undefined ? authority : withFile(authority, ownFile),
      operation,
      input,
      ...(target === undefined ? {} : { target }),
      ...(signal === undefined ? {} : { signal }),
    };
    const writes = operations.get(operation)?.effect === "write";
    const { outcome } = await (writes ? this.#carrier.write(request) : this.#carrier.read(request));
    if (outcome.kind !== "done") throw fromErrorData(outcome.error);
    // The driver function's type says so; the kernel hands on what it answers.
    return outcome.value as OutputOf<Operations[N]>;
  }

  /**
   * Refuses what the client may not change.
   *
   * @throws {VirtError} `permission-denied`
   */
  refuseWrite(procedure: ProcedureName, args: unknown): void {
    refuseWrite(procedure, { args, session: this });
  }

  /**
   * Asks for the permissions that libvirt's table demands for a call. `undefined` where there is nothing to wait for.
   *
   * @throws {VirtError} `permission-denied`; `not-found`
   */
  check(procedure: ProcedureName, args: unknown): Promise<void> | undefined {
    return this.unlimited ? undefined : checkAccess(procedure, { args, session: this });
  }

  /**
   * Asks whether a call may have found what it found. `undefined` where there is nothing to wait for.
   *
   * @throws {VirtError} `permission-denied`
   */
  checkFound(procedure: ProcedureName, result: unknown): Promise<void> | undefined {
    return this.unlimited ? undefined : checkFound(procedure, { result, session: this });
  }

  /** Hears what happens on the host, seen or not. */
  listen(listener: (event: VirtEvent) => void): Disposable {
    return this.#carrier.subscribe(this.connection, listener);
  }

  /** Whether the client may know of an object. */
  maySee(ref: ObjectRef): boolean {
    if (this.unlimited) return true;
    const options = {
      operation: "events",
      when: "listed",
      name: hostName,
      connection: this.connection,
    } as const;
    return this.authority.sees(sightUse(ref, options));
  }

  /** Whether the host's driver has an operation. */
  supports(operation: OperationName): boolean {
    return Object.hasOwn(this.connection.implementations, operation);
  }

  /**
   * The object that a reference means.
   *
   * @throws {VirtError} `not-found`
   */
  find(ref: ObjectRef): ManagedObject {
    const object = this.connection.find(ref);
    if (object !== undefined && object.phase !== "removed") return object;
    throw new VirtError("not-found", `no ${ref.$ref} with matching id '${ref.id}' (${ref.name})`);
  }

  /** The number of a domain while it runs, else -1. */
  domainId(id: string): number {
    const live: unknown = this.connection.find({ $ref: "domain", id })?.live;
    return typeof live === "object" && live !== null && "id" in live && typeof live.id === "number"
      ? live.id
      : -1;
  }
}
