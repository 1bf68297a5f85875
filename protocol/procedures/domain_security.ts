/**
 * Labels and launch security of domains.
 *
 * @module
 */
import { int, list, struct, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { domain, securityLabel, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** Labels and launch security of domains. */
export const domainSecurityProcedures = {
  domainGetSecurityLabel: procedure(121, {
    args: { dom: domain },
    result: securityLabel,
    acl: ["domain:read"],
    priority: "high",
  }),
  domainGetSecurityLabelList: procedure(278, {
    args: { dom: domain },
    result: { labels: list(struct(securityLabel), limits.securityLabelList), ret: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainGetLaunchSecurityInfo: procedure(396, {
    args: { dom: domain, flags: uint },
    result: { params: typedParameters(limits.domainLaunchSecurityInfoParams) },
    acl: ["domain:read"],
    readonly: false,
  }),
  domainSetLaunchSecurityState: procedure(439, {
    args: { dom: domain, params: typedParameters(limits.domainLaunchSecurityStateParams), flags: uint },
    acl: ["domain:write"],
  }),
};
