/**
 * The clients of a daemon: how many there may be, and who has to wait.
 *
 * @module
 */

/** How many clients there may be. The defaults are libvirt's. */
export interface ClientLimits {
  /** Clients that are served. @default 5000 */
  readonly maxClients?: number;
  /** Clients that have connected and are not served yet, because there are too many. @default 1000 */
  readonly maxQueued?: number;
  /** Clients that have not said yet who they are; while there are so many, nobody else is served. @default 20 */
  readonly maxAnonymous?: number;
}

/** A client's place among those that are served. */
export interface ClientPlace extends Disposable {
  readonly id: number;
  /** The client has said who it is. */
  known(): void;
}

/** Begins to serve a client in its place. */
export type Begin = (place: ClientPlace) => void;

/** What is to become of somebody who has connected. */
export interface Arrival {
  /** Whether it has to say who it is. */
  readonly anonymous: boolean;
  readonly begin: Begin;
}

const defaultLimits: Required<ClientLimits> = { maxClients: 5000, maxQueued: 1000, maxAnonymous: 20 };

/** The clients of a daemon. */
export class ClientTable {
  #limits: Required<ClientLimits>;
  readonly #queue = new Set<Arrival>();
  #clients = 0;
  #anonymous = 0;
  #last = 0;
  #onChange: (() => void) | undefined;

  constructor(limits: ClientLimits = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Counts by other limits. Whoever is served already stays. */
  limit(limits: ClientLimits): void {
    this.#limits = { ...defaultLimits, ...limits };
    this.#next();
  }

  /** Clients that are served. */
  get size(): number {
    return this.#clients;
  }

  /** Clients that wait to be served. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Hears that the numbers have changed. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /**
   * Serves somebody who has connected, now or when there is room.
   *
   * @returns ends the wait when it is disposed; nothing where so many wait that this one cannot
   */
  arrive(arrival: Arrival): Disposable | undefined {
    if (this.#queue.size === 0 && this.#hasRoom) {
      this.#begin(arrival);
    } else {
      if (this.#queue.size >= this.#limits.maxQueued) return undefined;
      this.#queue.add(arrival);
    }
    return { [Symbol.dispose]: () => void this.#queue.delete(arrival) };
  }

  get #hasRoom(): boolean {
    const { maxClients, maxAnonymous } = this.#limits;
    return this.#clients < maxClients && this.#anonymous < maxAnonymous;
  }

  #begin({ anonymous, begin }: Arrival): void {
    this.#clients++;
    let unknown = anonymous;
    let gone = false;
    if (unknown) this.#anonymous++;
    const known = (): void => {
      if (!unknown) return;
      unknown = false;
      this.#anonymous--;
      this.#next();
    };
    const leave = (): void => {
      if (gone) return;
      gone = true;
      this.#clients--;
      known();
      this.#next();
    };
    begin({ id: ++this.#last, known, [Symbol.dispose]: leave });
    this.#onChange?.();
  }

  #next(): void {
    for (const arrival of this.#queue) {
      if (!this.#hasRoom) break;
      this.#queue.delete(arrival);
      this.#begin(arrival);
    }
    this.#onChange?.();
  }
}
