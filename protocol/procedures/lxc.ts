/**
 * What only the LXC driver has, in a program of its own.
 *
 * @module
 */
import { uint } from "../xdr/mod.ts";
import { domain } from "./objects.ts";
import { procedure } from "./row.ts";

/** What only the LXC driver has, in a program of its own. */
export const lxcProcedures = {
  lxcDomainOpenNamespace: procedure(1, {
    args: { dom: domain, flags: uint },
    files: "received",
    acl: ["domain:open_namespace"],
    program: "lxc",
  }),
};
