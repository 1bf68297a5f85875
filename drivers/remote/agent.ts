/**
 * A guest's agent, spoken to through libvirt in the agent's own words.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Line } from "./line.ts";
import type { RemoteObject } from "./object.ts";
import { wireDomain } from "./wire.ts";

/** How long libvirt waits for an answer. Source: libvirt, virDomainQemuAgentCommandTimeoutValues. */
export const agentTimeouts = { block: -2, default: -1 } as const;

/**
 * Gives the agent a command.
 *
 * @returns what it answered, `undefined` where it answers nothing.
 * @throws {VirtError} what libvirt or the agent says; `protocol` where the answer is not one of an agent.
 */
export async function commandAgent(
  line: Line,
  domain: RemoteObject,
  command: { readonly execute: string; readonly arguments?: Readonly<Record<string, unknown>> },
): Promise<unknown> {
  const { result } = await line.call("qemuDomainAgentCommand", {
    dom: wireDomain(domain),
    cmd: JSON.stringify(command),
    timeout: agentTimeouts.default,
    flags: 0,
  }).catch((error: unknown) => {
    throw refused(error);
  });
  if (result === undefined) return undefined;
  const answer = parsed(result);
  if (typeof answer === "object" && answer !== null && "return" in answer) return answer.return;
  throw new VirtError(
    "protocol",
    `The agent of ${domain.label} answered "${command.execute}" with something else`,
  );
}

/** What an agent refuses libvirt calls an error of its own. Source: libvirt, qemuAgentCheckError. */
function refused(error: unknown): unknown {
  if (!isVirtError(error) || error.remoteCode !== "VIR_ERR_INTERNAL_ERROR") return error;
  const { message, remoteCode } = error;
  return new VirtError("operation-failed", message, { remoteCode, cause: error });
}

/** A guest is not to be believed: what it sends may be anything. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
