/**
 * The plan for a domain.
 *
 * @module
 */
import type { DesiredDomain, Present } from "../../model/desired/mod.ts";
import type { Change, PlanData, PlanStep } from "../../model/plan.ts";
import { domain } from "../../model/documents/mod.ts";
import { normalise, parseDocument, writeDocument } from "../../model/xml/mod.ts";
import { type Difference, differences } from "./difference.ts";
import { domainDefaults, finishDevice, resolved, type Wanted, wantedDomain } from "./domain_document.ts";
import { domainFields, fieldRule } from "./domain_fields.ts";
import { childOf, type Element, readElement, writeElement } from "./element.ts";
import type { LiveWorld } from "./field_rule.ts";
import { isSameInOtherWords } from "./filled_in.ts";
import { merge } from "./merge.ts";
import { domainStructure } from "./structure.ts";

/** What a plan is made with. */
export interface PlanContext {
  readonly present: Present;
  /** Feeds what has to be made up: hardware addresses. The same for the same plan. */
  readonly seed: string;
  /** Whether the connection has an operation. */
  readonly can: (operation: string) => boolean;
}

/** Computes what has to happen for a domain to be as it is wanted. */
export function planDomain(spec: DesiredDomain, context: PlanContext): PlanData {
  const { config, live } = context.present;
  const base = config ?? live;
  if (spec.state === "absent") return base === undefined ? nothing(spec) : removal(spec, context.present);
  return base === undefined ? creation(spec, context) : update(spec, { ...context, base });
}

function nothing({ name }: DesiredDomain): PlanData {
  return { kind: "domain", name, action: "none", changes: [], pending: [], steps: [] };
}

function removal(spec: DesiredDomain, { config, live, persistent }: Present): PlanData {
  const steps: PlanStep[] = [
    ...(live === undefined ? [] : [{
      says: `shut domain "${spec.name}" down`,
      operation: "domain.shutdown",
      on: "self" as const,
      input: {},
    }]),
    ...(persistent === false ? [] : [{
      says: `undefine domain "${spec.name}"`,
      operation: "domain.undefine",
      on: "self" as const,
      input: { ...(config?.includes("<nvram") === true ? { nvram: false } : {}) },
    }]),
  ];
  const before = config ?? live;
  return { ...nothing(spec), action: "delete", steps, ...(before === undefined ? {} : { before }) };
}

function creation(spec: DesiredDomain, { present }: PlanContext): PlanData {
  const capabilities = present.capabilities === undefined ? undefined : readElement(present.capabilities);
  const wanted = wantedDomain(spec);
  const root = merge(domainDefaults(spec, capabilities), wanted.root, {
    structure: domainStructure,
    complete: wanted.complete,
    finish: (path, made, siblings) => finishDevice(path, made, { siblings, newMac: undefined }),
  });
  const after = writeElement(root);
  return {
    ...nothing(spec),
    action: "create",
    after,
    steps: [
      {
        says: `define domain "${spec.name}"`,
        operation: "domain.define",
        on: "host",
        input: { xml: after },
        undo: { operation: "domain.discard", on: "self", input: {} },
      },
      ...(spec.autostart === true ? [autostartStep(spec.name, true)] : []),
      ...(spec.state === "running" ? [startStep(spec.name)] : []),
    ],
  };
}

function autostartStep(name: string, autostart: boolean): PlanStep {
  return {
    says: `${autostart ? "start" : "no longer start"} domain "${name}" with its host`,
    operation: "domain.setAutostart",
    on: "self",
    input: { autostart },
    undo: { operation: "domain.setAutostart", on: "self", input: { autostart: !autostart } },
  };
}

function startStep(name: string): PlanStep {
  return { says: `start domain "${name}"`, operation: "domain.start", on: "self", input: {} };
}

interface UpdateContext extends PlanContext {
  /** The definition that is changed: for a domain without one, that of what runs. */
  readonly base: string;
}

/** A document in which what is wanted has been put, and in what that differs from before. */
interface Merged {
  readonly before: Element;
  readonly after: Element;
  readonly differences: readonly Difference[];
}

function update(spec: DesiredDomain, context: UpdateContext): PlanData {
  const { base, present, seed } = context;
  const read = readElement(base);
  const wanted = wantedDomain(spec, canonical(base));
  const config = merged(base, { wanted, newMac: macsFrom(seed) });
  const live = present.live === undefined ? undefined : inOwnUnits(present.live);
  const running = live === undefined
    ? undefined
    : merged(live, { wanted: wantedLive(spec, { live, config: config.after }) });
  const lists = listChanges(config, running, context);
  const { changes, steps, pending } = lists;
  const name = childOf(read, "name")?.text ?? spec.name;
  const further = stateSteps(spec, present);
  const isKept = present.persistent === false ? [keptChange] : [];
  const all = [...isKept, ...changes, ...further.changes];
  const blocked = all.find(({ effect }) => effect === "replace");
  const renames = config.differences.some(({ path }) => path === "name");
  const needsStop = renames && present.live !== undefined;
  const after = writeElement(config.after);
  const redefined = renames ? writeElement(withName(config.after, name)) : after;
  const isRedefined = config.differences.some(({ path }) => path !== "name") || isKept.length > 0;
  const definition: PlanStep[] = isRedefined
    ? [{
      says: `change the definition of domain "${name}"`,
      operation: "domain.define",
      on: "host",
      input: { xml: redefined, ...(present.config === undefined ? {} : { basedOn: present.config }) },
      undo: present.config === undefined
        ? { operation: "domain.undefine", on: "self", input: {} }
        : { operation: "domain.define", on: "host", input: { xml: present.config } },
    }]
    : [];
  const renaming: PlanStep[] = renames
    ? [{
      says: `rename domain "${name}" to "${spec.name}"`,
      operation: "domain.rename",
      on: "self",
      input: { newName: spec.name },
      undo: { operation: "domain.rename", on: "self", input: { newName: name } },
    }]
    : [];
  return {
    kind: "domain",
    name: spec.name,
    action: all.length === 0 ? "none" : blocked === undefined ? "update" : "replace",
    changes: all,
    pending,
    steps: blocked !== undefined ? [] : [...definition, ...steps, ...renaming, ...further.steps],
    ...(blocked !== undefined
      ? { blocked: `${blocked.field} cannot be changed: ${blocked.why}` }
      : needsStop
      ? { blocked: "A running domain cannot be renamed: shut it down first" }
      : {}),
    before: base,
    after,
  };
}

const keptChange: Change = {
  field: "definition",
  from: "none",
  to: "kept",
  effect: "live",
  why: "A transient domain goes on running and is kept from now on",
};

function withName(domain: Element, name: string): Element {
  return {
    ...domain,
    children: domain.children.map((child) => child.name === "name" ? { ...child, text: name } : child),
  };
}

/** The devices of what runs are those that are meant in the definition. */
function wantedLive(
  spec: DesiredDomain,
  { live, config }: { readonly live: string; readonly config: Element },
): Wanted {
  const { root, complete } = wantedDomain(spec, canonical(live));
  return { root: resolved(root, config), complete };
}

function merged(
  xml: string,
  { wanted, newMac }: { readonly wanted: Wanted; readonly newMac?: () => string },
): Merged {
  const read = readElement(xml);
  const after = merge(read, wanted.root, {
    structure: domainStructure,
    complete: wanted.complete,
    finish: (path, made, siblings) => finishDevice(path, made, { siblings, newMac }),
    isSame: isSameInOtherWords,
  });
  return {
    before: read,
    after,
    differences: differences(canonical(xml), canonical(writeElement(after)), domainStructure),
  };
}

/** A document with its units, its order and its defaults as libvirt has them, so that only what differs differs. */
function canonical(xml: string): Element {
  return readElement(normalise(xml));
}

/** The same with all that a host reported: addresses, aliases. */
function inOwnUnits(xml: string): string {
  return writeDocument(domain, parseDocument(domain, xml).value);
}

interface Lists {
  readonly changes: readonly Change[];
  readonly steps: readonly PlanStep[];
  readonly pending: PlanData["pending"];
}

/** What changes in the definition and in what runs, and what of it by which operation. */
function listChanges(config: Merged, running: Merged | undefined, { can }: PlanContext): Lists {
  if (running === undefined) {
    return { changes: config.differences.map((each) => asChange(each, "off")), steps: [], pending: [] };
  }
  const world: LiveWorld = { before: running.before, after: running.after, config: config.after };
  const changes: Change[] = [];
  const groups = new Map<string, PlanStep>();
  const pending: Difference[] = [];
  const inConfig = new Map(config.differences.map((each) => [placeOf(each), each]));
  const inLive = new Map(running.differences.map((each) => [placeOf(each), each]));
  for (const [place, difference] of new Map([...inConfig, ...inLive])) {
    const rule = fieldRule(domainFields, difference);
    const live = inLive.get(place);
    const isDefined = !inConfig.has(place);
    const call = live === undefined || (isDefined && rule.isTranslated === true)
      ? undefined
      : rule.live?.(live, world);
    const isLive = call !== undefined && can(call.operation);
    if (isLive) {
      const { group, says, operation, input, undo } = call;
      groups.getOrInsert(group, {
        says,
        operation,
        on: "self",
        input,
        undo: { ...undo, on: "self" },
        elseNextBoot: changes.length,
      });
      changes.push({ ...asChange(live ?? difference, "running"), effect: "live", why: rule.why });
    } else if (!isDefined) {
      changes.push(asChange(difference, live === undefined ? "so already" : "running"));
    } else if (rule.isTranslated !== true) {
      pending.push(difference);
    }
  }
  return { changes, steps: [...groups.values()], pending: pending.map(asPending) };
}

function placeOf({ field, path }: Difference): string {
  return `${path} ${field}`;
}

function asPending({ field, from, to }: Difference): PlanData["pending"][number] {
  return { field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function asChange(difference: Difference, when: "off" | "running" | "so already"): Change {
  const rule = fieldRule(domainFields, difference);
  const { effect = "next-boot" } = rule;
  const why = effect !== "next-boot"
    ? rule.why
    : when === "off"
    ? "The domain is off"
    : when === "so already"
    ? "What runs is so already"
    : rule.otherwise ?? rule.why;
  return { ...asPending(difference), effect, why };
}

function stateSteps(
  { name, state, autostart }: DesiredDomain,
  { live, autostart: present }: Present,
): { readonly changes: readonly Change[]; readonly steps: readonly PlanStep[] } {
  const changes: Change[] = [];
  const steps: PlanStep[] = [];
  if (autostart !== undefined && autostart !== present) {
    const why = "The host reads it when it starts";
    changes.push({
      field: "autostart",
      from: String(present ?? false),
      to: String(autostart),
      effect: "live",
      why,
    });
    steps.push(autostartStep(name, autostart));
  }
  if (state === "running" && live === undefined) {
    changes.push({ field: "state", from: "off", to: "running", effect: "live", why: "It is started" });
    steps.push(startStep(name));
  }
  if (state === "off" && live !== undefined) {
    changes.push({
      field: "state",
      from: "running",
      to: "off",
      effect: "live",
      why: "Its guest is asked to shut down",
    });
    steps.push({ says: `shut domain "${name}" down`, operation: "domain.shutdown", on: "self", input: {} });
  }
  return { changes, steps };
}

/** Hardware addresses in QEMU's range, one after the other. */
function macsFrom(seed: string): () => string {
  let next = Number.parseInt(seed.replaceAll("-", "").slice(-6), 16);
  return () => {
    const tail = (next++ & 0xffffff).toString(16).padStart(6, "0").match(/../g)?.join(":") ?? "";
    return `52:54:00:${tail}`;
  };
}
