/**
 * Network filters and their bindings.
 *
 * @module
 */
import { int, list, uint, uuid } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { nwfilter, nwfilterBinding, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Network filters and their bindings. */
export const nwfilterProcedures = {
  nwfilterLookupByName: procedure(175, {
    args: { name: text },
    result: { nwfilter },
    acl: ["nwfilter:getattr"],
    priority: "high",
  }),
  nwfilterLookupByUuid: procedure(176, {
    args: { uuid },
    result: { nwfilter },
    acl: ["nwfilter:getattr"],
    priority: "high",
  }),
  nwfilterGetXmlDesc: procedure(177, {
    args: { nwfilter, flags: uint },
    result: { xml: text },
    acl: ["nwfilter:read"],
    priority: "high",
  }),
  connectNumOfNwfilters: procedure(178, {
    result: { num: int },
    acl: ["connect:search_nwfilters"],
    filter: "nwfilter:getattr",
    priority: "high",
  }),
  connectListNwfilters: procedure(179, {
    args: { maxnames: int },
    result: { names: list(text, limits.nwfilterList) },
    acl: ["connect:search_nwfilters"],
    filter: "nwfilter:getattr",
    priority: "high",
  }),
  nwfilterDefineXml: procedure(180, {
    args: { xml: text },
    result: { nwfilter },
    acl: ["nwfilter:write", "nwfilter:save"],
    priority: "high",
  }),
  nwfilterUndefine: procedure(181, { args: { nwfilter }, acl: ["nwfilter:delete"], priority: "high" }),
  connectListAllNwfilters: procedure(286, {
    args: { needResults: int, flags: uint },
    result: { filters: list(nwfilter, limits.nwfilterList), ret: uint },
    acl: ["connect:search_nwfilters"],
    filter: "nwfilter:getattr",
    priority: "high",
  }),
  nwfilterBindingLookupByPortDev: procedure(397, {
    args: { name: text },
    result: { nwfilter: nwfilterBinding },
    acl: ["nwfilter_binding:getattr"],
    priority: "high",
  }),
  nwfilterBindingGetXmlDesc: procedure(398, {
    args: { nwfilter: nwfilterBinding, flags: uint },
    result: { xml: text },
    acl: ["nwfilter_binding:read"],
    priority: "high",
  }),
  nwfilterBindingCreateXml: procedure(399, {
    args: { xml: text, flags: uint },
    result: { nwfilter: nwfilterBinding },
    acl: ["nwfilter_binding:create"],
    priority: "high",
  }),
  nwfilterBindingDelete: procedure(400, {
    args: { nwfilter: nwfilterBinding },
    acl: ["nwfilter_binding:delete"],
    priority: "high",
  }),
  connectListAllNwfilterBindings: procedure(401, {
    args: { needResults: int, flags: uint },
    result: { bindings: list(nwfilterBinding, limits.nwfilterBindingList), ret: uint },
    acl: ["connect:search_nwfilter_bindings"],
    filter: "nwfilter_binding:getattr",
    priority: "high",
  }),
  nwfilterDefineXmlFlags: procedure(431, {
    args: { xml: text, flags: uint },
    result: { nwfilter },
    acl: ["nwfilter:write", "nwfilter:save"],
    priority: "high",
  }),
};
