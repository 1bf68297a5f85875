/**
 * Domains: the network addresses of their guests.
 *
 * @module
 */
import { addressSources } from "../../protocol/words/domain.ts";
import { addressFamilies } from "../../protocol/words/network.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { asks } from "./object_call.ts";
import { wireDomain } from "./wire.ts";

export const domainAddresses = {
  "domain.addresses": asks<"domain.addresses">("find the addresses of", async (line, { object, input }) => {
    const dom = wireDomain(object);
    const { ifaces } = await line.call("domainInterfaceAddresses", {
      dom,
      source: addressSources.indexOf(input.source),
      flags: 0,
    });
    return ifaces.map(({ name, hwaddr, addrs }) => ({
      interface: name,
      ...(hwaddr === undefined ? {} : { mac: hwaddr }),
      addresses: addrs.flatMap(({ type, addr, prefix }) => {
        const family = addressFamilies[type];
        return family === undefined ? [] : [{ family, address: addr, prefix }];
      }),
    }));
  }),
} satisfies DriverMap;
