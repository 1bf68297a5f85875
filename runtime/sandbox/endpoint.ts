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
  /** Takes away what the process needs from this machine. */
  readonly cleanUp: () => Promise<void>;
  /** When it needs it no more: once it is `ready`, or `gone`. What is taken away early cannot be left behind. */
  readonly cleanUpWhen: "ready" | "gone";
}

/** A message on its way to the recipe. */
interface Outgoing {
  readonly message: ToRecipe;
  readonly frame: Uint8Array;
  readonly isDelivery: boolean;
}

/** A message that waits for credit, or for room; they go in the order in which they came. */
interface Waiting extends Outgoing {
  resolve(): void;
  reject(error: VirtError): void;
}

/** What may wait for the run before the recipe is held back. */
const queueBounds = { items: 1024, bytes: 16 * 2 ** 20 };
/** How long a recipe that has said its end may take to leave, in milliseconds. */
const leaveMs = 2000;
/**
 * How often a recipe that does not take what it is sent is looked at, within the time that it has. Looks are counted, not
 * the time between them, of which a machine that sleeps may lose hours.
 */
const looksPerStall = 10;

/** A recipe in a process of its own. */
export class ProcessEndpoint implements RecipeEndpoint {
  readonly isolation: string;
  readonly exited: Promise<RecipeExit>;
  readonly #process: Deno.ChildProcess;
  readonly #budget: Budget;
  readonly #clock: Clock;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #inbound: Inbound;
  readonly #cleanUp: () => Promise<void>;
  readonly #cleanUpWhen: "ready" | "gone";
  #cleaned: Promise<void> | undefined;
  readonly #queue = new MessageQueue<FromRecipe>(queueBounds);
  readonly #timers = new DisposableStack();
  /** Aborts when it is ended, by us or by itself. */
  readonly #over = new AbortController();
  #ending: RecipeExit | undefined;
  #gone = false;
  #credit: number = channelLimits.credits;
  #queuedBytes = 0;
  #channelBytes = 0;
  /** Looks since it last took something, while there is something to take. */
  #vainLooks = 0;
  readonly #waiting: Waiting[] = [];

  constructor({ process, isolation, budget, clock, cleanUp, cleanUpWhen }: EndpointOptions) {
    this.#cleanUp = cleanUp;
    this.#cleanUpWhen = cleanUpWhen;
    this.#process = process;
    this.isolation = isolation;
    this.#budget = budget;
    this.#clock = clock;
    this.#inbound = new Inbound(budget);
    this.#writer = process.stdin.getWriter();
    const errorOutput = new ErrorOutput(process.stderr, (message, bytes) => this.#queue.push(message, bytes));
    this.exited = this.#live(errorOutput);
    this.#timers.use(
      clock.after(budget.wallMs, () => this.#breakRules(`ran longer than its ${budget.wallMs / 1000} s`)),
    );
    this.#watchForStall();
  }

  get messages(): AsyncIterable<FromRecipe> {
    return this.#queue;
  }

  async send(message: ToRecipe): Promise<void> {
    const outgoing: Outgoing = { message, frame: this.#encode(message), isDelivery: "now" in message };
    if (this.#gone || this.#ending !== undefined) throw this.#goneError();
    if (this.#waiting.length === 0 && this.#hasRoom(outgoing)) return this.#write(outgoing);
    await new Promise<void>((resolve, reject) => this.#waiting.push({ ...outgoing, resolve, reject }));
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

  #hasRoom({ isDelivery }: Outgoing): boolean {
    return (!isDelivery || this.#credit > 0) && this.#queuedBytes <= this.#budget.queuedBytes;
  }

  #write({ message, frame, isDelivery }: Outgoing): void {
    this.#inbound.answered(message);
    this.#exchanged(frame.length);
    if (isDelivery) this.#credit--;
    this.#queuedBytes += frame.length;
    this.#writer.write(frame).then(() => {
      this.#queuedBytes -= frame.length;
      this.#progressed();
    }, () => {
      // It is gone, or about to be; `exited` says why.
    });
  }

  /** Something was taken: the recipe is alive, and there may be room for more. */
  #progressed(): void {
    this.#vainLooks = 0;
    for (let [first] = this.#waiting; first !== undefined && this.#hasRoom(first); [first] = this.#waiting) {
      this.#waiting.shift();
      this.#write(first);
      first.resolve();
    }
  }

  /** Tells those who wait that there is nobody to send to. */
  #turnAway(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(this.#goneError());
  }

  async #live(errorOutput: ErrorOutput): Promise<RecipeExit> {
    const died = this.#process.status.then((status) => {
      // What is left in its pipes is little, and has no reader to wait for.
      this.#queue.unbind();
      this.#over.abort();
      return status;
    });
    const [status] = await Promise.all([died, this.#read(), errorOutput.finished]);
    this.#gone = true;
    this.#timers.dispose();
    this.#turnAway();
    this.#queue.close();
    await this.#writer.close().catch(() => {
      // The other end is closed already.
    });
    await (this.#cleaned ??= this.#cleanUp());
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
    this.#exchanged(bytes);
    const message = this.#inbound.check(value, bytes);
    if (message === undefined) return;
    if (message.t === "ready" && this.#cleanUpWhen === "ready") this.#cleaned = this.#cleanUp();
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

  /** Counts what went in either direction. */
  #exchanged(bytes: number): void {
    const { channelBytes } = this.#budget;
    this.#channelBytes += bytes;
    if (this.#channelBytes <= channelBytes) return;
    this.#breakRules(`asked for and was told more than ${channelBytes} bytes`);
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
    this.#turnAway();
    killGroup(this.#process);
  }

  #watchForStall(): void {
    const { stallMs } = this.#budget;
    const look = (): void => {
      if (this.#gone) return;
      this.#vainLooks = this.#isIdle() ? 0 : this.#vainLooks + 1;
      if (this.#vainLooks < looksPerStall) timer = this.#clock.after(stallMs / looksPerStall, look);
      else if (this.#inbound.declared) {
        this.#breakRules(
          `did not take what was delivered to it for ${stallMs / 1000} s; is it in an endless loop?`,
        );
      } else {
        this.#breakRules(
          `was not loaded within ${stallMs / 1000} s; is there an endless loop at its top level?`,
        );
      }
    };
    let timer = this.#clock.after(stallMs / looksPerStall, look);
    this.#timers.defer(() => timer[Symbol.dispose]());
  }

  /** Whether nothing is up to the recipe: it has taken everything, or it is us who hold it back. */
  #isIdle(): boolean {
    if (this.#queue.full) return true;
    return this.#inbound.declared && this.#queuedBytes === 0 && this.#credit === channelLimits.credits;
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
