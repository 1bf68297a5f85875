/**
 * Domains: how they are confined.
 *
 * @module
 */
import { calls, type Family } from "../dispatch/row.ts";

/** A label with the zero at its end, which counts. */
function onWire({ label, enforcing }: { readonly label: string; readonly enforcing: boolean }): {
  readonly label: Uint8Array;
  readonly enforcing: number;
} {
  return { label: new TextEncoder().encode(`${label}\0`), enforcing: enforcing ? 1 : 0 };
}

/** The rows. */
export const domainSecurity = {
  domainGetSecurityLabel: calls("domain.securityLabels", {
    result: ([first = { label: "", enforcing: false }]) => onWire(first),
  }),
  domainGetSecurityLabelList: calls("domain.securityLabels", {
    result: (labels) => ({ labels: labels.map(onWire), ret: labels.length }),
  }),
} satisfies Family;
