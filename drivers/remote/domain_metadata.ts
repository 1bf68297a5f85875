/**
 * Domains: what people and programs write about them.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { In } from "../operation_types.ts";
import { readXml, textOf, type XmlElement } from "../xml_span.ts";
import { affectFlags, askedFlags, isSoIn, showsIn } from "./domain_affect.ts";
import type { Line } from "./line.ts";
import type { RemoteObject } from "./object.ts";
import { asks, does, done } from "./object_call.ts";
import { wireDomain } from "./wire.ts";

/** Of domains and of networks. Source: libvirt, virDomainMetadataType, virNetworkMetadataType. */
export const kinds = { description: 0, title: 1, element: 2 } as const;

/** Source: libvirt, virDomainLifecycle. */
const occasions = { poweroff: 0, reboot: 1, crash: 2 } as const;

/** Source: libvirt, virDomainLifecycleAction. */
const actions = {
  "destroy": 0,
  "restart": 1,
  "rename-restart": 2,
  "preserve": 3,
  "coredump-destroy": 4,
  "coredump-restart": 5,
} as const;

/** What is written; `undefined` where nothing is. */
async function written(
  line: Line,
  domain: RemoteObject,
  { kind, uri, flags }: Pick<In<"domain.metadata">, "kind" | "uri"> & { readonly flags: number },
): Promise<string | undefined> {
  try {
    const dom = wireDomain(domain);
    return (await line.call("domainGetMetadata", { dom, type: kinds[kind], uri, flags })).metadata;
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}

/** An element without what a writer is free to choose: prefixes, white space, the order of attributes. */
function shapeOf({ name, attributes, children, text }: XmlElement): unknown {
  const own = [...attributes].filter(([attribute]) => !attribute.startsWith("xmlns")).sort();
  return [name.replace(/^.*:/, ""), own, text.trim(), children.map(shapeOf)];
}

/** Whether what is written is what was to be written. */
export function isSame(
  kind: In<"domain.metadata">["kind"],
  now: string | undefined,
  wanted: string | undefined,
): boolean {
  if (kind !== "element" || now === undefined || wanted === undefined) return (now ?? "") === (wanted ?? "");
  return JSON.stringify(shapeOf(readXml(now))) === JSON.stringify(shapeOf(readXml(wanted)));
}

export const domainMetadata = {
  "domain.metadata": asks<"domain.metadata">("read the metadata of", async (line, { object, input }) => {
    const { kind, uri } = input;
    const args = { dom: wireDomain(object), type: kinds[kind], uri, flags: askedFlags(input) };
    return (await line.call("domainGetMetadata", args)).metadata;
  }),
  "domain.setMetadata": does<"domain.setMetadata">({
    doing: "describe",
    act: (line, { object, input: { kind, value, uri, key, ...affect } }) =>
      done(line.call("domainSetMetadata", {
        dom: wireDomain(object),
        type: kinds[kind],
        // An empty title or description is none.
        metadata: value === "" && kind !== "element" ? undefined : value,
        key,
        uri,
        flags: affectFlags(affect),
      })),
    isSo: (line, { object, input: { kind, value, uri, ...affect } }) =>
      isSoIn(object, affect, async (flags) => {
        return isSame(kind, await written(line, object, { kind, uri, flags }), value);
      }),
    answer: {},
  }),
  "domain.setLifecycleAction": does<"domain.setLifecycleAction">({
    doing: "change a life-cycle action of",
    act: (line, { object, input: { on, action, ...affect } }) =>
      done(line.call("domainSetLifecycleAction", {
        dom: wireDomain(object),
        type: occasions[on],
        action: actions[action],
        flags: affectFlags(affect),
      })),
    isSo: (line, { object, input: { on, action, ...affect } }) =>
      showsIn(line, object, { affect, shows: (definition) => textOf(definition, `on_${on}`) === action }),
    answer: {},
  }),
} satisfies DriverMap;
