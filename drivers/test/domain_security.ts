/**
 * Domains: how they are confined.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import type { DomainJob } from "./domain.ts";
import type { Out } from "./operation_types.ts";

/** Simulated guests are confined under one label. Source: libvirt's test driver. */
function securityLabels({ object }: DomainJob): Out<"domain.securityLabels"> {
  return object.live === undefined ? [] : [{ label: "libvirt-test", enforcing: true }];
}

export const domainSecurity = {
  "domain.securityLabels": { run: (job) => Promise.try(securityLabels, job) },
} satisfies DriverMap;
