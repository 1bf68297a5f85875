/**
 * Words of changes of networks as libvirt's numbers.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { InputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";

type Update = InputOf<Operations["network.update"]>;

/** Words at the places of their numbers; 0 stands for none. Source: libvirt, virNetworkUpdateCommand. */
const commands: readonly (Update["command"] | undefined)[] = [
  undefined,
  "modify",
  "delete",
  "add-last",
  "add-first",
];

/** Source: libvirt, virNetworkUpdateSection. */
const sections: readonly (Update["section"] | undefined)[] = [
  undefined,
  "bridge",
  "domain",
  "ip",
  "ip-dhcp-host",
  "ip-dhcp-range",
  "forward",
  "forward-interface",
  "forward-pf",
  "portgroup",
  "dns-host",
  "dns-txt",
  "dns-srv",
];

/**
 * What an update does.
 *
 * @throws {VirtError} `unsupported` for a number that is none of a command.
 */
export function commandOf(number: number): Update["command"] {
  return outOf(commands, number, `unrecognized network update command code ${number}`);
}

/**
 * Where an update is made.
 *
 * @throws {VirtError} `unsupported` for a number that is none of a section.
 */
export function sectionOf(number: number): Update["section"] {
  return outOf(sections, number, "can't update unrecognized section of network");
}

function outOf<T>(words: readonly (T | undefined)[], number: number, problem: string): T {
  const word = words[number];
  if (word !== undefined) return word;
  throw new VirtError("unsupported", problem, { remoteCode: "VIR_ERR_OPERATION_UNSUPPORTED" });
}
