/**
 * The methods about runs.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ActiveRun, RunManager, StartRun } from "../run/manager.ts";
import type { ControlHandlers, RequestContext } from "./control.ts";
import { parseSource, type SecretBindings } from "../secret/source.ts";
import type { ControlMethod, RunView } from "./methods.ts";

/** The methods that are answered here. */
type Method = Extract<ControlMethod, `runs.${string}`>;

/** Those who watch a run. */
type Audience = Pick<RequestContext<"runs.start">, "signal" | "send">;

/** The handlers. */
export function runHandlers(runs: RunManager): Pick<ControlHandlers, Method> {
  return {
    "runs.start": async ({ detach, ...request }, context) => {
      const { principal } = context;
      const whom = detach
        ? await askedBefore({ ...request.secretOffers, ...request.secrets }, context)
        : whomToAsk(context);
      const active = await runs.start({ ...request, principal, ...whom });
      return await follow(runs, active, { context, detach });
    },
    "runs.resume": async ({ id, detach, grants, assume, secrets }, context) => {
      const active = await runs.resume(id, {
        grants,
        ...(secrets === undefined ? {} : { secrets }),
        assume: new Map(Object.entries(assume).map(([step, as]) => [Number(step), as])),
        ...(detach
          ? await askedBefore({ ...await runs.secretsOf(id), ...secrets }, context)
          : whomToAsk(context)),
      });
      return await follow(runs, active, { context, detach });
    },
    "runs.list": async (filter) => [...await runs.list(filter)],
    "runs.show": async ({ id }) => {
      const { run, steps } = await runs.show(id);
      return { run, steps: [...steps] };
    },
    "runs.logs": async ({ id, follow }, context) => {
      const active = follow ? runs.active(id) : undefined;
      // Whoever follows hears of new lines from the feed, and reads them from the journal, so that none comes twice.
      const news = active?.watch(context.signal);
      let next = await sendLogs(runs, { id, from: 0, context });
      for await (const event of news ?? []) {
        if (event.type === "log") next = await sendLogs(runs, { id, from: next, context });
      }
      return {};
    },
    "runs.watch": async ({ id }, context) => {
      const active = runs.active(id);
      return active === undefined
        ? (await runs.show(id)).run
        : await follow(runs, active, { context, detach: false });
    },
    "runs.cancel": async ({ id, reason }) => {
      const active = runs.active(id);
      const cancelling = await runs.cancel(id, reason);
      return active === undefined ? cancelling : await active.ended;
    },
    "runs.abandon": ({ id }) => runs.abandon(id),
  };
}

/** The person at the caller's terminal, where there is one. */
function whomToAsk(
  { ask, askSecret, person }: Pick<RequestContext<"runs.start">, "ask" | "askSecret" | "person">,
): Pick<StartRun, "ask" | "askSecret" | "person"> {
  return {
    ...(ask === undefined ? {} : { ask }),
    ...(askSecret === undefined ? {} : { askSecret }),
    ...(person === undefined ? {} : { person }),
  };
}

/** Whoever leaves a run behind is asked for the values that only they have before they are gone. */
async function askedBefore(
  secrets: SecretBindings = {},
  { askSecret }: Pick<RequestContext<"runs.start">, "askSecret">,
): Promise<Pick<StartRun, "askSecret">> {
  const values = new Map<string, string | undefined>();
  for (const [name, text] of Object.entries(secrets)) {
    const source = parseSource(text, name);
    if (source.kind !== "env" && source.kind !== "prompt") continue;
    const variable = source.kind === "env" ? { variable: source.variable } : {};
    values.set(name, await askSecret?.({ name, recipe: "the run", ...variable }));
  }
  return { askSecret: ({ name }) => Promise.resolve(values.get(name)) };
}

/**
 * Streams what happens until the run ends, or until the caller leaves: a run does not end because nobody watches any
 * more.
 */
async function follow(
  runs: RunManager,
  active: ActiveRun,
  { context, detach }: { readonly context: Audience; readonly detach: boolean },
): Promise<RunView> {
  const { signal } = context;
  const events = active.watch(signal);
  const { run } = await runs.show(active.id);
  if (detach) return run;
  await context.send({ type: "run", at: run.since, run });
  for await (const event of events) await context.send(event);
  if (signal.aborted) throw new VirtError("cancelled", `Left run ${active.id}, which goes on`);
  return await active.ended;
}

async function sendLogs(
  runs: RunManager,
  { id, from, context }: {
    readonly id: string;
    readonly from: number;
    readonly context: RequestContext<"runs.logs">;
  },
): Promise<number> {
  let next = from;
  for (const { sequence, at, level, message, fields } of await runs.logs(id, { from })) {
    next = sequence + 1;
    await context.send({
      type: "log",
      at,
      level,
      message,
      ...(fields === undefined ? {} : { fields: { ...fields } }),
    });
  }
  return next;
}
