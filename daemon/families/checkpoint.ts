/**
 * Checkpoints of domains.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { RemoteCheckpoint, RemoteDomain } from "../../protocol/procedures/mod.ts";
import { allBits, oneOf } from "../dispatch/list_flags.ts";
import { refTo } from "../dispatch/objects.ts";
import { answers, type Family } from "../dispatch/row.ts";
import { worded } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";
import { domainOf, makingWords, parentsFirst } from "./moment_words.ts";

/** Source: libvirt, virDomainCheckpointListFlags. The first bit says of children: all that is under it. */
const listFlag = { roots: 1, topological: 2, leaves: 4, noLeaves: 8 } as const;

/** Source: libvirt, virDomainCheckpointCreateFlags. */
const createFlag = { redefine: 1, quiesce: 2, redefineValidate: 4 } as const;

/** Of a document: with passwords; without the domain; with sizes. Source: libvirt, virDomainCheckpointXMLFlags. */
const xmlFlag = { secure: 1, noDomain: 2, size: 4 } as const;

/** Source: libvirt, virDomainCheckpointDeleteFlags. */
const deleteFlag = { children: 1, metadataOnly: 2, childrenOnly: 4 } as const;

type Entry = OutputOf<Operations["domain.listCheckpoints"]>[number];

/** The checkpoints that a list may show: all of a domain, or those under one. */
interface Among {
  readonly dom: RemoteDomain;
  readonly from?: string;
}

function noCheckpoint(message: string): VirtError {
  return new VirtError("not-found", message, { remoteCode: "VIR_ERR_NO_DOMAIN_CHECKPOINT" });
}

/**
 * A checkpoint that is there.
 *
 * @throws {VirtError} `not-found`
 */
async function found(session: HostSession, { name, dom }: RemoteCheckpoint): Promise<Entry> {
  const target = refTo("domain", domainOf(session, dom));
  const all = await session.run("domain.listCheckpoints", { target });
  const entry = all.find((each) => each.name === name);
  if (entry === undefined) throw noCheckpoint(`no domain checkpoint with matching name '${name}'`);
  return entry;
}

async function listed(
  session: HostSession,
  { dom, from, flags, needResults }: Among & { readonly flags: number; readonly needResults: number },
): Promise<{ checkpoints: readonly RemoteCheckpoint[]; ret: number }> {
  if (from !== undefined) await found(session, { name: from, dom });
  const isFirst = (flags & listFlag.roots) !== 0;
  const leaves = oneOf(flags, listFlag.leaves, listFlag.noLeaves);
  const domain = domainOf(session, dom);
  const entries = await session.run("domain.listCheckpoints", {
    target: refTo("domain", domain),
    input: {
      ...(from === undefined ? { roots: isFirst } : { from, descendants: isFirst }),
      ...(leaves === undefined ? {} : { leaves }),
    },
  });
  return {
    checkpoints: needResults === 0
      ? []
      : parentsFirst(entries, { byBranch: (flags & listFlag.topological) !== 0 }).map(({ name }) => ({
        name,
        dom: domain,
      })),
    ret: entries.length,
  };
}

/** The rows. */
export const checkpoint = {
  domainCheckpointCreateXml: worded(
    answers(async ({ dom, xmlDesc, flags }, session) => {
      const { name } = await session.run("domain.createCheckpoint", {
        target: refTo("domain", domainOf(session, dom)),
        input: {
          xml: xmlDesc,
          redefine: (flags & createFlag.redefine) !== 0,
          quiesce: (flags & createFlag.quiesce) !== 0,
        },
      });
      return { checkpoint: { name, dom: domainOf(session, dom) } };
    }, { flags: allBits(createFlag) }),
    {
      ...makingWords("domaincheckpoint"),
      "wrong-state": ({ dom }, _error, session) =>
        session.connection.find({ $ref: "domain", id: dom.uuid })?.phase === "active" ? undefined : {
          text: "cannot create checkpoint for inactive domain",
          code: "VIR_ERR_OPERATION_UNSUPPORTED",
        },
    },
  ),
  domainCheckpointGetXmlDesc: answers(async ({ checkpoint, flags }, session) => {
    const { name } = await found(session, checkpoint);
    return {
      xml: await session.run("domain.checkpointXml", {
        target: refTo("domain", checkpoint.dom),
        input: {
          name,
          secure: (flags & xmlFlag.secure) !== 0,
          withoutDomain: (flags & xmlFlag.noDomain) !== 0,
          sizes: (flags & xmlFlag.size) !== 0,
        },
      }),
    };
  }, { flags: allBits(xmlFlag) }),
  domainListAllCheckpoints: answers((args, session) => listed(session, args), { flags: allBits(listFlag) }),
  domainCheckpointListAllChildren: answers(
    ({ checkpoint: { name, dom }, needResults, flags }, session) =>
      listed(session, { dom, from: name, needResults, flags }),
    { flags: allBits(listFlag) },
  ),
  domainCheckpointLookupByName: answers(async ({ dom, name }, session) => {
    await found(session, { name, dom });
    return { checkpoint: { name, dom: domainOf(session, dom) } };
  }),
  domainCheckpointGetParent: answers(async ({ checkpoint }, session) => {
    const { parent } = await found(session, checkpoint);
    if (parent === undefined) throw noCheckpoint(`checkpoint '${checkpoint.name}' does not have a parent`);
    return { parent: { name: parent, dom: domainOf(session, checkpoint.dom) } };
  }),
  domainCheckpointDelete: answers(async ({ checkpoint, flags }, session) => {
    const { name } = await found(session, checkpoint);
    await session.run("domain.deleteCheckpoint", {
      target: refTo("domain", checkpoint.dom),
      input: {
        name,
        children: (flags & deleteFlag.children) !== 0,
        childrenOnly: (flags & deleteFlag.childrenOnly) !== 0,
        metadataOnly: (flags & deleteFlag.metadataOnly) !== 0,
      },
    });
    return undefined;
  }, { flags: allBits(deleteFlag) }),
} satisfies Family;
