/**
 * What names mean to a task on a target, in Ansible's order of precedence.
 *
 * @module
 */
import { evaluate, LayeredScope, type Scope } from "./evaluate.ts";
import type { Play, Program, Vars } from "./program.ts";
import type { TargetState } from "./state.ts";

/** What a scope is made of. */
export interface ScopeOptions {
  readonly program: Program;
  readonly play: Play;
  readonly state: TargetState;
  readonly states: ReadonlyMap<string, TargetState>;
  /** The targets of the play and of the batch, by name. */
  readonly playTargets: readonly string[];
  readonly batch: readonly string[];
  /** Those of the task and of the blocks around it, innermost first. */
  readonly vars: readonly Vars[];
  /** Those of a loop. */
  readonly loop?: ReadonlyMap<string, unknown>;
}

/**
 * From the strongest to the weakest: `-e`; the loop's; what was registered or set; the task's and its blocks'; the play's;
 * the inventory's; what Drover itself says.
 */
export function scopeOf(options: ScopeOptions): Scope {
  const { program, play, state, vars, loop } = options;
  return new LayeredScope([
    program.extra,
    ...(loop === undefined ? [] : [loop]),
    state.facts,
    ...vars,
    play.vars,
    state.target.vars,
    magic(options),
  ]);
}

/** Reads as a map, but nothing of it is computed before it is asked for. */
class LazyValues extends Map<string, unknown> {
  readonly #made: Readonly<Record<string, () => unknown>>;

  constructor(made: Readonly<Record<string, () => unknown>>) {
    super();
    this.#made = made;
  }

  override has(name: string): boolean {
    return Object.hasOwn(this.#made, name);
  }

  override get(name: string): unknown {
    return this.has(name) ? this.#made[name]?.() : undefined;
  }
}

function magic(
  { program, play, state, states, playTargets, batch }: ScopeOptions,
): ReadonlyMap<string, unknown> {
  const { target } = state;
  const isAlive = (name: string): boolean => states.get(name)?.broken !== true;
  const alive = (): readonly string[] => playTargets.filter(isAlive);
  const aliveInBatch = (): readonly string[] => batch.filter(isAlive);
  return new LazyValues({
    inventory_hostname: () => target.name,
    inventory_hostname_short: () => target.name.split(".")[0],
    ...(target.domain === undefined ? {} : { domain: () => target.domain }),
    connection_uri: () => target.uri,
    ...(program.secrets === undefined ? {} : { secrets: () => secretsOf(program.secrets) }),
    group_names: () => target.groups.filter((name) => name !== "all").toSorted(),
    groups: () => program.groups,
    hostvars: () => hostvars(program, states),
    play_hosts: aliveInBatch,
    ansible_play_hosts: alive,
    ansible_play_hosts_all: () => playTargets,
    ansible_play_batch: aliveInBatch,
    ansible_play_name: () => play.name,
    ansible_check_mode: () => program.check,
    ansible_diff_mode: () => program.diff,
    ansible_failed_task: () => ({ name: state.failure?.task ?? "" }),
    ansible_failed_result: () => state.failure?.result ?? {},
  });
}

/** The playbook's secrets: what stands for each on its way to an operation. */
function secretsOf(secrets: Program["secrets"] = {}): Record<string, unknown> {
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, { $secret: `name:${name}` }]));
}

/** The variables of all targets; each is evaluated when it is read. */
function hostvars(program: Program, states: ReadonlyMap<string, TargetState>): Record<string, unknown> {
  return lazyRecord(
    program.targets.map((target) => [target.name, () => {
      const facts = states.get(target.name)?.facts ?? new Map<string, unknown>();
      const scope = new LayeredScope([program.extra, facts, target.vars]);
      return lazyRecord([
        ...Object.entries(target.vars).map(([name, value]) => [name, () => evaluate(value, scope)] as const),
        ...[...facts].map(([name, value]) => [name, () => value] as const),
        ...Object.entries(program.extra).map(([name, value]) =>
          [name, () => evaluate(value, scope)] as const
        ),
        ["inventory_hostname", () => target.name],
        ["group_names", () => target.groups],
      ]);
    }]),
  );
}

function lazyRecord(entries: readonly (readonly [string, () => unknown])[]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, get] of entries) {
    Object.defineProperty(made, name, { get, enumerable: true, configurable: true });
  }
  return made;
}
