/**
 * What a service manager is told of the daemon's life, as systemd asks for it. Source: sd_notify(3), systemd.service(5).
 *
 * @module
 */
import { messageOf } from "../protocol/wording.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Libc, openLibc } from "../runtime/posix/libc.ts";
import type { Log } from "./log.ts";

/** What telling it takes. */
export interface ServiceManagerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the environment. */
  readonly env: (name: string) => string | undefined;
  /** @default this process */
  readonly pid?: number;
  /** @default the system's */
  readonly libc?: () => Pick<Libc, "sendDatagram" | "monotonicMicroseconds">;
}

/** The variables by which a service manager speaks; for this process only, and not for those that it starts. */
export const serviceVariables = [
  ...["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"],
  ...["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"],
] as const;

/**
 * Whoever has started the daemon and wants to know how it is. Where nobody does, nothing is said.
 *
 * @example
 * ```ts
 * import { systemClock } from "../runtime/clock.ts";
 * import { ServiceManager } from "./service_manager.ts";
 * using manager = new ServiceManager({ clock: systemClock, log: () => {}, env: Deno.env.get });
 * manager.ready("listening");
 * ```
 */
export class ServiceManager implements Disposable {
  readonly #options: ServiceManagerOptions;
  readonly #socket: string | undefined;
  readonly #aliveMs: number | undefined;
  #timer: Disposable | undefined;
  #failed = false;

  constructor(options: ServiceManagerOptions) {
    const { env, pid = Deno.pid } = options;
    this.#options = options;
    const socket = env("NOTIFY_SOCKET");
    this.#socket = socket === undefined || socket === "" ? undefined : socket;
    const dog = env("WATCHDOG_PID");
    const everyUs = Number(env("WATCHDOG_USEC") ?? "0");
    // It is to hear twice in each such time.
    const isMeant = (dog === undefined || dog === `${pid}`) && Number.isSafeInteger(everyUs) && everyUs > 0;
    this.#aliveMs = isMeant ? everyUs / 2000 : undefined;
  }

  /** Clients may come. From now on it hears that the daemon is alive, where it wants to. */
  ready(status: string): void {
    this.#say({ READY: "1", STATUS: status });
    if (this.#timer === undefined) this.#alive();
  }

  /** The settings are being read; `ready` says when that is over. */
  reloading(): void {
    if (this.#socket === undefined) return;
    const since = this.#attempt((libc) => libc.monotonicMicroseconds());
    this.#say({ RELOADING: "1", ...(since === undefined ? {} : { MONOTONIC_USEC: `${since}` }) });
  }

  /** The daemon leaves. */
  stopping(status: string): void {
    this.#say({ STOPPING: "1", STATUS: status });
  }

  /** Nothing more is said. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #alive(): void {
    if (this.#aliveMs === undefined || this.#socket === undefined) return;
    this.#timer = this.#options.clock.after(this.#aliveMs, () => {
      this.#say({ WATCHDOG: "1" });
      this.#alive();
    });
  }

  #say(fields: Readonly<Record<string, string>>): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const text = Object.entries(fields).map(([name, value]) => `${name}=${value.replaceAll("\n", " ")}\n`)
      .join("");
    this.#attempt((libc) => libc.sendDatagram(socket, new TextEncoder().encode(text)));
  }

  /** The daemon does not depend on being heard. What goes wrong is said once. */
  #attempt<T>(action: (libc: Pick<Libc, "sendDatagram" | "monotonicMicroseconds">) => T): T | undefined {
    const { libc = openLibc, log } = this.#options;
    try {
      return action(libc());
    } catch (error) {
      if (!this.#failed) log("warn", "cannot tell the service manager", { why: messageOf(error) });
      this.#failed = true;
      return undefined;
    }
  }
}
