/**
 * Domains: looking into running ones.
 *
 * @module
 */
import { toTypedParameters } from "../../protocol/typed_parameters.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { asks, does, done } from "./object_call.ts";
import { plainParameters } from "./parameters.ts";
import { wireDomain } from "./wire.ts";

/** Which addresses are meant. Source: libvirt, virDomainMemoryFlags. */
const addressFlags = { virtual: 1, physical: 2 } as const;

/** Source: libvirt, virDomainDirtyRateCalcFlags. */
const dirtyRateModes = { "page-sampling": 0, "dirty-bitmap": 1, "dirty-ring": 2 } as const;

/** Source: libvirt, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET*. */
const launchKinds = {
  "sev-secret-header": "string",
  "sev-secret": "string",
  "sev-secret-set-address": "ullong",
} as const;

/** Labels come as characters with a zero at their end. */
function labelText(chars: Uint8Array): string {
  const end = chars.indexOf(0);
  return new TextDecoder().decode(end < 0 ? chars : chars.subarray(0, end));
}

export const domainDiagnosis = {
  "domain.peekMemory": asks<"domain.peekMemory">("read the memory of", async (line, { object, input }) => {
    const { buffer } = await line.call("domainMemoryPeek", {
      dom: wireDomain(object),
      offset: BigInt(input.offsetBytes),
      size: input.sizeBytes,
      flags: addressFlags[input.addresses],
    });
    return { data: buffer };
  }),
  "domain.messages": asks<"domain.messages">("read the messages about", async (line, { object }) => {
    const { msgs } = await line.call("domainGetMessages", { dom: wireDomain(object), flags: 0 });
    return [...msgs];
  }),
  "domain.securityLabels": asks<"domain.securityLabels">("read the labels of", async (line, { object }) => {
    const { labels } = await line.call("domainGetSecurityLabelList", { dom: wireDomain(object) });
    return labels.map(({ label, enforcing }) => ({ label: labelText(label), enforcing: enforcing !== 0 }));
  }),
  "domain.launchSecurity": asks<"domain.launchSecurity">("measure", async (line, { object }) => {
    const { params } = await line.call("domainGetLaunchSecurityInfo", { dom: wireDomain(object), flags: 0 });
    return plainParameters(params);
  }),
  "domain.setLaunchSecurity": does<"domain.setLaunchSecurity">({
    doing: "give a secret to",
    act: (line, { object, input: { header, secret, address } }) =>
      done(line.call("domainSetLaunchSecurityState", {
        dom: wireDomain(object),
        params: toTypedParameters({
          "sev-secret-header": header,
          "sev-secret": secret,
          "sev-secret-set-address": address,
        }, launchKinds),
        flags: 0,
      })),
    answer: {},
  }),
  "domain.measureDirtyRate": does<"domain.measureDirtyRate">({
    doing: "measure the writes of",
    act: (line, { object, input: { seconds, mode } }) =>
      done(line.call("domainStartDirtyRateCalc", {
        dom: wireDomain(object),
        seconds,
        flags: dirtyRateModes[mode],
      })),
    answer: {},
  }),
} satisfies DriverMap;
