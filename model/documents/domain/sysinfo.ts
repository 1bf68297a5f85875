/**
 * What a guest's firmware says about the machine. Facts: libvirt formatdomain, "SMBIOS System Information".
 *
 * @module
 */
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  shape,
  text,
  uuid,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const biosNames = ["vendor", "version", "date", "release"] as const;
const systemNames = ["manufacturer", "product", "version", "serial", "uuid", "sku", "family"] as const;
const baseBoardNames = ["manufacturer", "product", "version", "serial", "asset", "location"] as const;
const chassisNames = ["manufacturer", "version", "serial", "asset", "sku"] as const;

interface Entry {
  readonly name: string;
  readonly value?: string;
}

/** Entries in libvirt's order; the first of one name counts, and none without a value. */
function ordered<E extends Entry, P extends { readonly entries: readonly E[] }>(
  part: P,
  names: readonly string[],
): P {
  const wanted = names.flatMap((name) => part.entries.find((each) => each.name === name) ?? [])
    .filter((each) => each.value !== undefined);
  const same = wanted.length === part.entries.length && wanted.every((each, i) => each === part.entries[i]);
  return same ? part : { ...part, entries: wanted };
}

const biosShape = shape({
  entries: elements("entry", {
    name: attribute(enumeration(...biosNames)),
    value: content(text()).optional(),
  }),
}).stored((bios) => ordered(bios, biosNames)).check((bios, { refuse }) => {
  const date = bios.entries.findIndex((each) => each.name === "date");
  const value = bios.entries[date]?.value;
  if (value !== undefined && !isBiosDate(value)) {
    refuse(`entries.${date}`, "The date of the BIOS cannot be read", {
      expected: "month/day/year, year 1900 to 9999",
    });
  }
});

const systemShape = shape({
  entries: elements("entry", {
    name: attribute(enumeration(...systemNames)),
    value: content(text()).optional(),
  }),
}).stored((system) => ordered(system, systemNames)).check((system, { refuse }) => {
  const id = system.entries.findIndex((each) => each.name === "uuid");
  const value = system.entries[id]?.value;
  if (value !== undefined && uuid().read(value) === undefined) {
    refuse(`entries.${id}`, "The UUID of the system cannot be read", { expected: "a UUID" });
  }
});

const baseBoardShape = shape({
  entries: elements("entry", {
    name: attribute(enumeration(...baseBoardNames)),
    value: content(text()).optional(),
  }),
}).stored((board) => ordered(board, baseBoardNames));

const chassisShape = shape({
  entries: elements("entry", {
    name: attribute(enumeration(...chassisNames)),
    value: content(text()).optional(),
  }),
}).stored((chassis) => ordered(chassis, chassisNames));

const sysinfoShape = shape({}).by("type", {
  smbios: {
    bios: element(biosShape).omittingEmpty(),
    system: element(systemShape).omittingEmpty(),
    baseBoards: elements("baseBoard", baseBoardShape),
    chassis: element(chassisShape).omittingEmpty(),
    oemStrings: element({ entries: elements("entry", text()) }).omittingEmpty(),
  },
  fwcfg: {
    entries: elements("entry", {
      name: attribute(text({ pattern: /^.+$/, expected: "the name of an entry" })),
      file: attribute(text()).optional(),
      value: content(text()).optional(),
    }),
  },
});

/** What the firmware tells the guest. */
export type Sysinfo = ValueOf<typeof sysinfoShape>;

/** `<sysinfo>`. */
export const sysinfo: Shape<Sysinfo> = sysinfoShape;

/** The two forms that SMBIOS knows: `mm/dd/yy` and `mm/dd/yyyy`. */
function isBiosDate(date: string): boolean {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{2}|\d{4})$/.exec(date.trim());
  if (match === null) return false;
  const [month, day, year] = match.slice(1).map(Number);
  if (month === undefined || day === undefined || year === undefined) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && (year < 100 || year >= 1900);
}
