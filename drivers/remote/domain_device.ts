/**
 * Domains: attaching, detaching and changing devices.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { disksOf, matchingDevice, nicsOf, readDevice, sourceOf } from "../device.ts";
import type { In, Nothing, Out } from "../operation_types.ts";
import { attributeOf, readXml, type XmlElement } from "../xml_span.ts";
import { actTogether, askTogether } from "./act.ts";
import { affectConfig, affectFlags, affectLive, definitionOf, isSoIn, scopesOf } from "./domain_affect.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { asks, does, done, type Subject } from "./object_call.ts";
import { byState } from "./reconcile.ts";
import { nearest, wireDomain } from "./wire.ts";

/** Which device is meant: as a document says, or as an alias does. */
interface Meant {
  readonly device?: XmlElement;
  readonly alias?: string;
}

function describe({ device, alias }: Meant): string {
  if (device === undefined) return `device "${alias}"`;
  const name = attributeOf(device, "dev", "target") ?? attributeOf(device, "address", "mac");
  return name === undefined ? device.name : `${device.name} "${name}"`;
}

/** Everything in a document is in the element, too: names, attributes, text. The far side adds much of its own. */
function holds(element: XmlElement, document: XmlElement): boolean {
  return element.name === document.name &&
    [...document.attributes].every(([name, value]) => element.attributes.get(name) === value) &&
    (document.text.trim() === "" || document.text.trim() === element.text.trim()) &&
    document.children.every((wanted) => element.children.some((child) => holds(child, wanted)));
}

/** The devices of each definition that a change concerned. */
function isSoOfDevice(
  line: Line,
  domain: RemoteObject,
  { affect, isSo }: {
    readonly affect: { readonly live?: boolean | undefined; readonly config?: boolean | undefined };
    readonly isSo: (xml: string) => boolean;
  },
): Promise<boolean> {
  return isSoIn(
    domain,
    affect,
    async (flags) => isSo(await definitionOf(line, domain, { config: flags === affectConfig })),
  );
}

/** Whether a document says which device it means, so that it can be told from others of its kind. */
function isTold(device: XmlElement): boolean {
  return attributeOf(device, "dev", "target") !== undefined ||
    attributeOf(device, "address", "mac") !== undefined ||
    attributeOf(device, "name", "alias") !== undefined || attributeOf(device, "dir", "target") !== undefined;
}

/** @throws {VirtError} `invalid-argument` */
function meant({ object }: RemoteJob, { xml, alias }: In<"domain.detachDevice">): Meant {
  if ((xml === undefined) === (alias === undefined)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot detach a device from ${object.label}: give its document or its alias`,
      { target: object.label },
    );
  }
  return alias === undefined ? { device: readDevice(xml ?? "") } : { alias };
}

/** How much sooner than its call the wait for a guest ends, so that the caller hears why; milliseconds. */
const marginMs = 1_000;
/** The pause between two looks where no event tells of the device, in milliseconds. */
const pauseMs = 1_000;

/**
 * Detaches a device. A running guest has to let go of it, which libvirt does not wait for; here it is waited for, until the
 * guest has refused or the call's time is over.
 */
async function detach(job: RemoteJob, input: In<"domain.detachDevice">): Promise<Nothing> {
  const { object } = job;
  const which = meant(job, input);
  const dom = wireDomain(object);
  const flags = affectFlags(input);
  const doing = `detach ${describe(which)} from`;
  const live = scopesOf(object, input).includes(affectLive);
  const going = live
    ? await askTogether(job, "find the device", (line) => goingOf(line, object, which))
    : undefined;
  using release = new Release(job, going?.alias);
  await actTogether(job, "domain.detachDevice", (line) => {
    return input.alias === undefined
      ? line.call("domainDetachDeviceFlags", { dom, xml: input.xml ?? "", flags })
      : line.call("domainDetachDeviceAlias", { dom, alias: input.alias, flags });
  }, { doing });
  if (going !== undefined) await untilReleased(job, { doing, going, release });
  return {};
}

/** A device that is to go, as the definition of what runs has it. */
interface Going {
  readonly alias: string | undefined;
  readonly isThere: (xml: string) => boolean;
}

async function goingOf(line: Line, domain: RemoteObject, which: Meant): Promise<Going | undefined> {
  const xml = await definitionOf(line, domain, { config: false });
  const device = matchingDevice(xml, which);
  if (device === undefined) return undefined;
  const alias = attributeOf(device, "name", "alias");
  const isThere = (now: string): boolean =>
    matchingDevice(now, alias === undefined ? which : { alias }) !== undefined;
  return { alias, isThere };
}

/** What is heard of a device that is to go. */
class Release implements Disposable {
  /** Whether the guest has refused. */
  refused = false;
  readonly #listening: Disposable;
  #wake: () => void = () => {};

  constructor({ connection, object }: RemoteJob, alias: string | undefined) {
    this.#listening = connection.onEvent((event) => {
      if (event.object.key !== object.key || alias === undefined) return;
      if (event.detail === `device-removal-failed ${alias}`) this.refused = true;
      else if (event.detail !== `device-removed ${alias}`) return;
      this.#wake();
    });
  }

  /** Waits until something was heard, or it is time to look again. */
  async heard(clock: Clock, signal: AbortSignal): Promise<void> {
    if (this.refused) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    using _timer = clock.after(pauseMs, resolve);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}

/** Looks until a guest has let go of a device. */
async function untilReleased(
  job: RemoteJob,
  { doing, going, release }: { readonly doing: string; readonly going: Going; readonly release: Release },
): Promise<void> {
  const { object, clock } = job;
  while (true) {
    const { refused } = release;
    const gone = await askTogether(
      job,
      "look for the device",
      async (line) => !going.isThere(await definitionOf(line, object, { config: false })),
      { doing, offline: false },
    );
    if (gone) return;
    if (refused) {
      throw new VirtError("operation-failed", `Cannot ${doing} ${object.label}: its guest keeps it`, {
        target: object.label,
        hint: "Have the guest stop using it, and try again",
      });
    }
    if (clock.now() + pauseMs + marginMs > job.deadline) {
      throw new VirtError(
        "timed-out",
        `Cannot ${doing} ${object.label}: its guest was asked, and has not released it in time`,
        {
          target: object.label,
          hint: "The guest may still do so. Whether it has, shows in the domain's definition",
        },
      );
    }
    await job.hop("wait for the guest", (signal) => release.heard(clock, signal), { acts: false });
  }
}

/** A question about the definition in force, or about the one that the next start uses. */
function readsDefinition<N extends "domain.blockDevices" | "domain.interfaces">(
  doing: string,
  answer: (xml: string) => Out<N>,
): ReturnType<typeof asks<N>> {
  return asks<N>(doing, async (line, { object, input }) => {
    return answer(await definitionOf(line, object, { config: input.config }));
  });
}

/** Without what is not there. */
function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}

function blockDevices(xml: string): Out<"domain.blockDevices"> {
  return disksOf(xml).map((disk) => ({
    target: attributeOf(disk, "dev", "target") ?? "",
    type: disk.attributes.get("type") ?? "file",
    device: disk.attributes.get("device") ?? "disk",
    ...given({ bus: attributeOf(disk, "bus", "target"), source: sourceOf(disk) }),
  }));
}

/** Where an interface's other end may be named. Source: libvirt formatdomain, <interface>, <source>. */
const interfaceSources = ["network", "bridge", "dev", "path", "name"];

function interfaces(xml: string): Out<"domain.interfaces"> {
  return nicsOf(xml).map((nic) => ({
    type: nic.attributes.get("type") ?? "network",
    link: attributeOf(nic, "state", "link") === "down" ? "down" as const : "up" as const,
    ...given({
      target: attributeOf(nic, "dev", "target"),
      source: interfaceSources.map((name) => attributeOf(nic, name, "source")).find((name) =>
        name !== undefined
      ),
      model: attributeOf(nic, "type", "model"),
      mac: attributeOf(nic, "address", "mac"),
    }),
  }));
}

async function blockInfo(
  line: Line,
  { object, input }: Subject<"domain.blockInfo">,
): Promise<Out<"domain.blockInfo">> {
  const found = await line.call("domainGetBlockInfo", {
    dom: wireDomain(object),
    path: input.disk,
    flags: 0,
  });
  return {
    capacityBytes: nearest(found.capacity),
    allocationBytes: nearest(found.allocation),
    physicalBytes: nearest(found.physical),
  };
}

/** Sizes are rounded up to whole sectors. */
const sectorBytes = 512;

export const domainDevices = {
  "domain.attachDevice": {
    run: async (job: RemoteJob, { xml, ...affect }) => {
      const { object } = job;
      const args = { dom: wireDomain(object), xml, flags: affectFlags(affect) };
      await actTogether(job, "domain.attachDevice", (line) => line.call("domainAttachDeviceFlags", args), {
        doing: `attach ${describe({ device: readXml(xml, "device") })} to`,
      });
      return {};
    },
    reconcile: byState<"domain.attachDevice">({
      done: async (job, { xml, ...affect }) => {
        const device = readXml(xml, "device");
        if (!isTold(device)) {
          return { unknown: "the device's document does not tell it from others of its kind" };
        }
        return await askTogether(job, "look for the device", (line) =>
          isSoOfDevice(line, job.object, {
            affect,
            isSo: (definition) => {
              const there = matchingDevice(definition, { device });
              return there !== undefined && holds(there, device);
            },
          }));
      },
      value: () => ({}),
    }),
  },
  "domain.detachDevice": {
    run: detach,
    reconcile: byState<"domain.detachDevice">({
      done: (job, input) => {
        const which = meant(job, input);
        return askTogether(job, "look for the device", (line) =>
          isSoOfDevice(line, job.object, {
            affect: input,
            isSo: (definition) => matchingDevice(definition, which) === undefined,
          }));
      },
      value: () => ({}),
    }),
  },
  "domain.updateDevice": does<"domain.updateDevice">({
    doing: "change a device of",
    act: (line, { object, input: { xml, ...affect } }) =>
      done(
        line.call("domainUpdateDeviceFlags", { dom: wireDomain(object), xml, flags: affectFlags(affect) }),
      ),
    isSo: (line, { object, input: { xml, ...affect } }) => {
      const device = readXml(xml, "device");
      return isSoOfDevice(line, object, {
        affect,
        isSo: (definition) => {
          const there = matchingDevice(definition, { device });
          return there !== undefined && holds(there, device);
        },
      });
    },
    answer: {},
  }),
  "domain.blockDevices": readsDefinition<"domain.blockDevices">("list the disks of", blockDevices),
  "domain.interfaces": readsDefinition<"domain.interfaces">("list the interfaces of", interfaces),
  "domain.blockInfo": asks<"domain.blockInfo">("ask for the sizes of a disk of", blockInfo),
  "domain.resizeBlock": does<"domain.resizeBlock">({
    doing: "resize a disk of",
    act: (line, { object, input: { disk, sizeBytes } }) =>
      done(line.call("domainBlockResize", {
        dom: wireDomain(object),
        disk,
        size: BigInt(sizeBytes),
        // Source: libvirt, VIR_DOMAIN_BLOCK_RESIZE_BYTES.
        flags: 1,
      })),
    isSo: async (line, { object, input: { disk, sizeBytes } }) => {
      const { capacity } = await line.call("domainGetBlockInfo", {
        dom: wireDomain(object),
        path: disk,
        flags: 0,
      });
      return Math.abs(nearest(capacity) - sizeBytes) < sectorBytes;
    },
    answer: {},
  }),
} satisfies DriverMap;
