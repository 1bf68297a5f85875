/**
 * Desired objects that are wrong, in words of who wrote them.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { DesiredKind } from "../../model/desired/mod.ts";
import type { Desired } from "./desired.ts";

/** What is wrong, as the checks of an operation's input tell it. */
interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Where several things would do: what is wrong with each. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** An error about the input of a plan as one about what was written; any other error as it is. */
export function wrongSpec<K extends DesiredKind>(error: unknown, { kind, spec }: Desired<K>): unknown {
  if (!isVirtError(error) || error.code !== "invalid-argument") return error;
  const [issue] = issuesOf(error.detail);
  const [root, part, ...path] = issue?.path ?? [];
  if (issue === undefined || root !== "desired" || part !== "spec") return error;
  const found = deepest({ ...issue, path });
  const where = found.path.length === 0 ? "" : `"${found.path.join(".")}": `;
  const name = "name" in spec && typeof spec.name === "string" ? ` "${spec.name}"` : "";
  return new VirtError(
    "invalid-argument",
    `Cannot tell what ${kind}${name} shall be: ${where}${found.message.replace(/^Invalid input: /, "")}`,
    {
      hint: `The guide to desired state says what a ${kind} may have`,
      ...(error.at === undefined ? {} : { at: error.at }),
      detail: error.detail,
    },
  );
}

function issuesOf(detail: unknown): readonly Issue[] {
  if (typeof detail !== "object" || detail === null || !("issues" in detail)) return [];
  return Array.isArray(detail.issues) ? detail.issues : [];
}

/** Of several things that would do, the one that what was written comes nearest to. */
function deepest(issue: Issue): Issue {
  const inner = (issue.errors ?? []).flat()
    .map((each) => deepest({ ...each, path: [...issue.path, ...each.path] }))
    .toSorted((a, b) => b.path.length - a.path.length);
  const [first] = inner;
  return first !== undefined && first.path.length > issue.path.length ? first : issue;
}
