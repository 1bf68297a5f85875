/**
 * Network filters.
 *
 * @module
 */
import { canonicalUuid } from "../../drivers/definition.ts";
import { textOf } from "../../drivers/xml_span.ts";
import type { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { RemoteNwfilter } from "../../protocol/procedures/mod.ts";
import { documentWords, rootIn, validate, validateFlag } from "../dispatch/document.ts";
import { fitting } from "../dispatch/lists.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";

/** A filter as it is named on the wire. */
function remoteFilter({ id, name }: ObjectRef): RemoteNwfilter {
  return { name, uuid: id };
}

/** What libvirt says where a name or a UUID belongs to another filter. */
function takenWords(xml: string, session: HostSession): string | undefined {
  const root = rootIn(xml);
  const name = root?.attributes.get("name");
  const uuid = canonicalUuid(root === undefined ? "" : textOf(root, "uuid") ?? "");
  for (const other of session.connection.objects()) {
    if (other.objectClass !== "filter" || other.phase === "removed") continue;
    if (other.id === uuid && other.name !== name) {
      return `filter with same UUID but different name ('${other.name}') already exists`;
    }
    if (other.name === name && other.id !== uuid) {
      return `filter '${name}' already exists with uuid ${other.id}`;
    }
  }
  return undefined;
}

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ nwfilter: { uuid } }: { readonly nwfilter: RemoteNwfilter }): string =>
    `no nwfilter with matching uuid '${uuid}'`,
};

/** Errors of defining one. */
const defining = {
  "invalid-document": ({ xml }: { readonly xml: string }): Words | undefined => documentWords(xml, "filter"),
  "already-exists": (
    { xml }: { readonly xml: string },
    _error: VirtError,
    session: HostSession,
  ): string | undefined => takenWords(xml, session),
};

/** The rows. */
export const networkFilter = {
  connectListAllNwfilters: calls("filter.list", {
    result: (entries, { args: { needResults } }) => ({
      filters: needResults === 0 ? [] : entries.map(({ filter }) => remoteFilter(filter)),
      ret: entries.length,
    }),
  }),
  connectNumOfNwfilters: calls("filter.list", { result: (entries) => ({ num: entries.length }) }),
  connectListNwfilters: calls("filter.list", {
    result: (entries, { args: { maxnames: room } }) => ({
      names: fitting(entries.map(({ filter: { name } }) => name), {
        procedure: "connectListNwfilters",
        room,
      }),
    }),
  }),
  nwfilterLookupByName: worded(
    calls("filter.lookup", {
      input: ({ name }) => ({ name, by: "name" }),
      result: (ref) => ({ nwfilter: remoteFilter(ref) }),
    }),
    { "not-found": ({ name }) => `no nwfilter with matching name '${name}'` },
  ),
  nwfilterLookupByUuid: worded(
    calls("filter.lookup", {
      input: ({ uuid }) => ({ name: uuid, by: "uuid" }),
      result: (ref) => ({ nwfilter: remoteFilter(ref) }),
    }),
    { "not-found": ({ uuid }) => `no nwfilter with matching uuid '${uuid}'` },
  ),
  nwfilterDefineXml: worded(
    calls("filter.define", {
      input: ({ xml }) => ({ xml }),
      result: (ref) => ({ nwfilter: remoteFilter(ref) }),
    }),
    defining,
  ),
  nwfilterDefineXmlFlags: worded(
    answers(async ({ xml, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xml, "filter");
      return { nwfilter: remoteFilter(await session.run("filter.define", { input: { xml } })) };
    }, { flags: validateFlag }),
    defining,
  ),
  nwfilterGetXmlDesc: worded(calls("filter.xml", { result: (xml) => ({ xml }) }), missing),
  nwfilterUndefine: worded(calls("filter.undefine"), { ...missing, "in-use": () => "nwfilter is in use" }),
} satisfies Family;
