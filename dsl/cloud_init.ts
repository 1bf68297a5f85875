/**
 * What cloud-init in a guest says of itself.
 *
 * @module
 */
import { type ErrorCode, isVirtError, VirtError } from "../model/error.ts";
import { DomainAgent } from "./agent.ts";
import type { ObjectHandle } from "./handle.ts";
import { type Look, type LookCalls, type WaitOptions, waitUntil } from "./until.ts";

/** What cloud-init has come to. */
export interface CloudInitStatus {
  /** `done`, or `disabled` where the guest has it and was told not to use it. */
  readonly status: "done" | "disabled";
  /** What went wrong without stopping it. */
  readonly warnings: readonly string[];
}

/** How often it is asked, since it tells nobody by itself; milliseconds. */
const pollMs = 5_000;

/** How long one answer may take; milliseconds. */
const answerMs = 20_000;

/** What an agent that is not up yet, or does not answer in time, is known by. */
const notYet: readonly ErrorCode[] = ["wrong-state", "operation-failed", "timed-out", "slot-timeout"];

/** Waits until cloud-init has ended its work, by asking the guest's agent to run `cloud-init status`. */
export async function untilCloudInit(
  vm: ObjectHandle<"domain">,
  options: WaitOptions = {},
): Promise<CloudInitStatus> {
  const agent = new DomainAgent(vm);
  const look = (calls: LookCalls): Promise<Look<CloudInitStatus>> => {
    const within = Math.min(answerMs, calls.within);
    const early = calls.signal === undefined ? {} : { signal: calls.signal };
    return lookAtCloudInit(
      vm.toString(),
      () => agent.exec("cloud-init", ["status", "--long"], { ...early, within }),
    );
  };
  const hint = "See what it does on the guest's console, or in /var/log/cloud-init-output.log";
  return await waitUntil(vm, { what: `cloud-init of ${vm} to be done`, look, pollMs, hint }, options);
}

/**
 * One look at it.
 *
 * @param ask has the guest's agent run `cloud-init status`
 * @throws {VirtError} `unsupported` where the guest has none; `operation-failed` where it ended with an error.
 */
export async function lookAtCloudInit(
  guest: string,
  ask: () => Promise<{ readonly out: string; readonly err: string }>,
): Promise<Look<CloudInitStatus>> {
  let said: string;
  try {
    const { out, err } = await ask();
    said = out === "" ? err : out;
  } catch (error) {
    // A guest without cloud-init never gets to its end.
    if (isVirtError(error) && /no such (file|program)|not found|failed to execute/i.test(error.message)) {
      throw new VirtError("unsupported", `Cannot wait for cloud-init in ${guest}: the guest has none`, {
        target: guest,
        cause: error,
      });
    }
    if (!notYet.some((code) => isVirtError(error, code))) throw error;
    return { instead: error instanceof Error ? error.message : String(error) };
  }
  // That it has failed is no reason to ask again.
  return readCloudInit(said, guest);
}

/**
 * Source: cloud-init's documentation of `cloud-init status`: `not started` (formerly `not run`), `running`, `done`, `error`,
 * `disabled`, and from 23.4 on an `extended_status` that says `degraded`.
 *
 * @throws {VirtError} `operation-failed` where it ended with an error.
 */
export function readCloudInit(text: string, guest: string): Look<CloudInitStatus> {
  const status = /^status:\s*(.+?)\s*$/m.exec(text)?.[1] ?? "unknown";
  if (status === "done" || status === "disabled") return { found: { status, warnings: itemsOf(text) } };
  if (status !== "error") return { instead: `it is ${status}` };
  const errors = itemsOf(text);
  const detail = /^detail:\s*\n?(.+)$/m.exec(text)?.[1]?.trim();
  const what = errors.length > 0 ? errors.join("; ") : detail ?? "it does not say what";
  throw new VirtError("operation-failed", `cloud-init of ${guest} ended with an error: ${what}`, {
    target: guest,
    hint: "See /var/log/cloud-init.log and /var/log/cloud-init-output.log in the guest",
    detail: { output: text },
  });
}

/** The items of its lists of errors and recoverable errors. */
function itemsOf(text: string): readonly string[] {
  return [...text.matchAll(/^\s+- (.+)$/gm)].map((match) => match[1] ?? "");
}
