/**
 * What snapshots and checkpoints have in common: which of them a list shows, and the domain that they are of.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { RemoteDomain } from "../../protocol/procedures/mod.ts";
import { documentWords } from "../dispatch/document.ts";
import { remoteDomain } from "../dispatch/objects.ts";
import type { Words } from "../dispatch/words.ts";
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

/** The arguments that hold a document of a moment. */
interface Making {
  readonly xmlDesc: string;
}

/** Errors of what makes a moment out of a document with a root. */
export function makingWords(root: string): {
  readonly [C in "already-exists" | "invalid-argument" | "invalid-document"]: (
    args: Making,
    error: VirtError,
  ) => Words | string | undefined;
} {
  return {
    "already-exists": (_args, { message }) => ({
      text: `domain moment ${/"([^"]*)"/.exec(message)?.[1] ?? ""} already exists`,
      code: "VIR_ERR_OPERATION_FAILED",
    }),
    "invalid-argument": (_args, { message }) => {
      const disk = /has no disk "([^"]*)"$/.exec(message)?.[1];
      return disk === undefined
        ? undefined
        : { text: `no disk named '${disk}'`, code: "VIR_ERR_CONFIG_UNSUPPORTED" };
    },
    "invalid-document": ({ xmlDesc }) => documentWords(xmlDesc, root),
  };
}

/**
 * Parents before what comes after them, and else in the order in which they are; or, where the tree itself is asked for,
 * branch by branch, the latest first, as libvirt's test driver has it.
 */
export function parentsFirst<M extends Moment>(
  moments: readonly M[],
  { byBranch = false }: { readonly byBranch?: boolean } = {},
): readonly M[] {
  const children = Map.groupBy(moments, ({ parent }) => parent);
  const names = new Set(moments.map(({ name }) => name));
  const open = moments.filter(({ parent }) => parent === undefined || !names.has(parent));
  const found: M[] = [];
  for (let next = byBranch ? open.pop() : open.shift(); next !== undefined;) {
    found.push(next);
    open.push(...children.get(next.name) ?? []);
    next = byBranch ? open.pop() : open.shift();
  }
  return found;
}
