/**
 * The permissions that libvirt's table demands for a call, asked for in this one place.
 *
 * What a client names is looked for first: what is not there is not there for anybody, as libvirt has it, and what is there
 * is decided by what it is really called. A look-up is decided by what it has found. What the operation behind a call needs
 * in addition, the names in definitions and what they reach, the kernel asks for itself; so it does for each object of a
 * list.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import { type ObjectClass, objectClasses, type ObjectRef } from "../../model/object.ts";
import type { Permission } from "../../model/permission.ts";
import {
  allowedReadOnly,
  permissionsNeeded,
  type Procedure,
  type ProcedureName,
  procedureRow,
} from "../../protocol/procedures/mod.ts";
import type { PermissionUse } from "../../runtime/call.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { neverAborts } from "../../runtime/understood_call.ts";
import type { HostSession } from "../host_session.ts";
import { apiName } from "./api_name.ts";
import { libraryError } from "./error.ts";
import { hypervisorName } from "./hypervisor_name.ts";
import { hostName } from "./objects.ts";

/** A call, as far as access to it is decided. */
export interface AccessRequest {
  readonly args: unknown;
  readonly session: HostSession;
}

/** An object that a call names. */
interface Named {
  readonly name?: string;
  readonly parentName?: string;
  /** The object itself, where it is known here. */
  readonly object?: ManagedObject;
  /** What is not there, as the error for it has it. */
  readonly missing?: string;
}

/**
 * Refuses what a read-only client may not call.
 *
 * @throws {VirtError} `permission-denied`, as libvirt's own library refuses it.
 */
export function refuseWrite(procedure: ProcedureName, { args, session }: AccessRequest): void {
  if (!session.readonly || allowedReadOnly(rowOf(procedure), args)) return;
  session.audit?.refused({
    operation: procedure,
    ...nameIn(procedure, { args, session }),
    why: "the client may only look",
  });
  throw libraryError(
    "VIR_ERR_OPERATION_DENIED",
    `read only access prevents ${apiName(procedure)}`,
    procedure,
  );
}

/** The name of the object that a call is about, for people. */
function nameIn(procedure: ProcedureName, request: AccessRequest): { readonly object?: string } {
  const [permission] = permissionsNeeded(rowOf(procedure), request.args);
  const named = permission === undefined ? undefined : namedBy(permission, request);
  const object = named?.object?.name ?? named?.name;
  return object === undefined ? {} : { object };
}

/**
 * Asks for the permissions of a call, one after the other, on the object that the arguments name or else on the
 * connection. `undefined` where there is nothing to wait for.
 *
 * @throws {VirtError} `permission-denied`; `not-found` where the object is not there
 */
export function checkAccess(
  procedure: ProcedureName,
  { args, session }: AccessRequest,
): Promise<void> | undefined {
  const asked = permissionsNeeded(rowOf(procedure), args).map((permission): Asked => ({
    permission,
    procedure,
    named: permission.startsWith("connect:") ? undefined : namedBy(permission, { args, session }),
  }));
  const wanted = isLookup(procedure)
    // What a look-up looks for may not be there: that is for it to find out.
    ? asked.filter(({ permission, named }) =>
      permission.startsWith("connect:") || named?.object !== undefined
    )
    : asked;
  const checked = checkAll(wanted, session);
  if (procedure !== "domainSaveImageDefineXml") return checked;
  return (checked ?? Promise.resolve()).then(() => checkSaved(procedure, { args, session }));
}

/** What is saved in a file is changed as what it is, whatever it is to be called then. */
async function checkSaved(procedure: ProcedureName, { args, session }: AccessRequest): Promise<void> {
  const path = textOf(fieldsOf(args)["file"]) ?? "";
  let xml: string;
  try {
    xml = await session.within(procedure, args).run("domain.savedXml", { input: { path } });
  } catch (error) {
    if (isVirtError(error, "permission-denied")) throw error;
    // What cannot be read is for the call itself to find out.
    return;
  }
  await checkDocument(procedure, {
    needed: permissionsNeeded(rowOf(procedure), args),
    result: { xml },
    session,
  });
}

/**
 * Asks whether a call may have found what it found. `undefined` where there is nothing to wait for.
 *
 * @throws {VirtError} `permission-denied`
 */
export function checkFound(
  procedure: ProcedureName,
  { result, session }: { readonly result: unknown; readonly session: HostSession },
): Promise<void> | undefined {
  if (!findsOut(procedure)) return undefined;
  const needed = rowOf(procedure).acl.filter((need): need is Permission => typeof need === "string");
  if (!isLookup(procedure)) return checkDocument(procedure, { needed, result, session });
  const asked = needed.map((permission): Asked => ({
    permission,
    procedure,
    named: namedBy(permission, { args: result, session }),
  }));
  return checkAll(asked.filter(({ named }) => named !== undefined), session);
}

/** What of a procedure's answer decides whether it may be given is in a document, which says what it is about. */
async function checkDocument(
  procedure: ProcedureName,
  { needed, result, session }: {
    readonly needed: readonly Permission[];
    readonly result: unknown;
    readonly session: HostSession;
  },
): Promise<void> {
  const { namesIn } = await import("../../runtime/permission/names.ts");
  const xml = textOf(fieldsOf(result)["xml"]) ?? "";
  for (const name of namesIn(xml, "domain")) {
    for (const permission of needed) {
      await session.authority.check({
        ...useOf(procedure, { permission, named: { name } }),
        definition: xml,
      });
    }
  }
}

/** Whether only the answer to a call says which object it was about. */
export function findsOut(procedure: ProcedureName): boolean {
  // What is saved in a file is named in that file.
  return isLookup(procedure) || procedure === "domainSaveImageGetXmlDesc";
}

/** Whether a procedure finds an object by something about it. */
function isLookup(procedure: ProcedureName): boolean {
  return procedure.includes("Lookup");
}

function rowOf(procedure: ProcedureName): Procedure {
  // The arguments of a call are what this very row has read.
  return procedureRow(procedure) as Procedure;
}

/** A permission that is asked for, and what for. */
interface Asked {
  readonly permission: Permission;
  readonly procedure: ProcedureName;
  readonly named: Named | undefined;
}

/** Asks for permissions one after the other. Where they go by labels, definitions are as they are now. */
function checkAll(asked: readonly Asked[], session: HostSession): Promise<void> | undefined {
  const checks = asked.map((each) => () => check(each, session));
  const { connection, authority } = session;
  const objects = asked.flatMap(({ named }) => named?.object ?? []);
  if (connection.describe === undefined || authority.readsDefinitions !== true || objects.length === 0) {
    return inTurn(checks);
  }
  return connection.describe(objects, neverAborts).then(() => inTurn(checks));
}

function check({ permission, procedure, named }: Asked, session: HostSession): void | Promise<void> {
  const use = useOf(procedure, { permission, named });
  if (named?.missing === undefined || session.authority.sees(use)) return session.authority.check(use);
  throw new VirtError("not-found", named.missing);
}

function useOf(
  operation: ProcedureName,
  { permission, named }: { readonly permission: Permission; readonly named: Named | undefined },
): PermissionUse {
  const { object, parentName } = named ?? {};
  const name = object?.name ?? named?.name;
  return {
    permission,
    connection: hostName,
    operation,
    when: "asked",
    ...(name === undefined ? {} : { name }),
    ...(parentName === undefined ? {} : { parentName }),
    ...(object === undefined || object.config === "" ? {} : { definition: object.config }),
  };
}

/** One check after the other, so that the first refusal ends them; waits only where one has to. */
function inTurn(checks: readonly (() => void | Promise<void>)[]): Promise<void> | undefined {
  for (const [index, check] of checks.entries()) {
    const answer = check();
    if (answer instanceof Promise) return answer.then(() => inTurn(checks.slice(index + 1)));
  }
  return undefined;
}

/** Whether an error says that something is not granted. What else was denied has libvirt's own number. */
export function isRefusal(error: unknown): boolean {
  return isVirtError(error, "permission-denied") && error.remoteCode === undefined;
}

/** What a client hears to whom something is not granted, as libvirt says it. */
export function accessDenied({ connection: { driver } }: HostSession): VirtError {
  return new VirtError("permission-denied", `'${hypervisorName(driver)}' denied access`, {
    remoteCode: "VIR_ERR_ACCESS_DENIED",
    detail: { from: "VIR_FROM_ACCESS" },
  });
}

/** Where an object of a class of permissions stands among arguments and results, and how it is found. */
type Finder = (fields: Readonly<Record<string, unknown>>, session: HostSession) => Named | undefined;

const finders: Readonly<Record<string, Finder>> = {
  // Snapshots and checkpoints have no permissions of their own: they are their domain's.
  domain: ({ dom, snap, snapshot, checkpoint }, session) =>
    byUuid("domain", dom ?? fieldsOf(snap ?? snapshot ?? checkpoint)["dom"], session),
  network: ({ net, network }, session) => byUuid("network", net ?? network, session),
  network_port: ({ port, net, network, uuid }, session) => {
    const { net: holder = net ?? network, uuid: id = uuid } = fieldsOf(port);
    const parent = byUuid("network", holder, session);
    return parent && inside("networkPort", { id: textOf(id), parent, how: "uuid" }, session);
  },
  storage_pool: ({ pool, vol }, session) =>
    pool === undefined ? poolNamed(fieldsOf(vol)["pool"], session) : byUuid("pool", pool, session),
  storage_vol: ({ vol, pool, name }, session) => {
    const { pool: holder, name: id = name } = fieldsOf(vol);
    const parent = vol === undefined ? byUuid("pool", pool, session) : poolNamed(holder, session);
    return parent && inside("volume", { id: textOf(id), parent, how: "name" }, session);
  },
  interface: ({ iface }, session) => byName("interface", fieldsOf(iface)["name"], session),
  node_device: ({ name, dev }, session) => byName("nodeDevice", fieldsOf(dev)["name"] ?? name, session),
  secret: ({ secret }, session) => byUuid("secret", secret, session),
  nwfilter: ({ nwfilter }, session) => byUuid("filter", nwfilter, session),
  nwfilter_binding: ({ nwfilter }, session) =>
    byName("filterBinding", fieldsOf(nwfilter)["portdev"], session),
};

/** The object that arguments, or a result, name for a permission; none where it concerns none, or none that is known. */
function namedBy(permission: Permission, { args, session }: AccessRequest): Named | undefined {
  const [permissionClass = ""] = permission.split(":");
  return finders[permissionClass]?.(fieldsOf(args), session);
}

function byUuid(objectClass: ObjectClass, value: unknown, session: HostSession): Named | undefined {
  const { uuid, name } = fieldsOf(value);
  const id = textOf(uuid);
  if (id === undefined) return undefined;
  const called = textOf(name);
  const how = `uuid '${id}'${called === undefined ? "" : ` (${called})`}`;
  return found({ $ref: objectClass, id }, { session, name: called ?? id, how });
}

/** What has no UUID is known by its name. */
function byName(objectClass: ObjectClass, value: unknown, session: HostSession): Named | undefined {
  const name = textOf(value);
  if (name === undefined) return undefined;
  return found({ $ref: objectClass, id: name }, { session, name, how: `name '${name}'` });
}

function poolNamed(value: unknown, { connection }: HostSession): Named | undefined {
  const name = textOf(value);
  if (name === undefined) return undefined;
  for (const object of connection.objects()) {
    if (object.objectClass === "pool" && object.name === name && object.phase !== "removed") {
      return { object };
    }
  }
  return { name, missing: missingWords("pool", `name '${name}'`) };
}

/** What stands in another object, which is not known yet where it has no id. */
function inside(
  objectClass: ObjectClass,
  { id, parent, how }: { readonly id: string | undefined; readonly parent: Named; readonly how: string },
  session: HostSession,
): Named {
  const parentName = parent.object?.name ?? parent.name ?? "";
  if (parent.object === undefined) return { ...parent, name: id ?? "", parentName };
  if (id === undefined) return { parentName };
  const ref = { $ref: objectClass, id, parent: parent.object.id };
  return { ...found(ref, { session, name: id, how: `${how} '${id}'` }), parentName };
}

function found(
  ref: Pick<ObjectRef, "$ref" | "id" | "parent">,
  { session, name, how }: { readonly session: HostSession; readonly name: string; readonly how: string },
): Named {
  const object = session.connection.find(ref);
  if (object !== undefined && object.phase !== "removed") return { object };
  return { name, missing: missingWords(ref.$ref, how) };
}

function missingWords(objectClass: ObjectClass, how: string): string {
  return `no ${objectClasses[objectClass].label} with matching ${how}`;
}

/** What a value has by name; nothing where it is no object. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
