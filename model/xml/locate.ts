/**
 * Finds what a hook complains about.
 *
 * @module
 */
import { alternativeNamed, fieldOf, type FieldPlan, type PlannedContent, type ShapePlan } from "./plan.ts";
import { TreeElement } from "./tree.ts";

/** An element, or one of its attributes. */
export interface Located {
  readonly element: TreeElement;
  readonly attribute?: string;
}

/** The element or attribute that a property path such as `disks.1.source` leads to, as far as it leads. */
export function located(
  from: TreeElement,
  route: { readonly plan: ShapePlan; readonly path: string },
): Located {
  const steps = route.path === "" ? [] : route.path.split(".");
  return walked(from, { plan: route.plan, steps });
}

function walked(
  element: TreeElement,
  route: { readonly plan: ShapePlan | undefined; readonly steps: readonly string[] },
): Located {
  const [key, ...rest] = route.steps;
  const plan = route.plan === undefined ? undefined : alternativeFor(element, route.plan);
  const field = plan?.fields.find((each) => each.key === key);
  if (plan === undefined || field === undefined) return { element };
  if (field.kind === "attribute") {
    return element.attribute(field.name) === undefined ? { element } : { element, attribute: field.name };
  }
  const listed = field.kind === "elements" || field.kind === "sequence";
  const next = childrenFor(element, { plan, field })[listed ? Number(rest[0] ?? 0) : 0];
  if (next === undefined) return { element };
  const skipped = field.kind === "sequence" ? 2 : listed ? 1 : 0;
  return walked(next, { plan: planWithin(field, next), steps: rest.slice(skipped) });
}

function childrenFor(
  element: TreeElement,
  of: { readonly plan: ShapePlan; readonly field: FieldPlan },
): readonly TreeElement[] {
  return element.children.filter((child): child is TreeElement =>
    child instanceof TreeElement && fieldOf(of.plan, child) === of.field
  );
}

function planWithin(field: FieldPlan, element: TreeElement): ShapePlan | undefined {
  const content: PlannedContent | undefined = field.kind === "sequence"
    ? field.choices.get(element.name)
    : field.content;
  return content?.kind === "shape" ? content.plan() : undefined;
}

function alternativeFor(element: TreeElement, plan: ShapePlan): ShapePlan {
  const { alternatives } = plan;
  if (alternatives === undefined) return plan;
  const chosen = alternativeNamed(alternatives, element.attribute(alternatives.attribute));
  return chosen === undefined ? plan : alternativeFor(element, chosen);
}
