/**
 * Addresses of host devices and of the network, in one spelling, for globs to match.
 *
 * @module
 */
import type { TreeElement } from "../../../model/xml/mod.ts";
import { childrenOf } from "./element.ts";

/** A PCI device: `pci:0000:06:12.5`. */
export function pciAddress(address: TreeElement): string {
  const part = (name: string, digits: number): string => hexadecimal(address.attribute(name) ?? "0", digits);
  return `pci:${part("domain", 4)}:${part("bus", 2)}:${part("slot", 2)}.${part("function", 1)}`;
}

/** A USB device: by vendor and product `usb:046d:082d`, by place `usb:3.12`. */
export function usbAddress(source: TreeElement): string {
  const id = (name: string): string | undefined => childrenOf(source, name)[0]?.attribute("id");
  const vendor = id("vendor");
  const product = id("product");
  const address = childrenOf(source, "address")[0];
  const place = address === undefined
    ? []
    : [address.attribute("bus") ?? "?", address.attribute("device") ?? address.attribute("port") ?? "?"];
  const ids = vendor === undefined && product === undefined
    ? []
    : [hexadecimal(vendor ?? "?", 4), hexadecimal(product ?? "?", 4)];
  return `usb:${[...ids, ...(place.length === 0 ? [] : [place.join(".")])].join(":") || "?"}`;
}

/** Numbers as libvirt reads them: `0x` is hexadecimal, a leading zero octal. */
function hexadecimal(text: string, digits: number): string {
  const value = text.trim();
  if (/^0[0-7]+$/.test(value)) return Number.parseInt(value, 8).toString(16).padStart(digits, "0");
  if (!/^(?:0x[0-9a-f]{1,8}|\d{1,9})$/i.test(value)) return value;
  return Number(value).toString(16).padStart(digits, "0");
}

/** Hosts of the network as URLs, one per `<host>`: `rbd://ceph-1:6789/pool/image`. */
export function networkUrls(
  scheme: string,
  options: { readonly hosts: readonly TreeElement[]; readonly path?: string | undefined },
): string[] {
  const path = options.path === undefined || options.path === ""
    ? ""
    : `/${options.path.replace(/^\/+/, "")}`;
  if (options.hosts.length === 0) return [`${scheme}://${path}`];
  return options.hosts.filter((host) => host.attribute("transport") !== "unix").map((host) => {
    const name = host.attribute("name") ?? "";
    const port = host.attribute("port");
    return `${scheme}://${authority(name, port)}${path}`;
  });
}

/** Host and port, an IPv6 address in brackets. */
export function authority(host: string, port: string | undefined): string {
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return port === undefined || port === "" ? shownHost : `${shownHost}:${port}`;
}

/** Whether only the host itself can reach what listens there. */
export function isLoopback(address: string): boolean {
  return address === "" || address === "localhost" || address === "::1" ||
    /^127(?:\.\d{1,3}){3}$/.test(address);
}
