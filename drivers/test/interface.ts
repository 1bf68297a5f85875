/**
 * The host's network interfaces.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Implementation, Job, SlotClaim } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act } from "./act.ts";
import { named } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { refTo } from "./defined_object.ts";
import { normalised } from "./documents.ts";
import { notFound, wrongState } from "./domain.ts";
import type { Facts, LiveOf, TestJob, TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { byState } from "./reconcile.ts";
import { attributeOf, readXml } from "../xml_span.ts";

type InterfaceJob = TestJob<"interface">;

type Entry = Out<"interface.info">;

function entryOf(job: Job, each: TestObject<"interface">): Entry {
  const { mac } = each.facts.record;
  return {
    interface: job.ref(each, "interface"),
    active: each.live !== undefined,
    ...(mac === "" ? {} : { mac }),
  };
}

function list(job: Job, { name, active }: In<"interface.list">): Out<"interface.list"> {
  const glob = name === undefined ? undefined : Glob.parse(name);
  return [...connectionOf(job).table.all("interface")].filter((each) =>
    (glob?.matches(each.name) ?? true) && (active === undefined || active === (each.live !== undefined))
  ).map((each) => entryOf(job, each));
}

function find(job: Job, { name, by }: In<"interface.lookup">): ObjectRef<"interface"> {
  const { table } = connectionOf(job);
  const named = by === "mac" ? undefined : table.byName("interface", name);
  if (named !== undefined) return job.ref(named, "interface");
  const mac = name.toLowerCase();
  const [found, ...others] = by === "name"
    ? []
    : [...table.all("interface")].filter(({ facts }) => mac !== "" && facts.record.mac === mac);
  if (found === undefined) throw notFound("interface", name);
  if (others.length > 0) {
    throw new VirtError("operation-failed", `Cannot find interface "${name}": several have this address`, {
      target: `interface "${name}"`,
      hint: "Look it up by its name",
    });
  }
  return job.ref(found, "interface");
}

/** What a definition says: the interface's name and MAC address, and all of it in libvirt's form. */
function read(text: string): { readonly name: string; readonly mac: string; readonly xml: string } {
  const named = readXml(text, "interface definition");
  if (named.name !== "interface") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the interface definition: found <${named.name}>, expected <interface>`,
    );
  }
  return readNormal(normalised(text, { newId: "" }));
}

function readNormal(xml: string): { readonly name: string; readonly mac: string; readonly xml: string } {
  const root = readXml(xml, "interface definition");
  const name = root.attributes.get("name");
  if (root.name !== "interface" || name === undefined || name === "") {
    throw new VirtError(
      "invalid-document",
      "Cannot read the interface definition: expected <interface> with a name",
    );
  }
  if (root.attributes.get("type") === undefined) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the definition of interface "${name}": it has no type`,
    );
  }
  return { name, mac: attributeOf(root, "address", "mac")?.toLowerCase() ?? "", xml };
}

async function define(job: Job, { xml }: In<"interface.define">): Promise<ObjectRef<"interface">> {
  const { name, mac, xml: text } = read(xml);
  await act(job, "interface.write", { input: { id: name, name, mac, xml: text } });
  return refTo(job, "interface", { id: name, name });
}

async function turn(job: InterfaceJob, up: boolean): Promise<Nothing> {
  const { object } = job;
  if ((object.live !== undefined) === up) {
    throw wrongState(object, {
      doing: up ? "start" : "stop",
      found: up ? "it is already up" : "it is not up",
    });
  }
  await act(job, "interface.switch", { input: { id: object.id, up } });
  return {};
}

async function undefine(job: InterfaceJob): Promise<Nothing> {
  await act(job, "interface.remove", { input: { id: job.object.id } });
  return {};
}

/** All of a host's interfaces, one change at a time. */
function claimHost(connection: DriverConnection): readonly SlotClaim[] {
  return [{ object: connection.self }];
}

function claimInterface(
  connection: DriverConnection,
  { xml }: { readonly xml: string },
): readonly SlotClaim[] {
  const name = readXml(xml, "interface definition").attributes.get("name") ?? "";
  const known = named(connection, "interface", { name });
  return [known === undefined ? { objectClass: "interface", name } : { object: known }];
}

/** A step of a change of all interfaces; whether one is under way shows whether it was made. */
function transaction<
  N extends "interface.beginChange" | "interface.commitChange" | "interface.rollBackChange",
>(
  effect: "interface.begin-change" | "interface.commit-change" | "interface.roll-back-change",
  { isOpenAfter }: { readonly isOpenAfter: boolean },
): Implementation<N> {
  return {
    run: async (job: Job): Promise<Out<N>> => {
      await act(job, effect, { input: { id: "host" } });
      return {} as Out<N>;
    },
    about: claimHost,
    reconcile: byState<N, unknown, unknown>({
      done: (job) => (connectionOf(job).hostRecord.interfaceTransaction !== undefined) === isOpenAfter,
      value: () => ({}) as Out<N>,
    }),
  };
}

function settled<N extends "interface.start" | "interface.destroy" | "interface.undefine">(
  done: (job: InterfaceJob) => boolean,
): NonNullable<Implementation<N>["reconcile"]> {
  return byState<N, LiveOf<"interface">, Facts<"interface">>({ done, value: () => ({}) as Out<N> });
}

export const interfaces = {
  "interface.list": { run: (job, input) => Promise.try(list, job, input) },
  "interface.lookup": { run: (job, input) => Promise.try(find, job, input) },
  "interface.define": {
    run: define,
    about: claimInterface,
    reconcile: byState<"interface.define", unknown, unknown>({
      also: (_job, { xml }) => [{ kind: "interface", id: read(xml).name }],
      done: (job, { xml }) => {
        const { name, xml: text } = read(xml);
        return connectionOf(job).table.byId("interface", name)?.persistentConfig === text;
      },
      value: (job, { xml }) => refTo(job, "interface", { id: read(xml).name, name: read(xml).name }),
    }),
  },
  "interface.start": {
    run: (job) => turn(job, true),
    reconcile: settled<"interface.start">(({ object }) => object.live !== undefined),
  },
  "interface.destroy": {
    run: (job) => turn(job, false),
    reconcile: settled<"interface.destroy">(({ object }) => object.live === undefined),
  },
  "interface.undefine": {
    run: undefine,
    reconcile: settled<"interface.undefine">(({ object }) => object.phase === "removed"),
  },
  "interface.xml": {
    run: ({ object }: InterfaceJob, { inactive }) =>
      Promise.resolve(inactive ? object.persistentConfig : object.config),
  },
  "interface.info": { run: (job: InterfaceJob) => Promise.try(entryOf, job, job.object) },
  "interface.beginChange": transaction<"interface.beginChange">("interface.begin-change", {
    isOpenAfter: true,
  }),
  "interface.commitChange": transaction<"interface.commitChange">("interface.commit-change", {
    isOpenAfter: false,
  }),
  "interface.rollBackChange": transaction<"interface.rollBackChange">("interface.roll-back-change", {
    isOpenAfter: false,
  }),
} satisfies DriverMap;
