/**
 * Domains: what they look like at a glance, and what people and programs write about them.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import type { Affect, Edit } from "./affect.ts";
import { connectionOf } from "./connection.ts";
import { type DomainJob, stateOf } from "./domain.ts";
import { cpuTime, editing } from "./domain_resource.ts";
import { essentialsOf } from "./essentials.ts";
import { checkTitle, metadataIn, withMetadata } from "./metadata.ts";
import type { In, Out } from "./operation_types.ts";
import { XmlEditor } from "../xml_edit.ts";

function info(job: DomainJob): Out<"domain.info"> {
  const { object, clock } = job;
  const { live, facts: { record } } = object;
  const { maximumKib, currentKib, osType, vcpus: { current } } = essentialsOf(object);
  return {
    name: object.name,
    uuid: object.id,
    ...(live === undefined ? {} : { id: live.id }),
    state: stateOf(object),
    reason: live?.reason ?? record.stopped ?? "unknown",
    osType,
    vcpus: current,
    cpuTimeNs: cpuTime(object, clock.now()) * current,
    maxMemoryKib: maximumKib,
    memoryKib: currentKib,
    persistent: object.persistent,
    autostart: record.autostart,
    managedSave: record.managedSave !== undefined,
    snapshots: connectionOf(job).table.snapshots(object.id).size,
    ...(record.currentSnapshot === undefined ? {} : { currentSnapshot: record.currentSnapshot }),
  };
}

function metadata({ object }: DomainJob, { kind, uri, config }: In<"domain.metadata">): string {
  const xml = config || object.live === undefined ? object.persistentConfig : object.config;
  return metadataIn(xml, { kind, uri, object });
}

function setMetadata({ object }: DomainJob, input: In<"domain.setMetadata">): { affect: Affect; edit: Edit } {
  const { kind, value, uri, key, ...affect } = input;
  checkTitle(input, object);
  return { affect, edit: (xml) => withMetadata(xml, { kind, value, uri, key, object }) };
}

function setAction(_job: DomainJob, input: In<"domain.setLifecycleAction">): { affect: Affect; edit: Edit } {
  const { on, action, ...affect } = input;
  return { affect, edit: (xml) => new XmlEditor(xml).put([`on_${on}`], { text: action }).text };
}

export const domainDescription = {
  // Nothing that a simulated guest has makes it suspect.
  "domain.messages": { run: () => Promise.resolve([]) },
  "domain.info": { run: (job) => Promise.try(info, job) },
  "domain.metadata": { run: (job, input) => Promise.try(metadata, job, input) },
  "domain.setMetadata": editing<"domain.setMetadata">({ doing: "describe", prepare: setMetadata }, {}),
  "domain.setLifecycleAction": editing<"domain.setLifecycleAction">(
    { doing: "change a life-cycle action of", prepare: setAction },
    {},
  ),
} satisfies DriverMap;
