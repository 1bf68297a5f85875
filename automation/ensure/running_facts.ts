/**
 * What the document of a running domain says of that run alone: nobody can want it, and no definition keeps it. Whoever takes such
 * a document for a definition means the rest. Source: libvirt formatdomain.
 *
 * @module
 */
import { attributeOf, childOf, type Element } from "./element.ts";

/** The same domain without what a run has filled in. */
export function withoutRunningFacts(domain: Element): Element {
  const parts = domain.children.flatMap((part) => {
    if (part.name === "devices") return [{ ...part, children: part.children.map(deviceAsDefined) }];
    return part.name === "seclabel" && childOf(part, "label") !== undefined &&
        part.attributes.get("type") !== "static"
      ? []
      : [part];
  });
  return { ...without(domain, ["id"]), children: parts };
}

/** Where QEMU's driver puts the sockets of channels that say nothing of theirs. */
const madeUpSocket = /\/qemu\/channel\/(target\/)?.*\w/;

function deviceAsDefined(device: Element): Element {
  const { name } = device;
  const isAutomatic = name === "graphics" && device.attributes.get("autoport") === "yes";
  const isTerminal = attributeOf(device, "path", "source")?.startsWith("/dev/pts/") === true;
  const isMadeUp = name === "channel" && madeUpSocket.test(attributeOf(device, "path", "source") ?? "");
  const children = device.children.filter((child) =>
    child.name === "alias"
      ? child.attributes.get("name")?.startsWith("ua-") === true
      : child.name === "target" && name === "interface"
      // Names of this form are made up at each start.
      ? /^(vnet|macvtap|macvlan)\d+$/.test(child.attributes.get("dev") ?? "") === false
      : child.name === "source" && (isTerminal || isMadeUp)
      ? false
      : child.name !== "mirror"
  ).map(withoutIndexes);
  const kept = without(device, [
    ...(isAutomatic ? ["port", "tlsPort"] : []),
    ...(name === "console" || name === "serial" ? ["tty"] : []),
  ]);
  const isChannel = name === "channel";
  return { ...kept, children: children.map((child) => isChannel ? without(child, ["state"]) : child) };
}

/** The same domain without the numbers that a run gives to its images. */
export function withoutImageNumbers(domain: Element): Element {
  const children = domain.children.map((part) =>
    part.name === "devices"
      ? {
        ...part,
        children: part.children.map((device) => device.name === "disk" ? unnumbered(device) : device),
      }
      : part
  );
  return { ...domain, children };
}

function unnumbered(disk: Element): Element {
  return { ...disk, children: disk.children.map(withoutIndexes) };
}

/** The numbers that a run gives to the images of a chain. */
function withoutIndexes(element: Element): Element {
  if (element.name !== "source" && element.name !== "backingStore") return element;
  const { attributes, children } = without(element, ["index"]);
  return { ...element, attributes, children: children.map(withoutIndexes) };
}

function without(element: Element, names: readonly string[]): Element {
  return {
    ...element,
    attributes: new Map([...element.attributes].filter(([name]) => !names.includes(name))),
  };
}
