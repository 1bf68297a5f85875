/**
 * Plans for virtual networks and storage pools: what is defined, started and stopped.
 *
 * @module
 */
import type { DesiredNetwork, DesiredPool } from "../../model/desired/mod.ts";
import type { Change, PlanData, PlannedCall, PlanStep } from "../../model/plan.ts";
import { listChanges } from "./changes.ts";
import {
  canonical,
  change,
  type Merged,
  merged,
  normalised,
  nothing,
  type PlanContext,
  type Wanted,
} from "./context.ts";
import { el, type Element, readElement, writeElement } from "./element.ts";
import type { FieldRule } from "./field_rule.ts";
import { merge } from "./merge.ts";
import { networkDefaults, wantedNetwork } from "./network_document.ts";
import { networkFields } from "./network_fields.ts";
import { networkStructure, poolStructure, type Structure } from "./structure.ts";

/** What is planned for both alike. */
interface Managed {
  readonly name: string;
  readonly state?: "active" | "inactive" | "absent" | undefined;
  readonly autostart?: boolean | undefined;
}

/** In what the two differ. */
interface Kind<S extends Managed> {
  readonly kind: "network" | "pool";
  readonly structure: Structure;
  readonly rules: readonly FieldRule[];
  readonly wanted: (spec: S, base?: Element) => Wanted;
  readonly defaults: (spec: S) => Element;
  /** What its start is given when it is new. */
  readonly startInput: Readonly<Record<string, unknown>>;
}

const network: Kind<DesiredNetwork> = {
  kind: "network",
  structure: networkStructure,
  rules: networkFields,
  wanted: wantedNetwork,
  defaults: networkDefaults,
  startInput: {},
};

const pool: Kind<DesiredPool> = {
  kind: "pool",
  structure: poolStructure,
  rules: [
    { path: /^uuid$/, effect: "replace", why: "The UUID is what the pool is: another one is another pool" },
    { path: /./, why: "The pool is opened when it starts" },
  ],
  wanted: wantedPool,
  defaults: ({ name }) => el("pool", { attributes: { type: "dir" }, children: [el("name", { text: name })] }),
  startInput: { build: true },
};

function wantedPool({ name, type, path, xml }: DesiredPool): Wanted {
  const root = el("pool", {
    attributes: { type },
    children: [
      el("name", { text: name }),
      path === undefined ? undefined : el("target", { children: [el("path", { text: path })] }),
    ],
  });
  const whole = xml === undefined ? root : merge(root, readElement(xml), { structure: poolStructure });
  return { root: whole, complete: new Set() };
}

/** Computes what has to happen for a virtual network to be as it is wanted. */
export function planNetwork(spec: DesiredNetwork, context: PlanContext): PlanData {
  return planManaged(spec, context, network);
}

/** Computes what has to happen for a storage pool to be as it is wanted. */
export function planPool(spec: DesiredPool, context: PlanContext): PlanData {
  return planManaged(spec, context, pool);
}

function planManaged<S extends Managed>(spec: S, context: PlanContext, kind: Kind<S>): PlanData {
  const { config, live } = context.present;
  const base = config ?? live;
  if (spec.state === "absent") {
    return base === undefined ? nothing(kind.kind, spec.name) : removal(spec, context, kind);
  }
  return base === undefined ? creation(spec, kind) : update(spec, { ...context, base }, kind);
}

function on(operation: string, input: PlannedCall["input"] = {}): PlannedCall {
  return { operation, on: "self", input };
}

function removal<S extends Managed>({ name }: S, { present }: PlanContext, { kind }: Kind<S>): PlanData {
  const { config, live, persistent } = present;
  const before = config ?? live;
  return {
    ...nothing(kind, name),
    action: "delete",
    ...(before === undefined ? {} : { before }),
    steps: [
      ...(live === undefined ? [] : [{
        says: `stop ${kind} "${name}"`,
        ...on(`${kind}.destroy`),
        ...(persistent === false ? {} : { undo: on(`${kind}.start`) }),
      }]),
      ...(persistent === false ? [] : [{ says: `undefine ${kind} "${name}"`, ...on(`${kind}.undefine`) }]),
    ],
  };
}

function creation<S extends Managed>(spec: S, what: Kind<S>): PlanData {
  const { kind, structure, startInput } = what;
  const wanted = what.wanted(spec);
  const after = writeElement(
    merge(what.defaults(spec), wanted.root, { structure, complete: wanted.complete }),
  );
  return {
    ...nothing(kind, spec.name),
    action: "create",
    after,
    steps: [
      {
        says: `define ${kind} "${spec.name}"`,
        operation: `${kind}.define`,
        on: "host",
        input: { xml: after },
        undo: on(`${kind}.discard`),
      },
      ...(spec.autostart === true ? [autostartStep(kind, spec.name, true)] : []),
      ...(spec.state === "active"
        ? [{ says: `start ${kind} "${spec.name}"`, ...on(`${kind}.start`, startInput) }]
        : []),
    ],
  };
}

function autostartStep(kind: string, name: string, autostart: boolean): PlanStep {
  return {
    says: `${autostart ? "start" : "no longer start"} ${kind} "${name}" with its host`,
    ...on(`${kind}.setAutostart`, { autostart }),
    undo: on(`${kind}.setAutostart`, { autostart: !autostart }),
  };
}

function update<S extends Managed>(
  spec: S,
  context: PlanContext & { readonly base: string },
  what: Kind<S>,
): PlanData {
  const { kind } = what;
  const { base, present, can } = context;
  const config = put(spec, base, what);
  const running = present.live === undefined ? undefined : put(spec, present.live, what);
  const { changes, steps, pending } = listChanges(config, running, { kind, rules: what.rules, can });
  const further = stateSteps(spec, present, kind);
  const isKept = present.persistent === false;
  const all: readonly Change[] = [
    ...changes,
    ...(isKept
      ? [
        change("definition", { from: "none", to: "kept" }, {
          effect: "live",
          why: `The ${kind} is transient so far`,
        }),
      ]
      : []),
    ...further.changes,
  ];
  const blocked = all.find(({ effect }) => effect === "replace");
  const after = writeElement(config.after);
  const isRedefined = config.differences.length > 0 || isKept;
  return {
    ...nothing(kind, spec.name),
    action: all.length === 0 ? "none" : blocked === undefined ? "update" : "replace",
    changes: all,
    pending,
    steps: blocked !== undefined ? [] : [
      ...(isRedefined ? [definition(spec.name, { after, former: present.config, kind })] : []),
      ...steps,
      ...further.steps,
    ],
    ...(blocked === undefined ? {} : { blocked: `${blocked.field} cannot be changed: ${blocked.why}` }),
    before: normalised(base),
    after: normalised(after),
  };
}

function definition(
  name: string,
  { after, former, kind }: {
    readonly after: string;
    readonly former: string | undefined;
    readonly kind: string;
  },
): PlanStep {
  return {
    says: `change the definition of ${kind} "${name}"`,
    operation: `${kind}.define`,
    on: "host",
    input: { xml: after, ...(former === undefined ? {} : { basedOn: former }) },
    ...(former === undefined
      ? {}
      : { undo: { operation: `${kind}.define`, on: "host", input: { xml: former } } }),
  };
}

function put<S extends Managed>(spec: S, xml: string, { structure, wanted }: Kind<S>): Merged {
  return merged(xml, wanted(spec, canonical(xml)), { structure });
}

function stateSteps(
  { name, state, autostart }: Managed,
  { live, autostart: present }: PlanContext["present"],
  kind: string,
): { readonly changes: readonly Change[]; readonly steps: readonly PlanStep[] } {
  const changes: Change[] = [];
  const steps: PlanStep[] = [];
  if (autostart !== undefined && autostart !== present) {
    const why = "The host reads it when it starts";
    changes.push(
      change("autostart", { from: String(present ?? false), to: String(autostart) }, { effect: "live", why }),
    );
    steps.push(autostartStep(kind, name, autostart));
  }
  if (state === "active" && live === undefined) {
    changes.push(
      change("state", { from: "inactive", to: "active" }, { effect: "live", why: "It is started" }),
    );
    steps.push({ says: `start ${kind} "${name}"`, ...on(`${kind}.start`), undo: on(`${kind}.destroy`) });
  }
  if (state === "inactive" && live !== undefined) {
    changes.push(
      change("state", { from: "active", to: "inactive" }, { effect: "live", why: "It is stopped" }),
    );
    steps.push({ says: `stop ${kind} "${name}"`, ...on(`${kind}.destroy`), undo: on(`${kind}.start`) });
  }
  return { changes, steps };
}
