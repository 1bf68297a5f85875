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
  const subject = subjectOf(usualTarget(args), session);
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

/** What is known of the object, by the name that it really has. */
function subjectOf(
  ref: ObjectRef | undefined,
  { connection }: HostSession,
): Pick<PermissionUse, "name" | "definition"> {
  if (ref === undefined) return {};
  const { name, config } = connection.find(ref) ?? { name: ref.name, config: "" };
  return { name, ...(config === "" ? {} : { definition: config }) };
}
