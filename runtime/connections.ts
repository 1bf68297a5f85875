/**
 * Open connections: one per driver and URI, shared by all who ask, and their numbered events.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { VirtEvent } from "../model/event.ts";
import { parseUri } from "../model/uri.ts";
import type { Driver, DriverConnection, DriverEnvironment } from "./driver.ts";
import type { JobEvent } from "./job.ts";

/** Hears events of one connection. */
export type EventListener = (event: VirtEvent) => void;

interface Open {
  readonly connection: Promise<DriverConnection>;
}

interface Subject {
  sequence: number;
  readonly listeners: Set<EventListener>;
}

/** The kernel's connections. */
export class Connections {
  readonly #drivers: readonly Driver[];
  readonly #environment: DriverEnvironment;
  readonly #open = new Map<string, Open>();
  readonly #subjects = new Map<DriverConnection, Subject>();

  constructor(drivers: readonly Driver[], environment: DriverEnvironment) {
    this.#drivers = drivers;
    this.#environment = environment;
  }

  /**
   * The connection for a URI, opened on the first call.
   *
   * @throws {VirtError} `unsupported` where no driver serves the scheme; the driver's error where it cannot connect.
   */
  connect(text: string): Promise<DriverConnection> {
    const known = this.#open.get(text);
    if (known !== undefined) return known.connection;
    const connection = this.#connect(text);
    this.#open.set(text, { connection });
    connection.catch(() => this.#open.delete(text));
    return connection;
  }

  /** Every connection that is open. */
  async opened(): Promise<readonly DriverConnection[]> {
    const settled = await Promise.allSettled([...this.#open.values()].map(({ connection }) => connection));
    return settled.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  }

  /**
   * Numbers and stamps an event and hands it to the connection's subscribers. A subscription counts from the end of
   * the first enumeration on: what that finds is no event. A subscriber that fails is not told any more.
   */
  publish(connection: DriverConnection, { object, type, detail }: JobEvent): void {
    if (!connection.ready.settled) return;
    const subject = this.#subject(connection);
    const event: VirtEvent = {
      sequence: ++subject.sequence,
      at: this.#environment.clock.now(),
      object: object.ref("host"),
      type,
      ...(detail === undefined ? {} : { detail }),
    };
    for (const listener of [...subject.listeners]) {
      try {
        listener(event);
      } catch {
        subject.listeners.delete(listener);
      }
    }
  }

  /** Hears everything that happens on a connection from now on. */
  subscribe(connection: DriverConnection, listener: EventListener): Disposable {
    const { listeners } = this.#subject(connection);
    listeners.add(listener);
    return { [Symbol.dispose]: () => listeners.delete(listener) };
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    const open = await this.opened();
    this.#open.clear();
    this.#subjects.clear();
    await Promise.all(open.map((connection) => connection.close()));
  }

  async #connect(text: string): Promise<DriverConnection> {
    const uri = parseUri(text);
    const driver = this.#drivers.find((each) => each.serves?.(uri) ?? each.schemes.includes(uri.driver));
    if (driver === undefined) {
      const known = [...new Set(this.#drivers.flatMap(({ schemes }) => schemes))].join(", ");
      throw new VirtError("unsupported", `Cannot connect to "${text}": no driver serves "${uri.driver}"`, {
        hint: `Schemes that are served: ${known}`,
      });
    }
    const connection = await driver.connect(uri, this.#environment);
    connection.onEvent((event) => this.publish(connection, event));
    return connection;
  }

  #subject(connection: DriverConnection): Subject {
    return this.#subjects.getOrInsertComputed(connection, () => ({ sequence: 0, listeners: new Set() }));
  }
}
