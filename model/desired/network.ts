/**
 * What somebody wants a virtual network to be.
 *
 * @module
 */
import { z } from "zod";

/** An address that a network gives to one guest. */
export interface DesiredDhcpHost {
  /** The hardware address of the guest's interface. */
  readonly mac: string;
  /** The address that it gets. */
  readonly ip: string;
  /** The name that it gets. */
  readonly name?: string | undefined;
}

/** What a virtual network shall be. Only what is written here is compared. */
export interface DesiredNetwork {
  /** Its name, by which it is found. */
  readonly name: string;
  /** What it shall do; left as it is where not said. A new network is not started. */
  readonly state?: "active" | "inactive" | "absent" | undefined;
  /** Whether it starts with its host. */
  readonly autostart?: boolean | undefined;
  /** How its guests reach what is outside. @default "nat" */
  readonly forward?: "nat" | "route" | "open" | "bridge" | "none" | undefined;
  /** The host's bridge. @default one that the hypervisor makes up */
  readonly bridge?: string | undefined;
  /** The DNS domain of its guests. */
  readonly domain?: string | undefined;
  /** The host's own address in it, with the length of the prefix: `192.168.50.1/24`. */
  readonly address?: string | undefined;
  /** The first and the last address that it gives out. */
  readonly range?: { readonly start: string; readonly end: string } | undefined;
  /** All addresses that it gives to certain guests: one that is not in the list is taken away. */
  readonly hosts?: readonly DesiredDhcpHost[] | undefined;
  /** Anything else, as a `<network>` document that holds no more than what shall be so. */
  readonly xml?: string | undefined;
}

const address = z.string().regex(/^[0-9A-Fa-f.:]+$/).max(64);
const word = z.string().min(1).max(255);

/** What a virtual network shall be. */
export const desiredNetwork: z.ZodType<DesiredNetwork, DesiredNetwork> = z.strictObject({
  name: word,
  state: z.enum(["active", "inactive", "absent"]).optional(),
  autostart: z.boolean().optional(),
  forward: z.enum(["nat", "route", "open", "bridge", "none"]).optional(),
  bridge: word.optional(),
  domain: word.optional(),
  address: z.string().regex(
    /^[0-9A-Fa-f.:]+\/\d{1,3}$/,
    'Expected an address with its prefix: "192.168.50.1/24"',
  )
    .optional(),
  range: z.strictObject({ start: address, end: address }).optional(),
  hosts: z.array(z.strictObject({
    mac: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/),
    ip: address,
    name: word.optional(),
  })).max(4096).optional(),
  xml: z.string().min(1).max(1024 * 1024).optional(),
});
