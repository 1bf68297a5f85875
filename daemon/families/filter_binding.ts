/**
 * Bindings of network filters: a filter at work on one interface of a guest.
 *
 * @module
 */
import { attributeOf } from "../../drivers/xml_span.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { RemoteNwfilterBinding } from "../../protocol/procedures/mod.ts";
import { documentWords, rootIn, validate, validateFlag } from "../dispatch/document.ts";
import { hostName } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";

/** A binding is known by the host's device that it is on. */
function target({ nwfilter: { portdev } }: { readonly nwfilter: RemoteNwfilterBinding }): ObjectRef {
  return { $ref: "filterBinding", connection: hostName, id: portdev, name: portdev };
}

/** A binding as it is named on the wire: with the filter that its document names. */
async function remoteBinding(ref: ObjectRef, session: HostSession): Promise<RemoteNwfilterBinding> {
  const document = rootIn(await session.run("filterBinding.xml", { target: ref }));
  const filtername = document === undefined ? undefined : attributeOf(document, "filter", "filterref");
  return { portdev: ref.name, filtername: filtername ?? "" };
}

function absent(portdev: string): string {
  return `no nwfilter binding for port dev '${portdev}'`;
}

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ nwfilter: { portdev } }: { readonly nwfilter: RemoteNwfilterBinding }): string =>
    absent(portdev),
};

/** The rows. */
export const filterBinding = {
  connectListAllNwfilterBindings: calls("filterBinding.list", {
    result: (entries, { args: { needResults } }) => ({
      bindings: needResults === 0
        ? []
        : entries.map(({ binding: { name: portdev }, filter: filtername }) => ({ portdev, filtername })),
      ret: entries.length,
    }),
  }),
  nwfilterBindingLookupByPortDev: worded(
    answers(async ({ name }, session) => {
      const ref = await session.run("filterBinding.lookup", { input: { name } });
      return { nwfilter: await remoteBinding(ref, session) };
    }),
    { "not-found": ({ name }) => absent(name) },
  ),
  nwfilterBindingGetXmlDesc: worded(
    calls("filterBinding.xml", { target, result: (xml) => ({ xml }) }),
    missing,
  ),
  nwfilterBindingCreateXml: worded(
    answers(async ({ xml, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xml, "filterbinding");
      const ref = await session.run("filterBinding.create", { input: { xml } });
      return { nwfilter: await remoteBinding(ref, session) };
    }, { flags: validateFlag }),
    { "invalid-document": ({ xml }) => documentWords(xml, "filterbinding") },
  ),
  nwfilterBindingDelete: worded(calls("filterBinding.delete", { target }), missing),
} satisfies Family;
