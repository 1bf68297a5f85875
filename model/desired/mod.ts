/**
 * What somebody wants objects to be: the data behind the builders of the DSL.
 *
 * @module
 */
import { z } from "zod";
import { type DesiredDomain, desiredDomain } from "./domain.ts";

export type {
  DesiredDisk,
  DesiredDomain,
  DesiredInterface,
  DesiredKernel,
  DesiredVolumeSource,
} from "./domain.ts";
export { bytesOf, kibOf, type SizeText } from "./size.ts";

/** What somebody wants an object of a kind to be. */
export interface DesiredByKind {
  /** A virtual machine or a container. */
  readonly domain: DesiredDomain;
}

/** A kind of object that can be desired. */
export type DesiredKind = keyof DesiredByKind;

/** What somebody wants one object to be. */
export type DesiredData = {
  readonly [K in DesiredKind]: { readonly kind: K; readonly spec: DesiredByKind[K] };
}[DesiredKind];

/** What somebody wants one object to be. */
export const desiredSchema: z.ZodType<DesiredData, DesiredData> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("domain"), spec: desiredDomain }),
]);

const xml = z.string().max(8 * 1024 * 1024);

/** What is there of an object now; nothing where it is not there. */
export const presentSchema = z.object({
  /** The definition that the next start uses. */
  config: xml.optional(),
  /** The definition of what runs. */
  live: xml.optional(),
  persistent: z.boolean().optional(),
  autostart: z.boolean().optional(),
  /** What the host can do; where there is no object yet. */
  capabilities: xml.optional(),
});

/** What is there of an object now; nothing where it is not there. */
export type Present = z.output<typeof presentSchema>;
