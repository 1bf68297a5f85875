/**
 * What somebody wants secrets and snapshots to be.
 *
 * @module
 */
import { z } from "zod";

/** What a secret that a host keeps shall be. Only what is written here is compared. */
export interface DesiredSecret {
  /** What it is for, by which it is found: a volume's path, the name of a Ceph or iSCSI user, of a TLS key. */
  readonly usage: { readonly type: "volume" | "ceph" | "iscsi" | "tls" | "vtpm"; readonly name: string };
  /** What it shall do. */
  readonly state?: "present" | "absent" | undefined;
  /** What it is, for people. */
  readonly description?: string | undefined;
  /** Whether nobody but the hypervisor can read its value. @default false */
  readonly private?: boolean | undefined;
  /** Whether it is kept in memory only. @default false */
  readonly ephemeral?: boolean | undefined;
  /**
   * Whether its value is set: once when it is made, or each time. What it is now is never read, and the value itself is not
   * in a plan. @default "once"
   */
  readonly setValue?: "once" | "always" | undefined;
}

/** A snapshot that a domain shall have. */
export interface DesiredSnapshot {
  /** The name of its domain. */
  readonly domain: string;
  /** Its name, by which it is found. */
  readonly name: string;
  /** What it shall do. */
  readonly state?: "present" | "absent" | undefined;
  /** What it is for. A snapshot keeps the one that it was taken with. */
  readonly description?: string | undefined;
  /** Without the running domain's memory. @default false */
  readonly diskOnly?: boolean | undefined;
  /** Whether the guest's file systems are frozen meanwhile. @default false */
  readonly quiesce?: boolean | undefined;
}

const word = z.string().min(1).max(4096);

/** What a secret that a host keeps shall be. */
export const desiredSecret: z.ZodType<DesiredSecret, DesiredSecret> = z.strictObject({
  usage: z.strictObject({ type: z.enum(["volume", "ceph", "iscsi", "tls", "vtpm"]), name: word }),
  state: z.enum(["present", "absent"]).optional(),
  description: z.string().max(65_536).optional(),
  private: z.boolean().optional(),
  ephemeral: z.boolean().optional(),
  setValue: z.enum(["once", "always"]).optional(),
});

/** A snapshot that a domain shall have. */
export const desiredSnapshot: z.ZodType<DesiredSnapshot, DesiredSnapshot> = z.strictObject({
  domain: word,
  name: word,
  state: z.enum(["present", "absent"]).optional(),
  description: z.string().max(65_536).optional(),
  diskOnly: z.boolean().optional(),
  quiesce: z.boolean().optional(),
});
