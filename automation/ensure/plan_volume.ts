/**
 * The plan for a storage volume. What a volume holds is dear: it is never shrunk, and only replaced where that is said.
 *
 * @module
 */
import { bytesOf, type DesiredVolume } from "../../model/desired/mod.ts";
import type { Change, PlanData, PlanStep } from "../../model/plan.ts";
import { change, nothing, type PlanContext } from "./context.ts";
import { attributeOf, childOf, el, type Element, readElement, writeElement } from "./element.ts";
import { merge } from "./merge.ts";

/** Computes what has to happen for a volume to be as it is wanted. */
export function planVolume(spec: DesiredVolume, { present }: PlanContext): PlanData {
  const { config } = present;
  const none = nothing("volume", spec.name);
  if (spec.state === "absent") {
    return config === undefined
      ? none
      : { ...none, action: "delete", before: config, steps: [removal(spec)] };
  }
  if (config === undefined) {
    const after = writeElement(documentOf(spec));
    return { ...none, action: "create", after, steps: [creation(spec, after)] };
  }
  return update(spec, config);
}

function removal({ name }: DesiredVolume): PlanStep {
  return { says: `delete volume "${name}"`, operation: "volume.delete", on: "self", input: {} };
}

function creation({ name }: DesiredVolume, xml: string): PlanStep {
  return {
    says: `make volume "${name}"`,
    operation: "volume.create",
    on: "parent",
    input: { xml },
    undo: { operation: "volume.delete", on: "self", input: {} },
  };
}

function documentOf(spec: DesiredVolume): Element {
  const { name, backing, xml } = spec;
  const capacity = spec.capacity === undefined
    ? backing?.capacityBytes || bytesOf("10GiB")
    : bytesOf(spec.capacity);
  const format = spec.format ?? formatOf(name);
  const root = el("volume", {
    children: [
      el("name", { text: name }),
      el("capacity", { attributes: { unit: "bytes" }, text: capacity }),
      format === "raw" ? undefined : el("allocation", { attributes: { unit: "bytes" }, text: 0 }),
      el("target", { children: [el("format", { attributes: { type: format } })] }),
      backing === undefined ? undefined : el("backingStore", {
        children: [
          el("path", { text: backing.path }),
          el("format", { attributes: { type: backing.format ?? formatOf(backing.path) } }),
        ],
      }),
    ],
  });
  return xml === undefined ? root : merge(root, readElement(xml), { structure: {} });
}

function formatOf(name: string): string {
  return name.endsWith(".qcow2") ? "qcow2" : "raw";
}

function update(spec: DesiredVolume, config: string): PlanData {
  const { name, capacity, format, backing, replace = false } = spec;
  const present = readElement(config);
  const changes: Change[] = [];
  const made = "A volume is made so, and never becomes so";
  const differ = (field: string, from: string | undefined, to: string | undefined): void => {
    if (to === undefined || from === to) return;
    changes.push({ field, ...(from === undefined ? {} : { from }), to, effect: "replace", why: made });
  };
  differ("format", attributeOf(present, "type", "target", "format"), format);
  differ("backing", childOf(present, "backingStore", "path")?.text, backing?.path);
  const [has, wanted] = [
    Number(childOf(present, "capacity")?.text ?? 0),
    capacity === undefined ? undefined : bytesOf(capacity),
  ];
  const values = { from: `${has} bytes`, to: `${wanted} bytes` };
  const isGrown = wanted !== undefined && wanted > has;
  const isLess = wanted !== undefined && wanted < has &&
    !isRounded(has, { wanted, path: childOf(present, "target", "path")?.text });
  if (isGrown) {
    changes.push(change("capacity", values, { effect: "live", why: "A volume can grow" }));
  } else if (isLess) {
    changes.push(
      change("capacity", values, { effect: "replace", why: "Shrinking a volume cuts off what it holds" }),
    );
  }
  const blocked = changes.find(({ effect }) => effect === "replace");
  const after = writeElement(documentOf(spec));
  const plan: PlanData = { ...nothing("volume", name), changes, before: config, after };
  if (changes.length === 0) return plan;
  if (blocked === undefined) {
    const resize: PlanStep = {
      says: `grow volume "${name}"`,
      operation: "volume.resize",
      on: "self",
      input: { capacityBytes: wanted },
    };
    return { ...plan, action: "update", steps: [resize] };
  }
  if (replace) {
    return { ...plan, action: "replace", steps: [trial(spec), removal(spec), creation(spec, after)] };
  }
  const why =
    `${blocked.field} cannot be changed: ${blocked.why}. Another volume in its place would be empty: ` +
    "say replace: true where all that this one holds may be lost";
  return { ...plan, action: "replace", blocked: why };
}

/**
 * A volume cannot be renamed, so the old one has to go before the new one has its name. That it can be made is found out beforehand,
 * with one of another name that takes no room.
 */
function trial(spec: DesiredVolume): PlanStep {
  const name = `${spec.name}.drover-trial`;
  const given = documentOf({ ...spec, name, format: spec.format ?? formatOf(spec.name) });
  const empty = el("volume", {
    children: [
      el("name", { text: name }),
      el("allocation", { attributes: { unit: "bytes" }, text: 0 }),
    ],
  });
  return {
    says: `try to make a volume as "${spec.name}" shall be`,
    operation: "volume.create",
    on: "parent",
    input: { xml: writeElement(merge(given, empty, { structure: {} })) },
    isTrial: true,
  };
}

const mebibyte = 1024 ** 2;

/** Whether a size is a wanted one rounded up: to sectors, or to clusters of a file's format; to extents of a volume group. */
function isRounded(
  has: number,
  { wanted, path = "" }: { readonly wanted: number; readonly path: string | undefined },
): boolean {
  const units = path.startsWith("/dev/")
    ? [1, 2, 4, 8, 16, 32, 64].map((size) => size * mebibyte)
    : [512, 65_536];
  return units.some((unit) => has === Math.ceil(wanted / unit) * unit);
}
