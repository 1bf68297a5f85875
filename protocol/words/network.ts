/**
 * Words of networks and addresses, each at the place of its number.
 *
 * @module
 */

/** What an update of a network does; 0 stands for nothing. Source: libvirt, virNetworkUpdateCommand. */
export const networkUpdateCommands = [undefined, "modify", "delete", "add-last", "add-first"] as const;

/** Where it is made; 0 stands for nowhere. Source: libvirt, virNetworkUpdateSection. */
export const networkUpdateSections = [
  undefined,
  "bridge",
  "domain",
  "ip",
  "ip-dhcp-host",
  "ip-dhcp-range",
  "forward",
  "forward-interface",
  "forward-pf",
  "portgroup",
  "dns-host",
  "dns-txt",
  "dns-srv",
] as const;

/** An address family. Source: libvirt, virIPAddrType. */
export const addressFamilies = ["ipv4", "ipv6"] as const;
