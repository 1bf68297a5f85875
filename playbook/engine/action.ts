/**
 * What a task does on one target.
 *
 * @module
 */
import {
  type CallOptions,
  type Desired,
  type Domain,
  type Duration,
  type Host,
  isVirtError,
  type Recipe,
  VirtError,
} from "drover";
import { call, findObject } from "./call.ts";
import { redefinition } from "./definition.ts";
import { unifiedDiff } from "./diff.ts";
import { evaluate, firstFalse, omitted, placed, type Scope } from "./evaluate.ts";
import type { Action, Target, Value } from "./program.ts";
import type { Meant, Promised } from "./promised.ts";
import type { Report, Status } from "./report.ts";
import { isGoneAlready, isSatisfied } from "./satisfied.ts";
import { isMap, plainData, textOf } from "./values.ts";

/** What came of an action. */
export interface Outcome {
  readonly status: Status;
  /** What `register` keeps. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly message?: string;
  readonly diff?: string;
}

/** A recipe that a task may run. */
export type PlayRecipe = Recipe;

/** All that a run is given. */
export type RunContext = Parameters<Recipe["execute"]>[0];

/** What a run is given beside its hosts and its input. */
export type PlayTools = Omit<RunContext, "host" | "hosts" | "input">;

/** What actions work with. */
export interface ActionContext {
  readonly tools: PlayTools;
  readonly hosts: Readonly<Record<string, Host>>;
  readonly recipes: readonly PlayRecipe[];
  readonly report: Report;
  readonly scope: Scope;
  /** The target that it is done on: the task's own, or the one that it is delegated to. */
  readonly target: Target;
  readonly targetNamed: (name: string) => Target | undefined;
  readonly check: boolean;
  readonly diff: boolean;
  /** What earlier tasks of a check would have made. */
  readonly promised: Promised;
  readonly within: Duration | undefined;
}

/** Does what a task does, once. Failures of the world come as outcomes. */
export async function act(action: Action, context: ActionContext): Promise<Outcome> {
  try {
    return await done(action, context);
  } catch (error) {
    if (context.tools.signal.aborted) throw error;
    return failureOf(error);
  }
}

/** A failure as an outcome. */
export function failureOf(error: unknown): Outcome {
  const message = messageOf(error);
  const code = isVirtError(error) ? error.code : "internal";
  const status = code === "unreachable" ? "unreachable" : code === "outcome-unknown" ? "unknown" : "failed";
  return {
    status,
    message,
    data: {
      changed: false,
      failed: true,
      msg: message,
      code,
      ...(status === "unreachable" ? { unreachable: true } : {}),
    },
  };
}

function messageOf(error: unknown): string {
  if (!(error instanceof VirtError)) return error instanceof Error ? error.message : String(error);
  const { at, hint, message } = error;
  const place = at?.file === undefined || !/\.(ya?ml|json)$/.test(at.file)
    ? ""
    : ` (${at.file}:${at.line}:${at.column ?? 1})`;
  return `${message}${place}${hint === undefined ? "" : `; ${hint}`}`;
}

async function done(action: Action, context: ActionContext): Promise<Outcome> {
  switch (action.do) {
    case "operation":
      return await operation(action, context);
    case "ensure":
      return await ensure(action, context);
    case "recipe":
      return await recipe(action, context);
    case "wait":
      return await wait(action, context);
    case "debug":
      return debug(action, context);
    case "set_fact": {
      const facts = evaluated(action.facts, context.scope);
      return { status: "ok", data: { changed: false, ansible_facts: facts } };
    }
    case "assert": {
      const wrong = firstFalse(action.that, context.scope);
      if (wrong === undefined) {
        const message = action.success === undefined
          ? "All assertions passed"
          : textOf(evaluate(action.success, context.scope));
        return { status: "ok", message, data: { changed: false, msg: message } };
      }
      const message = action.failure === undefined
        ? `Assertion failed: ${wrong.text}`
        : textOf(evaluate(action.failure, context.scope));
      throw new VirtError("recipe-failed", message, { at: placeOf(wrong.at) });
    }
    case "fail":
      throw new VirtError("recipe-failed", textOf(evaluate(action.message, context.scope)));
    case "pause":
      if (!context.check) await context.tools.sleep(durationOf(evaluate(action.time, context.scope)));
      return { status: "ok", data: { changed: false } };
    case "meta":
      return { status: "ok", data: { changed: false } };
  }
}

/** A place as errors have it. */
export function placeOf([file, line, column]: readonly [string, number, number]): {
  readonly file: string;
  readonly line: number;
  readonly column: number;
} {
  return { file, line, column };
}

/** A time as YAML has it: a text with its unit, or seconds. */
export function durationOf(value: unknown): Duration {
  if (typeof value === "number") return value * 1000;
  const text = textOf(value);
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return text as Duration;
  throw new VirtError("invalid-argument", `"${text}" is no time; write for instance 90s or 2m`);
}

function evaluated(values: Readonly<Record<string, Value>>, scope: Scope): Record<string, unknown> {
  const entries = Object.entries(values).map(([key, value]) => [key, evaluate(value, scope)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== omitted));
}

function callOptions({ within, tools }: ActionContext): CallOptions {
  return { signal: tools.signal, ...(within === undefined ? {} : { within }) };
}

function hostOf({ hosts, tools }: ActionContext, { connection, uri }: Target): Host {
  const host = hosts[connection];
  if (host !== undefined) return host;
  const lost = tools.unreachable.find(({ name }) => name === connection);
  throw new VirtError("unreachable", lost?.message ?? `Cannot reach "${uri}"`);
}

async function operation(
  action: Extract<Action, { readonly do: "operation" }>,
  context: ActionContext,
): Promise<Outcome> {
  const { scope, target } = context;
  const host = hostOf(context, target);
  const names: Record<string, string> = target.domain === undefined ? {} : { domain: target.domain };
  for (const [key, value] of Object.entries(evaluated(action.target, scope))) names[key] = textOf(value);
  const input = evaluated(action.input, scope);
  if (action.peer !== undefined) input[action.peer] = peerOf(input[action.peer], context);
  const options = callOptions(context);
  const meant = meantBy(action, { target, names });
  const wouldChange = (): Outcome => {
    context.promised.operation(action.operation, meant);
    return { status: "changed", data: { changed: true }, ...diffOf(action, { context, names }) };
  };
  try {
    const handle = await findObject(host, action.on, { names, options });
    if (await isSatisfied(action.operation, { handle, input })) {
      return { status: "ok", data: { changed: false } };
    }
    const there = await redefinition(action.operation, { host, input, options });
    if (there !== undefined) return await ensured(there, context);
    if (context.check && action.effect === "write") return wouldChange();
    // What asks a guest to go and waits for it takes its time among its own options.
    const args = action.operation === "domain.shutdown" ? [{ ...input, ...options }] : [input, options];
    const answer = plainData(await call(handle, action.method, args));
    const changed = action.effect === "write";
    const fields = isMap(answer) ? answer : {};
    return {
      status: changed ? "changed" : "ok",
      data: { ...fields, result: answer, changed },
      ...(changed ? diffOf(action, { context, names }) : {}),
    };
  } catch (error) {
    if (isGoneAlready(action.operation, error)) return { status: "ok", data: { changed: false } };
    if (!context.check || !isVirtError(error, "not-found")) throw error;
    const known = context.promised.info(meant);
    // What an earlier task would have made is not there in a check.
    if (known !== undefined && action.effect === "read") {
      const message = "an earlier task would have made it";
      return { status: "skipped", message, data: { changed: false, skipped: true, skip_reason: message } };
    }
    if (known !== undefined && context.promised.isSatisfied(action.operation, meant, input)) {
      return { status: "ok", data: { changed: false } };
    }
    if (action.effect === "write") return wouldChange();
    throw error;
  }
}

/** The object that an operation leaves changed: of one that defines others, those of the class that it is named after. */
function meantBy(
  { operation, on }: { readonly operation: string; readonly on: string },
  { target: { uri }, names }: { readonly target: Target; readonly names: Readonly<Record<string, string>> },
): Meant {
  const named = operation.split(".")[0] ?? on;
  return { uri, objectClass: named, name: named === on ? names[on] : undefined };
}

function diffOf(
  { operation, on }: { readonly operation: string; readonly on: string },
  { context, names }: { readonly context: ActionContext; readonly names: Readonly<Record<string, string>> },
): { readonly diff?: string } {
  if (!context.diff) return {};
  return { diff: `! ${operation}${names[on] === undefined ? "" : ` ${names[on]}`}` };
}

/** The connection of a target that is named as the other end. */
function peerOf(given: unknown, { targetNamed }: ActionContext): string {
  const name = textOf(given ?? "");
  const target = targetNamed(name);
  if (target !== undefined) return target.connection;
  throw new VirtError("not-found", `There is no host "${name}" in the inventory`);
}

async function ensure(
  action: Extract<Action, { readonly do: "ensure" }>,
  context: ActionContext,
): Promise<Outcome> {
  const spec = evaluated(action.spec, context.scope);
  const named = Object.hasOwn(spec, "name") || context.target.domain === undefined
    ? spec
    : { name: context.target.domain, ...spec };
  return await ensured({ kind: action.kind, spec: named }, context);
}

/** Makes an object as it shall be, or says what that would change. */
async function ensured(
  { kind, spec }: { readonly kind: string; readonly spec: Readonly<Record<string, unknown>> },
  context: ActionContext,
): Promise<Outcome> {
  const host = hostOf(context, context.target);
  // The runtime checks it by the schema of its kind.
  const desired = { kind, spec } as unknown as Desired;
  // Looking twice is for checks alone: what carries a plan out makes it anew.
  const { plan, deferred = [] } = context.check
    ? { plan: await host.plan(desired) }
    : await host.ensure(desired);
  if (plan.blocked !== undefined) throw new VirtError("wrong-state", plan.blocked);
  const { changed, action: what, before = "", after = "", name, changes } = plan;
  if (changed && context.check) {
    context.promised.ensured({ uri: context.target.uri, objectClass: kind, name }, spec);
  }
  return {
    status: changed ? "changed" : "ok",
    data: {
      changed,
      action: what,
      changes: plainData(changes),
      ...(changed && !context.check ? { deferred: plainData(deferred) } : {}),
    },
    ...(context.diff && changed ? { diff: `${plan}${unifiedDiff(before, after, name)}` } : {}),
  };
}

async function recipe(
  action: Extract<Action, { readonly do: "recipe" }>,
  context: ActionContext,
): Promise<Outcome> {
  const { tools, report, target } = context;
  const found = context.recipes[action.recipe];
  if (found === undefined) throw new VirtError("internal", `The recipe "${action.file}" is missing`);
  if (context.check) {
    return { status: "skipped", data: { changed: false, skipped: true }, message: "recipes are not checked" };
  }
  const host = hostOf(context, target);
  const name = found.declaration.hosts[0] ?? "host";
  const answer = plainData(
    await found.execute({
      ...tools,
      log: {
        debug: (text) => report.recipe(text, "debug"),
        info: (text) => report.recipe(text, "info"),
        warn: (text) => report.recipe(text, "warn"),
        error: (text) => report.recipe(text, "error"),
      },
      host,
      hosts: { [name]: host },
      input: found.parseInput(evaluated(action.input, context.scope)),
    }),
  );
  const fields = isMap(answer) ? answer : {};
  // A recipe that says whether it changed anything is believed.
  const changed = typeof fields["changed"] === "boolean" ? fields["changed"] : true;
  return { status: changed ? "changed" : "ok", data: { ...fields, result: answer, changed } };
}

async function wait(
  action: Extract<Action, { readonly do: "wait" }>,
  context: ActionContext,
): Promise<Outcome> {
  if (context.check) return { status: "skipped", data: { changed: false, skipped: true } };
  const { domain, ...input } = evaluated(action.input, context.scope);
  const name = domain ?? context.target.domain;
  const options = callOptions(context);
  const names = name === undefined ? {} : { domain: textOf(name) };
  const vm = await findObject(hostOf(context, context.target), "domain", { names, options }) as Domain;
  const answer = plainData(await call(vm.until, action.until, [{ ...input, ...options }]));
  return { status: "ok", data: { ...(isMap(answer) ? answer : {}), result: answer, changed: false } };
}

function debug(action: Extract<Action, { readonly do: "debug" }>, { scope }: ActionContext): Outcome {
  if (action.quiet === true) {
    return {
      status: "skipped",
      data: { changed: false, skipped: true, skipped_reason: "Verbosity threshold not met." },
    };
  }
  const [key, value] = action.variable !== undefined
    ? [action.variable.text, placedOrNot(action.variable, scope)]
    : ["msg", action.message === undefined ? "Hello world!" : evaluate(action.message, scope)];
  const data = { [key]: plainData(value) };
  return { status: "ok", data: { ...data, changed: false }, message: JSON.stringify(data, undefined, 4) };
}

function placedOrNot(variable: Extract<Action, { readonly do: "debug" }>["variable"], scope: Scope): unknown {
  if (variable === undefined) return null;
  try {
    return placed(variable, scope);
  } catch (error) {
    if (error instanceof VirtError && error.message.endsWith("is undefined")) {
      return "VARIABLE IS NOT DEFINED!";
    }
    throw error;
  }
}
