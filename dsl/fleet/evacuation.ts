/**
 * Emptying a host by live migration: who goes where, who cannot go, and the moves.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { MigrateInput } from "../domain.ts";
import type { Duration } from "../duration.ts";
import type { Domain, Host } from "../handles.ts";
import { labelValues } from "./apart.ts";
import { labelsInDefinition, type LocalDisk, tiesIn } from "./definition.ts";
import { type Boarder, type HostRoom, place, type Unplaced } from "./placement.ts";

/** By what domains are placed on other hosts. */
export interface PlacementOptions {
  /** Memory that stays free on each host, in MiB. @default 512 */
  readonly reserveMib?: number;
  /** How much of a host's memory may be promised: 1.2 is a fifth more than there is. @default 1 */
  readonly memoryOvercommit?: number;
  /** How many virtual processors a processor of the host may carry. @default 4 */
  readonly cpuOvercommit?: number;
  /** Names of labels: domains with the same value (`role=db`) are not placed on one host. */
  readonly apart?: readonly string[];
  /** Names of labels: domains with the same value are placed on one host, where others with it are. */
  readonly together?: readonly string[];
  /** What hosts have, by their names. A domain with the label `host=ssd` goes only where `ssd` is. */
  readonly hostLabels?: Readonly<Record<string, readonly string[]>>;
}

/** How a host is emptied. */
export interface EvacuationOptions extends PlacementOptions {
  /** Where its domains may go. */
  readonly to: readonly Host[];
  /** Which domains, as a glob over names. @default "*" */
  readonly domains?: string;
  /**
   * Whether the hosts see the same disks. `"check"`: those in pools on a network count as shared, and domains with others
   * cannot move. `"shared"`: you say that all are. `"copy"`: those that are not are copied, to images that exist there.
   * @default "check"
   */
  readonly storage?: "check" | "shared" | "copy";
  /** What to do about domains that run and cannot move: refuse to begin, or leave them. @default "refuse" */
  readonly blocked?: "refuse" | "leave";
  /** What to do about domains that are off: leave them, or move their definitions. @default "leave" */
  readonly off?: "leave" | "move";
}

/** How one domain is moved. */
export interface MoveOptions {
  /** How long one move may take before it is aborted. @default "1h" */
  readonly within?: Duration;
  /** More for each migration. */
  readonly migrate?: Omit<MigrateInput, "to">;
}

/** A domain that is to move. */
export interface PlannedMove {
  /** The domain, where it is now. */
  readonly domain: Domain;
  /** The run's name for the host that it goes to. */
  readonly to: string;
  /** Whether only its definition moves, since it is off. */
  readonly offline: boolean;
  /** Whether its disks are copied. */
  readonly copies: boolean;
}

/** A domain that stays, and why. */
export interface Staying {
  /** The domain. */
  readonly domain: Domain;
  /** Whether it runs: what is off keeps no host from being worked on. */
  readonly running: boolean;
  /** What keeps it there. */
  readonly why: string;
  /** What can be done about it. */
  readonly options: string;
}

/** A domain as it is to be placed. */
interface Mover extends Boarder {
  readonly domain: Domain;
  readonly offline: boolean;
  readonly copies: boolean;
}

/** States in which a domain uses nothing of its host. */
const off: readonly string[] = ["shutoff", "crashed"];

/** Types of pools whose volumes other hosts see too. */
const networkPools: readonly string[] = ["netfs", "gluster", "rbd", "sheepdog", "iscsi", "iscsi-direct"];

/**
 * Who of a host goes where. Nothing is changed by it.
 */
export class Evacuation {
  /** The host that is to be empty. */
  readonly host: Host;
  /** Who goes where. */
  readonly moves: readonly PlannedMove[];
  /** Who stays, and why. */
  readonly staying: readonly Staying[];
  /** Who finds no room. */
  readonly unplaced: readonly Unplaced<Boarder>[];
  readonly #to: ReadonlyMap<string, Host>;
  readonly #refusesBlocked: boolean;

  /** @ignore Use {@linkcode planEvacuation}. */
  constructor(
    host: Host,
    { moves, staying, unplaced, to, refusesBlocked }:
      & Pick<Evacuation, "moves" | "staying" | "unplaced">
      & { readonly to: readonly Host[]; readonly refusesBlocked: boolean },
  ) {
    this.host = host;
    this.moves = moves;
    this.staying = staying;
    this.unplaced = unplaced;
    this.#to = new Map(to.map((each) => [each.connection, each]));
    this.#refusesBlocked = refusesBlocked;
  }

  /**
   * Refuses a plan that cannot be carried out, before anything is moved.
   *
   * @throws {VirtError} `wrong-state`, naming each domain that does not fit, where and why, and each that cannot move.
   */
  refuseImpossible(): void {
    const blocked = this.#refusesBlocked ? this.staying.filter(({ running }) => running) : [];
    if (this.unplaced.length === 0 && blocked.length === 0) return;
    const lines = [
      ...this.unplaced.map(({ domain, reasons }) =>
        `domain "${domain.name}" fits nowhere: ${
          reasons.map(({ host, why }) => `on "${host}": ${why}`).join("; ") || "there is no other host"
        }`
      ),
      ...blocked.map(({ domain, why, options }) => `${domain} cannot move: ${why}; ${options}`),
    ];
    throw new VirtError(
      "wrong-state",
      `Cannot empty host "${this.host.connection}", and nothing was moved:\n${lines.join("\n")}`,
      {
        target: `host "${this.host.connection}"`,
        hint: "Free room or name more hosts; leave domains where they are by selecting fewer",
        detail: {
          unplaced: this.unplaced.map(({ domain: { name }, reasons }) => ({ name, reasons })),
          blocked: blocked.map(({ domain: { name }, why, options }) => ({ name, why, options })),
        },
      },
    );
  }

  /** Moves one of the domains, and gives its handle where it is then. */
  async move({ domain, to, offline, copies }: PlannedMove, options: MoveOptions = {}): Promise<Domain> {
    const { within = "1h", migrate = {} } = options;
    const host = this.#to.get(to);
    if (host === undefined) throw new VirtError("not-found", `The run has no host "${to}"`);
    const how = offline ? { live: false, offline: true, persistent: true } : {};
    const disks = copies ? { copyStorage: "all" as const } : {};
    return await domain.migrate({ ...migrate, ...how, ...disks, to: host }, { within });
  }
}

/**
 * Plans how a host is emptied: asks it for its domains, the others for their room, and finds a place for each. Room is what
 * is promised to nobody: the memory and processors of a host without those of the domains that run there.
 *
 * Needs `connect:search_domains,read,search_storage_pools`, `domain:getattr,read`, `storage_pool:getattr,read`; to move them
 * `domain:migrate,write,save,start,stop`.
 *
 * @throws {VirtError} `invalid-argument` where the host is among those that its domains shall go to.
 *
 * @example
 * ```ts
 * import { type Host, planEvacuation } from "drover";
 *
 * export async function empty(host: Host, others: readonly Host[]): Promise<number> {
 *   const plan = await planEvacuation(host, { to: others, apart: ["role"], storage: "shared" });
 *   plan.refuseImpossible();
 *   for (const move of plan.moves) await plan.move(move, { within: "10m" });
 *   return plan.moves.length;
 * }
 * ```
 */
export async function planEvacuation(host: Host, options: EvacuationOptions): Promise<Evacuation> {
  const { to, off: offWord = "leave", blocked = "refuse" } = options;
  if (to.some(({ connection }) => connection === host.connection)) {
    throw new VirtError("invalid-argument", `Cannot move what is on host "${host.connection}" to itself`);
  }
  const entries = await host.listDomains({ name: options.domains ?? "*" });
  const isShared = await sharing(host, options);
  const movers: Mover[] = [];
  const staying: Staying[] = [];
  for (const { domain, state, persistent } of entries) {
    const isOff = off.includes(state);
    if (isOff && offWord === "leave") {
      staying.push(stays(domain, false, "it is off", "move its definition too with off: move"));
      continue;
    }
    const xml = await domain.xml();
    const { hostDevices, disks } = tiesIn(xml);
    const local = disks.filter((disk) => !isShared(disk));
    if (hostDevices.length > 0 && !isOff) {
      const option =
        "take it out with vm.detachDevice, shut the domain down, or leave it with blocked: leave";
      staying.push(stays(domain, true, `it has ${[...new Set(hostDevices)].join(", ")}`, option));
    } else if (local.length > 0 && options.storage !== "copy") {
      const told = local.map(({ target, source }) => `${target} (${source})`).join(", ");
      const option = "say storage: shared where all hosts see the same files, or storage: copy";
      staying.push(
        stays(domain, !isOff, `its disk ${told} is on this host alone, as far as can be seen`, option),
      );
    } else {
      const { maxMemoryKib, vcpus } = await domain.info();
      const labels = labelsInDefinition(xml);
      movers.push({
        domain,
        name: domain.name,
        // What is off uses nothing there until somebody starts it.
        memoryKib: isOff ? 0 : maxMemoryKib,
        vcpus: isOff ? 0 : vcpus,
        needs: labelValues(labels, "host"),
        ...wordsOf(labels, options),
        offline: isOff && persistent,
        copies: local.length > 0,
      });
    }
  }
  const rooms = await Promise.all(to.map((each) => roomOf(each, options)));
  const { places, unplaced } = place(movers, rooms);
  return new Evacuation(host, {
    moves: [...places].map(([{ domain, offline, copies }, name]) => ({ domain, to: name, offline, copies })),
    staying,
    unplaced,
    to,
    refusesBlocked: blocked === "refuse",
  });
}

function stays(domain: Domain, running: boolean, why: string, options: string): Staying {
  return { domain, running, why, options };
}

/** What keeps a domain apart from others and brings it to others. */
function wordsOf(
  labels: readonly string[],
  { apart = [], together = [] }: PlacementOptions,
): Pick<Boarder, "apart" | "together"> {
  const words = (names: readonly string[]): readonly string[] =>
    names.flatMap((name) => labelValues(labels, name).map((value) => `${name}=${value}`));
  return { apart: words(apart), together: words(together) };
}

/** What a host has for more domains. */
async function roomOf(host: Host, options: PlacementOptions): Promise<HostRoom> {
  const { reserveMib = 512, memoryOvercommit = 1, cpuOvercommit = 4, hostLabels = {} } = options;
  const { memoryKib, cpus } = await host.nodeInfo();
  const stats = await host.stats({ active: true, groups: ["balloon", "vcpu"] });
  const sum = (name: string): number => stats.reduce((all, each) => all + Number(each.stats[name] ?? 0), 0);
  const looksAtLabels = [...options.apart ?? [], ...options.together ?? []].length > 0;
  const present = looksAtLabels
    ? await Promise.all(stats.map(async ({ domain }) => ({
      name: domain.name,
      ...wordsOf(await labelsIfThere(domain), options),
    })))
    : [];
  return {
    name: host.connection,
    memoryKib: Math.floor(memoryKib * memoryOvercommit) - reserveMib * 1024 - sum("balloon.maximum"),
    cpus: Math.floor(cpus * cpuOvercommit) - sum("vcpu.current"),
    labels: hostLabels[host.connection] ?? [],
    present,
  };
}

/** The labels of a domain that may be gone meanwhile. */
async function labelsIfThere(domain: Domain): Promise<readonly string[]> {
  try {
    return labelsInDefinition(await domain.xml());
  } catch (error) {
    if (isVirtError(error, "not-found")) return [];
    throw error;
  }
}

/** Tells of a disk whether other hosts see it too. */
async function sharing(
  host: Host,
  { storage = "check" }: EvacuationOptions,
): Promise<(disk: LocalDisk) => boolean> {
  if (storage === "shared") return () => true;
  const pools = await host.pools({ active: true });
  const shared =
    (await Promise.all(pools.map((pool) => pool.info().then((info) => ({ name: pool.name, ...info })))))
      .filter(({ type }) => networkPools.includes(type));
  return ({ path, pool: name }) =>
    shared.some(({ name: pool, path: folder }) =>
      pool === name || (folder !== undefined && path?.startsWith(`${folder}/`) === true)
    );
}
