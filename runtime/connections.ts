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
import { type ConnectOptions, Opening } from "./opening.ts";

/** Hears events of one connection. */
export type EventListener = (event: VirtEvent) => void;

interface Open {
  readonly opening: Opening;
  /** How many have borrowed it. */
  borrowers: number;
  /** Whether it stays open although nobody borrows it. */
  kept: boolean;
}

/** A connection for a while; it is closed when the last who borrowed it has given it back. */
export interface BorrowedConnection extends AsyncDisposable {
  readonly connection: DriverConnection;
}

/** How a connection is borrowed. */
export interface BorrowOptions extends ConnectOptions {
  /** Not shared with anybody. @default false */
  readonly alone?: boolean;
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
  #borrowed = 0;

  constructor(drivers: readonly Driver[], environment: DriverEnvironment) {
    this.#drivers = drivers;
    this.#environment = environment;
  }

  /**
   * The connection for a URI, opened on the first call.
   *
   * @throws {VirtError} `unsupported` where no driver serves the scheme; the driver's error where it cannot connect.
   * @throws the signal's reason.
   */
  async connect(text: string, options: ConnectOptions = {}): Promise<DriverConnection> {
    const opened = this.#opened(text, { text, options });
    opened.kept = true;
    return await opened.opening.wait(options);
  }

  /**
   * The connection for a URI, to be given back: it is closed when nobody has it any more.
   *
   * @throws {VirtError} as {@linkcode connect} does
   */
  async borrow(text: string, options: BorrowOptions = {}): Promise<BorrowedConnection> {
    const key = options.alone === true ? `${text} ${++this.#borrowed}` : text;
    const opened = this.#opened(key, { text, options });
    opened.borrowers++;
    let given = false;
    const giveBack = async (): Promise<void> => {
      if (given) return;
      given = true;
      if (--opened.borrowers > 0 || opened.kept) return;
      if (this.#open.get(key) === opened) this.#open.delete(key);
      const connection = await opened.opening.connection.catch(() => undefined);
      if (connection === undefined) return;
      this.#subjects.delete(connection);
      await connection.close();
    };
    try {
      return { connection: await opened.opening.wait(options), [Symbol.asyncDispose]: giveBack };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  /** Every connection that is open. */
  async opened(): Promise<readonly DriverConnection[]> {
    const settled = await Promise.allSettled(
      [...this.#open.values()].map(({ opening }) => opening.connection),
    );
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

  /** What is open under a key, opened where it is not. */
  #opened(
    key: string,
    { text, options }: { readonly text: string; readonly options: ConnectOptions },
  ): Open {
    const known = this.#open.get(key);
    if (known !== undefined && !known.opening.abandoned) return known;
    const opening = new Opening((how) => this.#connect(text, how), options);
    const opened: Open = { opening, borrowers: 0, kept: false };
    this.#open.set(key, opened);
    opening.connection.catch(() => {
      if (this.#open.get(key) === opened) this.#open.delete(key);
    });
    return opened;
  }

  async #connect(
    text: string,
    { signal, person }: Required<ConnectOptions>,
  ): Promise<DriverConnection> {
    const uri = parseUri(text);
    const driver = this.#drivers.find((each) => each.serves?.(uri) ?? each.schemes.includes(uri.driver));
    if (driver === undefined) {
      const known = [...new Set(this.#drivers.flatMap(({ schemes }) => schemes))].join(", ");
      throw new VirtError("unsupported", `Cannot connect to "${text}": no driver serves "${uri.driver}"`, {
        hint: `Schemes that are served: ${known}`,
      });
    }
    const environment = { ...this.#environment, person };
    const connection = await driver.connect(uri, {
      ...environment,
      signal: AbortSignal.any([environment.signal, signal]),
    });
    connection.onEvent((event) => this.publish(connection, event));
    return connection;
  }

  #subject(connection: DriverConnection): Subject {
    return this.#subjects.getOrInsertComputed(connection, () => ({ sequence: 0, listeners: new Set() }));
  }
}
