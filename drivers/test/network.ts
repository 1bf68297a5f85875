/**
 * Virtual networks.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import type { DriverMap, Implementation, Job, Observation } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { canonicalUuid } from "../definition.ts";
import { updated } from "../network_update.ts";
import { act, inspect } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import {
  checkedDefinition,
  needPersistent,
  needRunning,
  readDefined,
  refTo,
  refuseRunning,
} from "./defined_object.ts";
import { normalised } from "./documents.ts";
import { notFound, wrongState } from "./domain.ts";
import { addressesOf } from "./domain_guest.ts";
import { checkTitle, metadataIn, withMetadata } from "./metadata.ts";
import { bridgeOf } from "./network_definition.ts";
import type { Facts, LiveOf, TestJob, TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { byState } from "./reconcile.ts";
import { attributeOf } from "../xml_span.ts";
import { nicsOf } from "../device.ts";

type NetworkJob = TestJob<"network">;
type Entry = Out<"network.info">;

/** How long a lease of a simulated network lasts, in milliseconds. */
const leaseMs = 3_600_000;

function entryOf(job: Job, network: TestObject<"network">): Entry {
  const bridge = bridgeOf(network.config);
  return {
    network: job.ref(network, "network"),
    active: network.live !== undefined,
    persistent: network.persistent,
    autostart: network.facts.record.autostart,
    ...(bridge === undefined ? {} : { bridge }),
  };
}

function list(job: Job, input: In<"network.list">): Entry[] {
  const glob = input.name === undefined ? undefined : Glob.parse(input.name);
  const entries: Entry[] = [];
  for (const network of connectionOf(job).table.all("network")) {
    if (glob !== undefined && !glob.matches(network.name)) continue;
    if (input.active !== undefined && input.active !== (network.live !== undefined)) continue;
    if (input.persistent !== undefined && input.persistent !== network.persistent) continue;
    if (input.autostart !== undefined && input.autostart !== network.facts.record.autostart) continue;
    entries.push(entryOf(job, network));
  }
  return entries;
}

function find(job: Job, { name, by }: In<"network.lookup">): ObjectRef<"network"> {
  const { table } = connectionOf(job);
  const uuid = by === "name" ? undefined : canonicalUuid(name);
  const network = (by === "uuid" ? undefined : table.byName("network", name)) ??
    (uuid === undefined ? undefined : table.byId("network", uuid));
  if (network === undefined) throw notFound("network", name);
  return job.ref(network, "network");
}

async function define(job: Job, input: In<"network.define">): Promise<ObjectRef<"network">> {
  const { uuid, name, xml, expected } = checkedDefinition(job, "network", input);
  await act(job, "network.write-definition", {
    input: { id: uuid, name, xml, ...(expected === undefined ? {} : { expected }) },
  });
  return refTo(job, "network", { id: uuid, name });
}

/** Sets a network up by the definition in force, which stays as it is until that has ended. */
async function bringUp(
  job: Job,
  { id, name, xml }: { id: string; name: string; xml: string },
): Promise<void> {
  const bridge = bridgeOf(xml);
  await act(job, "network.bring-up", {
    input: { id, name, xml, ...(bridge === undefined ? {} : { bridge }) },
  });
}

async function create(job: Job, { xml }: In<"network.create">): Promise<ObjectRef<"network">> {
  const { uuid, name, xml: text } = readDefined(job, "network", xml);
  const present = connectionOf(job).table.byId("network", uuid);
  if (present !== undefined && (present.name !== name || present.phase !== "inactive")) {
    throw wrongState(present, {
      doing: "create",
      found: present.name === name ? "it is already active" : "its name differs",
    });
  }
  await bringUp(job, { id: uuid, name, xml: text });
  return refTo(job, "network", { id: uuid, name });
}

async function start(job: NetworkJob): Promise<Nothing> {
  const { object } = job;
  refuseRunning(object, "start");
  object.begin();
  try {
    await bringUp(job, { id: object.id, name: object.name, xml: object.config });
  } finally {
    if (object.phase === "starting") object.goDown();
  }
  return {};
}

async function destroy(job: NetworkJob): Promise<Nothing> {
  needRunning(job.object, "stop");
  await act(job, "network.take-down", { input: { id: job.object.id } });
  return {};
}

async function undefine(job: NetworkJob): Promise<Nothing> {
  refuseRunning(job.object, "undefine");
  await act(job, "network.remove-definition", { input: { id: job.object.id } });
  return {};
}

async function discard(job: NetworkJob): Promise<Nothing> {
  const { object } = job;
  const { id } = object;
  if (object.live !== undefined) await act(job, "network.take-down", { input: { id } });
  if (object.phase === "inactive" && object.persistent) {
    await act(job, "network.remove-definition", { input: { id } });
  }
  return {};
}

async function setAutostart(job: NetworkJob, { autostart }: In<"network.setAutostart">): Promise<Nothing> {
  const { object } = job;
  needPersistent(object, "change the autostart of");
  if (object.facts.record.autostart !== autostart) {
    await act(job, "network.set-autostart", { input: { id: object.id, autostart } });
  }
  return {};
}

/** A definition with an update's change, in libvirt's form. */
function withUpdate({ object }: NetworkJob, input: In<"network.update">, xml: string): string {
  return normalised(updated(object, { ...input, element: input.xml, xml }), { newId: object.id });
}

/** Which definitions a change concerns: that in force, that for the next start. */
interface Scope {
  readonly live?: boolean | undefined;
  readonly config?: boolean | undefined;
}

/** A change of some of a network's definitions. */
interface Change {
  readonly scope: Scope;
  readonly edit: (xml: string) => string;
}

/** What a change would make of the definitions that it concerns. */
function plan({ object }: NetworkJob, { scope, edit }: Change): { live?: string; config?: string } {
  const running = object.live !== undefined;
  const live = scope.live ?? (scope.config !== true && running);
  const config = scope.config ?? (scope.live !== true && !running);
  if (live && !running) throw wrongState(object, { doing: "change", found: "it is not active" });
  if (config) needPersistent(object, "change the definition of");
  return {
    ...(live ? { live: edit(object.config) } : {}),
    ...(config ? { config: edit(object.persistentConfig) } : {}),
  };
}

async function change(job: NetworkJob, wanted: Change): Promise<Nothing> {
  const { id, name, config: base, persistentConfig: expected } = job.object;
  const { live, config } = plan(job, wanted);
  if (live !== undefined) await act(job, "network.change-live", { input: { id, xml: live, base } });
  if (config !== undefined) {
    await act(job, "network.write-definition", { input: { id, name, xml: config, expected } });
  }
  return {};
}

/** Whether a change shows, by the definitions from before it. */
function isChanged(
  { object }: NetworkJob,
  { scope, before, edit }: Change & { readonly before: Observation },
): boolean {
  const live = scope.live ?? (scope.config !== true && object.live !== undefined);
  const was = live ? before["live"] : before["config"];
  return typeof was === "string" && (live ? object.config : object.persistentConfig) === edit(was);
}

function definitions({ object }: NetworkJob): Observation {
  return { live: object.config, config: object.persistentConfig };
}

function metadata({ object }: NetworkJob, { kind, uri, config }: In<"network.metadata">): string {
  const xml = config || object.live === undefined ? object.persistentConfig : object.config;
  return metadataIn(xml, { kind, uri, object });
}

/** A definition with what was written about it, in libvirt's form. */
function withWritten({ object }: NetworkJob, input: In<"network.setMetadata">, xml: string): string {
  return normalised(withMetadata(xml, { ...input, object }), { newId: object.id });
}

async function setMetadata(job: NetworkJob, input: In<"network.setMetadata">): Promise<Nothing> {
  checkTitle(input, job.object);
  await change(job, { scope: input, edit: (xml) => withWritten(job, input, xml) });
  const { kind, uri } = input;
  const detail = ["metadata", kind, ...(uri === undefined ? [] : [uri])].join(" ");
  job.emit("changed", { object: job.object, detail });
  return {};
}

async function leases(job: NetworkJob, { mac }: In<"network.leases">): Promise<Out<"network.leases">> {
  const { object } = job;
  needRunning(object, "list the leases of");
  await inspect(job, "host.look", { input: { id: object.id, kind: "network" } });
  const found: Out<"network.leases"> = [];
  for (const domain of connectionOf(job).table.all("domain")) {
    if (domain.live === undefined) continue;
    const nics = nicsOf(domain.config);
    addressesOf(job, domain).forEach((nic, index) => {
      const source = nics[index] === undefined ? undefined : attributeOf(nics[index], "network", "source");
      if (source !== object.name || nic.mac === undefined) return;
      if (mac !== undefined && mac.toLowerCase() !== nic.mac.toLowerCase()) return;
      for (const { family, address, prefix } of nic.addresses) {
        found.push({
          interface: bridgeOf(object.config) ?? "",
          mac: nic.mac,
          family,
          address,
          prefix,
          hostname: domain.name,
          expiresAt: (domain.live?.startedAt ?? 0) + leaseMs,
        });
      }
    });
  }
  return found;
}

/** Operations whose outcome shows in the network, and that answer nothing. */
type Plain =
  | "network.start"
  | "network.destroy"
  | "network.undefine"
  | "network.discard"
  | "network.setAutostart"
  | "network.update"
  | "network.setMetadata";

/** A reconciliation by a network's state. */
function settled<N extends Plain>(
  done: (job: NetworkJob, input: In<N>, before: Observation) => boolean,
): NonNullable<Implementation<N>["reconcile"]> {
  return byState<N, LiveOf<"network">, Facts<"network">>({ done, value: () => ({}) as Out<N> });
}

export const networks = {
  "network.list": { run: (job, input) => Promise.try(list, job, input) },
  "network.lookup": {
    run: (job, input) => Promise.try(find, job, input),
  },
  "network.define": {
    run: define,
    about: (connection, { xml }) => claimDefinition(connection, "network", xml),
    reconcile: byState<"network.define", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "network", id: readDefined(job, "network", xml).uuid }],
      done: (job, { xml }) => {
        const { uuid, xml: text } = readDefined(job, "network", xml);
        return connectionOf(job).table.byId("network", uuid)?.persistentConfig === text;
      },
      value: (job, { xml }) => {
        const { uuid, name } = readDefined(job, "network", xml);
        return refTo(job, "network", { id: uuid, name });
      },
    }),
  },
  "network.create": {
    run: create,
    about: (connection, { xml }) => claimDefinition(connection, "network", xml),
    reconcile: byState<"network.create", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "network", id: readDefined(job, "network", xml).uuid }],
      done: (job, { xml }) =>
        connectionOf(job).table.byId("network", readDefined(job, "network", xml).uuid)?.live !== undefined,
      value: (job, { xml }) => {
        const { uuid, name } = readDefined(job, "network", xml);
        return refTo(job, "network", { id: uuid, name });
      },
    }),
  },
  "network.start": {
    run: start,
    reconcile: settled<"network.start">(({ object }) => object.live !== undefined),
  },
  "network.destroy": {
    run: destroy,
    reconcile: settled<"network.destroy">(({ object }) => object.live === undefined),
  },
  "network.undefine": {
    run: undefine,
    reconcile: settled<"network.undefine">(({ object }) => object.phase === "removed" || !object.persistent),
  },
  "network.discard": {
    run: discard,
    reconcile: settled<"network.discard">(({ object }) => object.phase === "removed"),
  },
  "network.xml": {
    run: ({ object }: NetworkJob, { inactive }) =>
      Promise.resolve(inactive ? object.persistentConfig : object.config),
  },
  "network.info": { run: (job: NetworkJob) => Promise.try(entryOf, job, job.object) },
  "network.setAutostart": {
    run: setAutostart,
    reconcile: settled<"network.setAutostart">(({ object }, { autostart }) =>
      object.facts.record.autostart === autostart
    ),
  },
  "network.update": {
    run: (job: NetworkJob, input) =>
      change(job, { scope: input, edit: (xml) => withUpdate(job, input, xml) }),
    observe: (job: NetworkJob) => definitions(job),
    reconcile: settled<"network.update">((job, input, before) =>
      isChanged(job, { scope: input, before, edit: (xml) => withUpdate(job, input, xml) })
    ),
  },
  "network.metadata": { run: (job: NetworkJob, input) => Promise.try(metadata, job, input) },
  "network.setMetadata": {
    run: setMetadata,
    observe: (job: NetworkJob) => definitions(job),
    reconcile: settled<"network.setMetadata">((job, input, before) =>
      isChanged(job, { scope: input, before, edit: (xml) => withWritten(job, input, xml) })
    ),
  },
  "network.leases": { run: leases },
} satisfies DriverMap;
