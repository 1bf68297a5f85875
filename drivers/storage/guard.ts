/**
 * The guard of the storage graph: whoever removes, merges or overwrites an image that something else is made of is refused, and
 * sees the graph.
 *
 * It looks before it acts, and somebody else on the host may still come in between.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ParsedInputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { DriverMap, Implementation, Job } from "../../runtime/driver.ts";
import { sourceOf } from "../device.ts";
import { attributeOf, readXml } from "../xml_span.ts";
import { chainOf, overlaysOf, type VolumePlaces } from "./documents.ts";
import { type StorageFacts, StorageGraph } from "./graph.ts";

/** What a driver reads for the guard. */
export interface StorageView {
  readonly facts: StorageFacts;
  /** Where volumes are, by pool and name. */
  readonly places: VolumePlaces;
  /** The paths of the volumes of each pool, by the pool's UUID and the volume's name. */
  readonly volumes: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** A domain's definition in force, by the domain's UUID. */
  readonly domains: ReadonlyMap<string, string>;
  /** The documents of a domain's snapshots, by the domain's UUID and the snapshot's name. */
  readonly snapshots: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What an operation is going to do to images. */
interface Touched {
  /** Images that go, or that will hold something else. */
  readonly images: readonly string[];
  /** The domain whose own images may need each other. */
  readonly domain?: string;
  /** Images that go together with them. */
  readonly together?: readonly string[];
  /** For the error: `delete`, `bring images down in`. */
  readonly doing: string;
}

/** The operations that the guard stands before. */
type Guarded =
  | "volume.delete"
  | "volume.wipe"
  | "pool.delete"
  | "snapshot.delete"
  | "snapshot.revert"
  | "domain.blockCommit";

/** What each guarded operation does to images; `undefined` where it does nothing to any. */
const touching: {
  readonly [N in Guarded]: (
    job: Job,
    input: ParsedInputOf<Operations[N]>,
    view: StorageView,
  ) => Touched | undefined;
} = {
  "volume.delete": (job, _input, view) => ofVolume(job, { view, doing: "delete" }),
  "volume.wipe": (job, _input, view) => ofVolume(job, { view, doing: "wipe" }),
  "pool.delete": (job, _input, { volumes }) => {
    const images = [...volumes.get(job.object.id)?.values() ?? []];
    return { images, together: images, doing: "delete" };
  },
  "snapshot.delete": (job, { metadataOnly, children, childrenOnly }, { snapshots, places }) => {
    if (metadataOnly) return undefined;
    const documents = snapshots.get(job.object.id) ?? new Map<string, string>();
    const name = job.target?.name ?? "";
    const chosen = children || childrenOnly ? [...documents.values()] : [documents.get(name) ?? "<none/>"];
    const images = chosen.flatMap((xml) =>
      overlaysOf(readXml(xml), places).flatMap(({ overlay, base }) =>
        base === undefined ? [overlay] : [overlay, base]
      )
    );
    return { images, domain: job.object.id, doing: "delete" };
  },
  "snapshot.revert": (job, _input, { places, domains }) => {
    const { id } = job.object;
    const images = readDisks(domains.get(id) ?? "<none/>").flatMap((disk) =>
      chainOf(disk, places).slice(0, 1)
    );
    return { images, domain: id, doing: "revert to" };
  },
  "domain.blockCommit": (job, { disk, base, top, shallow }, { places, domains }) => {
    const { object } = job;
    const found = readDisks(domains.get(object.id) ?? "<none/>").find((each) =>
      attributeOf(each, "dev", "target") === disk || sourceOf(each) === disk
    );
    // What is not there is the operation's to complain about.
    if (found === undefined) return undefined;
    const chain = chainOf(found, places);
    const from = top === undefined ? 0 : indexIn(chain, top) ?? 0;
    const to = shallow
      ? from + 1
      : base === undefined
      ? chain.length - 1
      : indexIn(chain, base) ?? chain.length - 1;
    return { images: chain.slice(from, to + 1), domain: object.id, doing: `commit disk "${disk}" of` };
  },
};

function ofVolume(
  { object }: Job,
  { view: { volumes }, doing }: { readonly view: StorageView; readonly doing: string },
): Touched | undefined {
  const path = volumes.get(object.parent ?? "")?.get(object.name);
  return path === undefined ? undefined : { images: [path], doing };
}

function readDisks(xml: string): ReturnType<typeof readXml>[] {
  return readXml(xml).children.filter(({ name }) => name === "devices").flatMap(({ children }) =>
    children.filter(({ name }) => name === "disk")
  );
}

/** An image of a chain by its path, or by its place as in `vda[2]`. */
function indexIn(chain: readonly string[], image: string): number | undefined {
  const place = chain.indexOf(image);
  if (place >= 0) return place;
  const number = /\[(\d+)\]$/.exec(image)?.[1];
  return number === undefined ? undefined : Number(number);
}

/**
 * A driver's map with the guard before what touches images.
 *
 * @param read reads what the graph is drawn from; through hops of the job
 */
export function guarded<M extends DriverMap>(map: M, read: (job: Job) => Promise<StorageView>): DriverMap {
  const guards: { -readonly [N in Guarded]?: Implementation<N> } = {};
  for (const name of Object.keys(touching) as Guarded[]) guard(map, { name, read, guards });
  return { ...map, ...guards };
}

function guard<N extends Guarded>(
  map: DriverMap,
  { name, read, guards }: {
    readonly name: N;
    readonly read: (job: Job) => Promise<StorageView>;
    readonly guards: { [K in N]?: Implementation<K> };
  },
): void {
  const implementation: Implementation<N> | undefined = map[name];
  if (implementation === undefined) return;
  guards[name] = {
    ...implementation,
    run: async (job: Job, input: ParsedInputOf<Operations[N]>) => {
      if (!isForced(input)) {
        const view = await read(job);
        refuseBroken(job, { touched: touching[name](job, input, view), view });
      }
      return await implementation.run(job, input);
    },
  };
}

function isForced(input: unknown): boolean {
  return typeof input === "object" && input !== null && "evenIfNeeded" in input &&
    input.evenIfNeeded === true;
}

/** @throws {VirtError} `in-use`, with the graph. */
function refuseBroken(
  job: Job,
  { touched, view }: { readonly touched: Touched | undefined; readonly view: StorageView },
): void {
  if (touched === undefined || touched.images.length === 0) return;
  const graph = new StorageGraph(view.facts);
  const { images, domain, together = [], doing } = touched;
  const among = {
    images: new Set([...together, ...(domain === undefined ? [] : graph.imagesOf(domain))]),
    ...(domain === undefined ? {} : { domain }),
  };
  const broken = graph.broken(images, among);
  if (broken.length === 0) return;
  const { label } = job.target ?? job.object;
  const drawn = broken.map((path) => graph.draw(path));
  throw new VirtError(
    "in-use",
    `Cannot ${doing} ${label}: ${
      broken.length === 1 ? "an image is" : `${broken.length} images are`
    } needed:\n${drawn.join("\n")}`,
    {
      target: label,
      hint: "Remove what needs it first, or say evenIfNeeded where that may be broken",
      detail: { graph: drawn, images: broken },
    },
  );
}
