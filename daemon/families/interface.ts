/**
 * The host's network interfaces.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { RemoteInterface } from "../../protocol/procedures/mod.ts";
import { documentWords, rootIn, validate, validateFlag } from "../dispatch/document.ts";
import { allBits, oneOf } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";

/** Bits of the flags of listing. Source: libvirt, virConnectListAllInterfacesFlags. */
const listFlag = { inactive: 1 << 0, active: 1 << 1 } as const;

/** Of definitions: as configured, not as it is. Source: libvirt, virInterfaceXMLFlags. */
const inactiveXml = 1;

type Entry = OutputOf<Operations["interface.list"]>[number];

/** An interface as it is named on the wire, with its address. */
async function remoteInterface(target: ObjectRef, session: HostSession): Promise<RemoteInterface> {
  return listed(await session.run("interface.info", { target }));
}

function listed({ interface: { name }, mac = "" }: Entry): RemoteInterface {
  return { name, mac };
}

function nameOf({ interface: { name } }: Entry): string {
  return name;
}

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ iface }: { readonly iface: RemoteInterface }): string =>
    `no interface with matching name '${iface.name}'`,
};

function definitionWords(xml: string): Words | undefined {
  const name = rootIn(xml)?.attributes.get("name") ?? "";
  return documentWords(xml, "interface") ?? (name === "" ? { text: "interface has no name" } : undefined);
}

/** The rows. */
export const hostInterface = {
  connectListAllInterfaces: calls("interface.list", {
    flags: allBits(listFlag),
    input: ({ flags }) => {
      const active = oneOf(flags, listFlag.active, listFlag.inactive);
      return active === undefined ? {} : { active };
    },
    result: (entries, { args: { needResults } }) => ({
      ifaces: needResults === 0 ? [] : entries.map(listed),
      ret: entries.length,
    }),
  }),
  connectNumOfInterfaces: calls("interface.list", {
    input: () => ({ active: true }),
    result: (entries) => ({ num: entries.length }),
  }),
  connectListInterfaces: calls("interface.list", {
    input: () => ({ active: true }),
    result: (entries, { args: { maxnames: room } }) => ({
      names: fitting(entries.map(nameOf), { procedure: "connectListInterfaces", room }),
    }),
  }),
  connectNumOfDefinedInterfaces: calls("interface.list", {
    input: () => ({ active: false }),
    result: (entries) => ({ num: entries.length }),
  }),
  connectListDefinedInterfaces: calls("interface.list", {
    input: () => ({ active: false }),
    result: (entries, { args: { maxnames: room } }) => ({
      names: fitting(entries.map(nameOf), { procedure: "connectListDefinedInterfaces", room }),
    }),
  }),
  interfaceLookupByName: worded(
    answers(async ({ name }, session) => {
      const ref = await session.run("interface.lookup", { input: { name, by: "name" } });
      return { iface: await remoteInterface(ref, session) };
    }),
    { "not-found": ({ name }) => `no interface with matching name '${name}'` },
  ),
  interfaceLookupByMacString: worded(
    calls("interface.lookup", {
      input: ({ mac }) => ({ name: mac, by: "mac" }),
      result: ({ name }, { args: { mac } }) => ({ iface: { name, mac } }),
    }),
    {
      "not-found": ({ mac }) => `no interface with matching mac '${mac}'`,
      "operation-failed": () => ({
        text: "multiple matching interfaces found",
        code: "VIR_ERR_MULTIPLE_INTERFACES",
      }),
    },
  ),
  interfaceGetXmlDesc: worded(
    calls("interface.xml", {
      flags: inactiveXml,
      input: ({ flags }) => ({ inactive: (flags & inactiveXml) !== 0 }),
      result: (xml) => ({ xml }),
    }),
    missing,
  ),
  interfaceDefineXml: worded(
    answers(async ({ xml, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xml, "interface");
      const ref = await session.run("interface.define", { input: { xml } });
      return { iface: await remoteInterface(ref, session) };
    }, { flags: validateFlag }),
    { "invalid-document": ({ xml }) => definitionWords(xml) },
  ),
  interfaceUndefine: worded(calls("interface.undefine"), missing),
  interfaceCreate: worded(calls("interface.start"), missing),
  interfaceDestroy: worded(calls("interface.destroy"), missing),
  interfaceIsActive: worded(
    calls("interface.info", { result: ({ active }) => ({ active: active ? 1 : 0 }) }),
    missing,
  ),
  interfaceChangeBegin: worded(calls("interface.beginChange"), {
    "wrong-state": () => "there is another transaction running.",
  }),
  interfaceChangeCommit: worded(calls("interface.commitChange"), {
    "wrong-state": () => "no transaction running, nothing to be committed.",
  }),
  interfaceChangeRollback: worded(calls("interface.rollBackChange"), {
    "wrong-state": () => "no transaction running, nothing to rollback.",
  }),
} satisfies Family;
