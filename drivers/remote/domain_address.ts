/**
 * Domains: the network addresses of their guests.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { asks } from "./object_call.ts";
import { wireDomain } from "./wire.ts";

/** Source: libvirt, virDomainInterfaceAddressesSource. */
const sources = { lease: 0, agent: 1, arp: 2 } as const;

/** Source: libvirt, virIPAddrType. */
const families = ["ipv4", "ipv6"] as const;

export const domainAddresses = {
  "domain.addresses": asks<"domain.addresses">("find the addresses of", async (line, { object, input }) => {
    const dom = wireDomain(object);
    const { ifaces } = await line.call("domainInterfaceAddresses", {
      dom,
      source: sources[input.source],
      flags: 0,
    });
    return ifaces.map(({ name, hwaddr, addrs }) => ({
      interface: name,
      ...(hwaddr === undefined ? {} : { mac: hwaddr }),
      addresses: addrs.flatMap(({ type, addr, prefix }) => {
        const family = families[type];
        return family === undefined ? [] : [{ family, address: addr, prefix }];
      }),
    }));
  }),
} satisfies DriverMap;
