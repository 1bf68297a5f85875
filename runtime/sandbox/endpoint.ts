/**
 * A recipe in its process, as the runtime speaks with it.
 *
 * @module
 */
import { channelLimits, type FromRecipe, type ToRecipe } from "../../model/channel.ts";
import { VirtError } from "../../model/error.ts";
import { encodeFrame, FrameDecoder, FrameError } from "../../model/frame.ts";
import type { Clock } from "../clock.ts";
import type { RecipeEndpoint, RecipeExit } from "../endpoint.ts";
import type { Budget } from "./budget.ts";
import { ErrorOutput } from "./error_output.ts";
import { exitReason } from "./exit_reason.ts";
import { Inbound, RuleBroken } from "./inbound.ts";
import { MessageQueue } from "./message_queue.ts";
import { Pace } from "./pace.ts";

/** What an endpoint is made of. */
export interface EndpointOptions {
  readonly process: Deno.ChildProcess;
  readonly isolation: string;
  readonly budget: Budget;
  readonly clock: Clock;
  /** Takes away what the process needed. Called once it is gone. */
  readonly cleanUp: () => Promise<void>;
}

/** What may wait for the run before the recipe is held back. */
const queueBounds = { items: 1024, bytes: 16 * 2 ** 20 };
/** How long a recipe that has said its end may take to leave, in milliseconds. */
const leaveMs = 2000;
/** How often a recipe that does not take what it is sent is looked at, within the time that it has. */
const looksPerStall = 4;

/** A recipe in a process of its own. */
export class ProcessEndpoint implements RecipeEndpoint {
  readonly isolation: string;
  readonly exited: Promise<RecipeExit>;
  readonly #process: Deno.ChildProcess;
  readonly #budget: Budget;
  readonly #clock: Clock;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #inbound: Inbound;
  readonly #queue = new MessageQueue<FromRecipe>(queueBounds);
  readonly #timers = new DisposableStack();
  /** Aborts when it is ended, by us or by itself. */
  readonly #over = new AbortController();
  #ending: RecipeExit | undefined;
  #gone = false;
  #credit: number = channelLimits.credits;
  #queuedBytes = 0;
  /** Since when it has not taken anything although there is something to take. */
  #untakenSince: number | undefined;
  #wakeSenders: (() => void)[] = [];

  constructor({ process, isolation, budget, clock, cleanUp }: EndpointOptions) {
    this.#process = process;
    this.isolation = isolation;
    this.#budget = budget;
    this.#clock = clock;
    this.#inbound = new Inbound(budget);
    this.#writer = process.stdin.getWriter();
    const errorOutput = new ErrorOutput(process.stderr, (message, bytes) => this.#queue.push(message, bytes));
    this.exited = this.#live(errorOutput, cleanUp);
    this.#timers.use(
      clock.after(budget.wallMs, () => this.#breakRules(`ran longer than its ${budget.wallMs / 1000} s`)),
    );
    this.#watchForStall();
  }

  get messages(): AsyncIterable<FromRecipe> {
    return this.#queue;
  }

  async send(message: ToRecipe): Promise<void> {
    const frame = this.#encode(message);
    const isDelivery = "now" in message;
    while (
      !this.#gone && ((isDelivery && this.#credit === 0) || this.#queuedBytes > this.#budget.queuedBytes)
    ) {
      await new Promise<void>((resolve) => this.#wakeSenders.push(resolve));
    }
    if (this.#gone || this.#ending !== undefined) throw this.#goneError();
    this.#inbound.answered(message);
    if (isDelivery) this.#credit--;
    this.#write(frame);
  }

  async kill(reason: string): Promise<void> {
    this.#end({ kind: "killed", reason });
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("the run is over");
  }

  #encode(message: ToRecipe): Uint8Array {
    try {
      return encodeFrame(message, { maxBytes: this.#budget.frameBytes });
    } catch (cause) {
      if (!(cause instanceof FrameError)) throw cause;
      throw new VirtError("protocol", `Cannot deliver "${message.t}" to the recipe: ${cause.message}`, {
        cause,
      });
    }
  }

  #write(frame: Uint8Array): void {
    this.#queuedBytes += frame.length;
    this.#untakenSince ??= this.#clock.now();
    this.#writer.write(frame).then(() => {
      this.#queuedBytes -= frame.length;
      this.#progressed();
    }, () => {
      // It is gone, or about to be; `exited` says why.
    });
  }

  /** Something was taken: the recipe is alive, and there may be room for more. */
  #progressed(): void {
    const allTaken = this.#queuedBytes === 0 && this.#credit === channelLimits.credits;
    this.#untakenSince = allTaken ? undefined : this.#clock.now();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#wakeSenders;
    if (waiting.length === 0) return;
    this.#wakeSenders = [];
    for (const resolve of waiting) resolve();
  }

  async #live(errorOutput: ErrorOutput, cleanUp: () => Promise<void>): Promise<RecipeExit> {
    const died = this.#process.status.then((status) => {
      // What is left in its pipes is little, and has no reader to wait for.
      this.#queue.unbind();
      this.#over.abort();
      return status;
    });
    const [status] = await Promise.all([died, this.#read(), errorOutput.finished]);
    this.#gone = true;
    this.#timers.dispose();
    this.#wake();
    this.#queue.close();
    await this.#writer.close().catch(() => {
      // The other end is closed already.
    });
    await cleanUp();
    return this.#ending ?? exitReason({
      code: status.code,
      signal: status.signal,
      errorText: errorOutput.tail,
      saidEnd: this.#inbound.ended,
      budget: this.#budget,
    });
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder({ maxBytes: this.#budget.frameBytes });
    const pace = new Pace(this.#clock, this.#budget.messagesPerSecond);
    try {
      for await (const piece of this.#process.stdout) {
        // What comes after the end is not looked at, but read, so that the process can end.
        if (this.#ending !== undefined) continue;
        decoder.feed(piece);
        for (
          let before = decoder.buffered, value = decoder.next();
          value !== undefined;
          value = decoder.next()
        ) {
          this.#receive(value, before - decoder.buffered);
          before = decoder.buffered;
          if (pace.isExceeded()) await pace.rest(this.#over.signal);
          if (this.#queue.full) await this.#queue.room();
        }
      }
    } catch (error) {
      if (error instanceof RuleBroken) this.#breakRules(error.message);
      else if (error instanceof FrameError) this.#breakRules(`broke the channel: ${error.message}`);
      else this.#end({ kind: "crashed", reason: `could not be read from: ${error}` });
    }
  }

  #receive(value: unknown, bytes: number): void {
    const message = this.#inbound.check(value, bytes);
    if (message === undefined) return;
    if (this.#inbound.ended) {
      this.#timers.use(this.#clock.after(leaveMs, () => this.#end({ kind: "finished" })));
    }
    if (message.t !== "credit") return this.#queue.push(message, bytes);
    if (this.#credit + message.frames > channelLimits.credits) {
      throw new RuleBroken("gave credit that it does not have");
    }
    this.#credit += message.frames;
    this.#progressed();
  }

  #breakRules(reason: string): void {
    this.#end({ kind: "broke-rules", reason });
  }

  /** Ends the process; the first reason counts. */
  #end(ending: RecipeExit): void {
    if (this.#gone || this.#ending !== undefined) return;
    this.#ending = ending;
    // It may have said its end already, and be on its way out by itself.
    if (this.#inbound.ended && ending.kind === "killed") this.#ending = { kind: "finished" };
    this.#over.abort();
    this.#queue.close();
    this.#wake();
    killGroup(this.#process);
  }

  #watchForStall(): void {
    const { stallMs } = this.#budget;
    const launched = this.#clock.now();
    const look = (): void => {
      if (this.#gone) return;
      const now = this.#clock.now();
      const untaken = this.#queue.full ? undefined : this.#untakenSince;
      if (!this.#inbound.declared && now - launched >= stallMs) {
        this.#breakRules(
          `was not loaded within ${stallMs / 1000} s; is there an endless loop at its top level?`,
        );
      } else if (untaken !== undefined && now - untaken >= stallMs) {
        this.#breakRules(
          `did not take what was delivered to it for ${stallMs / 1000} s; is it in an endless loop?`,
        );
      } else {
        timer = this.#clock.after(stallMs / looksPerStall, look);
      }
    };
    let timer = this.#clock.after(stallMs / looksPerStall, look);
    this.#timers.defer(() => timer[Symbol.dispose]());
  }

  #goneError(): VirtError {
    const why = this.#ending?.reason;
    return new VirtError("cancelled", `The recipe is gone${why === undefined ? "" : `: it ${why}`}`);
  }
}

/** The process and what it may have begun; it leads a group of its own. */
function killGroup({ pid }: Deno.ChildProcess): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already, with its group.
  }
}
