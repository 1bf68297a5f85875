/**
 * The names that a network serves. Facts: libvirt formatnetwork, "Addressing".
 *
 * @module
 */
import { ipAddressText } from "./ip_address.ts";
import { attribute, elements, integer, shape, text, type ValueOf, yesNo } from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const unsignedShort = integer({ max: 65535 });

const srvShape = shape({
  service: attribute(text()),
  protocol: attribute(text()),
  domain: attribute(text()).optional(),
  target: attribute(text()).optional(),
  port: attribute(integer({ min: 1, max: 65535 })).optional(),
  priority: attribute(unsignedShort).optional(),
  weight: attribute(unsignedShort).optional(),
}).check((record, { refuse }) => {
  if (record.target === undefined && (record.port ?? record.priority ?? record.weight) !== undefined) {
    refuse("", "Port, priority and weight of a service record need a target", { expected: "target" });
  }
});

const shapeOfDns = shape({
  enable: attribute(yesNo()).optional(),
  forwardPlainNames: attribute(yesNo()).optional(),
  forwarders: elements("forwarder", {
    domain: attribute(text()).optional(),
    addr: attribute(ipAddressText()).optional(),
  }),
  txts: elements("txt", {
    name: attribute(text({ pattern: /^[^ ]+$/, expected: "a name without spaces" })),
    value: attribute(text()),
  }),
  srvs: elements("srv", srvShape),
  hosts: elements("host", {
    ip: attribute(ipAddressText()),
    hostnames: elements("hostname", text()).atLeast(1),
  }),
}).check((dns, { refuse }) => {
  const served = dns.forwarders.length + dns.txts.length + dns.srvs.length + dns.hosts.length;
  if (dns.enable === false && served > 0) {
    refuse("", "A network without a name server has names to serve", {
      expected: "nothing within <dns enable='no'>",
    });
  }
});

/** The names that a network serves. */
export interface NetworkDns extends ValueOf<typeof shapeOfDns> {}

/** `<dns>`. */
export const dnsShape: Shape<NetworkDns> = shapeOfDns;
