/**
 * A domain's guest agent, as recipes speak with it.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { CallOptions } from "./call_options.ts";
import { type Duration, durationText } from "./duration.ts";
import { type ObjectHandle, objectsOf } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { AnswerOf } from "./method.ts";
import type { Objects } from "./objects.ts";
import { leastCallMs, WaitClock } from "./wait_clock.ts";

/** How a program is run in a guest. */
export interface ExecOptions {
  /** What it reads on its standard input. @default nothing */
  readonly input?: string;
  /** What it finds in its environment, instead of what it would find otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Keep what it prints, for `out` and `err`.
   * @default true
   */
  readonly captureOutput?: boolean;
  /**
   * How long it may take, waiting for the agent's turn included. What has not ended by then runs on.
   * @default "2m"
   */
  readonly within?: Duration;
  /** Ends the call early, where the program has not been started. */
  readonly signal?: AbortSignal;
}

/** What came of a program in a guest. */
export interface ExecResult {
  /** What it ended with; absent where a signal ended it. */
  readonly exitCode?: number;
  /** The signal that ended it. */
  readonly signal?: number;
  /** What it printed on its standard output. */
  readonly out: string;
  /** What it printed on its standard error. */
  readonly err: string;
  /** Whether it printed more than is here: at most 128 Ki characters of each are. */
  readonly truncated: boolean;
}

/** What a guest's agent tells of its system. */
export type GuestInfo = AnswerOf<"domain.guestInfo">;

/** How long programs may take where nobody says. */
const defaultWithin: Duration = "2m";

/** How long the agent is kept for a program that has been started, in milliseconds: most have ended by then. */
const firstWaitMs = 1_000;

/** How much longer than its program a call may take to be answered, in milliseconds. */
const answerMs = leastCallMs;

/** The pauses between two looks at a program, in milliseconds. */
const firstPauseMs = 250;
const longestPauseMs = 5_000;

/** How long an agent that is asked for a sign of life may take. */
const pingWithin: Duration = "10s";

/**
 * What the agent in a guest can do. It is asked one thing at a time, beside whatever else goes on with the domain: a guest
 * whose agent does not answer holds nobody up but those who ask it.
 *
 * An agent belongs to its guest: what it says is what the guest wants you to believe.
 *
 * Needs `domain:write` for programs and most of what it tells, `domain:read` for its clock, `domain:fs_freeze`,
 * `domain:set_time` and `domain:set_password` for those.
 */
export class DomainAgent {
  readonly #vm: ObjectHandle<"domain">;

  /** Use `vm.agent`. */
  constructor(vm: ObjectHandle<"domain">) {
    this.#vm = vm;
  }

  /**
   * Runs a program in the guest and waits for its end. A program that fails is no error here: look at `exitCode`. Others can
   * use the agent meanwhile; a run that is resumed goes on waiting for the program that it started.
   *
   * @param path the program's path in the guest, or its name
   * @throws {VirtError} `timed-out` where it still runs when the time is up, with `{ pid }` as its detail;
   *   `operation-failed` where it cannot be started, or no agent answers.
   * @throws {OutcomeUnknown} where nobody can tell whether it was started, or what came of it.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function diskUse(vm: Domain): Promise<number> {
   *   const { exitCode, out, err } = await vm.agent.exec("/bin/df", ["--output=pcent", "/"], { within: "10s" });
   *   if (exitCode !== 0) throw new Error(`df failed: ${err}`);
   *   return Number(/(\d+)%/.exec(out)?.[1]);
   * }
   * ```
   */
  async exec(path: string, args: readonly string[] = [], options: ExecOptions = {}): Promise<ExecResult> {
    const { input, env, captureOutput, within = defaultWithin, signal } = options;
    const early = signal === undefined ? {} : { signal };
    using clock = new WaitClock(this.#objects.session, { within, ...early });
    // Where somebody has said, for a resume, that it was run, nobody knows what came of it.
    let answer: AnswerOf<"domain.guestExec"> | null = await this.#objects.invoke(
      "domain.guestExec",
      this.#vm,
      {
        path,
        arguments: [...args],
        ...(input === undefined ? {} : { stdin: input }),
        ...(env === undefined ? {} : { environment: environment(env) }),
        ...(captureOutput === undefined ? {} : { captureOutput }),
        waitMs: Math.min(firstWaitMs, clock.withinMs),
      },
      { within: Math.max(1, clock.withinMs) + answerMs, ...early },
    );
    if (answer === null) throw this.#nothingKnown(path);
    // The agent is free for others while the program runs.
    const { pid } = answer;
    for (
      let pauseMs = firstPauseMs;
      answer.running === true;
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs)
    ) {
      const { expired } = clock;
      if (pid === undefined || expired) throw this.#stillRuns(path, { pid, within: clock.withinMs });
      await clock.pause(pauseMs);
      answer = await this.#objects.invoke("domain.guestExecStatus", this.#vm, { pid }, early);
    }
    const { exitCode, signal: ended, stdout: out, stderr: err, truncated = false } = answer;
    return {
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(ended === undefined ? {} : { signal: ended }),
      out,
      err,
      truncated,
    };
  }

  /**
   * Asks for a sign of life.
   *
   * @throws {VirtError} `operation-failed` where no agent answers; `unsupported` where the domain has none.
   */
  async ping({ within = pingWithin, ...options }: CallOptions = {}): Promise<void> {
    await this.#objects.invoke("domain.time", this.#vm, {}, { within, ...options });
  }

  /** Everything that it tells of its system. */
  info(options?: CallOptions): Promise<GuestInfo> {
    return this.#objects.invoke("domain.guestInfo", this.#vm, {}, options);
  }

  /** Its operating system. */
  async osInfo(options?: CallOptions): Promise<GuestInfo["os"]> {
    return (await this.info(options)).os;
  }

  /** Its host name. */
  async hostname(options?: CallOptions): Promise<string> {
    if (!this.#vm.can("domain.hostname")) return (await this.info(options)).hostname ?? "";
    const answer = await this.#objects.invoke("domain.hostname", this.#vm, { source: "agent" }, options);
    return answer.hostname;
  }

  /** Who is logged in. */
  async users(options?: CallOptions): Promise<GuestInfo["users"]> {
    return (await this.info(options)).users;
  }

  /** Its file systems. */
  async filesystems(options?: CallOptions): Promise<GuestInfo["filesystems"]> {
    return (await this.info(options)).filesystems;
  }

  /** Its clock, in milliseconds since 1970. */
  async time(options?: CallOptions): Promise<number> {
    const { seconds, nanoseconds } = await this.#objects.invoke("domain.time", this.#vm, {}, options);
    return seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
  }

  /** Sets its clock, to the host's time where none is given; in milliseconds since 1970. */
  async setTime(time?: number, options?: CallOptions): Promise<void> {
    const input = time === undefined ? {} : { seconds: Math.round(time / 1000) };
    await this.#objects.invoke("domain.setTime", this.#vm, input, options);
  }

  /** Changes a user's password, which stays off the record. */
  async setPassword(
    user: string,
    password: string,
    { encrypted, ...options }: CallOptions & {
      /** The password is encrypted already. @default false */
      readonly encrypted?: boolean;
    } = {},
  ): Promise<void> {
    const input = { user, password, ...(encrypted === undefined ? {} : { encrypted }) };
    await this.#objects.invoke("domain.setPassword", this.#vm, input, options);
  }

  /**
   * Freezes its file systems: nothing is written until they are thawed. They are thawed at the end of an `await using`
   * block, and by the runtime when the run ends, however it ends.
   *
   * @param mountpoints only these; all where left out
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function consistentSnapshot(vm: Domain): Promise<void> {
   *   await using _frozen = await vm.agent.freeze();
   *   await vm.snapshots.create({ name: "consistent" });
   * }
   * ```
   */
  async freeze(mountpoints?: readonly string[], options?: CallOptions): Promise<Frozen> {
    const input = mountpoints === undefined ? {} : { mountpoints: [...mountpoints] };
    const { value, lease } = await this.#objects.hold("domain.freeze", this.#vm, input, options);
    return new Frozen(lease, value.frozen);
  }

  /** Thaws its file systems, whoever froze them. */
  async thaw(mountpoints?: readonly string[], options?: CallOptions): Promise<void> {
    const input = mountpoints === undefined ? {} : { mountpoints: [...mountpoints] };
    await this.#objects.invoke("domain.thaw", this.#vm, input, options);
  }

  get #objects(): Objects {
    return objectsOf(this.#vm);
  }

  #nothingKnown(path: string): VirtError {
    return new VirtError(
      "operation-failed",
      `"${path}" was run in ${this.#vm}, and what came of it is not known`,
      {
        target: this.#vm.toString(),
        hint: "A run that was resumed with --assume has no answer of that step",
      },
    );
  }

  #stillRuns(
    path: string,
    { pid, within }: { readonly pid: number | undefined; readonly within: number },
  ): VirtError {
    const process = pid === undefined ? "" : `, as process ${pid}`;
    const message = `"${path}" still runs in ${this.#vm} after ${durationText(within)}${process}`;
    return new VirtError("timed-out", message, {
      target: this.#vm.toString(),
      hint: "Nobody waits for it any more; give it more time with within, or end it in the guest",
      ...(pid === undefined ? {} : { detail: { pid } }),
    });
  }
}

/** File systems that are frozen. Give it to `await using`. */
export class Frozen implements AsyncDisposable {
  /** How many were frozen; absent where the hypervisor did not tell. */
  readonly filesystems?: number;
  readonly #lease: Lease;

  /** Use `vm.agent.freeze()`. */
  constructor(lease: Lease, filesystems: number | undefined) {
    this.#lease = lease;
    if (filesystems !== undefined) this.filesystems = filesystems;
  }

  /** Thaws them. */
  thaw(): Promise<void> {
    return this.#lease.release();
  }

  /** Thaws them at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.thaw();
  }
}

function environment(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (name !== "" && !name.includes("=")) return `${name}=${value}`;
    throw new VirtError("invalid-argument", `Cannot set "${name}" in an environment: it is no name`);
  });
}
