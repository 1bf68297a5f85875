/**
 * What a client wants to be told of.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { VirtEvent } from "../model/event.ts";
import type { ServerConnection } from "../protocol/server/mod.ts";
import type { HostSession } from "./host_session.ts";

/** Tells a client of an event, where it is one of those that were asked for. */
export type Telling = (
  event: VirtEvent,
  to: { readonly connection: ServerConnection; readonly session: HostSession; readonly callback: number },
) => void;

/** What a client registers for. */
export interface Registration {
  /** What it is about, and which of its events: `domain:0`. Deregistering needs both to be the same. */
  readonly kind: string;
  /** The object; every object of its class where absent. */
  readonly id?: string;
  readonly tell: Telling;
}

/** How much may be registered for. */
export interface EventLimits {
  /** Registrations of one client at a time. libvirt has no limit. @default 1024 */
  readonly maxRegistrations?: number;
}

/** The registrations of one client. */
export class EventRegistry {
  readonly #connection: ServerConnection;
  readonly #maxRegistrations: number;
  readonly #registrations = new Map<number, Registration>();
  #host: { readonly session: HostSession; readonly listening: Disposable } | undefined;
  #next = 0;
  /** Whether the client wants to hear when the host is lost. */
  watchesClose = false;

  constructor(connection: ServerConnection, { maxRegistrations = 1024 }: EventLimits = {}) {
    this.#connection = connection;
    this.#maxRegistrations = maxRegistrations;
  }

  /** Listens to the host that the client has opened. */
  attach(session: HostSession): void {
    this.#host = { session, listening: session.listen((event) => this.#tell(event, session)) };
  }

  /**
   * Adds a registration.
   *
   * @returns its number, which goes with each event
   * @throws {VirtError} `budget-exceeded` where the client has as many as it may.
   */
  add(registration: Registration): number {
    if (this.#registrations.size >= this.#maxRegistrations) {
      throw new VirtError(
        "budget-exceeded",
        `a client may have no more than ${this.#maxRegistrations} registrations for events at a time`,
      );
    }
    const callback = this.#next++;
    this.#registrations.set(callback, registration);
    return callback;
  }

  /**
   * Takes a registration back.
   *
   * @throws {VirtError} `internal`, as libvirt has it, where there is none of this number and kind.
   */
  remove(callback: number, objectClass: string): void {
    const registration = this.#registrations.get(callback);
    if (registration?.kind.startsWith(`${objectClass}:`) !== true) {
      throw new VirtError("internal", `${objectClass} event callback ${callback} not registered`, {
        detail: { from: "VIR_FROM_RPC" },
      });
    }
    this.#registrations.delete(callback);
  }

  /** The number of the registration of this kind; none where there is none. */
  find(kind: string): number | undefined {
    for (const [callback, registration] of this.#registrations) {
      if (registration.kind === kind) return callback;
    }
    return undefined;
  }

  /** Tells nothing more. */
  close(): void {
    this.#registrations.clear();
    this.#host?.listening[Symbol.dispose]();
    this.#host = undefined;
  }

  #tell(event: VirtEvent, session: HostSession): void {
    if (this.#registrations.size === 0 || !session.maySee(event.object)) return;
    for (const [callback, { id, tell }] of this.#registrations) {
      if (id !== undefined && id !== event.object.id) continue;
      tell(event, { connection: this.#connection, session, callback });
    }
  }
}
