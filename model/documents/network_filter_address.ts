/**
 * Addresses and masks in rules of network filters, in the one spelling in which libvirt writes them.
 *
 * @module
 */

const byte = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const ipv4 = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

/** An IPv4 address as it is written, `undefined` where the text is none. */
export function canonicalIpv4(text: string): string | undefined {
  return ipv4.test(text) ? text.split(".").map(Number).join(".") : undefined;
}

/** An IPv6 address as it is written: the longest run of zeros left out, IPv4 within it in dots. */
export function canonicalIpv6(text: string): string | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":") || !URL.canParse(`http://[${text}]/`)) {
    return undefined;
  }
  const address = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const within = /^::(ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (within === null) return address;
  const [, mapped = "", high = "", low = ""] = within;
  const bytes = [high, low].flatMap((word) => {
    const number = Number.parseInt(word, 16);
    return [number >> 8, number & 0xff];
  });
  return `::${mapped}${bytes.join(".")}`;
}

/** How many bits a mask has, from its number or from an address; `undefined` where they are not the first ones. */
export function maskBits(text: string, length: 32 | 128): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= length ? Number(text) : undefined;
  const bits = length === 32 ? ipv4Bits(text) : ipv6Bits(text);
  return bits !== undefined && /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

/** Whether a hardware address is a mask: its ones come first. */
export function isMacMask(address: string): boolean {
  return /^1*0*$/.test(address.split(":").map((each) => bitsOf(Number.parseInt(each, 16), 8)).join(""));
}

function ipv4Bits(text: string): string | undefined {
  return canonicalIpv4(text)?.split(".").map((each) => bitsOf(Number(each), 8)).join("");
}

function ipv6Bits(text: string): string | undefined {
  if (canonicalIpv6(text) === undefined) return undefined;
  const [before = "", after] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::");
  const first = before.split(":").filter(Boolean);
  const last = (after ?? "").split(":").filter(Boolean);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].map((each) => bitsOf(Number.parseInt(each, 16), 16)).join("");
}

function bitsOf(number: number, length: number): string {
  return number.toString(2).padStart(length, "0");
}
