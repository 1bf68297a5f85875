/**
 * Placing domains on hosts, so that each has room and nobody is beside whom it must not be.
 *
 * @module
 */

/** A host with what it still has for domains. */
export interface HostRoom {
  /** The run's name for it. */
  readonly name: string;
  /** Memory that is promised to nobody, in KiB. */
  readonly memoryKib: number;
  /** Virtual processors that it may still take. */
  readonly cpus: number;
  readonly labels: readonly string[];
  /** What runs there already, for those that must be apart or together. */
  readonly present: readonly Pick<Boarder, "name" | "apart" | "together">[];
}

/** A domain that is to be placed. */
export interface Boarder {
  readonly name: string;
  readonly memoryKib: number;
  readonly vcpus: number;
  /** Labels that its host must have. */
  readonly needs: readonly string[];
  /** Words that no other domain on its host may have. */
  readonly apart: readonly string[];
  /** Words that bring it to where the others are that have them. */
  readonly together: readonly string[];
}

/** A domain for which there is no place, with what is in the way on each host. */
export interface Unplaced<B> {
  readonly domain: B;
  readonly reasons: readonly { readonly host: string; readonly why: string }[];
}

/** Where each domain goes. */
export interface Placement<B> {
  readonly places: ReadonlyMap<B, string>;
  /** Those that do not fit beside the others; empty where all have a place. */
  readonly unplaced: readonly Unplaced<B>[];
}

/** How many tries a search makes before it counts as one that finds nothing. */
const mostTries = 20_000;

/**
 * Places domains: the largest first, each where most memory is left, and others tried where that leads nowhere. What is in
 * the way is told of those that do not fit beside the rest.
 */
export function place<B extends Boarder>(domains: readonly B[], hosts: readonly HostRoom[]): Placement<B> {
  const largestFirst = domains.toSorted((a, b) =>
    b.memoryKib - a.memoryKib || b.vcpus - a.vcpus || (a.name < b.name ? -1 : 1)
  );
  const search = new Search<B>(hosts);
  if (search.placeAll(largestFirst)) return { places: search.places, unplaced: [] };
  return search.placeSome(largestFirst);
}

/** Tries places, and takes them back. */
class Search<B extends Boarder> {
  readonly places = new Map<B, string>();
  readonly #rooms: readonly Room<B>[];
  #tries = 0;

  constructor(hosts: readonly HostRoom[]) {
    this.#rooms = hosts.map((host) => new Room(host));
  }

  /** Places all from an index on, or none. */
  placeAll(domains: readonly B[], from = 0): boolean {
    const domain = domains[from];
    if (domain === undefined) return true;
    for (const room of this.#roomiest()) {
      if (++this.#tries > mostTries) return false;
      if (this.#inTheWay(domain, room) !== undefined) continue;
      this.#take(domain, room);
      if (this.placeAll(domains, from + 1)) return true;
      this.#giveBack(domain, room);
    }
    return false;
  }

  /** Places what goes, and says why the others do not. */
  placeSome(domains: readonly B[]): Placement<B> {
    const unplaced: Unplaced<B>[] = [];
    for (const domain of domains) {
      const reasons: { host: string; why: string }[] = [];
      const room = this.#roomiest().find((each) => {
        const why = this.#inTheWay(domain, each);
        if (why !== undefined) reasons.push({ host: each.name, why });
        return why === undefined;
      });
      if (room === undefined) unplaced.push({ domain, reasons });
      else this.#take(domain, room);
    }
    return { places: this.places, unplaced };
  }

  #roomiest(): readonly Room<B>[] {
    return this.#rooms.toSorted((a, b) => b.memoryKib - a.memoryKib || (a.name < b.name ? -1 : 1));
  }

  #inTheWay(domain: B, room: Room<B>): string | undefined {
    const own = room.inTheWay(domain);
    if (own !== undefined) return own;
    for (const word of domain.together) {
      if (room.together.has(word)) continue;
      const elsewhere = this.#rooms.find(({ together }) => together.has(word));
      if (elsewhere !== undefined) return `"${word}" is on "${elsewhere.name}", and belongs together`;
    }
    return undefined;
  }

  #take(domain: B, room: Room<B>): void {
    this.places.set(domain, room.name);
    room.take(domain);
  }

  #giveBack(domain: B, room: Room<B>): void {
    this.places.delete(domain);
    room.giveBack(domain);
  }
}

/** A host that fills. */
class Room<B extends Boarder> {
  readonly name: string;
  memoryKib: number;
  cpus: number;
  readonly #labels: ReadonlySet<string>;
  readonly #boarders: Pick<Boarder, "name" | "apart" | "together">[];

  constructor({ name, memoryKib, cpus, labels, present }: HostRoom) {
    this.name = name;
    this.memoryKib = memoryKib;
    this.cpus = cpus;
    this.#labels = new Set(labels);
    this.#boarders = [...present];
  }

  /** What belongs together and is here. */
  get together(): ReadonlySet<string> {
    return new Set(this.#boarders.flatMap(({ together }) => together));
  }

  inTheWay(domain: B): string | undefined {
    const { memoryKib, vcpus, needs, apart } = domain;
    if (memoryKib > this.memoryKib) {
      return `needs ${sizeText(memoryKib)} of memory, ${sizeText(Math.max(0, this.memoryKib))} left`;
    }
    if (vcpus > this.cpus) {
      return `needs ${vcpus} virtual processors, ${Math.max(0, Math.floor(this.cpus))} left`;
    }
    const lacking = needs.find((label) => !this.#labels.has(label));
    if (lacking !== undefined) return `the host has no label "${lacking}"`;
    for (const word of apart) {
      const other = this.#boarders.find((each) => each.apart.includes(word));
      if (other !== undefined) return `"${other.name}" is there, and has "${word}" too`;
    }
    return undefined;
  }

  take(domain: B): void {
    this.memoryKib -= domain.memoryKib;
    this.cpus -= domain.vcpus;
    this.#boarders.push(domain);
  }

  giveBack(domain: B): void {
    this.memoryKib += domain.memoryKib;
    this.cpus += domain.vcpus;
    this.#boarders.splice(this.#boarders.lastIndexOf(domain), 1);
  }
}

function sizeText(kib: number): string {
  const gib = kib / 1024 ** 2;
  return gib >= 1 ? `${Number(gib.toFixed(1))} GiB` : `${Math.round(kib / 1024)} MiB`;
}
