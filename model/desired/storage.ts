/**
 * What somebody wants storage pools and volumes to be.
 *
 * @module
 */
import { z } from "zod";
import { type SizeText, sizeText } from "./size.ts";

/** What a storage pool shall be. Only what is written here is compared. */
export interface DesiredPool {
  /** Its name, by which it is found. */
  readonly name: string;
  /** What it shall do; left as it is where not said. A new pool is not started. */
  readonly state?: "active" | "inactive" | "absent" | undefined;
  /** Whether it starts with its host. */
  readonly autostart?: boolean | undefined;
  /** What it consists of: `dir`, `fs`, `netfs`, `logical`, … @default "dir" */
  readonly type?: string | undefined;
  /** Where its volumes are on the host. */
  readonly path?: string | undefined;
  /** Anything else, as a `<pool>` document that holds no more than what shall be so. */
  readonly xml?: string | undefined;
}

/** An image on which a volume is made: the volume holds only what differs. */
export interface DesiredBacking {
  /** Where the host has it. */
  readonly path: string;
  /** What its bytes mean. @default by its name: "qcow2" for `.qcow2`, else "raw" */
  readonly format?: string | undefined;
  /** What a guest sees of it, in bytes: what a new volume on it has where no capacity is said. */
  readonly capacityBytes?: number | undefined;
}

/** What a volume shall be. Only what is written here is compared. */
export interface DesiredVolume {
  /** The name of its pool. */
  readonly pool: string;
  /** Its name, by which it is found. */
  readonly name: string;
  /** What it shall do. */
  readonly state?: "present" | "absent" | undefined;
  /** What a guest sees. Grown where it is less; never shrunk. */
  readonly capacity?: SizeText | undefined;
  /** What its bytes mean. @default by its name: "qcow2" for `.qcow2`, else "raw" */
  readonly format?: string | undefined;
  /** The image that it is made on: one of `pool.image`, or what is known of another. */
  readonly backing?: DesiredBacking | undefined;
  /** Whether it may be deleted with what it holds, and made anew, where it cannot be changed. @default false */
  readonly replace?: boolean | undefined;
  /** Anything else, as a `<volume>` document that holds no more than what shall be so. */
  readonly xml?: string | undefined;
}

const word = z.string().min(1).max(255);
const hostPath = z.string().startsWith("/").max(4096);
const xml = z.string().min(1).max(1024 * 1024);

/** What a storage pool shall be. */
export const desiredPool: z.ZodType<DesiredPool, DesiredPool> = z.strictObject({
  name: word,
  state: z.enum(["active", "inactive", "absent"]).optional(),
  autostart: z.boolean().optional(),
  type: word.optional(),
  path: hostPath.optional(),
  xml: xml.optional(),
});

/** What a volume shall be. */
export const desiredVolume: z.ZodType<DesiredVolume, DesiredVolume> = z.strictObject({
  pool: word,
  name: word,
  state: z.enum(["present", "absent"]).optional(),
  capacity: sizeText.optional(),
  format: word.optional(),
  backing: z.strictObject({
    path: hostPath,
    format: word.optional(),
    capacityBytes: z.int().min(0).optional(),
  }).optional(),
  replace: z.boolean().optional(),
  xml: xml.optional(),
});
