/**
 * What somebody wants a virtual network to be, as a document that says no more than that.
 *
 * @module
 */
import type { DesiredNetwork } from "../../model/desired/mod.ts";
import type { Wanted } from "./context.ts";
import { childrenOf, el, type Element, readElement } from "./element.ts";
import { merge } from "./merge.ts";
import { networkStructure } from "./structure.ts";

/**
 * What is wanted of a network. Which of the two ways of saying a mask is used is read from `base`.
 *
 * @throws {DocumentError} where the raw document cannot be read
 */
export function wantedNetwork(spec: DesiredNetwork, base?: Element): Wanted {
  const { name, forward, bridge, domain, address, range, hosts, xml } = spec;
  const complete = new Set<string>();
  if (hosts !== undefined) complete.add("ip/dhcp/host");
  if (range !== undefined) complete.add("ip/dhcp/range");
  if (forward === "none") complete.add("forward");
  const dhcp = range === undefined && hosts === undefined ? undefined : el("dhcp", {
    children: [
      range === undefined
        ? undefined
        : el("range", { attributes: { start: plainAddress(range.start), end: plainAddress(range.end) } }),
      ...(hosts ?? []).map((host) =>
        el("host", {
          attributes: { mac: host.mac.toLowerCase(), name: host.name, ip: plainAddress(host.ip) },
        })
      ),
    ],
  });
  const family = (address ?? range?.start ?? hosts?.[0]?.ip ?? "").includes(":") ? "ipv6" : undefined;
  const root = el("network", {
    children: [
      el("name", { text: name }),
      forward === undefined || forward === "none"
        ? undefined
        : el("forward", { attributes: { mode: forward } }),
      bridge === undefined ? undefined : el("bridge", { attributes: { name: bridge } }),
      domain === undefined ? undefined : el("domain", { attributes: { name: domain } }),
      address === undefined && dhcp === undefined
        ? undefined
        : el("ip", { attributes: { family, ...addressOf(address, base) }, children: [dhcp] }),
    ],
  });
  if (xml === undefined) return { root, complete };
  return { root: merge(root, readElement(xml), { structure: networkStructure }), complete };
}

function addressOf(
  text: string | undefined,
  base: Element | undefined,
): Readonly<Record<string, string | undefined>> {
  if (text === undefined) return {};
  const [said = "", prefix = "24"] = text.split("/");
  const address = plainAddress(said);
  const isMasked = childrenOf(base, "ip").some((ip) => ip.attributes.get("netmask") !== undefined);
  if (address.includes(":") || !isMasked) return { address, prefix };
  return { address, netmask: maskOf(Number(prefix)) };
}

/** An address as hosts write it: of the sixth version there are many spellings. */
function plainAddress(address: string): string {
  if (!address.includes(":")) return address;
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? address;
}

function maskOf(prefix: number): string {
  return [0, 8, 16, 24].map((place) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - place)))).join(".");
}

/** What a new network has that nobody said. */
export function networkDefaults(spec: DesiredNetwork): Element {
  const says = spec.forward !== undefined || spec.xml?.includes("<forward") === true;
  // Nothing is translated for a network without an address.
  const hasAddress = spec.address !== undefined || spec.xml?.includes("<ip") === true;
  return el("network", {
    children: [
      el("name", { text: spec.name }),
      says || !hasAddress ? undefined : el("forward", { attributes: { mode: "nat" } }),
    ],
  });
}
