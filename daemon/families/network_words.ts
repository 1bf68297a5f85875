/**
 * Words of changes of networks as libvirt's numbers, and what libvirt says of changes that cannot be made.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { affected } from "../dispatch/affect.ts";
import { refTo } from "../dispatch/objects.ts";
import type { HostSession } from "../host_session.ts";
import type { InputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { networkUpdateCommands, networkUpdateSections } from "../../protocol/words/network.ts";

type Update = InputOf<Operations["network.update"]>;

/**
 * What an update does.
 *
 * @throws {VirtError} `unsupported` for a number that is none of a command.
 */
export function commandOf(number: number): Update["command"] {
  return outOf(networkUpdateCommands, number, `unrecognized network update command code ${number}`);
}

/**
 * Where an update is made.
 *
 * @throws {VirtError} `unsupported` for a number that is none of a section.
 */
export function sectionOf(number: number): Update["section"] {
  return outOf(networkUpdateSections, number, "can't update unrecognized section of network");
}

function outOf<T>(words: readonly (T | undefined)[], number: number, problem: string): T {
  const word = words[number];
  if (word !== undefined) return word;
  throw new VirtError("unsupported", problem, { remoteCode: "VIR_ERR_OPERATION_UNSUPPORTED" });
}

/** What libvirt says of an update that cannot be made of a network as it is. */
export function updateWords(
  { net, flags }: { readonly net: { readonly uuid: string; readonly name: string }; readonly flags: number },
  session: HostSession,
): string | undefined {
  const { live, persistent } = session.find(refTo("network", net));
  const wanted = affected(flags);
  if (wanted.live === true && live === undefined) return "network is not running";
  return wanted.config === true && !persistent
    ? "cannot change persistent config of a transient network"
    : undefined;
}
