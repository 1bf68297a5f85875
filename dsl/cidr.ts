/**
 * Which addresses lie within a network.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";

/**
 * A test for addresses of a network in CIDR notation, IPv4 or IPv6 (RFC 4632, RFC 4291).
 *
 * @throws {VirtError} `invalid-argument` where it is not such a network.
 */
export function matchesCidr(cidr: string): (address: string) => boolean {
  const [base = "", length = "", more] = cidr.split("/");
  const network = addressBits(base);
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (network === undefined || more !== undefined || !(prefix <= network.length)) {
    throw new VirtError("invalid-argument", `Cannot match addresses with "${cidr}": it is not a network`, {
      hint: "Networks look like 192.168.122.0/24 or fd00::/8",
    });
  }
  const start = network.slice(0, prefix);
  return (address) => {
    const bits = addressBits(address);
    return bits !== undefined && bits.length === network.length && bits.startsWith(start);
  };
}

/** An address as text of zeros and ones, 32 or 128 of them. */
function addressBits(address: string): string | undefined {
  const plain = address.replace(/%.*$/, "");
  if (!plain.includes(":")) return ipv4Bits(plain);
  const ipv4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  const tail = ipv4 === null ? "" : ipv4Bits(ipv4[2]!);
  if (tail === undefined) return undefined;
  const groups = ipv4 === null ? plain : ipv4[1]!.replace(/([^:]):$/, "$1");
  const bits = groupBits(groups, (128 - tail.length) / 16);
  return bits === undefined ? undefined : bits + tail;
}

function ipv4Bits(address: string): string | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return parts.map((part) => Number(part).toString(2).padStart(8, "0")).join("");
}

function groupBits(text: string, count: number): string | undefined {
  const [left = "", right, more] = text.split("::");
  if (more !== undefined) return undefined;
  const before = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const missing = count - before.length - after.length;
  if (right === undefined ? missing !== 0 : missing < 0) return undefined;
  const groups = [...before, ...Array<string>(missing).fill("0"), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}
