/**
 * Virtual networks: titles, descriptions, and what programs keep in them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { RemoteNetwork } from "../../protocol/procedures/mod.ts";
import { affected, affectFlag, affectFlags } from "../dispatch/affect.ts";
import { metadataKind } from "../dispatch/metadata_kind.ts";
import { refTo } from "../dispatch/objects.ts";
import { calls, type Family } from "../dispatch/row.ts";
import { worded } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";
import { updateWords } from "./network_words.ts";

/** Which of a network's two definitions is asked about; nothing said is what runs if it runs, else the definition. */
function askedOf(network: RemoteNetwork, flags: number, session: HostSession): { readonly config: boolean } {
  const { live } = session.find(refTo("network", network));
  if ((flags & affectFlags) === affectFlags) {
    const both = "flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and 'VIR_NETWORK_UPDATE_AFFECT_CONFIG'";
    throw new VirtError("invalid-argument", `${both} are mutually exclusive`, {
      remoteCode: "VIR_ERR_INVALID_ARG",
    });
  }
  if ((flags & affectFlag.live) !== 0 && live === undefined) {
    throw new VirtError("wrong-state", "network is not running", { remoteCode: "VIR_ERR_OPERATION_INVALID" });
  }
  return { config: (flags & affectFlag.config) !== 0 };
}

/** The rows. */
export const networkMetadata = {
  networkGetMetadata: calls("network.metadata", {
    target: ({ network }) => refTo("network", network),
    absent: "VIR_ERR_NO_NETWORK_METADATA",
    flags: affectFlags,
    input: ({ network, type, uri, flags }, session) => ({
      kind: metadataKind(type),
      ...(uri === undefined ? {} : { uri }),
      ...askedOf(network, flags, session),
    }),
    result: (metadata) => ({ metadata }),
  }),
  networkSetMetadata: worded(
    calls("network.setMetadata", {
      target: ({ network }) => refTo("network", network),
      flags: affectFlags,
      input: ({ type, metadata, key, uri, flags }) => ({
        kind: metadataKind(type),
        ...(metadata === undefined ? {} : { value: metadata }),
        ...(key === undefined ? {} : { key }),
        ...(uri === undefined ? {} : { uri }),
        ...affected(flags),
      }),
    }),
    { "wrong-state": ({ network: net, flags }, _error, session) => updateWords({ net, flags }, session) },
  ),
} satisfies Family;
