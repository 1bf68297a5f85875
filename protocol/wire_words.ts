/**
 * Words that stand on the wire as numbers, for the client and the server alike: each at the place of its number.
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

/** What people and programs write about a domain or network. Source: libvirt, virDomainMetadataType, virNetworkMetadataType. */
export const metadataKinds = ["description", "title", "element"] as const;

/** How a guest's agent stands. Source: libvirt, virConnectDomainEventAgentLifecycleState. */
export const agentStates = ["unknown", "connected", "disconnected"] as const;
