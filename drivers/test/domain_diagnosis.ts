/**
 * Looks into simulated guests. What they show is what libvirt's test driver shows.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { type DomainJob, needGuest } from "./domain.ts";
import type { In, Out } from "./operation_types.ts";

/** Each byte of a simulated memory is the low byte of its address. */
function peek({ object }: DomainJob, input: In<"domain.peekMemory">): Out<"domain.peekMemory"> {
  needGuest(object, "read the memory of");
  return { data: Uint8Array.from({ length: input.sizeBytes }, (_, at) => (input.offsetBytes + at) % 256) };
}

export const domainDiagnosis = {
  "domain.peekMemory": { run: (job, input) => Promise.try(peek, job, input) },
  // No simulated memory is encrypted.
  "domain.launchSecurity": { run: () => Promise.resolve({}) },
} satisfies DriverMap;
