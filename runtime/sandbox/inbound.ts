/**
 * The checks that every message of a recipe passes before anybody sees it.
 *
 * @module
 */
import { channelVersion, type FromRecipe, fromRecipe, type ToRecipe } from "../../model/channel.ts";
import type { Budget } from "./budget.ts";
import { plainText } from "./plain_text.ts";

type FailedError = Extract<FromRecipe, { t: "failed" }>["error"];

/** How deep a message may be nested; what the DSL lets through is less. */
const deepest = 100;

/** A recipe that breaks the rules of the channel, or its budget. The message says how, for people. */
export class RuleBroken extends Error {
  override readonly name: string = "RuleBroken";
}

/** A step that is under way. */
interface OpenStep {
  readonly bytes: number;
  /** What of the recipe's ends it, beside an answer: its cancel, or, for a named step, its end. */
  readonly endsOn?: "cancel" | "end";
}

/** Checks what one recipe says, and keeps count of what it has open. */
export class Inbound {
  readonly #budget: Budget;
  readonly #open = new Map<number, OpenStep>();
  #openBytes = 0;
  #stage: "launched" | "ready" | "declared" | "ended" = "launched";
  #lastStep = -1;
  #logBytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Whether the recipe has been loaded, and has said what it is. */
  get declared(): boolean {
    return this.#stage === "declared" || this.#stage === "ended";
  }

  /** Whether the recipe has said how it ended. */
  get ended(): boolean {
    return this.#stage === "ended";
  }

  /**
   * The message, if it is one, and may be said now. Text is fit for a terminal afterwards. Nothing where the message is
   * to be dropped.
   *
   * @param bytes the size of its frame
   * @throws {RuleBroken} where it is not.
   */
  check(value: unknown, bytes: number): FromRecipe | undefined {
    throwIfUnfit(value, 0);
    const parsed = fromRecipe.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new RuleBroken(
        `sent a message that is not one: ${issue?.path.join(".") || "message"}: ${issue?.message}`,
      );
    }
    const message = parsed.data;
    this.#advance(message);
    this.#count(message, bytes);
    return message.t === "log" && this.#isBeyondLog(message, bytes) ? undefined : readable(message);
  }

  /** Hears what the recipe is told, by which steps come to their end. */
  answered(message: ToRecipe): void {
    if (message.t === "answer" || message.t === "refused" || message.t === "fired") this.#close(message.step);
  }

  /** Which messages may come when. */
  #advance(message: FromRecipe): void {
    switch (message.t) {
      case "ready":
        if (this.#stage !== "launched") throw new RuleBroken("said twice that it is ready");
        if (message.version !== channelVersion) {
          throw new RuleBroken(`speaks version ${message.version} of the channel, not ${channelVersion}`);
        }
        this.#stage = "ready";
        return;
      case "recipe":
        if (this.#stage !== "ready") throw new RuleBroken("declared itself out of turn");
        this.#stage = "declared";
        return;
      case "log":
      case "credit":
        if (this.#stage === "launched") throw new RuleBroken("spoke before it was ready");
        return;
      case "failed":
        if (this.#stage === "launched" || this.#stage === "ended") throw new RuleBroken("failed out of turn");
        this.#stage = "ended";
        return;
      default:
        if (this.#stage !== "declared") throw new RuleBroken(`sent "${message.t}" out of turn`);
        if (message.t === "done") this.#stage = "ended";
    }
  }

  /** Steps are numbered as they are issued; that no number comes twice is what answers rely on. */
  #count(message: FromRecipe, bytes: number): void {
    switch (message.t) {
      case "call":
      case "acquire":
      case "release":
      case "keep":
      case "file":
        this.#begin(message.step, { bytes });
        break;
      case "timer":
      case "subscribe":
        this.#begin(message.step, { bytes, endsOn: "cancel" });
        break;
      case "begin":
        this.#begin(message.step, { bytes, endsOn: "end" });
        break;
      case "cancel":
      case "end":
        if (this.#open.get(message.step)?.endsOn === message.t) this.#close(message.step);
        return;
      default:
        return;
    }
    if (message.step <= this.#lastStep) {
      throw new RuleBroken(`used the step number ${message.step} out of turn`);
    }
    this.#lastStep = message.step;
  }

  #begin(step: number, open: OpenStep): void {
    const { pending, pendingBytes } = this.#budget;
    this.#open.set(step, open);
    this.#openBytes += open.bytes;
    if (this.#open.size > pending) {
      throw new RuleBroken(
        `has more than ${pending} calls, timers, subscriptions and named steps open at once`,
      );
    }
    if (this.#openBytes > pendingBytes) {
      throw new RuleBroken(`has calls of more than ${pendingBytes} bytes open at once`);
    }
  }

  #close(step: number): void {
    this.#openBytes -= this.#open.get(step)?.bytes ?? 0;
    this.#open.delete(step);
  }

  #isBeyondLog(message: Extract<FromRecipe, { t: "log" }>, bytes: number): boolean {
    const { logBytes } = this.#budget;
    if (this.#logBytes > logBytes) return true;
    this.#logBytes += bytes;
    if (this.#logBytes <= logBytes) return false;
    message.level = "warn";
    message.message = `The recipe has logged more than ${logBytes} bytes; the rest is dropped`;
    delete message.fields;
    return false;
  }
}

/** Refuses what would trip those who walk through a message later, or copy it key by key. */
function throwIfUnfit(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (depth > deepest) throw new RuleBroken(`sent a message that is nested deeper than ${deepest} levels`);
  if (Array.isArray(value)) {
    for (const item of value) throwIfUnfit(item, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") throw new RuleBroken('sent a message with a key "__proto__"');
    throwIfUnfit(item, depth + 1);
  }
}

/** The message with its text fit for a terminal, where people get to see it. */
function readable(message: FromRecipe): FromRecipe {
  switch (message.t) {
    case "log":
      message.message = plainText(message.message);
      if (message.fields !== undefined) message.fields = plainFields(message.fields);
      return message;
    case "progress":
      if (message.text !== undefined) message.text = plainText(message.text);
      return message;
    case "begin":
      message.name = plainText(message.name);
      return message;
    case "end":
      if (message.message !== undefined) message.message = plainText(message.message);
      return message;
    case "failed":
      return { t: "failed", error: reworded(plainFields(message.error) as FailedError) };
    case "recipe":
      message.declaration.summary = plainText(message.declaration.summary);
      return message;
    default:
      return message;
  }
}

/** Deno speaks to the one who calls it, about flags; the one who reads this has written a recipe. */
const refusedAccess = /Requires (\w+) access to (".*"|<\w+>), run again with the --allow-\w+ flag/;
const longestRefusal = 8192;
const verbs: Readonly<Record<string, string>> = {
  read: "read",
  write: "write",
  import: "import from",
  net: "connect to",
};

function reworded(error: FailedError): FailedError {
  // Deno's message is short; to look through a long one takes time that grows with its square.
  const match = error.message.length > longestRefusal ? null : refusedAccess.exec(error.message);
  if (match === null) return error;
  return {
    ...error,
    code: "permission-denied",
    message: `Recipes cannot ${verbs[match[1]!] ?? match[1]!} ${match[2]!}`,
    hint:
      "A recipe reads its own modules only; name data files in its `files`, and ask handles for everything else",
  };
}

/** A copy of plain data with all text in it fit for a terminal. */
function plainFields(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [plainText(key), plainValue(item)]));
}

function plainValue(value: unknown): unknown {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return plainFields(value as Readonly<Record<string, unknown>>);
}
