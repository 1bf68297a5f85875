/**
 * One run as its recipe sees it: numbers what is asked for, and brings every answer to whoever asked.
 *
 * Nothing is decided here. The runtime checks every message and is not harmed by a recipe that tampers with this.
 *
 * @module
 */
import type { CallOptionsData, FromRecipe, HostName, LostHost, Moved, ToRecipe } from "../model/channel.ts";
import type { ErrorData, SourcePlace } from "../model/error.ts";
import { VirtError } from "../model/error.ts";
import type { VirtEvent } from "../model/event.ts";
import type { ObjectClass, ObjectRef } from "../model/object.ts";
import { type CallProgress, type MakeOptions, optionsData } from "./call_options.ts";
import type { RecipeChannel } from "./channel.ts";
import { receivedError } from "./error.ts";
import { callerPlace, type OnStack } from "./place.ts";
import { toPlain } from "./plain.ts";
import { currentStep } from "./step_scope.ts";

/** How many deliveries may pass before the runtime hears that they were taken; a quarter of its credit. */
const creditEvery = 64;

/** An answer, before its references become handles. */
export interface Answer {
  readonly value: unknown;
  readonly lease?: string;
  readonly generation?: number;
  readonly moved?: Moved;
}

/** Somebody who waits for the answer to a step. */
interface Waiter {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
  readonly at: SourcePlace | undefined;
  /** What was asked for, for those who forgot to await it. */
  readonly doing: string;
  readonly onProgress: ((progress: CallProgress) => unknown) | undefined;
  items?: unknown[];
}

/** What a message that wants an answer is sent with. */
interface Asking {
  readonly doing: string;
  readonly at: SourcePlace | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CallProgress) => unknown) | undefined;
}

/** What a call is about, and how it is to be carried out. */
export interface CallDetails {
  readonly connection: string;
  /** The object; absent for operations on the connection. */
  readonly ref?: ObjectRef | undefined;
  readonly input: unknown;
  readonly options?: MakeOptions | undefined;
  /** The function of ours that the recipe called. */
  readonly above?: OnStack | undefined;
}

/** A call that has not been answered. */
export interface OpenCall {
  readonly doing: string;
  readonly at?: SourcePlace;
}

/** What a subscription is about. */
export interface SubscriptionFilter {
  readonly connection: string;
  readonly objectClass?: ObjectClass;
  readonly object?: ObjectRef;
}

/** One run's traffic with the runtime. */
export class Session {
  readonly #channel: RecipeChannel;
  readonly #abort = new AbortController();
  readonly #waiters = new Map<number, Waiter>();
  readonly #timers = new Map<number, () => void>();
  readonly #subscriptions = new Map<number, (event: VirtEvent) => void>();
  readonly #hosts = new Map<string, HostName>();
  #files: readonly string[] = [];
  #nextStep = 0;
  #now = 0;
  #taken = 0;
  #whenIdle: (() => void) | undefined;
  #failures = 0;
  #unreachable = 0;
  #lost: readonly LostHost[] = [];

  constructor(channel: RecipeChannel) {
    this.#channel = channel;
  }

  /** Aborts when the run is to end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The recipe's clock: the time of the last delivery. */
  get now(): number {
    return this.#now;
  }

  /** The recipe's names for its connections, those left out that could not be opened. */
  get hostNames(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /** Connections that could not be opened, and without which the run goes on. */
  get lostHosts(): readonly LostHost[] {
    return this.#lost;
  }

  /** What the runtime said about a connection. */
  host(name: string): HostName | undefined {
    return this.#hosts.get(name);
  }

  /** Takes the start's connections and time, and the data files that the recipe has declared. */
  begin(start: Extract<ToRecipe, { readonly t: "start" }>, files: readonly string[] = []): void {
    this.#files = files;
    for (const host of start.hosts) this.#hosts.set(host.name, host);
    this.#lost = start.lost ?? [];
    this.#now = start.now;
  }

  /**
   * The name of a data file that the recipe has declared.
   *
   * @throws {VirtError} `permission-denied` where it has not.
   */
  declared(file: string): string {
    if (this.#files.includes(file)) return file;
    throw new VirtError("permission-denied", `Cannot use "${file}": the recipe has not declared it`, {
      hint: `Name it in the recipe: files: ["${file}"]; or give the absolute path of a file`,
    });
  }

  /** How many objects failed within the budgets that the recipe gave them. */
  get failures(): number {
    return this.#failures;
  }

  /** How many of these failed since their host could not be reached. */
  get unreachable(): number {
    return this.#unreachable;
  }

  /** Counts an object whose turn failed, so that the run does not end as if nothing had. */
  countFailure({ unreachable = false }: { readonly unreachable?: boolean } = {}): void {
    this.#failures++;
    if (unreachable) this.#unreachable++;
  }

  /** Resolves when every call has been answered. */
  async idle(): Promise<void> {
    while (this.#waiters.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenIdle = resolve;
      await promise;
    }
  }

  /** Calls that have not been answered yet. */
  openCalls(): OpenCall[] {
    return [...this.#waiters.values()].map(({ doing, at }) => ({
      doing,
      ...(at === undefined ? {} : { at }),
    }));
  }

  /** Asks for an operation. */
  call(
    operation: string,
    { connection, ref, input, options, above = this.call }: CallDetails,
  ): Promise<Answer> {
    const at = callerPlace(above);
    let message: FromRecipe;
    try {
      this.#throwIfEnded(options?.signal);
      const within = currentStep();
      const plain = input === undefined ? {} : toPlain(input, `the input of ${operation}`);
      const data = optionsData(options);
      // The number comes last: whatever is asked for meanwhile has been asked for before.
      message = {
        t: "call",
        step: this.#nextStep,
        operation,
        connection,
        input: plain,
        options: data,
        ...(ref === undefined ? {} : { target: ref }),
        ...(within === undefined ? {} : { within }),
        ...(at === undefined ? {} : { at }),
      };
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#ask(message, {
      doing: operation,
      at,
      signal: options?.signal,
      onProgress: options?.onProgress,
    });
  }

  /** Asks for exclusive leases on objects. */
  acquire(objects: ObjectRef[], options?: MakeOptions): Promise<Answer> {
    const at = callerPlace(this.acquire);
    try {
      this.#throwIfEnded(options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
    const data: CallOptionsData = optionsData(options);
    return this.#ask(
      { t: "acquire", step: this.#nextStep, objects, options: data, ...(at === undefined ? {} : { at }) },
      { doing: "exclusive", at, signal: options?.signal },
    );
  }

  /** Gives a lease back, or keeps what it would undo. Works after a cancel too. */
  async settleLease(how: "release" | "keep", lease: string): Promise<void> {
    const step = this.#nextStep;
    await this.#ask({ t: how, step, lease }, { doing: how, at: undefined });
  }

  /** Reads a data file that the recipe has declared. */
  file(name: string): Promise<Answer> {
    const at = callerPlace(this.file);
    try {
      this.#throwIfEnded(undefined);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#ask({ t: "file", step: this.#nextStep, name }, { doing: `file "${name}"`, at });
  }

  /** Calls `fire` once after `ms` milliseconds of the run's clock; the answer ends the timer early. */
  timer(ms: number, fire: () => void): () => void {
    const step = this.#nextStep++;
    this.#timers.set(step, fire);
    this.#channel.send({ t: "timer", step, ms });
    return () => {
      if (this.#timers.delete(step)) this.#channel.send({ t: "cancel", step });
    };
  }

  /** Hears events until the answer is called. */
  subscribe(filter: SubscriptionFilter, listener: (event: VirtEvent) => void): () => void {
    const step = this.#nextStep++;
    this.#subscriptions.set(step, listener);
    this.#channel.send({ t: "subscribe", step, ...filter });
    return () => {
      if (this.#subscriptions.delete(step)) this.#channel.send({ t: "cancel", step });
    };
  }

  /** Begins a named step and says its number. */
  beginStep(name: string): number {
    const within = currentStep();
    const step = this.#nextStep++;
    this.#channel.send({ t: "begin", step, name, ...(within === undefined ? {} : { within }) });
    return step;
  }

  /** Says something that wants no answer and has no number of its own. */
  say(message: Extract<FromRecipe, { t: "log" | "progress" | "end" | "recipe" | "done" | "failed" }>): void {
    this.#channel.send(message);
  }

  /** Takes what the runtime says. */
  receive(message: ToRecipe): void {
    if ("now" in message) this.#take(message.now);
    this.#deliver(message);
    if (this.#waiters.size === 0) this.#whenIdle?.();
  }

  #deliver(message: ToRecipe): void {
    switch (message.t) {
      case "page":
        return this.#page(message.step, message.items);
      case "answer":
        return this.#answer(message);
      case "refused":
        return this.#refuse(message.step, message.error);
      case "progress":
        return this.#progress(message);
      case "event":
        return this.#subscriptions.get(message.step)?.(message.event);
      case "fired":
        return this.#fire(message.step);
      case "cancel":
        return this.#abort.abort(new VirtError("cancelled", `The run was cancelled: ${message.reason}`));
    }
  }

  #ask(
    message: Extract<FromRecipe, { t: "call" | "acquire" | "release" | "keep" | "file" }>,
    { doing, at, signal, onProgress }: Asking,
  ): Promise<Answer> {
    const step = this.#nextStep++;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiters.set(step, { resolve, reject, at, doing, onProgress });
    });
    try {
      this.#channel.send(message);
    } catch (error) {
      // A message that does not fit into a frame was not sent, so it has no number either.
      this.#waiters.delete(step);
      this.#nextStep = step;
      throw error;
    }
    if (signal === undefined) return answer;
    const onAbort = (): void => this.#channel.send({ t: "cancel", step });
    signal.addEventListener("abort", onAbort, { once: true });
    return answer.finally(() => signal.removeEventListener("abort", onAbort));
  }

  #throwIfEnded(signal: AbortSignal | undefined): void {
    this.#abort.signal.throwIfAborted();
    signal?.throwIfAborted();
  }

  #take(now: number): void {
    this.#now = now;
    this.#taken++;
    if (this.#taken < creditEvery) return;
    this.#channel.send({ t: "credit", frames: this.#taken });
    this.#taken = 0;
  }

  #page(step: number, items: readonly unknown[]): void {
    const waiter = this.#waiters.get(step);
    if (waiter === undefined) return;
    waiter.items ??= [];
    for (const item of items) waiter.items.push(item);
  }

  #answer(message: Extract<ToRecipe, { readonly t: "answer" }>): void {
    const waiter = this.#waiters.get(message.step);
    if (waiter === undefined) return;
    this.#waiters.delete(message.step);
    const { items } = waiter;
    if (items === undefined) return waiter.resolve(message);
    if (Array.isArray(message.value)) { for (const item of message.value) items.push(item); }
    waiter.resolve({ ...message, value: items });
  }

  #refuse(step: number, error: ErrorData): void {
    const waiter = this.#waiters.get(step);
    if (waiter === undefined) return;
    this.#waiters.delete(step);
    waiter.reject(receivedError(error, waiter.at));
  }

  #progress(
    { step, fraction, detail }: Extract<ToRecipe, { readonly t: "progress" }>,
  ): void {
    const waiter = this.#waiters.get(step);
    if (waiter?.onProgress === undefined) return;
    const { onProgress, reject } = waiter;
    const progress: CallProgress = { fraction, ...(detail === undefined ? {} : { detail }) };
    // The call is still open: its answer is waited for, though nobody hears of it any more.
    Promise.try(onProgress, progress).catch((error: unknown) => {
      reject(error);
      if (this.#waiters.has(step)) this.#channel.send({ t: "cancel", step });
    });
  }

  #fire(step: number): void {
    const fire = this.#timers.get(step);
    this.#timers.delete(step);
    fire?.();
  }
}
