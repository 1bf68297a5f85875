/**
 * The main module inside the sandbox, and the one that recipes import as "drover" there.
 *
 * It takes one message at a time and lets everything that follows from it happen before it takes the next, so that the
 * order in which a recipe acts depends on nothing but the order of what is delivered to it.
 *
 * By the time it runs, the realm is the recipe's to tamper with. What it uses of the realm is taken at the top; what the
 * recipe can still do is confuse itself, since the runtime trusts nothing that comes from here.
 *
 * @module
 */
import type { channelVersion, FromRecipe, ToRecipe } from "../model/channel.ts";
import { VirtError } from "../model/error.ts";
import { encodeFrame, FrameDecoder, FrameError } from "../model/frame.ts";
import type { RecipeChannel } from "./channel.ts";
import { serveRecipe } from "./main.ts";
import { placeOnStack } from "./place.ts";
import { hardenRealm } from "./realm.ts";

export * from "./mod.ts";

const { apply } = Reflect;
const { then } = Promise.prototype;
const { stdin, stdout, exit } = Deno;
const schedule = setImmediate;
const scheduleAfter = setTimeout;
const Steps = Map;
const { get: getStep, set: setStep, delete: removeStep } = Map.prototype;
const countSteps = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!;
const Bytes = Uint8Array;
const { subarray, set } = Uint8Array.prototype;
const { slice } = String.prototype;
const text = String;
const Failure = TypeError;
const { addEventListener } = EventTarget.prototype;
const { preventDefault, stopImmediatePropagation } = Event.prototype;

/** Deno's own account of what its event loop still has to do; not in its types. */
interface DenoInternals {
  readonly core: { eventLoopHasMoreWork(): boolean };
}
const { eventLoopHasMoreWork } = internals().core;

const version: typeof channelVersion = 1;
/** Deliveries that are taken before the runtime hears of it, at the latest. */
const creditEvery = 64;
/** Looks at the event loop without a pause between them, while a module is being loaded. */
const quickLooks = 1000;
const slowLookMs = 2;
/** Slow looks after which a module that is being loaded is taken to wait for what cannot come: about ten seconds. */
const mostSlowLooks = 5000;
const longestText = 16_384;

/** How the process ends by itself. */
const exits = { done: 0, failed: 1 } as const;

const recipeUrl = Deno.args[0]!;
const frameBounds = { maxBytes: Number(Deno.args[1]) };
const decoder = new FrameDecoder(frameBounds);
const incoming = new Bytes(65536);
const outgoing = new Bytes(65536);
let outgoingBytes = 0;
let handler: ((message: ToRecipe) => void) | undefined;
/** Steps that the runtime has yet to answer, and whether a cancel by the recipe ends them without an answer. */
const open = new Steps<number, boolean>();
let uncredited = 0;
let looks = 0;
let phase: "loading" | "loaded" | "running" | "ended" = "loading";
let exitCode: number = exits.done;

const channel: RecipeChannel = {
  send(message: FromRecipe): void {
    // Credit is given here, when the realm has come to rest after a delivery.
    if (phase === "ended" || message.t === "credit") return;
    write(message);
    switch (message.t) {
      case "call":
      case "acquire":
      case "release":
      case "keep":
      case "file":
        apply(setStep, open, [message.step, false]);
        break;
      case "timer":
      case "subscribe":
        apply(setStep, open, [message.step, true]);
        break;
      case "cancel":
        if (apply(getStep, open, [message.step]) === true) apply(removeStep, open, [message.step]);
        break;
      case "log":
        // What a recipe says before it falls into an endless loop is what explains the loop.
        flush();
        break;
      case "done":
      case "failed":
        phase = "ended";
        exitCode = exits[message.t];
    }
  },
  onMessage(given: (message: ToRecipe) => void): void {
    handler = given;
  },
};

const realm = hardenRealm((level, message) => channel.send({ t: "log", level, message }));
apply(addEventListener, globalThis, ["error", onUncaught]);
apply(addEventListener, globalThis, ["unhandledrejection", onUncaught]);
write({ t: "ready", version });
schedule(begin);

/** Loads the recipe, after the runtime's first message. */
function begin(): void {
  const hello = receive();
  if (hello.t !== "hello" || hello.version !== version) {
    fail(new Failure(`The runtime does not speak version ${version} of the channel`));
  } else {
    apply(then, import(recipeUrl), [
      (module: { readonly default?: unknown }) => serve(module.default, hello),
      fail,
    ]);
  }
  schedule(turn);
}

function serve(recipe: unknown, hello: ToRecipe): void {
  if (phase === "ended") return;
  phase = "loaded";
  serveRecipe(recipe, channel, realm);
  handler?.(hello);
}

/**
 * One round: waits until nothing is left to do in here, then takes the next message. Whoever schedules it lets all
 * promises settle first.
 */
function turn(): void {
  if (phase !== "ended" && eventLoopHasMoreWork()) return lookAgain();
  looks = 0;
  if (phase === "running" && apply(countSteps, open, []) === 0) {
    fail(
      new Failure(
        "The recipe waits for something that cannot happen: nothing that it asked for is under way",
      ),
    );
  }
  if (phase === "ended") {
    flush();
    exit(exitCode);
  }
  const message = receive();
  if (message.t === "start") phase = "running";
  if ("now" in message) uncredited++;
  if (isAnswer(message)) apply(removeStep, open, [message.step]);
  try {
    handler?.(message);
  } catch (error) {
    fail(error);
  }
  schedule(turn);
}

/** Only the loading of a module keeps the event loop busy; it may take a while, or for ever. */
function lookAgain(): void {
  if (++looks < quickLooks) {
    schedule(turn);
  } else if (looks < quickLooks + mostSlowLooks) {
    // A timer whose action is running still counts as work to do.
    scheduleAfter(() => schedule(turn), slowLookMs);
  } else {
    fail(
      new Failure(
        "A module of the recipe does not finish loading: it awaits what cannot happen before the run",
      ),
    );
    schedule(turn);
  }
}

/** The next message of the runtime. Nothing else happens in this process until it is there. */
function receive(): ToRecipe {
  if (uncredited >= creditEvery) giveCredit();
  for (;;) {
    const message = decoder.next();
    if (message !== undefined) return message as ToRecipe;
    giveCredit();
    flush();
    const size = stdin.readSync(incoming);
    if (size === null) exit(exits.failed);
    decoder.feed(apply(subarray, incoming, [0, size]));
  }
}

function giveCredit(): void {
  if (uncredited === 0) return;
  write({ t: "credit", frames: uncredited });
  uncredited = 0;
}

function write(message: FromRecipe): void {
  const frame = framed(message);
  if (outgoingBytes + frame.length > outgoing.length) flush();
  if (frame.length > outgoing.length) return writeAll(frame);
  apply(set, outgoing, [frame, outgoingBytes]);
  outgoingBytes += frame.length;
}

function framed(message: FromRecipe): Uint8Array {
  try {
    return encodeFrame(message, frameBounds);
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    throw new VirtError("invalid-argument", error.message, {
      hint: "Pass large things in parts, or as files",
    });
  }
}

function flush(): void {
  const size = outgoingBytes;
  outgoingBytes = 0;
  writeAll(apply(subarray, outgoing, [0, size]));
}

function writeAll(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += stdout.writeSync(apply(subarray, bytes, [written]));
  }
}

function onUncaught(event: ErrorEvent | PromiseRejectionEvent): void {
  apply(preventDefault, event, []);
  apply(stopImmediatePropagation, event, []);
  fail("reason" in event ? event.reason : event.error);
}

function fail(error: unknown): void {
  if (phase === "ended") return;
  try {
    const { name, message, stack } = Object(error) as { name?: unknown; message?: unknown; stack?: unknown };
    const at = typeof stack === "string" ? placeOnStack(stack) : undefined;
    channel.send({
      t: "failed",
      error: {
        code: "recipe-failed",
        message: clip(message === undefined ? error : `${name}: ${message}`),
        ...(at === undefined ? {} : { at }),
        ...(stack === undefined ? {} : { stack: clip(stack) }),
      },
    });
  } catch {
    channel.send({
      t: "failed",
      error: { code: "recipe-failed", message: "The recipe threw what cannot be shown" },
    });
  }
}

function clip(value: unknown): string {
  return apply(slice, text(value), [0, longestText]);
}

function isAnswer(
  message: ToRecipe,
): message is Extract<ToRecipe, { readonly t: "answer" | "refused" | "fired" }> {
  return message.t === "answer" || message.t === "refused" || message.t === "fired";
}

function internals(): DenoInternals {
  const deno = Deno as unknown as { readonly internal: symbol } & { readonly [name: symbol]: DenoInternals };
  return deno[deno.internal]!;
}
