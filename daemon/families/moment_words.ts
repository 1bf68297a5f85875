/**
 * What snapshots and checkpoints have in common: which of them a list shows, and the domain that they are of.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { RemoteDomain } from "../../protocol/procedures/mod.ts";
import { remoteDomain } from "../dispatch/objects.ts";
import type { HostSession } from "../host_session.ts";

/** A snapshot or a checkpoint, as far as its place in the tree goes. */
export interface Moment {
  readonly name: string;
  readonly parent?: string | undefined;
}

/**
 * The domain that a client names, with the number that it has now.
 *
 * @throws {VirtError} `not-found`
 */
export function domainOf(session: HostSession, { uuid, name }: RemoteDomain): RemoteDomain {
  const found = session.connection.find({ $ref: "domain", id: uuid });
  if (found === undefined || found.phase === "removed") {
    throw new VirtError("not-found", `no domain with matching uuid '${uuid}' (${name})`, {
      remoteCode: "VIR_ERR_NO_DOMAIN",
    });
  }
  return remoteDomain(found.ref(""), session);
}

/** Parents before what comes after them, and else in the order in which they are. */
export function parentsFirst<M extends Moment>(moments: readonly M[]): readonly M[] {
  const children = Map.groupBy(moments, ({ parent }) => parent);
  const names = new Set(moments.map(({ name }) => name));
  const found = moments.filter(({ parent }) => parent === undefined || !names.has(parent));
  // What is added at the end is come to later.
  for (const { name } of found) found.push(...children.get(name) ?? []);
  return found;
}
