/**
 * What the driver reads out of networks' definitions.
 *
 * @module
 */
import { attributeOf, childOf, childrenOf, readXml } from "../xml_span.ts";

/** An IPv4 address as its four numbers. */
export type Ipv4 = readonly [number, number, number, number];

/** The numbers of an IPv4 address; `undefined` where the text is none. */
export function parseIpv4(text: string | undefined): Ipv4 | undefined {
  const parts = text?.split(".").map(Number);
  if (parts?.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) {
    return undefined;
  }
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  return [a, b, c, d];
}

/** What a network gives out, where it gives out addresses. */
export interface Dhcp {
  readonly first: Ipv4;
  readonly prefix: number;
}

/** The addresses that a network gives out: the beginning of its first IPv4 range, else of its network. */
export function dhcpOf(xml: string): Dhcp | undefined {
  for (const ip of childrenOf(readXml(xml), "ip")) {
    const address = parseIpv4(ip.attributes.get("address"));
    if (address === undefined) continue;
    const mask = parseIpv4(ip.attributes.get("netmask"));
    const given = ip.attributes.get("prefix");
    const prefix = given !== undefined
      ? Number(given)
      : mask === undefined
      ? 24
      : mask.reduce((sum, part) => sum + part.toString(2).replaceAll("0", "").length, 0);
    const start = parseIpv4(attributeOf(childOf(ip, "dhcp"), "start", "range"));
    return { first: start ?? address, prefix };
  }
  return undefined;
}

/** The bridge of a network. */
export function bridgeOf(xml: string): string | undefined {
  return attributeOf(readXml(xml), "name", "bridge");
}
