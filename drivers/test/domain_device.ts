/**
 * Domains: attaching, detaching and changing devices.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import { inspect } from "./act.ts";
import { change, type Edit, foresee, hasCome, type PlannedChange } from "./affect.ts";
import { act } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { disksOf, findDisk, matchingDevice, nicsOf, readDevice, sourceOf } from "../device.ts";
import { badValue, type DomainJob, needGuest, notFound } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { domainByState } from "./reconcile.ts";
import { XmlEditor } from "../xml_edit.ts";
import { attributeOf, childOf, type XmlElement } from "../xml_span.ts";

function describe(device: XmlElement): string {
  const name = attributeOf(device, "dev", "target") ?? attributeOf(device, "address", "mac") ?? "";
  return name === "" ? device.name : `${device.name} "${name}"`;
}

/** Whether a disk is a drive whose medium can be changed. */
function isDrive({ name, attributes }: XmlElement): boolean {
  return name === "disk" && ["cdrom", "floppy"].includes(attributes.get("device") ?? "");
}

function attaching(job: DomainJob, { xml, ...affect }: In<"domain.attachDevice">): PlannedChange {
  const { object } = job;
  const device = readDevice(xml);
  const edit: Edit = (definition) => {
    const present = matchingDevice(definition, { device });
    // As with QEMU, what is attached to a drive that is there is its medium.
    if (present !== undefined && isDrive(device) && isDrive(present)) {
      return new XmlEditor(definition).replace(present, xml).text;
    }
    if (present !== undefined && device.name !== "hostdev") {
      throw new VirtError(
        "already-exists",
        `Cannot attach ${describe(device)} to ${object.label}: it is there already`,
        { target: object.label },
      );
    }
    const editor = new XmlEditor(definition).put(["devices"]);
    const devices = childOf(editor.root, "devices");
    return devices === undefined ? definition : editor.insert(devices, xml, device.name).text;
  };
  return { affect, doing: "attach a device to", edit };
}

/** The device that a detach means, as a text says or as an alias does. */
function meant(
  job: DomainJob,
  { xml, alias }: In<"domain.detachDevice">,
): { device?: XmlElement; alias?: string } {
  if ((xml === undefined) === (alias === undefined)) {
    throw badValue(
      job.object,
      `Cannot detach a device from ${job.object.label}: give its document or its alias`,
    );
  }
  return alias === undefined ? { device: readDevice(xml ?? "") } : { alias };
}

function detaching(job: DomainJob, input: In<"domain.detachDevice">): PlannedChange {
  const { object } = job;
  const which = meant(job, input);
  const edit: Edit = (definition) => {
    const device = matchingDevice(definition, which);
    if (device === undefined) {
      const name = which.alias ?? (which.device === undefined ? "" : describe(which.device));
      throw notFound(`device of ${object.label}`, name);
    }
    return new XmlEditor(definition).remove(device).text;
  };
  return { affect: input, doing: "detach a device from", edit };
}

function updating(job: DomainJob, { xml, ...affect }: In<"domain.updateDevice">): PlannedChange {
  const { object } = job;
  const device = readDevice(xml);
  const edit: Edit = (definition) => {
    const present = matchingDevice(definition, { device });
    if (present === undefined) throw notFound(`device of ${object.label}`, describe(device));
    return new XmlEditor(definition).replace(present, xml).text;
  };
  return { affect, doing: "change a device of", edit };
}

/** A change of devices cannot simply be made twice: whether it was made shows by what it would have made. */
function changing<N extends "domain.attachDevice" | "domain.detachDevice" | "domain.updateDevice">(
  plan: (job: DomainJob, input: In<N>) => PlannedChange,
): Implementation<N> {
  return {
    run: async (job: DomainJob, input) => {
      await change(job, plan(job, input));
      return {} as Out<N>;
    },
    observe: (job: DomainJob, input) => {
      try {
        return foresee(job.object, plan(job, input));
      } catch {
        return {};
      }
    },
    reconcile: domainByState<N>({
      done: ({ object }, _input, before) => hasCome(object, before),
      value: () => ({}) as Out<N>,
    }),
  };
}

function definitionOf({ object }: DomainJob, config: boolean): string {
  return config || object.live === undefined ? object.persistentConfig : object.config;
}

function blockDevices(job: DomainJob, { config }: In<"domain.blockDevices">): Out<"domain.blockDevices"> {
  return disksOf(definitionOf(job, config)).map((disk) => {
    const bus = attributeOf(disk, "bus", "target");
    const source = sourceOf(disk);
    return {
      target: attributeOf(disk, "dev", "target") ?? "",
      type: disk.attributes.get("type") ?? "file",
      device: disk.attributes.get("device") ?? "disk",
      ...(bus === undefined ? {} : { bus }),
      ...(source === undefined ? {} : { source }),
    };
  });
}

function interfaces(job: DomainJob, { config }: In<"domain.interfaces">): Out<"domain.interfaces"> {
  return nicsOf(definitionOf(job, config)).map((nic) => {
    const given = {
      target: attributeOf(nic, "dev", "target"),
      source: ["network", "bridge", "dev", "path"].map((name) => attributeOf(nic, name, "source")).find((
        each,
      ) => each !== undefined),
      model: attributeOf(nic, "type", "model"),
      mac: attributeOf(nic, "address", "mac"),
    };
    return {
      type: nic.attributes.get("type") ?? "network",
      link: attributeOf(nic, "state", "link") === "down" ? "down" : "up",
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    };
  });
}

/** The volume that a disk's source is, where a pool has it. */
function volumeOf(
  job: DomainJob,
  disk: XmlElement,
): { id: string; capacity: number; allocation: number } | undefined {
  const source = sourceOf(disk);
  for (const { facts: { record } } of connectionOf(job).table.all("volume")) {
    if (record.path === source) return record;
  }
  return undefined;
}

/** What the simulated host says of an image of which no pool knows: the sizes of libvirt's test driver. */
const unknownImage = { capacityBytes: 1_099_506_450_432, allocationBytes: 1_099_511_627_776 };

function blockInfo(job: DomainJob, { disk }: In<"domain.blockInfo">): Out<"domain.blockInfo"> {
  const { object } = job;
  const volume = volumeOf(job, findDisk(object, { xml: object.config, disk }));
  const { capacityBytes, allocationBytes } = volume === undefined
    ? unknownImage
    : { capacityBytes: volume.capacity, allocationBytes: volume.allocation };
  return { capacityBytes, allocationBytes, physicalBytes: allocationBytes };
}

async function resizeBlock(job: DomainJob, { disk, sizeBytes }: In<"domain.resizeBlock">): Promise<Nothing> {
  const { object } = job;
  needGuest(object, "resize a disk of");
  const volume = volumeOf(job, findDisk(object, { xml: object.config, disk }));
  if (volume === undefined) {
    throw new VirtError(
      "unsupported",
      `Cannot resize disk "${disk}" of ${object.label}: no storage pool knows its image`,
      {
        target: object.label,
      },
    );
  }
  await act(job, "volume.resize", { input: { id: volume.id, capacity: sizeBytes, allocate: false } });
  return {};
}

function controlInfo(job: DomainJob): Out<"domain.controlInfo"> {
  needGuest(job.object, "reach the monitor of");
  return { state: "ok" };
}

async function blockErrors(job: DomainJob): Promise<Out<"domain.blockErrors">> {
  needGuest(job.object, "ask for disk errors of");
  await inspect(job, "host.look", { input: { id: job.object.id, kind: "domain" } });
  return [];
}

export const domainDevice = {
  "domain.attachDevice": changing<"domain.attachDevice">(attaching),
  "domain.detachDevice": changing<"domain.detachDevice">(detaching),
  "domain.updateDevice": changing<"domain.updateDevice">(updating),
  "domain.blockDevices": { run: (job, input) => Promise.try(blockDevices, job, input) },
  "domain.interfaces": { run: (job, input) => Promise.try(interfaces, job, input) },
  "domain.blockInfo": { run: (job, input) => Promise.try(blockInfo, job, input) },
  "domain.resizeBlock": {
    run: resizeBlock,
    reconcile: domainByState<"domain.resizeBlock">({
      also: (job, { disk }) => {
        const volume = volumeOf(job, findDisk(job.object, { xml: job.object.config, disk }));
        return volume === undefined ? [] : [{ kind: "volume", id: volume.id }];
      },
      done: (job, { disk, sizeBytes }) =>
        volumeOf(job, findDisk(job.object, { xml: job.object.config, disk }))?.capacity === sizeBytes,
      value: () => ({}),
    }),
  },
  "domain.blockErrors": { run: blockErrors },
  "domain.controlInfo": { run: (job) => Promise.try(controlInfo, job) },
} satisfies DriverMap;
