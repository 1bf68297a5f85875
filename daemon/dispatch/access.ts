/**
 * The permissions that libvirt's table demands for a call.
 *
 * @module
 */
import {
  permissionsNeeded,
  type Procedure,
  type ProcedureName,
  procedureRow,
} from "../../protocol/procedures/mod.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { PermissionUse } from "../../runtime/call.ts";
import type { HostSession } from "../host_session.ts";
import { hostName, usualTarget } from "./objects.ts";

/**
 * Asks for them one after the other, on the object that the arguments name or else on the connection. What the operation
 * behind the call needs in addition the kernel asks for itself. `undefined` where there is nothing to wait for.
 *
 * @throws {VirtError} `permission-denied`
 */
export function checkAccess(
  procedure: ProcedureName,
  { args, session }: { readonly args: unknown; readonly session: HostSession },
): Promise<void> | undefined {
  // The arguments are what this very row has read.
  const needed = permissionsNeeded(procedureRow(procedure) as Procedure, args);
  const subject = volumeSubject(args) ?? subjectOf(domainOf(args) ?? usualTarget(args), session);
  const uses = needed.map((permission): PermissionUse => ({
    permission,
    connection: hostName,
    operation: procedure,
    when: "asked",
    ...(permission.startsWith("connect:") ? {} : subject),
  }));
  return inTurn(uses, session);
}

function inTurn(uses: readonly PermissionUse[], session: HostSession): Promise<void> | undefined {
  for (const [index, use] of uses.entries()) {
    const answer = session.authority.check(use);
    if (answer instanceof Promise) return answer.then(() => inTurn(uses.slice(index + 1), session));
  }
  return undefined;
}

/** The domain of the snapshot or checkpoint that the arguments name: those have no permissions of their own. */
function domainOf(args: unknown): ObjectRef | undefined {
  if (typeof args !== "object" || args === null) return undefined;
  const moment: unknown = "snap" in args
    ? args.snap
    : "snapshot" in args
    ? args.snapshot
    : "checkpoint" in args
    ? args.checkpoint
    : undefined;
  return usualTarget(moment);
}

/** What is known of the volume that the arguments name, which has no definition with labels. */
function volumeSubject(args: unknown): Pick<PermissionUse, "name" | "parentName"> | undefined {
  if (typeof args !== "object" || args === null || !("vol" in args)) return undefined;
  const { vol } = args;
  if (typeof vol !== "object" || vol === null || !("name" in vol) || !("pool" in vol)) return undefined;
  return typeof vol.name === "string" && typeof vol.pool === "string"
    ? { name: vol.name, parentName: vol.pool }
    : undefined;
}

/** What is known of the object, by the name that it really has. */
function subjectOf(
  ref: ObjectRef | undefined,
  { connection }: HostSession,
): Pick<PermissionUse, "name" | "definition"> {
  if (ref === undefined) return {};
  const { name, config } = connection.find(ref) ?? { name: ref.name, config: "" };
  return { name, ...(config === "" ? {} : { definition: config }) };
}
