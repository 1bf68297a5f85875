/**
 * The plan for a domain.
 *
 * @module
 */
import type { DesiredDomain, Present } from "../../model/desired/mod.ts";
import type { Change, PlanData, PlanStep } from "../../model/plan.ts";
import { domain } from "../../model/documents/mod.ts";
import { parseDocument, writeDocument } from "../../model/xml/mod.ts";
import { canonical, change, merged, normalised, nothing, type PlanContext, type Wanted } from "./context.ts";
import { domainDefaults, finishDevice, resolved, wantedDomain } from "./domain_document.ts";
import { domainFields } from "./domain_fields.ts";
import { listChanges } from "./changes.ts";
import { macsFrom } from "./hardware_address.ts";
import { childOf, type Element, readElement, writeElement } from "./element.ts";
import { isSameInOtherWords } from "./filled_in.ts";
import { withNodesMemory } from "./memory.ts";
import { merge, type MergeOptions } from "./merge.ts";
import { withFittingPlaces, withScsiController } from "./machine.ts";
import { withoutImageNumbers } from "./running_facts.ts";
import { domainStructure } from "./structure.ts";

/** Computes what has to happen for a domain to be as it is wanted. */
export function planDomain(spec: DesiredDomain, context: PlanContext): PlanData {
  const { config, live } = context.present;
  const base = config ?? live;
  if (spec.state === "absent") {
    return base === undefined ? nothing("domain", spec.name) : removal(spec, context.present);
  }
  return base === undefined ? creation(spec, context) : update(spec, { ...context, base });
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
  return {
    ...nothing("domain", spec.name),
    action: "delete",
    steps,
    ...(before === undefined ? {} : { before }),
  };
}

function creation(spec: DesiredDomain, { present }: PlanContext): PlanData {
  const capabilities = present.capabilities === undefined ? undefined : readElement(present.capabilities);
  const wanted = wantedDomain(spec);
  const root = withScsiController(merge(domainDefaults(spec, capabilities), wanted.root, {
    ...options(),
    complete: wanted.complete,
  }));
  const after = writeElement(root);
  return {
    ...nothing("domain", spec.name),
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

function options(newMac?: () => string): Omit<MergeOptions, "complete"> & Settling {
  return {
    structure: domainStructure,
    settle: (after, before) => withScsiController(withFittingPlaces(withNodesMemory(after, before), before)),
    finish: (path, made, siblings) => finishDevice(path, made, { siblings, newMac }),
    isSame: isSameInOtherWords,
  };
}

interface Settling {
  readonly settle: (after: Element, before: Element) => Element;
}

interface UpdateContext extends PlanContext {
  /** The definition that is changed: for a domain without one, that of what runs. */
  readonly base: string;
}

function update(spec: DesiredDomain, context: UpdateContext): PlanData {
  const { base, present, seed } = context;
  const read = readElement(base);
  const wanted = wantedDomain(spec, canonical(base));
  const config = merged(base, wanted, options(macsFrom(seed)));
  const live = present.live === undefined ? undefined : inOwnUnits(present.live);
  const running = live === undefined
    ? undefined
    : merged(live, wantedLive(spec, { live, config: config.after }), options());
  const lists = listChanges(config, running, { kind: "domain", rules: domainFields, can: context.can });
  const { changes, steps, pending } = lists;
  const name = childOf(read, "name")?.text ?? spec.name;
  const further = stateSteps(spec, present);
  const isKept = present.persistent === false ? [keptChange] : [];
  const all = [...changes, ...isKept, ...further.changes];
  const blocked = all.find(({ effect }) => effect === "replace");
  const renames = config.differences.some(({ path }) => path === "name");
  const needsStop = renames && present.live !== undefined && spec.state !== "off";
  const after = writeElement(config.after);
  const redefined = renames ? writeElement(withName(config.after, name)) : after;
  const isRedefined = config.differences.some(({ path }) => path !== "name") || isKept.length > 0;
  const definition: PlanStep[] = isRedefined
    ? [{
      says: `change the definition of domain "${name}"`,
      operation: "domain.define",
      on: "host",
      input: {
        xml: redefined,
        // What is there was read without passwords, and keeps them.
        keepPasswords: true,
        ...(present.config === undefined ? {} : { basedOn: present.config }),
      },
      undo: present.config === undefined
        ? { operation: "domain.undefine", on: "self", input: {} }
        : { operation: "domain.define", on: "host", input: { xml: present.config, keepPasswords: true } },
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
    steps: blocked !== undefined ? [] : [...definition, ...steps, ...further.steps, ...renaming],
    ...(blocked !== undefined
      ? { blocked: `${blocked.field} cannot be changed: ${blocked.why}` }
      : needsStop
      ? { blocked: "A running domain cannot be renamed: shut it down first" }
      : {}),
    before: normalised(base),
    after: normalised(after),
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

/** The same with all that a host reported: addresses, aliases. */
function inOwnUnits(xml: string): string {
  const own = writeDocument(domain, parseDocument(domain, xml).value);
  return writeElement(withoutImageNumbers(readElement(own)));
}

function stateSteps(
  { name, state, autostart }: DesiredDomain,
  { live, autostart: present }: Present,
): { readonly changes: readonly Change[]; readonly steps: readonly PlanStep[] } {
  const changes: Change[] = [];
  const steps: PlanStep[] = [];
  if (autostart !== undefined && autostart !== present) {
    const why = "The host reads it when it starts";
    changes.push(
      change("autostart", { from: String(present ?? false), to: String(autostart) }, { effect: "live", why }),
    );
    steps.push(autostartStep(name, autostart));
  }
  if (state === "running" && live === undefined) {
    changes.push(change("state", { from: "off", to: "running" }, { effect: "live", why: "It is started" }));
    steps.push(startStep(name));
  }
  if (state === "off" && live !== undefined) {
    const why = "Its guest is asked to shut down";
    changes.push(change("state", { from: "running", to: "off" }, { effect: "live", why }));
    steps.push({ says: `shut domain "${name}" down`, operation: "domain.shutdown", on: "self", input: {} });
  }
  return { changes, steps };
}
