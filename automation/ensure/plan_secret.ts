/**
 * Plans for secrets and snapshots.
 *
 * @module
 */
import type { DesiredSecret, DesiredSnapshot } from "../../model/desired/mod.ts";
import type { Change, PlanData, PlanStep } from "../../model/plan.ts";
import { merged, nothing, type PlanContext, type Wanted } from "./context.ts";
import { el, type Element, readElement, writeElement } from "./element.ts";

/** What names the usage of a secret in its document, by type. Source: libvirt formatsecret. */
const usageNames: Readonly<Record<DesiredSecret["usage"]["type"], string>> = {
  volume: "volume",
  ceph: "name",
  iscsi: "target",
  tls: "name",
  vtpm: "name",
};

function secretDocument({ usage, description, private: isPrivate, ephemeral }: DesiredSecret): Element {
  const said = (flag: boolean | undefined): string | undefined =>
    flag === undefined ? undefined : flag ? "yes" : "no";
  return el("secret", {
    attributes: { ephemeral: said(ephemeral), private: said(isPrivate) },
    children: [
      description === undefined ? undefined : el("description", { text: description }),
      el("usage", {
        attributes: { type: usage.type },
        children: [el(usageNames[usage.type], { text: usage.name })],
      }),
    ],
  });
}

/** Computes what has to happen for a secret to be as it is wanted. Its value is put in when the plan is carried out. */
export function planSecret(spec: DesiredSecret, { present }: PlanContext): PlanData {
  const { name } = spec.usage;
  const none = nothing("secret", name);
  const { config, hasValue = false } = present;
  if (spec.state === "absent") {
    const removal: PlanStep = {
      says: `remove secret "${name}"`,
      operation: "secret.undefine",
      on: "self",
      input: {},
    };
    return config === undefined ? none : { ...none, action: "delete", before: config, steps: [removal] };
  }
  const { setValue } = spec;
  const isSet = setValue === "always" || (setValue === "once" && !hasValue);
  const valueStep: PlanStep[] = isSet
    ? [{ says: `set the value of secret "${name}"`, operation: "secret.setValue", on: "self", input: {} }]
    : [];
  const define = { says: `define secret "${name}"`, operation: "secret.define", on: "host" as const };
  if (config === undefined) {
    const after = writeElement(secretDocument(spec));
    const undo = { operation: "secret.undefine", on: "self" as const, input: {} };
    return {
      ...none,
      action: "create",
      after,
      steps: [{ ...define, input: { xml: after }, undo }, ...valueStep],
    };
  }
  const wanted: Wanted = { root: secretDocument(spec), complete: new Set() };
  const put = merged(config, wanted, { structure: {} });
  const changes: Change[] = [
    ...put.differences.map(({ field, from, to }): Change => ({
      field,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      effect: "live",
      why: "Whoever uses it asks for it anew",
    })),
    ...(isSet
      ? [{
        field: "value",
        to: "(not shown)",
        effect: "live" as const,
        why: "Whoever uses it asks for it anew",
      }]
      : []),
  ];
  const after = writeElement(put.after);
  const undo = { operation: "secret.define", on: "host" as const, input: { xml: config } };
  return {
    ...none,
    action: changes.length === 0 ? "none" : "update",
    changes,
    before: config,
    after,
    steps: [
      ...(put.differences.length === 0 ? [] : [{ ...define, input: { xml: after }, undo }]),
      ...valueStep,
    ],
  };
}

/** Computes what has to happen for a domain to have a snapshot. */
export function planSnapshot(spec: DesiredSnapshot, { present }: PlanContext): PlanData {
  const { name, domain, description, diskOnly, quiesce } = spec;
  const none = nothing("snapshot", name);
  const { config } = present;
  const of = `snapshot "${name}" of domain "${domain}"`;
  if (spec.state === "absent") {
    const removal: PlanStep = { says: `delete ${of}`, operation: "snapshot.delete", on: "self", input: {} };
    return config === undefined ? none : { ...none, action: "delete", before: config, steps: [removal] };
  }
  if (config === undefined) {
    const input = {
      name,
      ...(description === undefined ? {} : { description }),
      ...(diskOnly === undefined ? {} : { diskOnly }),
      ...(quiesce === undefined ? {} : { quiesce }),
    };
    const undo = { operation: "snapshot.delete", on: "self" as const, input: {} };
    return {
      ...none,
      action: "create",
      steps: [{ says: `take ${of}`, operation: "snapshot.create", on: "parent", input, undo }],
    };
  }
  const said = readElement(config).children.find((child) => child.name === "description")?.text;
  if (description === undefined || description === (said ?? "")) return { ...none, before: config };
  const why = "A snapshot says what it was taken with";
  const difference: Change = {
    field: "description",
    ...(said === undefined ? {} : { from: said }),
    to: description,
    effect: "replace",
    why,
  };
  return {
    ...none,
    action: "replace",
    before: config,
    changes: [difference],
    blocked: `description cannot be changed: ${why}; take another one`,
  };
}
