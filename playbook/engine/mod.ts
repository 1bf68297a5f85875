/**
 * Carries playbooks out, inside the sandbox: a recipe like any other, so that everything that holds for recipes holds for
 * playbooks.
 *
 * @module
 */
import { type Needs, Recipe, recipe, VirtError, z } from "drover";
import { placeOf, type RunContext } from "./action.ts";
import { PlayRun } from "./play.ts";
import type { Program } from "./program.ts";
import { Promised } from "./promised.ts";
import { type Counters, Report } from "./report.ts";
import { TargetState } from "./state.ts";

export type { Program } from "./program.ts";

/** What came of a playbook. */
export interface ProgramResult {
  readonly playbook: string;
  readonly check: boolean;
  /** What was counted, by target. */
  readonly recap: Readonly<Record<string, Counters>>;
}

/** The recipe that carries a playbook out. */
export function playRecipe(
  program: Program,
  recipes: readonly Recipe[] = [],
): Recipe<unknown, ProgramResult> {
  const needs = [...program.needs, ...recipes.flatMap(({ declaration }) => declaration.needs)];
  const { connections } = program;
  // What it declares; what it does is below, since it wants all that a run is given.
  const { declaration } = recipe({
    summary: `Playbook ${program.name}`,
    input: z.object({}),
    // They come from the registry of operations, and are checked by the runtime like those of any recipe.
    needs: needs as unknown as Needs<readonly string[]>,
    hosts: connections.length === 0 ? ["host"] : connections,
    secrets: Object.assign({}, program.secrets, ...recipes.map(({ declaration }) => declaration.secrets)),
    run: () => {},
  });
  // A host that cannot be reached is one of its counters, and no reason for the others to stay as they are.
  return new Recipe(
    { ...declaration, spareHosts: true },
    z.object({}),
    (context) => runProgram(program, { context, recipes }),
  );
}

async function runProgram(
  program: Program,
  { context, recipes }: { readonly context: RunContext; readonly recipes: readonly Recipe[] },
): Promise<ProgramResult> {
  const report = new Report(context.log, program);
  const states = new Map(program.targets.map((target) => [target.name, new TargetState(target)] as const));
  const { host: _, hosts, input: __, ...tools } = context;
  const promised = new Promised();
  for (const play of program.plays) {
    const goesOn = await new PlayRun(play, { program, tools, hosts, recipes, report, states, promised })
      .run();
    if (!goesOn) break;
  }
  const named = new Set(program.plays.flatMap(({ targets }) => targets));
  const all = [...states.values()].filter(({ target }) => named.has(target.name));
  report.recap(all);
  throwIfBroken(all);
  return {
    playbook: program.name,
    check: program.check,
    recap: Object.fromEntries(all.map(({ target, counters }) => [target.name, counters])),
  };
}

/** The run fails where a target did, so that nobody takes it for done. */
function throwIfBroken(states: readonly TargetState[]): void {
  const broken = states.filter((state) => state.broken);
  if (broken.length === 0) return;
  const of = (standing: TargetState["standing"]): readonly TargetState[] =>
    broken.filter((state) => state.standing === standing);
  const [unreachable, unknown] = [of("unreachable"), of("unknown")];
  const denied = broken.every(({ failure }) => codeOf(failure?.result) === "permission-denied");
  const code = unknown.length > 0
    ? "outcome-unknown"
    : unreachable.length > 0
    ? "unreachable"
    : denied
    ? "permission-denied"
    : "some-failed";
  const names = broken.map(({ target }) => target.name);
  const told = names.length > 10 ? [...names.slice(0, 10), `${names.length - 10} more`] : names;
  const [at] = broken.flatMap(({ failure }) => failure === undefined ? [] : [placeOf(failure.at)]);
  throw new VirtError(code, `${broken.length} of ${states.length} hosts failed: ${told.join(", ")}`, {
    ...(at === undefined ? {} : { at }),
    hint: `Run it again for them alone with: --limit ${names.slice(0, 10).join(",")}`,
  });
}

function codeOf(result: unknown): unknown {
  return typeof result === "object" && result !== null && "code" in result ? result.code : undefined;
}
