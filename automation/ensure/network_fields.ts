/**
 * The fields of a virtual network: when a change of each takes effect, why, and how it is made while the network is up. Source:
 * libvirt, virNetworkUpdate.
 *
 * @module
 */
import type { Difference } from "./difference.ts";
import { type Element, writeElement } from "./element.ts";
import type { FieldRule, LiveCall } from "./field_rule.ts";

const later = "The network is set up when it starts";

export const networkFields: readonly FieldRule[] = [
  {
    path: /^uuid$/,
    effect: "replace",
    why: "The UUID is what the network is: another one is another network",
  },
  section(/^ip\/dhcp\/host/, "ip-dhcp-host"),
  section(/^ip\/dhcp\/range/, "ip-dhcp-range"),
  section(/^dns\/host/, "dns-host"),
  section(/^dns\/txt/, "dns-txt"),
  section(/^forward\/interface/, "forward-interface"),
  section(/^portgroup/, "portgroup"),
  { path: /./, why: later },
];

/** Parts of a network that can be changed while it is up. What is modified by a new element keeps its key. */
function section(path: RegExp, name: string): FieldRule {
  const isModified = name === "ip-dhcp-host" || name === "portgroup";
  return {
    path,
    why: "Its part of the network can be changed while that is up",
    otherwise: later,
    live: ({ device }: Difference): LiveCall | undefined => {
      const { before, after } = device ?? {};
      if (before !== undefined && after !== undefined) {
        return isModified ? call("modify", { name, element: after, undo: ["modify", before] }) : undefined;
      }
      if (after !== undefined) return call("add-last", { name, element: after, undo: ["delete", after] });
      return before === undefined
        ? undefined
        : call("delete", { name, element: before, undo: ["add-last", before] });
    },
  };
}

function call(
  command: string,
  { name, element, undo: [back, former] }: {
    readonly name: string;
    readonly element: Element;
    readonly undo: readonly [string, Element];
  },
): LiveCall {
  const xml = writeElement(element);
  return {
    group: `${command} ${xml}`,
    says: `${command === "delete" ? "remove" : command === "modify" ? "change" : "add"} ${name}`,
    operation: "network.update",
    input: { command, section: name, xml, live: true },
    undo: {
      operation: "network.update",
      input: { command: back, section: name, xml: writeElement(former), live: true },
    },
  };
}
