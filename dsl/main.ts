/**
 * Serves one recipe over one channel, from its declaration to its result.
 *
 * @module
 */
import type { HostName, LostHost, ToRecipe } from "../model/channel.ts";
import { VirtError } from "../model/error.ts";
import type { Realm, RecipeChannel } from "./channel.ts";
import { failure } from "./failure.ts";
import { makeFiles } from "./files.ts";
import type { Host } from "./handles.ts";
import { makeLog, makeProgress, makeStep } from "./log.ts";
import { Objects } from "./objects.ts";
import { opaqueSecrets } from "./opaque_secret.ts";
import { toPlain } from "./plain.ts";
import { type AnyContext, Recipe } from "./recipe.ts";
import { Session } from "./session.ts";
import { makeSleep } from "./wait.ts";

/**
 * Serves a recipe: waits for the runtime's `hello`, declares the recipe, waits for `start`, runs it, and says how it
 * ended. Resolves when that has been said; never rejects.
 *
 * @param recipe the default export of a recipe's module, whatever that is
 * @param realm the globals that the recipe sees, to be bound to the run; left alone where absent
 */
export function serveRecipe(
  recipe: unknown,
  channel: RecipeChannel,
  realm?: Realm,
): Promise<void> {
  const session = new Session(channel);
  const { promise, resolve } = Promise.withResolvers<void>();
  let hello: Extract<ToRecipe, { readonly t: "hello" }> | undefined;
  let ended = false;
  const end = (say: () => void): void => {
    if (ended) return;
    ended = true;
    say();
    resolve();
  };
  const fail = (error: unknown): void => end(() => session.say({ t: "failed", error: failure(error) }));
  channel.onMessage((message) => {
    if (message.t === "hello") {
      hello = message;
      if (!(recipe instanceof Recipe)) return fail(notARecipe(message.recipe));
      session.say({ t: "recipe", declaration: recipe.declaration });
      return;
    }
    if (message.t !== "start") return session.receive(message);
    if (hello === undefined || !(recipe instanceof Recipe)) return;
    session.receive(message);
    session.begin(message, recipe.declaration.files);
    realm?.bind({
      seed: message.seed,
      now: () => session.now,
      timer: (ms, fire) => session.timer(ms, fire),
      fail,
    });
    const objects = new Objects(session, hello.methods);
    const { secrets = {}, anyHosts = false } = recipe.declaration;
    // A recipe that names its connections knows itself what it went without.
    if (anyHosts) countLost(session, message.lost);
    const context = contextOf(session, objects, {
      run: hello.run,
      start: message,
      secrets: opaqueSecrets(Object.keys(secrets)),
    });
    void run(recipe, context).then(
      (result) => end(() => session.say(doneWith(result, session))),
      fail,
    );
  });
  return promise;

  async function run(recipe: Recipe, context: AnyContext): Promise<unknown> {
    const result = toPlain(
      await recipe.execute({ ...context, input: recipe.parseInput(context.input) }),
      "the result of the recipe",
    ) ?? null;
    await forgotten(session, context);
    return result;
  }
}

function doneWith(
  result: unknown,
  { failures, unreachable }: Session,
): Extract<Parameters<Session["say"]>[0], { t: "done" }> {
  return {
    t: "done",
    result,
    ...(failures === 0 ? {} : { failures }),
    ...(unreachable === 0 ? {} : { unreachable }),
  };
}

/** A run that went without some of its hosts does not end as if it had had them. */
function countLost(session: Session, lost: readonly LostHost[] = []): void {
  for (const { name, message } of lost) {
    session.countFailure({ unreachable: true });
    session.say({ t: "log", level: "warn", message: `host "${name}": ${message}`.slice(0, 65_536) });
  }
}

/** Waits for calls that the recipe has not awaited, so that a run never ends before what it began. */
async function forgotten(session: Session, { log }: AnyContext): Promise<void> {
  for (const { doing, at } of session.openCalls()) {
    const place = at === undefined ? "" : ` at line ${at.line}`;
    log.warn(`The recipe has ended while ${doing}${place} is still under way; is there an await missing?`);
  }
  await session.idle();
}

function contextOf(
  session: Session,
  objects: Objects,
  { run, start, secrets }: {
    readonly run: string;
    readonly start: Extract<ToRecipe, { readonly t: "start" }>;
    readonly secrets: AnyContext["secrets"];
  },
): AnyContext {
  const hosts: Record<string, Host> = {};
  for (const { name, ref } of start.hosts) hosts[name] = objects.handle(ref);
  return {
    host: start.hosts.map(({ name }: HostName) => hosts[name])[0],
    hosts,
    unreachable: start.lost ?? [],
    secrets,
    input: start.input,
    log: makeLog(session),
    signal: session.signal,
    step: makeStep(session),
    progress: makeProgress(session),
    files: makeFiles(session),
    sleep: makeSleep(session),
    now: () => session.now,
    runId: run,
  };
}

function notARecipe(url: string): VirtError {
  const file = decodeURIComponent(url.slice(url.lastIndexOf("/") + 1));
  return new VirtError("recipe-failed", `Cannot run "${file}": its default export is not a recipe`, {
    hint: "End the file with: export default recipe({ … })",
  });
}
