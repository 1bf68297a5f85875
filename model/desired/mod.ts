/**
 * What somebody wants objects to be: the data behind the builders of the DSL.
 *
 * @module
 */
import { z } from "zod";
import { type DesiredDomain, desiredDomain } from "./domain.ts";
import { type DesiredNetwork, desiredNetwork } from "./network.ts";
import { type DesiredSecret, desiredSecret, type DesiredSnapshot, desiredSnapshot } from "./secret.ts";
import { type DesiredPool, desiredPool, type DesiredVolume, desiredVolume } from "./storage.ts";

export type {
  DesiredDisk,
  DesiredDomain,
  DesiredInterface,
  DesiredKernel,
  DesiredVolumeSource,
} from "./domain.ts";
export type { DesiredDhcpHost, DesiredNetwork } from "./network.ts";
export type { DesiredSecret, DesiredSnapshot } from "./secret.ts";
export type { DesiredBacking, DesiredPool, DesiredVolume } from "./storage.ts";
export { bytesOf, kibOf, type SizeText, sizeText } from "./size.ts";

/** What somebody wants an object of a kind to be. */
export interface DesiredByKind {
  /** A virtual machine or a container. */
  readonly domain: DesiredDomain;
  /** A virtual network. */
  readonly network: DesiredNetwork;
  /** A storage pool. */
  readonly pool: DesiredPool;
  /** A volume of a storage pool. */
  readonly volume: DesiredVolume;
  /** A secret that the host keeps. */
  readonly secret: DesiredSecret;
  /** A snapshot of a domain. */
  readonly snapshot: DesiredSnapshot;
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
  z.object({ kind: z.literal("network"), spec: desiredNetwork }),
  z.object({ kind: z.literal("pool"), spec: desiredPool }),
  z.object({ kind: z.literal("volume"), spec: desiredVolume }),
  z.object({ kind: z.literal("secret"), spec: desiredSecret }),
  z.object({ kind: z.literal("snapshot"), spec: desiredSnapshot }),
]);

const xml = z.string().max(8 * 1024 * 1024);

/** What is there of an object now; nothing where it is not there. */
export const presentSchema = z.object({
  config: xml.optional().describe(
    "The definition that the next start uses; for a volume or a snapshot the only one",
  ),
  live: xml.optional().describe("The definition of what runs"),
  persistent: z.boolean().optional(),
  autostart: z.boolean().optional(),
  hasValue: z.boolean().optional().describe("For a secret: whether it has a value"),
  capabilities: xml.optional().describe("What the host can do; where there is no object yet"),
});

/** What is there of an object now; nothing where it is not there. */
export type Present = z.output<typeof presentSchema>;
